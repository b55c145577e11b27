"""Standing silences: alerts by device, site or rule that nobody wants to hear of for a while.

A fold of ``energyguard.silences``. A silence is looked at when an alert is shown, never when a
reading comes; it lasts in the time that people live in, and ends by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import NamedTuple

import msgspec

from energyguard.log import Fetched
from energyguard.model.selector import DeviceFacts, Selector
from energyguard.records.silences import STANDING_SILENCE, StandingSilence
from energyguard.telemetry import logger

FOREVER_MS = 253_402_214_400_000
"""The end of a silence that somebody has to end: the last day of the year 9999."""

_log = logger(__name__)


class NamedSilence(NamedTuple):
    """A standing silence, and its id."""

    id: str
    silence: StandingSilence
    selector: Selector

    def hides(self, rule: str, facts: Callable[[], DeviceFacts]) -> bool:
        """Whether it is about an alert, whatever the time."""
        if self.silence.rule not in ("", rule):
            return False
        return not self.selector.terms or self.selector.matches(facts())

    def lasts(self, at_ms: int) -> bool:
        """Whether it holds at a wall time."""
        return self.silence.at_ms <= at_ms < self.silence.until_ms


class SilenceBook:
    """Every standing silence that the log has, also those that are over. Thread-safe.

    Attributes:
        facts: where a device stands, now; who follows no catalogue knows nothing but its id.
    """

    def __init__(self) -> None:
        self.facts: Callable[[str], DeviceFacts] = DeviceFacts
        self._lock = Lock()
        self._rows: Mapping[str, NamedSilence] = {}

    def take(self, fetched: Fetched) -> None:
        """Fold records in; what cannot be read is told, and silences nothing."""
        for key, value, offset in zip(fetched.keys, fetched.values, fetched.offsets, strict=True):
            try:
                silence = None if value is None else STANDING_SILENCE.decode(value)
                self.put((key or b"").decode(), silence)
            except (msgspec.DecodeError, ValueError) as error:
                _log.warning(
                    "unreadable silence", at=fetched.topic, offset=offset, reason=str(error)
                )

    def put(self, silence_id: str, silence: StandingSilence | None) -> None:
        """Have a silence as it is now; None: it is forgotten.

        Raises:
            ValueError: its selector cannot be read.
        """
        selector = Selector.parse(silence.selector) if silence else Selector()
        with self._lock:
            rows = {i: row for i, row in self._rows.items() if i != silence_id}
            if silence is not None:
                rows[silence_id] = NamedSilence(silence_id, silence, selector)
            self._rows = rows

    def all(self) -> list[NamedSilence]:
        """Every silence, the newest first."""
        return sorted(self._rows.values(), key=lambda row: (-row.silence.at_ms, row.id))

    def get(self, silence_id: str) -> NamedSilence | None:
        """One of them."""
        return self._rows.get(silence_id)

    def over(self, rule: str, device: str, at_ms: int) -> NamedSilence | None:
        """The silence that an alert is under at a wall time: of several, that lasts longest."""
        rows = [row for row in self._rows.values() if row.lasts(at_ms)]
        found = [row for row in rows if row.hides(rule, lambda: self.facts(device))]
        return max(found, key=lambda row: (row.silence.until_ms, row.id), default=None)
