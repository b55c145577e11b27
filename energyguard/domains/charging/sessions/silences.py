"""Chargers that have fallen silent, by event time: each is judged by its own pauses.

A charger says nothing while nobody comes, so it is waited for at least ``charging.silent``, and
three times its usual pause between signals, where that is longer. All depends on the order of the
log only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from heapq import heappop, heappush

import msgspec

from energyguard.domains.charging.model import ChargerSilence, Signal

PAUSES = 3
"""A charger is waited for so many times its usual pause."""
MIN_PAUSE_S = 300
"""What is shorter lies within a stay."""


class ChargerRhythm(msgspec.Struct):
    """When a charger sends; times in s since 1970 UTC."""

    last: int  # its newest signal
    usual: int = 0  # pause, s: of the newest ones, each counts a quarter; 0: none is known
    silent_since: int = 0  # the newest signal before a silence; 0: it is none


class ChargerSilences:
    """The rhythm of each charger, and which are silent.

    Args:
        min_s: for how long a charger is waited for at least.
        rhythms: of the chargers, as they were saved.
    """

    def __init__(self, min_s: int, rhythms: dict[str, ChargerRhythm] | None = None) -> None:
        self.min_s = min_s
        self.rhythms = rhythms or {}
        self._due: list[tuple[int, str]] = []  # a heap: when a charger is looked at again
        for charger, rhythm in self.rhythms.items():
            if not rhythm.silent_since:
                heappush(self._due, (self._limit(rhythm), charger))

    def take(self, signals: Iterable[Signal]) -> list[ChargerSilence]:
        """Signals happen; gives the chargers that send again."""
        found = []
        for signal in signals:
            rhythm = self.rhythms.get(signal.charger)
            if rhythm is None:
                rhythm = self.rhythms[signal.charger] = ChargerRhythm(signal.second)
                heappush(self._due, (self._limit(rhythm), signal.charger))
            elif signal.second > rhythm.last:
                pause, rhythm.last = signal.second - rhythm.last, signal.second
                if pause >= MIN_PAUSE_S:
                    rhythm.usual = (3 * rhythm.usual + pause) // 4 if rhythm.usual else pause
                if since := rhythm.silent_since:
                    rhythm.silent_since = 0
                    heappush(self._due, (self._limit(rhythm), signal.charger))
                    found.append(ChargerSilence(signal.charger, signal.second, since, False))
        return found

    def is_due(self, second: int) -> bool:
        """Whether there is a charger to look at."""
        return bool(self._due) and self._due[0][0] <= second

    def advance(self, second: int, waiting: Collection[str]) -> list[ChargerSilence]:
        """A second is over; gives the chargers that have fallen silent.

        Args:
            second: up to which all has happened.
            waiting: chargers of which something has come that has not happened yet.
        """
        found = []
        while self.is_due(second):
            looked, charger = heappop(self._due)
            rhythm = self.rhythms[charger]
            limit = self._limit(rhythm)
            if charger in waiting:
                heappush(self._due, (second + self.min_s, charger))
            elif limit > looked:
                heappush(self._due, (limit, charger))
            else:
                rhythm.silent_since = rhythm.last
                found.append(ChargerSilence(charger, limit, rhythm.last, True))
        return found

    def _limit(self, rhythm: ChargerRhythm) -> int:
        return rhythm.last + max(self.min_s, PAUSES * rhythm.usual)
