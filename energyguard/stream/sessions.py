"""Stays of cars at chargers, in event time; what a signal does is in ``bays.py``.

Signals wait until the watermark has passed them, and are then taken in the order of their time and
rank (``Kind``), whatever the order in which they came. A time is up when its second is over, also
if no signal ever comes again.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from energyguard.model.charging import (
    Ignored,
    Kind,
    Limits,
    Occupied,
    Outcome,
    Signal,
    Stay,
    Violated,
    Violation,
)
from energyguard.stream.bays import Bay, Happening, State, happen

LATENESS_S = 5  # of event time
AHEAD_S = 3_600  # who is so far beyond all others needs a second charger to be believed
MOST_AHEAD = 1_000
AHEAD = "ahead: more than an hour beyond all others"


class Sessions:
    """The chargers of one partition of the log; snapshots are its ``bays`` and what waits."""

    def __init__(self, limits: Limits | None = None, lateness_s: int = LATENESS_S) -> None:
        self.limits, self._lateness = limits or Limits(), lateness_s
        self.bays: dict[str, Bay] = {}
        self._waiting: dict[int, list[Signal]] = {}  # by second
        self._seconds: list[int] = []  # of those that wait: a heap
        self._ahead: list[Signal] = []
        self._known: set[str] = set()  # chargers
        self._newest: int | None = None
        self._done: int | None = None  # all signals up to this second have been taken
        self._shared = Happening(self.limits)

    def process(self, signals: Iterable[Signal]) -> list[Outcome]:
        """Take signals; gives what is certain now."""
        for signal in signals:
            if self._newest is not None and signal.second > self._newest + AHEAD_S:
                for one in self._believed(signal):
                    self._accept(one)
            else:
                self._accept(signal)
        return self._take()

    def _believed(self, signal: Signal) -> list[Signal]:
        """Signals far beyond all others: one charger's clock may be wrong, that of two is not."""
        near = [one for one in self._ahead if abs(one.second - signal.second) <= AHEAD_S]
        others = self._known - {signal.charger}
        if others and all(one.charger == signal.charger for one in near):
            self._ahead.append(signal)
            if len(self._ahead) > MOST_AHEAD:
                self._ignore(self._ahead.pop(0), AHEAD)
            return []
        self._ahead = [one for one in self._ahead if one not in near]
        return sorted([*near, signal], key=lambda one: one.second)

    def _ignore(self, signal: Signal, reason: str) -> None:
        self._shared.out.append(Ignored(signal, reason))

    def _accept(self, signal: Signal) -> None:
        if self._done is not None and signal.second <= self._done:
            self._ignore(signal, "late: its second is over")
            return
        second = signal.second
        self._known.add(signal.charger)
        waiting = self._waiting.get(second)
        if waiting is None:
            self._waiting[second] = [signal]
            heapq.heappush(self._seconds, second)
        else:
            waiting.append(signal)
        if self._newest is None or second > self._newest:
            self._newest = second
            self._advance(second - self._lateness)

    def advance(self, second: int) -> list[Outcome]:
        """Nothing up to a second will come any more: what was due by then happens."""
        self._advance(second)
        return self._take()

    def _advance(self, second: int) -> None:
        timers = self._shared.timers
        while True:
            due = self._seconds[0] if self._seconds else second + 1
            now = min(due, timers[0][0] + 1 if timers else due)
            if now > second:
                break
            self._count_up_to(now - 1)
            while timers and timers[0][0] < now:  # the last second that was allowed is over
                self._ring(*heapq.heappop(timers))
            if due == now:
                heapq.heappop(self._seconds)
                for signal in sorted(self._waiting.pop(due), key=_rank):
                    self._happen(signal)
        self._count_up_to(second)

    def end(self) -> list[Outcome]:
        """The input has ended: everything that came happens; who stands there stays."""
        for signal in self._ahead:
            self._ignore(signal, AHEAD)
        self._ahead = []
        return self.advance(self._newest) if self._newest is not None else []

    def _take(self) -> list[Outcome]:
        out, self._shared.out = self._shared.out, []
        return out

    def _count_up_to(self, second: int) -> None:
        """Tell of the seconds that are over: nothing more can happen in them."""
        if self._done is None:
            if not self.bays:
                return
            self._done = second
        for over in range(self._done + 1, second + 1):
            self._shared.out.append(Occupied(over, self._shared.occupied))
        self._done = max(self._done, second)

    def _ring(self, limit: int, charger: str, stays: int, what: Violation) -> None:
        """A time is up: it is a violation if the car has not done what it should have by then."""
        bay = self.bays[charger]
        if bay.stays != stays or bay.stay is None:
            return
        if what is Violation.BEFORE:
            broken = bay.stay.start_recharging is None
        else:  # unless it was charged again since
            ended = bay.stay.end_recharging
            broken = bay.state is not State.CHARGING and ended == limit - self.limits.after_s
        if broken:
            self._shared.out.append(Violated(limit + 1, _copy(bay.stay), what))

    def _happen(self, signal: Signal) -> None:
        bay = self.bays.get(signal.charger)
        if bay is None:
            bay = self.bays[signal.charger] = Bay()
            if self._done is None:
                self._done = signal.second - 1
        happen(self._shared, bay, signal)


def _rank(signal: Signal) -> tuple[Kind, str, str, int]:
    return signal.kind, signal.charger, signal.who, signal.amount


def _copy(stay: Stay) -> Stay:
    return Stay(**{name: getattr(stay, name) for name in stay.__struct_fields__})
