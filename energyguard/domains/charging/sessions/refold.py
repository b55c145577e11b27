"""A charger's signals folded anew from a place in its journal, as if all had come in time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop
from typing import NamedTuple

from msgspec.structs import replace

from energyguard.domains.charging.model import (
    ChargingTransaction,
    Ignored,
    ParkingLimits,
    ParkingSession,
    SessionEnded,
    Signal,
    ViolationRaised,
)
from energyguard.domains.charging.sessions.bay import Bay, Cut, WrittenResults, begin, is_left
from energyguard.domains.charging.sessions.bays import happen
from energyguard.domains.charging.sessions.effects import Timer, TransitionContext
from energyguard.domains.charging.sessions.results import SessionResult
from energyguard.domains.charging.sessions.signals import in_order
from energyguard.domains.charging.sessions.timers import leave_unseen, ring


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


def put(before: Sequence[Signal], late: Signal) -> list[Signal]:
    """The signals with one more, in the order in which they happened."""
    same = [signal for signal in before if signal.second == late.second]
    return [
        *(signal for signal in before if signal.second < late.second),
        *in_order([*same, late]),
        *(signal for signal in before if signal.second > late.second),
    ]


def fold(
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
        bay.since = start.second
    for name in ("ended", "has_sensor", "only_arrivals", "is_blind", "last_start", "last_number"):
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
