"""How each person reads the page: a fold of ``energyguard.preferences``."""

from __future__ import annotations

from threading import Lock

import msgspec

from energyguard.log import Fetched, Log, Records
from energyguard.model.topics import PREFERENCES as TOPIC
from energyguard.records.preferences import PREFERENCES, Preferences
from energyguard.telemetry import logger

MAX_PEOPLE = 10_000
NONE = Preferences()

_log = logger(__name__)


class PersonPreferences:
    """What people chose. Thread-safe; where the log has it, every process soon knows."""

    def __init__(self, log: Log) -> None:
        self._log, self._lock = log, Lock()
        self._of: dict[str, Preferences] = {}

    def take(self, fetched: Fetched) -> None:
        """Take records of the topic, in log order."""
        for key, value in zip(fetched.keys, fetched.values, strict=True):
            if value is None:
                continue
            try:
                self._keep((key or b"").decode(), PREFERENCES.decode(value))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                _log.warning("unreadable record", at=fetched.topic, reason=str(error))

    def of(self, person: str) -> Preferences:
        """What a person chose; of who chose nothing, nothing."""
        return self._of.get(person, NONE)

    def put(self, person: str, chosen: Preferences) -> None:
        """Keep what a person chose; durable when it returns."""
        self._log.append(TOPIC.name, Records([person.encode()], [PREFERENCES.encode(chosen)]))
        self._keep(person, chosen)

    def _keep(self, person: str, chosen: Preferences) -> None:
        with self._lock:
            self._of.pop(person, None)
            self._of[person] = chosen
            if len(self._of) > MAX_PEOPLE:
                del self._of[next(iter(self._of))]
