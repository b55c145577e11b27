"""Parking sessions at chargers, in event time; what a signal does is in ``bays.py``.

Signals wait until the watermark has passed them, and are then taken in the order of their time and
rank (``Kind``), whatever the order in which they came. A time is up when its second is over, also
if no signal ever comes again.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Set

import msgspec

from energyguard.domains.charging.model import (
    Ignored,
    Occupied,
    Outcome,
    ParkingLimits,
    Signal,
)
from energyguard.domains.charging.sessions.bay import Bay, is_left
from energyguard.domains.charging.sessions.bays import happen
from energyguard.domains.charging.sessions.effects import Timer, TransitionContext
from energyguard.domains.charging.sessions.restate import release, take_late
from energyguard.domains.charging.sessions.saved import FORM, SavedSessions, loaded
from energyguard.domains.charging.sessions.signals import AHEAD_S, PAUSE_S, FarSignals, in_order
from energyguard.domains.charging.sessions.silences import ChargerSilences
from energyguard.domains.charging.sessions.timers import HELD, due_timer, leave_unseen, ring
from energyguard.stream.time.witnesses import Waits, Witnesses

LATENESS_S = 5  # of event time
AHEAD = "ahead: more than an hour beyond all others"
LATE = "late: its second is over"


class SessionOperator:
    """The chargers of one partition of the log.

    Args:
        limits: how long cars may stand.
        lateness_s: of event time.
        witnesses: what is known of the topic's other chargers.
        restates: whether a signal that comes late restates what was written without it.
        silent_s: how long a charger may send nothing, at least; 0: nobody asks.
    """

    def __init__(
        self,
        limits: ParkingLimits | None = None,
        lateness_s: int = LATENESS_S,
        witnesses: Witnesses = Witnesses.NONE,
        *,
        restates: bool = False,
        silent_s: int = 0,
    ) -> None:
        self.limits, self._lateness = limits or ParkingLimits(), lateness_s
        self.bays: dict[str, Bay] = {}
        self.changes: list[tuple[int, int]] = []  # from a second on so many cars: not told yet
        self._waiting: dict[int, list[Signal]] = {}  # by second
        self._seconds: list[int] = []  # of those that wait: a heap
        self._far = FarSignals(witnesses)
        self._silences = ChargerSilences(silent_s) if silent_s else None
        self._newest: int | None = None
        self._done: int | None = None  # all signals up to this second have been taken
        self._shared = TransitionContext(self.limits, keeps=restates)

    def process(self, signals: Iterable[Signal]) -> list[Outcome]:
        """Take signals; gives what is certain now."""
        waiting = self._waiting
        for signal in signals:
            second = signal.second
            if second in waiting:  # so it is not over, and not ahead
                waiting[second].append(signal)
            elif self._newest is not None and second > self._newest + AHEAD_S:
                self._put_far(signal)
            else:
                self._accept(signal)
                self._far.in_row = 0
        return self._take()

    def _put_far(self, signal: Signal) -> None:
        """A signal beyond all others."""
        if signal.second <= self._trusted + AHEAD_S:
            self._accept(signal)
            return
        others = any(charger != signal.charger for charger in self._chargers())
        for believed in self._far.put(signal, self._trusted, others):
            self._accept(believed)
        for lost in self._far.excess(others):
            self._ignore(lost, AHEAD)

    def witness(self, reached: int | None) -> list[Outcome]:
        """A charger of another partition has reached a second; None: there is no other."""
        self._far.witnesses = Witnesses.NONE if reached is None else Witnesses.OTHERS
        if reached is not None:
            self._far.reached = max(reached, self._far.reached or reached)
        return self.process(self._far.take_all())

    @property
    def _trusted(self) -> int:
        """The newest second that is believed."""
        known = (self._newest, self._far.reached, self._done)
        return max((second for second in known if second is not None), default=0)

    @property
    def waits(self) -> Waits | None:
        """What the partition's owner has to know of it; None: it needs no decision."""
        return self._far.waits(self._newest, self._trusted)

    @property
    def furthest(self) -> int | None:
        """The newest second of any charger here, believed or not."""
        seconds = [signal.second for signal in self._far.held]
        return max([*seconds, *([] if self._newest is None else [self._newest])], default=None)

    def pause_end(self, now: int) -> int | None:
        """The newest second that waits behind a pause that may be over; None: there is none.

        Of several chargers in a topic one whose clock is ahead of all clocks is wrong: what it
        sends waits. A pause up to a time that has been is a pause, as it is at the end of a file.

        Args:
            now: what time it is by the clock of the wall, s since 1970 UTC.
        """
        if not self._far or self._far.witnesses is Witnesses.UNKNOWN:
            return None
        is_alone = len({*self._chargers(), *(held.charger for held in self._far.held)}) == 1
        latest = self._trusted + PAUSE_S
        if not is_alone or self._far.witnesses is Witnesses.OTHERS:
            latest = min(latest, now)
        return max((held.second for held in self._far.held if held.second <= latest), default=None)

    def _chargers(self) -> Iterator[str]:
        yield from self.bays
        yield from (signal.charger for signals in self._waiting.values() for signal in signals)

    def _ignore(self, signal: Signal, reason: str) -> None:
        self._shared.out.append(Ignored(signal, reason))

    def _accept(self, signal: Signal) -> None:
        if self._done is not None and signal.second <= self._done:
            h = self._shared
            if not (h.keeps and take_late(h, self.bays, signal, self._done)):
                self._ignore(signal, LATE)
            elif self._silences is not None:
                h.out += self._silences.take((signal,))
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
        timer = due_timer(self._shared, self.bays)
        waits = [self._seconds[0]] if self._seconds else []
        return min([*waits, *([timer[0] + 1] if timer else [])], default=None)

    def take_touched(self) -> set[str]:
        """The chargers of which something has changed since this was asked last."""
        found, self._shared.touched = self._shared.touched, set()
        return found

    def advance(self, second: int) -> list[Outcome]:
        """Nothing up to a second will come any more: what was due by then happens."""
        for signal in self._far.up_to(second) if self._far else ():
            self._accept(signal)
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
                self._ring(heapq.heappop(timers))
            if due == now:
                heapq.heappop(self._seconds)
                signals = in_order(self._waiting.pop(due))
                if self._done is None:
                    self._done = due - 1
                happen(self._shared, self.bays, signals)
                if self._silences is not None:
                    self._shared.out += self._silences.take(signals)
        self._count_up_to(second)
        if self._silences is not None and self._silences.is_due(second):
            waiting = {s.charger for signals in self._waiting.values() for s in signals}
            self._shared.out += self._silences.advance(second, waiting)

    def end(self) -> list[Outcome]:
        """The input has ended: everything that came happens; who stands there stays."""
        for signal in self._far.up_to(self._trusted + PAUSE_S):  # a pause at the end is believed
            self._accept(signal)
        for signal in self._far.take_all():
            self._ignore(signal, AHEAD)
        found = self.advance(self._newest) if self._newest is not None else []
        return found + self.end_unseen()

    def end_unseen(self) -> list[Outcome]:
        """Cars that no parking sensor saw leave are gone: nobody waits for them any more."""
        for charger, bay in self.bays.items():
            if is_left(bay):
                leave_unseen(self._shared, bay)
                bay.input_ended = True
                self._shared.touched.add(charger)
        return self._take()

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

    def _ring(self, timer: Timer) -> None:
        limit, charger, _, what = timer
        if what != HELD:
            ring(self._shared, self.bays, timer)
        elif (written := self.bays[charger].written) and written.held_until == limit:
            release(self._shared, self.bays, charger, limit)

    def snapshot(self) -> dict[str, bytes | None]:
        """All that is known, to go on from."""
        shared = self._shared
        waiting = [signal for signals in self._waiting.values() for signal in signals]
        kept = SavedSessions(
            self.bays,
            waiting,
            self._far.held,
            shared.timers,
            shared.occupied,
            self._newest,
            self._done,
            self.changes,
            self._far.witnesses,
            self._far.reached,
            self._far.in_row,
            self._silences.rhythms if self._silences is not None else {},
            form=FORM,
        )
        return {"sessions": msgspec.msgpack.encode(kept)}

    @property
    def saved(self) -> Set[str]:
        """The parts of a snapshot."""
        return {"sessions"}

    def restore(self, parts: Mapping[str, bytes]) -> None:
        """Be as at a snapshot."""
        kept = loaded(parts["sessions"])
        self.bays, self._far.held = kept.bays, kept.ahead
        self._far.witnesses, self._far.reached = kept.witnesses, kept.reached
        self._far.in_row = kept.in_row
        if self._silences is not None:
            self._silences = ChargerSilences(self._silences.min_s, kept.rhythms)
        self._newest, self._done, self.changes = kept.newest, kept.done, kept.changes
        self._shared.timers, self._shared.occupied = kept.timers, kept.occupied
        for signal in kept.waiting:
            self._waiting.setdefault(signal.second, []).append(signal)
        self._seconds = sorted(self._waiting)
