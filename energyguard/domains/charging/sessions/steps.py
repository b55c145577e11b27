"""What happens at a charger, step by step: ``bays.py`` says which steps a signal leads to.

A signal that was lost is inferred from the next one that cannot be without it, and the parking
session says so. Money is asked for only where signals have told who, how much, and until when.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappush
from typing import TypeAlias

from energyguard.domains.charging.model import (
    Ignored,
    ParkingSession,
    PriceChange,
    SessionEnded,
    Signal,
    Violation,
    ViolationRaised,
)
from energyguard.domains.charging.sessions import effects
from energyguard.domains.charging.sessions.bay import Bay, has_left
from energyguard.domains.charging.sessions.effects import TransitionContext, is_plate, is_user

Step: TypeAlias = Callable[[TransitionContext, Bay, Signal], None]
GONE = "gone"
"""The timer of a car at a charger that tells of none that leaves: its user has unplugged."""
_BEFORE, _AFTER = Violation.BEFORE, Violation.AFTER


def ignore(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    """It changes nothing."""
    reason = f"{_name(signal)} at a charger that is {bay.state.value}"
    h.out.append(Ignored(signal, reason))


def arrive(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    """A car is there; its time until it is charged begins."""
    _open(h, bay, signal).plate = signal.who


def appear(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    """A car is there whose arrival was lost."""
    _open(h, bay, signal).inferred.append(f"arrival from {_name(signal)}")


def _open(h: TransitionContext, bay: Bay, signal: Signal) -> ParkingSession:
    number = bay.last_number + 1 if bay.last_start == signal.second else 0
    bay.last_start, bay.last_number = signal.second, number
    bay.session = ParkingSession(signal.charger, signal.second, number)
    bay.input_ended = False
    if bay.written is not None:
        bay.session.known_as = bay.written.sessions.get(bay.session.own_id, "")
    h.occupied += 1
    limit = signal.second + h.longest_s[_BEFORE]
    heappush(h.timers, (limit, signal.charger, bay.ended, _BEFORE.value))
    return bay.session


def connect(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    """A user plugs in."""
    session = _session(bay)
    if session.start_session is not None:
        session.inferred.append("a further session in this stay")
    session.start_session, session.end_session = signal.second, None
    session.user, session.price = signal.who, signal.amount
    session.tariffs.clear()


def change_price(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    """Another price is told to the user who is plugged in."""
    _session(bay).tariffs.append(PriceChange(signal.second, signal.amount))


def start(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    """Energy flows."""
    session = _session(bay)
    session.start_recharging, session.power = signal.second, signal.amount
    session.register, session.rating_kw = signal.register, signal.rating_kw
    session.end_recharging = session.end_register = session.plugged_again = None


def start_again(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    """Another start: of two in one second the lower power counts."""
    effects.started_again(_session(bay), signal)


def connect_again(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    """The user who is charging plugs in once more: a repetition, unless a start follows it."""
    session = _session(bay)
    if session.start_recharging != signal.second:
        session.plugged_again = signal.second


def stop(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    """Energy flows no longer; the disconnection says who pays."""
    effects.stopped(_session(bay), signal, h.limits)
    _charged(h, bay, signal)


def stop_again(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    """Another stop: of two in one second that tell two registers, neither is used."""
    effects.stopped_again(_session(bay), signal, h.limits)


def _charged(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    _session(bay).end_recharging = signal.second
    limit = signal.second + h.longest_s[_AFTER]
    heappush(h.timers, (limit, signal.charger, bay.ended, _AFTER.value))


def disconnect(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    """A user unplugs and pays, unless it is another one than has plugged in."""
    session = _session(bay)
    session.end_session = signal.second
    if session.user is None:
        session.user, session.price = signal.who, signal.amount
    if is_user(session, signal.who) and session.has_price(signal.amount):
        _bill(h, session)
    else:
        session.inferred.append("another user or price at the disconnection: not billed")
        session.unbilled.clear()
    if bay.is_blind and has_left(bay, session):
        limit = signal.second + h.longest_s[_AFTER]
        heappush(h.timers, (limit, signal.charger, bay.ended, GONE))


def leave(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    """The car is gone."""
    session = _session(bay)
    if not session.plate:
        session.plate = signal.who
    elif not is_plate(session, signal.who):
        session.inferred.append(f"another plate at the leave: {signal.who}")
    _close(h, bay, signal.second)


# What was lost, and shows by what comes instead


def lost_connect(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    """A user has plugged in, and nobody was told who."""
    session = _session(bay)
    session.start_session, session.end_session = signal.second, None
    session.user = session.price = None
    session.tariffs.clear()
    session.inferred.append(f"connection from {_name(signal)}")


def lost_start(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    """Energy has flowed, and nobody knows how much."""
    _session(bay).inferred.append("a charge without its start: not billed")


def lost_stop(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    """Energy has flowed until the user unplugged: a stop comes in the same second."""
    _session(bay).inferred.append(f"end of charge from {_name(signal)}")
    stop(h, bay, signal)


def lost_end(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    """Energy flows no longer, and nobody knows since when."""
    _session(bay).inferred.append(f"end of charge from {_name(signal)}: not billed")
    _charged(h, bay, signal)


def lost_stop_before(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    """Another charge begins: of the one before only the meter knows what it gave."""
    billed = effects.stopped_unseen(_session(bay), signal, h.limits)
    _session(bay).inferred.append(
        f"end of charge from {_name(signal)}{'' if billed else ': not billed'}"
    )


def lost_disconnect(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    """A user has unplugged by now; who has plugged in pays."""
    session = _session(bay)
    session.end_session = signal.second
    session.inferred.append(f"disconnection from {_name(signal)}")
    if session.user is not None:
        _bill(h, session)
    elif session.unbilled:
        session.inferred.append("a charge of nobody known: not billed")
        session.unbilled.clear()


def lost_leave(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    """The car is gone by now: the next one is there."""
    _session(bay).inferred.append(f"leave from {_name(signal)}")
    _close(h, bay, signal.second)


def gone(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    """The car is gone since its user unplugged: the next one is there, and no leave was told."""
    bay.is_blind = True
    close_unplugged(h, bay)


def close_unplugged(h: TransitionContext, bay: Bay) -> None:
    """End the session of a car that no parking sensor saw: it went when its user unplugged."""
    session = _session(bay)
    assert session.end_session is not None
    session.inferred.append("leave from disconnect")
    _close(h, bay, session.end_session)


def _close(h: TransitionContext, bay: Bay, second: int) -> None:
    session = _session(bay)
    session.end_parking = second
    if session.start_recharging is None:
        h.out.append(ViolationRaised(second, session, Violation.NO_CHARGE))
    h.out.append(SessionEnded(session))
    bay.session, bay.ended = None, bay.ended + 1
    h.occupied -= 1


def _bill(h: TransitionContext, session: ParkingSession) -> None:
    h.out += effects.paid(session, h.limits)


def _session(bay: Bay) -> ParkingSession:
    assert bay.session is not None
    return bay.session


def _name(signal: Signal) -> str:
    return signal.kind.name.lower()
