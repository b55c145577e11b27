"""Stays of cars at chargers, in event time; what a signal does is in ``bays.py``.

Signals wait until the watermark has passed them, and are then taken in the order of their time and
rank (``Kind``), whatever the order in which they came. A time is up when its second is over, also
if no signal ever comes again.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Set
from operator import attrgetter
from typing import Final

import msgspec

from energyguard.model.charging import (
    Ignored,
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
LATE = "late: its second is over"


class Kept(msgspec.Struct):
    """A snapshot."""

    bays: dict[str, Bay]
    waiting: list[Signal]
    ahead: list[Signal]
    timers: list[tuple[int, str, int, Violation]]
    occupied: int
    newest: int | None
    done: int | None
    changes: list[tuple[int, int]]


_KEPT = msgspec.msgpack.Decoder(Kept)


class Sessions:
    """The chargers of one partition of the log."""

    def __init__(self, limits: Limits | None = None, lateness_s: int = LATENESS_S) -> None:
        self.limits, self._lateness = limits or Limits(), lateness_s
        self.bays: dict[str, Bay] = {}
        self.changes: list[tuple[int, int]] = []  # from a second on so many cars: not told yet
        self._waiting: dict[int, list[Signal]] = {}  # by second
        self._seconds: list[int] = []  # of those that wait: a heap
        self._ahead: list[Signal] = []
        self._newest: int | None = None
        self._done: int | None = None  # all signals up to this second have been taken
        self._shared = Happening(self.limits)

    def process(self, signals: Iterable[Signal]) -> list[Outcome]:
        """Take signals; gives what is certain now."""
        waiting = self._waiting
        for signal in signals:
            second = signal.second
            if second in waiting:  # so it is not over, and not ahead
                waiting[second].append(signal)
            elif self._newest is not None and second > self._newest + AHEAD_S:
                for one in self._believed(signal):
                    self._accept(one)
            else:
                self._accept(signal)
        return self._take()

    def _believed(self, signal: Signal) -> list[Signal]:
        """Signals far beyond all others: one charger's clock may be wrong, that of two is not."""
        near = [one for one in self._ahead if abs(one.second - signal.second) <= AHEAD_S]
        others = any(charger != signal.charger for charger in self._chargers())
        if others and all(one.charger == signal.charger for one in near):
            self._ahead.append(signal)
            if len(self._ahead) > MOST_AHEAD:
                self._ignore(self._ahead.pop(0), AHEAD)
            return []
        self._ahead = [one for one in self._ahead if one not in near]
        return sorted([*near, signal], key=lambda one: one.second)

    def _chargers(self) -> Iterator[str]:
        yield from self.bays
        yield from (one.charger for signals in self._waiting.values() for one in signals)

    def _ignore(self, signal: Signal, reason: str) -> None:
        self._shared.out.append(Ignored(signal, reason))

    def _accept(self, signal: Signal) -> None:
        if self._done is not None and signal.second <= self._done:
            self._ignore(signal, LATE)
            return
        second = signal.second
        waiting = self._waiting.get(second)
        if waiting is None:
            self._waiting[second] = [signal]
            heapq.heappush(self._seconds, second)
        else:
            waiting.append(signal)
        if self._newest is None or second > self._newest:
            self._newest = second
            self._advance(second - self._lateness)

    @property
    def newest(self) -> int | None:
        """The newest second that was told of."""
        return self._newest

    @property
    def done(self) -> int | None:
        """All signals up to this second have happened."""
        return self._done

    @property
    def due(self) -> int | None:
        """When something happens by time alone; None: nothing waits."""
        timers = self._shared.timers
        while timers and not self._may_break(*timers[0]):
            heapq.heappop(timers)
        waits = [self._seconds[0]] if self._seconds else []
        return min([*waits, *(limit + 1 for limit, *_ in timers[:1])], default=None)

    def take_touched(self) -> set[str]:
        """The chargers of which something has changed since this was asked last."""
        found, self._shared.touched = self._shared.touched, set()
        return found

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
                signals = _in_order(self._waiting.pop(due))
                if self._done is None:
                    self._done = due - 1
                happen(self._shared, self.bays, signals)
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
        if second > self._done:
            self._shared.out.append(Occupied(self._done + 1, second, self._shared.occupied))
            self._done = second

    def _ring(self, limit: int, charger: str, stays: int, what: Violation) -> None:
        """A time is up: it is a violation if the car has not done what it should have by then."""
        bay = self.bays[charger]
        if bay.stay is not None and self._may_break(limit, charger, stays, what):
            bay.stay.violation = what.value
            self._shared.touched.add(charger)
            self._shared.out.append(Violated(limit + 1, _copy(bay.stay), what))

    def _may_break(self, limit: int, charger: str, stays: int, what: Violation) -> bool:
        """Whether, as far as is known, the car breaks this limit."""
        bay = self.bays[charger]
        if bay.stays != stays or bay.stay is None:
            return False
        if what is _BEFORE:
            return bay.stay.start_recharging is None
        ended = bay.stay.end_recharging  # unless it was charged again since
        return bay.state is not _CHARGING and ended == limit - self.limits.after_s

    def snapshot(self) -> dict[str, bytes | None]:
        """All that is known, to go on from."""
        shared = self._shared
        waiting = [signal for signals in self._waiting.values() for signal in signals]
        kept = Kept(
            self.bays,
            waiting,
            self._ahead,
            shared.timers,
            shared.occupied,
            self._newest,
            self._done,
            self.changes,
        )
        return {"sessions": msgspec.msgpack.encode(kept)}

    @property
    def saved(self) -> Set[str]:
        """The parts of a snapshot."""
        return {"sessions"}

    def restore(self, parts: Mapping[str, bytes]) -> None:
        """Be as at a snapshot."""
        kept = _KEPT.decode(parts["sessions"])
        self.bays, self._ahead = kept.bays, kept.ahead
        self._newest, self._done, self.changes = kept.newest, kept.done, kept.changes
        self._shared.timers, self._shared.occupied = kept.timers, kept.occupied
        for signal in kept.waiting:
            self._waiting.setdefault(signal.second, []).append(signal)
        self._seconds = sorted(self._waiting)


_BEFORE, _CHARGING = Violation.BEFORE, State.CHARGING  # the classes' attributes are slow to look up
_RANK: Final = attrgetter("kind", "charger", "who", "amount", "register")


def _in_order(signals: list[Signal]) -> list[Signal]:
    """Signals of one second, in an order that is total: that of their arrival never counts."""
    try:
        return sorted(signals, key=_RANK)
    except TypeError:  # one told a register, and the same one did not
        known = sorted(signals, key=lambda one: one.register or 0)
        known.sort(key=lambda one: one.register is None)
        return sorted(known, key=attrgetter("kind", "charger", "who", "amount"))


def _copy(stay: Stay) -> Stay:
    return Stay(**{name: getattr(stay, name) for name in stay.__struct_fields__})
