"""Times that are up: a car that stands for too long, one that no parking sensor saw leave.

A timer is up when its second is over, also if no signal ever comes again.
"""

from __future__ import annotations

from heapq import heappop
from typing import Final

from energyguard.domains.charging.model import ParkingSession, Violation, ViolationRaised
from energyguard.domains.charging.sessions.bay import UNPLUGGED, Bay, BayState, cut, has_left
from energyguard.domains.charging.sessions.effects import Timer, TransitionContext
from energyguard.domains.charging.sessions.steps import GONE, close_unplugged

HELD: Final = "held"
"""The timer of violations that a late signal has made: they wait for more of its queue."""
# The classes' own attributes are slow to look up.
_BEFORE, _AFTER = Violation.BEFORE.value, Violation.AFTER.value
_CHARGING, _FREE = BayState.CHARGING, BayState.FREE


def due_timer(h: TransitionContext, bays: dict[str, Bay]) -> Timer | None:
    """The first timer that means anything as far as is known; those before it are dropped."""
    while h.timers and not _is_open(h, bays, h.timers[0]):
        heappop(h.timers)
    return h.timers[0] if h.timers else None


def ring(h: TransitionContext, bays: dict[str, Bay], timer: Timer) -> None:
    """A time is up: something happens if the car has not done what it should have by then."""
    if not _is_open(h, bays, timer):
        return
    limit, charger, _, what = timer
    bay = bays[charger]
    assert bay.session is not None
    if what == GONE:
        leave_unseen(h, bay)
    else:
        bay.session.violation = what
        bay.session.broken.append(f"{limit} {what}")
        h.out.append(ViolationRaised(limit + 1, copied(bay.session), Violation(what)))
    h.touched.add(charger)


def leave_unseen(h: TransitionContext, bay: Bay) -> None:
    """The unplugged car of a charger without a parking sensor is gone."""
    assert bay.session is not None and bay.session.end_session is not None
    bay.state, bay.since = _FREE, bay.session.end_session
    close_unplugged(h, bay)
    if h.keeps:
        cut(bay, bay.since)


def _is_open(h: TransitionContext, bays: dict[str, Bay], timer: Timer) -> bool:
    """Whether, as far as is known, the car passes this limit."""
    limit, charger, ended, what = timer
    bay = bays[charger]
    if what == HELD:
        return bay.written is not None and bay.written.held_until == limit
    session = bay.session
    if bay.ended != ended or session is None or f"{limit} {what}" in session.broken:
        return False
    if what == _BEFORE:
        begins = session.start_parking + h.longest_s[Violation.BEFORE] == limit
        return begins and session.start_recharging is None
    if bay.state is UNPLUGGED and has_left(bay, session):
        passed = (session.end_session or 0) + h.longest_s[Violation.AFTER]
        return what == GONE and passed == limit
    stopped = session.end_recharging  # unless it was charged again since
    if what == GONE or stopped is None or bay.state is _CHARGING:
        return False
    return stopped + h.longest_s[Violation.AFTER] == limit


def copied(session: ParkingSession) -> ParkingSession:
    """A session as it is now."""
    return ParkingSession(**{name: getattr(session, name) for name in session.__struct_fields__})
