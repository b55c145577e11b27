"""Publishes results: what has changed, a bounded number of messages at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from threading import Event
from typing import Final

from energyguard.clock import SYSTEM, Clock
from energyguard.errors import Unavailable
from energyguard.mqtt.connection import BrokerConnection
from energyguard.mqtt.kept_line import KeptLine
from energyguard.results.measured import MeasuredResult
from energyguard.results.messages import Message, config_of, state_of, status_topic
from energyguard.settings.tree import Settings
from energyguard.telemetry import logger

MESSAGES_AT_ONCE: Final = 200
"""Of one step; what is left over waits for the next one, and is the newest then."""

_log = logger("results")


class ResultPublisher:
    """Keeps a broker up to date.

    Args:
        settings: which broker, and below which prefix.
        stop: ends every wait.
        clock: of the line.
    """

    def __init__(self, settings: Settings, stop: Event, clock: Clock = SYSTEM) -> None:
        self._prefix = settings.mqtt.results
        name, status = settings.data_dir / "mqtt" / "results-client", status_topic(self._prefix)
        self._kept = KeptLine(settings.mqtt, name, stop, clock, _log, status)
        self._published: dict[str, bytes] = {}

    def step(self, results: Mapping[str, MeasuredResult], wait_s: float) -> int:
        """Publish what has changed, then wait; gives how many messages were published."""
        try:
            line = self._kept.line or self._connect()
            sent = 0
            for topic, payload in self._news(results):
                line.publish(topic, payload, retain=True)
                self._published[topic] = payload
                sent += 1
                if sent == MESSAGES_AT_ONCE:
                    break
            line.receive(wait_s)
        except Unavailable as error:
            self._kept.lose(error)
            return 0
        return sent

    def close(self) -> None:
        """Say that nothing is published any more."""
        self._kept.close()

    def _news(self, results: Mapping[str, MeasuredResult]) -> Iterator[Message]:
        """The messages that say something else than those that were published last."""
        for key, result in results.items():
            for topic, payload in (
                config_of(self._prefix, key, result),
                state_of(self._prefix, key, result),
            ):
                if self._published.get(topic) != payload:
                    yield topic, payload

    def _connect(self) -> BrokerConnection:
        """Open a line; all is said again, for the broker may have forgotten it."""
        line = self._kept.open()
        self._published.clear()
        return line
