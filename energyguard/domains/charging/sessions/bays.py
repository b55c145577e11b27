"""What a signal does at a charger: a state machine, declared as a table.

``TRANSITIONS`` gives for each state and signal the state after it, and the steps on the way. A
signal that was lost is inferred from the next one that cannot be without it, and the parking
session says so. Money is asked for only where signals have told who, how much, and until when.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from heapq import heappush
from typing import TypeAlias

import msgspec

from energyguard.domains.charging.model import (
    Ignored,
    ParkingSession,
    SessionEnded,
    Signal,
    SignalKind,
    Violation,
    ViolationRaised,
)
from energyguard.domains.charging.sessions import effects
from energyguard.domains.charging.sessions.effects import TransitionContext


class BayState(StrEnum):
    """What a charger's bay looks like."""

    FREE = "free"
    PARKED = "parked"
    CONNECTED = "connected"
    CHARGING = "charging"
    CHARGED = "charged"
    UNPLUGGED = "unplugged"


class Bay(msgspec.Struct, rename={"session": "stay", "ended": "stays"}):
    """One charger. Snapshots have the names that they always had."""

    state: BayState = BayState.FREE
    since: int = 0  # in this state, s since 1970 UTC
    session: ParkingSession | None = None
    ended: int = 0  # sessions until now: a timer of an earlier one is over


# The classes' own attributes are slow to look up.
_CONNECT, _ARRIVE = SignalKind.CONNECT, SignalKind.ARRIVE
_BEFORE, _AFTER = Violation.BEFORE, Violation.AFTER


def happen(h: TransitionContext, bays: dict[str, Bay], signals: Iterable[Signal]) -> None:
    """Let signals do what they do, one after the other; a charger's first one makes its bay."""
    find, transitions, touch = bays.get, TRANSITIONS, h.touched.add
    for signal in signals:
        charger = signal.charger
        bay = find(charger)
        if bay is None:
            bay = bays[charger] = Bay()
        event: Event = signal.kind
        if event is _CONNECT and bay.session is not None and bay.session.user != signal.who:
            event = OTHER_CONNECT
        elif event is _ARRIVE and bay.session is not None and bay.session.plate == signal.who:
            event = SAME_ARRIVE
        after, steps = transitions[bay.state, event]
        for step in steps:
            step(h, bay, signal)
        if after is not bay.state:
            bay.state, bay.since = after, signal.second
        touch(charger)


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
    bay.session = ParkingSession(signal.charger, signal.second, bay.ended)
    h.occupied += 1
    limit = signal.second + h.longest_s[_BEFORE]
    heappush(h.timers, (limit, signal.charger, bay.ended, _BEFORE))
    return bay.session


def connect(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    """A user plugs in."""
    session = _session(bay)
    if session.start_session is not None:
        session.inferred.append("a further session in this stay")
    session.start_session, session.end_session = signal.second, None
    session.user, session.price = signal.who, signal.amount


def start(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    """Energy flows."""
    session = _session(bay)
    session.start_recharging, session.power_kw = signal.second, signal.amount
    session.register, session.rating_kw = signal.register, signal.rating_kw
    session.end_recharging = session.end_register = None


def start_again(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    """Another start: of two in one second the lower power counts."""
    effects.started_again(_session(bay), signal)


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
    heappush(h.timers, (limit, signal.charger, bay.ended, _AFTER))


def disconnect(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    """A user unplugs and pays, unless it is another one than has plugged in."""
    session = _session(bay)
    session.end_session = signal.second
    if session.user is None:
        session.user, session.price = signal.who, signal.amount
    if (session.user, session.price) == (signal.who, signal.amount):
        _bill(h, session)
    else:
        session.inferred.append("another user or price at the disconnection: not billed")
        session.unbilled.clear()


def leave(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    """The car is gone."""
    session = _session(bay)
    if session.plate is None:
        session.plate = signal.who
    elif session.plate != signal.who:
        session.inferred.append(f"another plate at the leave: {signal.who}")
    _close(h, bay, signal)


# What was lost, and shows by what comes instead


def lost_connect(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    """A user has plugged in, and nobody was told who."""
    session = _session(bay)
    session.start_session, session.end_session = signal.second, None
    session.user = session.price = None
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
    _close(h, bay, signal)


def _close(h: TransitionContext, bay: Bay, signal: Signal) -> None:
    session = _session(bay)
    session.end_parking = signal.second
    if session.start_recharging is None:
        h.out.append(ViolationRaised(signal.second, session, Violation.NO_CHARGE))
    h.out.append(SessionEnded(session))
    bay.session, bay.ended = None, bay.ended + 1
    h.occupied -= 1


def _bill(h: TransitionContext, session: ParkingSession) -> None:
    h.out += effects.paid(session)


def _session(bay: Bay) -> ParkingSession:
    assert bay.session is not None
    return bay.session


def _name(signal: Signal) -> str:
    return signal.kind.name.lower()


OTHER_CONNECT = "CONNECT of another user"
SAME_ARRIVE = "ARRIVE of the car that is there"
Event: TypeAlias = SignalKind | str
Step: TypeAlias = Callable[[TransitionContext, Bay, Signal], None]


def _table() -> Iterator[tuple[tuple[BayState, Event], tuple[BayState, tuple[Step, ...]]]]:
    s, k = BayState, SignalKind
    over: Mapping[BayState, tuple[Step, ...]] = {  # how a session ends that is not told to be over
        s.PARKED: (),
        s.CONNECTED: (lost_disconnect,),
        s.CHARGING: (lost_end, lost_disconnect),
        s.CHARGED: (lost_disconnect,),
        s.UNPLUGGED: (),
    }
    for state in s:
        for kind in k:
            yield (state, kind), (state, (ignore,))  # unless told otherwise
    yield (s.FREE, k.ARRIVE), (s.PARKED, (arrive,))
    yield (s.FREE, k.CONNECT), (s.CONNECTED, (appear, connect))
    yield (s.FREE, k.START), (s.CHARGING, (appear, lost_connect, start))
    for state, before in over.items():
        yield (state, k.LEAVE), (s.FREE, (*before, leave))
        yield (state, k.ARRIVE), (s.PARKED, (*before, lost_leave, arrive))
        yield (state, OTHER_CONNECT), (s.CONNECTED, (*before, connect))
        yield (state, SAME_ARRIVE), (state, (ignore,))
    for state in (s.PARKED, s.UNPLUGGED):
        yield (state, k.CONNECT), (s.CONNECTED, (connect,))
        yield (state, k.START), (s.CHARGING, (lost_connect, start))
    yield (s.PARKED, k.DISCONNECT), (s.UNPLUGGED, (lost_connect, disconnect))
    yield (s.CONNECTED, k.START), (s.CHARGING, (start,))
    yield (s.CONNECTED, k.STOP), (s.CHARGED, (lost_start,))
    yield (s.CONNECTED, k.DISCONNECT), (s.UNPLUGGED, (disconnect,))
    yield (s.CHARGING, k.START), (s.CHARGING, (start_again, ignore))
    yield (s.CHARGING, k.STOP), (s.CHARGED, (stop,))
    yield (s.CHARGED, k.STOP), (s.CHARGED, (stop_again, ignore))
    yield (s.CHARGING, k.DISCONNECT), (s.UNPLUGGED, (lost_stop, disconnect))
    yield (s.CHARGED, k.START), (s.CHARGING, (start,))
    yield (s.CHARGED, k.DISCONNECT), (s.UNPLUGGED, (disconnect,))


TRANSITIONS: Mapping[tuple[BayState, Event], tuple[BayState, tuple[Step, ...]]] = dict(_table())
"""What a signal does in each state: the state after it, and the steps on the way."""
