"""A signal that comes late: what it makes of the sessions and bills that were written without it.

The journal of its charger is folded anew with it, as if it had come in time. What differs from
what was written is a result's next revision, under the same id; what is no more is withdrawn; what
is new is written as ever. A violation by time alone waits for a minute of event time: the rest of
an offline charger's queue may say that there was none.

All depends on the order of the log only: how it is cut into batches changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from heapq import heappop, heappush
from itertools import count
from typing import Final, NamedTuple

from msgspec.structs import replace

from energyguard.domains.charging.model import (
    ChargingTransaction,
    Ignored,
    ParkingLimits,
    ParkingSession,
    Restated,
    SessionEnded,
    Signal,
    ViolationRaised,
)
from energyguard.domains.charging.sessions.bay import (
    Bay,
    Cut,
    WrittenResults,
    base,
    begin,
    is_left,
    kept,
)
from energyguard.domains.charging.sessions.bays import happen
from energyguard.domains.charging.sessions.effects import Timer, TransitionContext
from energyguard.domains.charging.sessions.results import (
    SessionResult,
    group_of,
    id_of,
    is_by_time,
    own_id_of,
    text_of,
    time_of,
)
from energyguard.domains.charging.sessions.signals import in_order
from energyguard.domains.charging.sessions.timers import HELD, leave_unseen, ring

MAX_LATE_S: Final = 31 * 86_400
"""What is older than that is a wrong clock's, or of an archive."""
HOLD_S: Final = 60
MAX_REVISIONS: Final = 64
"""Of so many results of a charger it is known how often they were restated."""
REPEATED: Final = "repeated: it came before"


class Folded(NamedTuple):
    """A charger's signals in their order, and what came of them up to a second."""

    bay: Bay
    timers: list[Timer]
    results: list[SessionResult]
    ignored: list[Ignored]

    @property
    def sessions(self) -> dict[str, ParkingSession]:
        """All sessions by what their beginnings make of their ids; the last one may go on."""
        ended = [each.session for each in self.results if isinstance(each, SessionEnded)]
        open_one = [self.bay.session] if self.bay.session is not None else []
        return {session.own_id: session for session in (*ended, *open_one)}


def take_late(h: TransitionContext, bays: dict[str, Bay], signal: Signal, done: int) -> bool:
    """Put a signal where it belongs; False: it is too old to be held against what was then.

    Args:
        h: what all chargers share; results go there.
        bays: of the chargers.
        signal: its second is over.
        done: the second up to which all is over.
    """
    charger, bay = signal.charger, bays.get(signal.charger) or Bay()
    start = base(bay)
    if not bay.is_kept or signal.second <= max(start.second, done - MAX_LATE_S):
        return False
    before = kept(bay, charger)
    if signal in before:
        h.out.append(Ignored(signal, REPEATED))
        return True
    known, ended = bay.written or WrittenResults(), bay.input_ended
    was = _fold(h.limits, charger, start, known, before, done, input_ended=ended)
    signals = _put(before, signal)
    now = _fold(h.limits, charger, start, known, signals, done, input_ended=ended)
    names = _names(was.sessions, now.sessions, done)
    if names != {own: session.known_as for own, session in now.sessions.items()}:
        renamed = replace(known, sessions=names)
        now = _fold(h.limits, charger, start, renamed, signals, done, input_ended=ended)
    written = {id_of(result): result for result in was.results}
    results = _paired(written, now.results)
    found = _write(h, known, written, results)
    found.sessions = {own: name for own, name in names.items() if name}
    found.results = {
        result.own_id: result.known_as
        for result in results.values()
        if not isinstance(result, SessionEnded) and result.known_as
    }
    bay = now.bay
    bay.written = found if found != WrittenResults() else None
    h.out += [ignored for ignored in now.ignored if ignored.signal == signal]
    h.occupied += (bay.session is not None) - _stands(bays.get(charger))
    bays[charger] = bay
    h.touched.add(charger)
    for timer in now.timers:
        heappush(h.timers, timer)
    if found.held:
        found.held_until = done + HOLD_S
        heappush(h.timers, (found.held_until, charger, 0, HELD))
    return True


def release(h: TransitionContext, bays: dict[str, Bay], charger: str, second: int) -> None:
    """Write the violations that waited for more signals, as far as there are any."""
    bay = bays[charger]
    known = bay.written or WrittenResults()
    found = _fold(
        h.limits, charger, base(bay), known, kept(bay, charger), second, input_ended=bay.input_ended
    ).results
    h.out += [result for result in found if id_of(result) in known.held]
    known.held, known.held_until = [], 0


def _stands(bay: Bay | None) -> bool:
    return bay is not None and bay.session is not None


def _put(before: Sequence[Signal], late: Signal) -> list[Signal]:
    """The signals with one more, in the order in which they happened."""
    same = [signal for signal in before if signal.second == late.second]
    return [
        *(signal for signal in before if signal.second < late.second),
        *in_order([*same, late]),
        *(signal for signal in before if signal.second > late.second),
    ]


def _fold(
    limits: ParkingLimits,
    charger: str,
    start: Cut,
    known: WrittenResults,
    signals: Iterable[Signal],
    done: int,
    *,
    input_ended: bool,
) -> Folded:
    """What signals come to from a cut on, with all times that are up by a second.

    Args:
        limits: how long cars may stand.
        charger: whose they are.
        start: its bay before them.
        known: says under which ids its results were written.
        signals: in their order.
        done: the second.
        input_ended: whether a car that no parking sensor saw leave has left all the same.
    """
    h = TransitionContext(limits, keeps=True)
    bay = Bay(written=known)
    if start != Cut():
        begin(bay, start)
    for name in ("ended", "has_sensor", "is_blind", "last_start", "last_number"):
        setattr(bay, name, getattr(start, name))
    bays = {charger: bay}
    for signal in signals:
        _ring_before(h, bays, signal.second)
        happen(h, bays, (signal,))
    _ring_before(h, bays, done)
    if input_ended and is_left(bay):
        leave_unseen(h, bay)
        bay.input_ended = True
    results = [
        _named(outcome, known.results)
        for outcome in h.out
        if isinstance(outcome, SessionEnded | ViolationRaised | ChargingTransaction)
    ]
    return Folded(bay, h.timers, results, [o for o in h.out if isinstance(o, Ignored)])


def _ring_before(h: TransitionContext, bays: dict[str, Bay], second: int) -> None:
    while h.timers and h.timers[0][0] < second:
        ring(h, bays, heappop(h.timers))


def _named(result: SessionResult, names: Mapping[str, str]) -> SessionResult:
    """A charge or a violation under the id that it was first written with."""
    if isinstance(result, SessionEnded) or result.own_id not in names:
        return result
    return replace(result, known_as=names[result.own_id])


def _names(
    was: Mapping[str, ParkingSession], now: Mapping[str, ParkingSession], done: int
) -> dict[str, str]:
    """Ids of sessions: one that begins at another time keeps that under which it was written.

    Returns:
        By what their beginnings make of their ids; empty: it is that.
    """
    found = {own: was[own].known_as for own in now if own in was}
    gone = {own: session for own, session in was.items() if own not in now}
    used = {name or own for own, name in found.items()}
    for own, session in now.items():
        if own in was:
            continue
        shared = {old: _overlap(session, before, done) for old, before in gone.items()}
        nearest = max(shared, key=lambda old: shared[old], default="")
        is_known = bool(nearest) and shared[nearest] >= 0
        name = gone.pop(nearest).id if is_known else _free(own, used)
        used.add(name)
        found[own] = "" if name == own else name
    return found


def _free(own: str, used: Collection[str]) -> str:
    """An id that nothing else has: its own, as a rule."""
    return own if own not in used else next(n for i in count(1) if (n := f"{own}.{i}") not in used)


def _overlap(one: ParkingSession, other: ParkingSession, done: int) -> int:
    """For how long two sessions were there at once, in s; negative: they were not."""
    ends = [each.end_parking or done for each in (one, other)]
    return min(ends) - max(one.start_parking, other.start_parking)


def _paired(
    was: Mapping[str, SessionResult], now: Sequence[SessionResult]
) -> dict[str, SessionResult]:
    """The results, a charge or violation that only has another time under its old id."""
    ids = {own_id_of(result): key for key, result in was.items()}
    own = {own_id_of(result) for result in now}
    gone: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for key, result in was.items():
        if own_id_of(result) not in own:
            gone[group_of(result)].append(key)
    used = {ids[name] for name in own if name in ids}
    found: dict[str, SessionResult] = {}
    for result in now:
        if not isinstance(result, SessionEnded):
            name, old = ids.get(result.own_id, ""), gone[group_of(result)]
            if not name:
                name = old.pop(0) if old else _free(result.own_id, used)
                used.add(name)
            result = replace(result, known_as="" if name == result.own_id else name)
        found[id_of(result)] = result
    return found


def _write(
    h: TransitionContext,
    known: WrittenResults,
    was: Mapping[str, SessionResult],
    now: Mapping[str, SessionResult],
) -> WrittenResults:
    """Write what differs; gives what is written now."""
    revisions, held = dict(known.revisions), set(known.held)

    def restate(key: str, *results: tuple[SessionResult, bool]) -> None:
        for result, gone in results:
            revisions[key] = revisions.pop(key, 1) + 1  # the newest last
            h.out.append(Restated(result, revisions[key], gone))

    for key, result in was.items():
        if key not in now:
            if key not in held:
                restate(key, (result, True))
            held.discard(key)
    for key, result in now.items():
        old = was.get(key)
        if old is None and key in revisions:
            restate(key, (result, False))
        elif old is None and is_by_time(result):
            held.add(key)
        elif old is None:
            h.out.append(result)
        elif key not in held and text_of(old) != text_of(result):
            moved = [(old, True)] if time_of(old) != time_of(result) else []
            restate(key, *moved, (result, False))
    return WrittenResults(
        revisions=dict(list(revisions.items())[-MAX_REVISIONS:]),
        held=[key for key in now if key in held],
    )
