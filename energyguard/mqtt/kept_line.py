"""A line to a broker that is opened again where it is lost."""

from __future__ import annotations

import secrets
from pathlib import Path
from threading import Event
from typing import Any, Final

from energyguard.clock import Clock
from energyguard.durable.atomic import write_once
from energyguard.errors import Unavailable
from energyguard.mqtt.connection import STATUS, BrokerConnection
from energyguard.settings.mqtt import MqttSettings
from energyguard.telemetry import Condition

FIRST_PAUSE_S: Final = 1.0
MAX_PAUSE_S: Final = 60.0


class KeptLine:
    """What a process has of its line to a broker; a lost one is opened again after 1, 2, 4 … 60 s.

    Args:
        settings: which broker.
        name: the file that keeps what the broker knows this data folder's session by.
        stop: ends every wait.
        clock: of the line.
        log: is told when there is no line, and when there is one again.
        status: the topic that says whether we are there.
    """

    def __init__(
        self,
        settings: MqttSettings,
        name: Path,
        stop: Event,
        clock: Clock,
        log: Any,
        status: str = STATUS,
    ) -> None:
        self._settings, self._stop, self._clock, self._status = settings, stop, clock, status
        self._client = _client_name(name)
        self._pause_s = FIRST_PAUSE_S
        self._away = Condition(log, "no line to the broker", "there is a line to the broker")
        self.line: BrokerConnection | None = None
        """None: it is lost, or was never open."""

    def open(self) -> BrokerConnection:
        """Open it.

        Raises:
            Unavailable: there is no broker, or it refuses us.
        """
        self.line = BrokerConnection(self._settings, self._client, self._clock, self._status)
        self._away.end()
        self._pause_s = FIRST_PAUSE_S
        return self.line

    def lose(self, error: Unavailable) -> None:
        """It is lost: wait before it is opened again."""
        self.close()
        self.line = None
        self._away.begin(error)
        self._stop.wait(self._pause_s)
        self._pause_s = min(MAX_PAUSE_S, 2 * self._pause_s)

    def close(self) -> None:
        """Leave the session with the broker."""
        if self.line is not None:
            self.line.close()


def _client_name(path: Path) -> str:
    """The name of this data folder's session, which it keeps; every 3.1.1 broker takes such a one:
    23 characters, letters and digits (its section 3.1.3.1).
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_once(path, f"energyguard{secrets.token_hex(6)}".encode())
    return path.read_text()
