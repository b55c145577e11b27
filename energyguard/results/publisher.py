"""Publishes results: what has changed, a bounded number of messages at once."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from threading import Event
from typing import Final

from energyguard.clock import SYSTEM, Clock
from energyguard.durable.atomic import write_once
from energyguard.errors import Unavailable
from energyguard.mqtt.connection import BrokerConnection
from energyguard.results.measured import DeviceResult
from energyguard.results.messages import Message, config_of, state_of, status_topic
from energyguard.settings.tree import Settings
from energyguard.telemetry import Condition, logger

MESSAGES_AT_ONCE: Final = 200
"""Of one step; what is left over waits for the next one, and is the newest then."""
FIRST_PAUSE_S: Final = 1.0
MAX_PAUSE_S: Final = 60.0

_log = logger("results")


class ResultPublisher:
    """Keeps a broker up to date; a line that is lost is opened again after 1, 2, 4 … 60 s.

    Args:
        settings: which broker, and below which prefix.
        stop: ends every wait.
        clock: of the line.
    """

    def __init__(self, settings: Settings, stop: Event, clock: Clock = SYSTEM) -> None:
        self._settings, self._stop, self._clock = settings, stop, clock
        name = settings.data_dir / "mqtt" / "results-client"
        name.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_once(name, f"energyguard{secrets.token_hex(6)}".encode())
        self._client = name.read_text()
        self._line: BrokerConnection | None = None
        self._published: dict[str, bytes] = {}
        self._pause_s = FIRST_PAUSE_S
        self._away = Condition(_log, "no line to the broker", "there is a line to the broker")

    def step(self, results: Mapping[str, DeviceResult], wait_s: float) -> int:
        """Publish what has changed, then wait; gives how many messages were published."""
        try:
            line = self._line or self._connect()
            sent = 0
            for topic, payload in self._news(results):
                line.publish(topic, payload, retain=True)
                self._published[topic] = payload
                sent += 1
                if sent == MESSAGES_AT_ONCE:
                    break
            line.receive(wait_s)
        except Unavailable as error:
            self._lose(error)
            return 0
        return sent

    def close(self) -> None:
        """Say that nothing is published any more."""
        if self._line is not None:
            self._line.close()

    def _news(self, results: Mapping[str, DeviceResult]) -> Iterator[Message]:
        """The messages that say something else than those that were published last."""
        prefix = self._settings.mqtt.results
        for device, result in results.items():
            for topic, payload in (
                config_of(prefix, device, result),
                state_of(prefix, device, result),
            ):
                if self._published.get(topic) != payload:
                    yield topic, payload

    def _connect(self) -> BrokerConnection:
        """Open a line; all is said again, for the broker may have forgotten it."""
        status = status_topic(self._settings.mqtt.results)
        line = BrokerConnection(self._settings.mqtt, self._client, self._clock, status)
        self._away.end()
        self._line, self._pause_s = line, FIRST_PAUSE_S
        self._published.clear()
        return line

    def _lose(self, error: Unavailable) -> None:
        if self._line is not None:
            self._line.close()
        self._line = None
        self._away.begin(error)
        self._stop.wait(self._pause_s)
        self._pause_s = min(MAX_PAUSE_S, 2 * self._pause_s)
