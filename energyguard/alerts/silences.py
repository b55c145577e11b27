"""Standing silences: alerts by device, site or rule that nobody wants to hear of for a while.

A fold of ``energyguard.silences``. A silence is looked at when an alert is shown, never when a
reading comes; it lasts in the time that people live in, and ends by itself. One that begins later,
or comes again, is *planned*: what fires under it and still lasts when it ends is told then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import NamedTuple

import msgspec

from energyguard.alerts.recurrence import Recurrence, WindowSpan
from energyguard.log import Fetched
from energyguard.model.selector import DeviceFacts, Selector
from energyguard.records.silences import STANDING_SILENCE, StandingSilence
from energyguard.telemetry import logger

FOREVER_MS = 253_402_214_400_000
"""The end of a silence that somebody has to end: the last day of the year 9999."""

_log = logger(__name__)


class NamedSilence(NamedTuple):
    """A standing silence, and its id. Times are wall time."""

    id: str
    silence: StandingSilence
    selector: Selector
    recurrence: Recurrence | None = None

    @classmethod
    def of(cls, silence_id: str, silence: StandingSilence) -> NamedSilence:
        """Make it.

        Raises:
            ValueError: its selector, its times or their zone cannot be read.
        """
        every = Recurrence.parse(silence.every, silence.zone) if silence.every else None
        return cls(silence_id, silence, Selector.parse(silence.selector), every)

    @property
    def is_planned(self) -> bool:
        """Whether it was made for a time to come: what lasts longer than that is told then."""
        return bool(self.silence.from_ms or self.recurrence)

    @property
    def whole(self) -> WindowSpan:
        """From its beginning to its end, whatever is between."""
        return WindowSpan(self.silence.from_ms or self.silence.at_ms, self.silence.until_ms)

    def hides(self, rule: str, facts: Callable[[], DeviceFacts]) -> bool:
        """Whether it is about an alert, whatever the time."""
        if self.silence.rule not in ("", rule):
            return False
        return not self.selector.terms or self.selector.matches(facts())

    def span(self, at_ms: int) -> WindowSpan | None:
        """From when until when it holds, if it does at a time."""
        whole = self.whole
        if not whole.start_ms <= at_ms < whole.end_ms:
            return None
        found = self.recurrence.at(at_ms) if self.recurrence else whole
        return found and _within(found, whole)

    def next_span(self, at_ms: int) -> WindowSpan | None:
        """When it begins to hold next, at a time or later; None: never."""
        whole = self.whole
        begin_ms = max(at_ms, whole.start_ms)
        if self.recurrence is None:
            return whole if at_ms <= whole.start_ms < whole.end_ms else None
        if at_ms <= begin_ms == whole.start_ms and (found := self.span(begin_ms)):
            return found  # it begins in the midst of one
        found = self.recurrence.after(begin_ms)
        return _within(found, whole) if found.start_ms < whole.end_ms else None

    def ends_ms(self, at_ms: int) -> int:
        """When it ends, if it holds at a time; else its end for good."""
        return (self.span(at_ms) or self.whole).end_ms

    def lasts(self, at_ms: int) -> bool:
        """Whether it holds at a time."""
        return self.span(at_ms) is not None

    def is_over(self, at_ms: int) -> bool:
        """Whether it does not hold, and never will again."""
        return not self.lasts(at_ms) and self.next_span(at_ms) is None


def _within(span: WindowSpan, whole: WindowSpan) -> WindowSpan:
    return WindowSpan(max(span.start_ms, whole.start_ms), min(span.end_ms, whole.end_ms))


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
            ValueError: its selector, its times or their zone cannot be read.
        """
        named = NamedSilence.of(silence_id, silence) if silence else None
        with self._lock:
            rows = {i: row for i, row in self._rows.items() if i != silence_id}
            if named is not None:
                rows[silence_id] = named
            self._rows = rows

    def all(self) -> list[NamedSilence]:
        """Every silence, the newest first."""
        return sorted(self._rows.values(), key=lambda row: (-row.silence.at_ms, row.id))

    def get(self, silence_id: str) -> NamedSilence | None:
        """One of them."""
        return self._rows.get(silence_id)

    def over(
        self, rule: str, device: str, at_ms: int, unsilenced_ms: int = 0
    ) -> NamedSilence | None:
        """The silence that an alert is under at a wall time: of several, that lasts longest.

        Args:
            rule: the alert's.
            device: its device.
            at_ms: when.
            unsilenced_ms: when somebody wanted to hear of it all the same: silences that began
                before then are not over it.
        """
        found = [
            (span.end_ms, row.id, row)
            for row in self._rows.values()
            if (span := row.span(at_ms))
            and span.start_ms > unsilenced_ms
            and row.hides(rule, lambda: self.facts(device))
        ]
        return max(found)[2] if found else None
