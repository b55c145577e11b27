"""What a signal does at a charger: a state machine, declared as a table.

``TRANSITIONS`` gives for each state and signal the state after it, and the steps on the way, which
``steps.py`` has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from energyguard.domains.charging.model import ParkingSession, Signal, SignalKind
from energyguard.domains.charging.sessions import steps
from energyguard.domains.charging.sessions.bay import (
    MAX_SIGNALS,
    Bay,
    BayState,
    Cut,
    cut,
    cut_at,
    forget,
    has_left,
    keep,
)
from energyguard.domains.charging.sessions.effects import (
    TransitionContext,
    is_another_charge,
    is_plate,
    is_user,
)
from energyguard.domains.charging.sessions.steps import Step

# The classes' own attributes are slow to look up.
_CONNECT, _ARRIVE, _LEAVE, _START = (
    SignalKind.CONNECT,
    SignalKind.ARRIVE,
    SignalKind.LEAVE,
    SignalKind.START,
)
_PARKED, _CHARGING, _UNPLUGGED = BayState.PARKED, BayState.CHARGING, BayState.UNPLUGGED


def happen(h: TransitionContext, bays: dict[str, Bay], signals: Iterable[Signal]) -> None:
    """Let signals do what they do, one after the other; a charger's first one makes its bay."""
    find, transitions, touch = bays.get, TRANSITIONS, h.touched.add
    for signal in signals:
        charger = signal.charger
        bay = find(charger)
        if bay is None:
            bay = bays[charger] = Bay()
        kind = signal.kind
        event: Event = kind
        if bay.session is not None and kind in _AMBIGUOUS:
            event = _event(h, bay, bay.session, signal)
        if kind is _LEAVE:
            bay.has_sensor, bay.only_arrivals = True, False
        elif kind is _ARRIVE and not bay.has_sensor:
            bay.has_sensor, bay.only_arrivals, bay.is_blind = True, True, False
        after, path = transitions[bay.state, event]
        if h.keeps:
            with_journal(h, bay, signal, path)
        else:
            for step in path:
                step(h, bay, signal)
        if after is not bay.state:
            bay.state, bay.since = after, signal.second
        touch(charger)


def with_journal(h: TransitionContext, bay: Bay, signal: Signal, path: tuple[Step, ...]) -> None:
    """Take the steps of a signal, and keep it, so that a late one can be put before it."""
    if bay.signals >= MAX_SIGNALS:
        forget(bay)
    place, signals, ended = len(bay.journal), bay.signals, bay.ended
    last = bay.last_start, bay.last_number
    keep(bay, signal)
    for step in path:
        step(h, bay, signal)
    if bay.ended == ended:
        return
    if bay.session is None:
        cut(bay, signal.second)
    else:  # it began the next session
        begun = signal.second - 1
        sensor = bay.has_sensor, bay.is_blind
        cut_at(bay, Cut(place, signals, begun, bay.ended, *sensor, *last, bay.only_arrivals))


def _event(h: TransitionContext, bay: Bay, session: ParkingSession, signal: Signal) -> Event:
    """What a signal is to the car that is there."""
    if signal.kind is _ARRIVE:
        is_same = is_plate(session, signal.who)
        if bay.only_arrivals and bay.state is _UNPLUGGED and session.end_session is not None:
            passed = signal.second - session.end_session > h.limits.after_s
            return NEXT_ARRIVE if passed or not is_same else SAME_ARRIVE
        return SAME_ARRIVE if is_same else signal.kind
    if signal.kind is _START:
        if bay.state is _CHARGING and is_another_charge(session, signal):
            return ANOTHER_START
        return NEXT_START if bay.state is _UNPLUGGED and has_left(bay, session) else signal.kind
    is_same = is_user(session, signal.who)
    is_plugged_in = is_same and session.end_session is None
    if not bay.has_sensor and session.plate is None and not is_plugged_in:
        return NEXT_CONNECT
    if not is_same:
        return OTHER_CONNECT
    if bay.state not in (_PARKED, _UNPLUGGED) and session.newest_price != signal.amount:
        return NEW_PRICE
    return signal.kind


OTHER_CONNECT = "CONNECT of another user"
NEW_PRICE = "CONNECT at another price"
SAME_ARRIVE = "ARRIVE of the car that is there"
NEXT_ARRIVE = "ARRIVE of the next car, and none was ever told of to leave"
NEXT_CONNECT = "CONNECT of the next car, without a parking sensor"
ANOTHER_START = "START of another charge, and the one before was not told to stop"
NEXT_START = "START of the next car, without a parking sensor"
_AMBIGUOUS = frozenset({_CONNECT, _ARRIVE, _START})
Event: TypeAlias = SignalKind | str


def _table() -> Iterator[tuple[tuple[BayState, Event], tuple[BayState, tuple[Step, ...]]]]:
    s, k = BayState, SignalKind
    over: Mapping[BayState, tuple[Step, ...]] = {  # how a session ends that is not told to be over
        s.PARKED: (),
        s.CONNECTED: (steps.lost_disconnect,),
        s.CHARGING: (steps.lost_end, steps.lost_disconnect),
        s.CHARGED: (steps.lost_disconnect,),
        s.UNPLUGGED: (),
    }
    for state in s:
        for kind in k:
            yield (state, kind), (state, (steps.ignore,))  # unless told otherwise
    yield (s.FREE, k.ARRIVE), (s.PARKED, (steps.arrive,))
    yield (s.FREE, k.CONNECT), (s.CONNECTED, (steps.appear, steps.connect))
    yield (s.FREE, k.START), (s.CHARGING, (steps.appear, steps.lost_connect, steps.start))
    for state, before in over.items():
        yield (state, k.LEAVE), (s.FREE, (*before, steps.leave))
        yield (state, k.ARRIVE), (s.PARKED, (*before, steps.lost_leave, steps.arrive))
        yield (state, OTHER_CONNECT), (s.CONNECTED, (*before, steps.connect))
        yield (state, NEW_PRICE), (state, (steps.change_price,))
        yield (state, SAME_ARRIVE), (state, (steps.ignore,))
        next_car = (*before, steps.gone, steps.appear)
        yield (state, NEXT_CONNECT), (s.CONNECTED, (*next_car, steps.connect))
        yield (state, NEXT_START), (s.CHARGING, (*next_car, steps.lost_connect, steps.start))
    for state in (s.PARKED, s.UNPLUGGED):
        yield (state, k.CONNECT), (s.CONNECTED, (steps.connect,))
        yield (state, k.START), (s.CHARGING, (steps.lost_connect, steps.start))
    yield (s.UNPLUGGED, NEXT_ARRIVE), (s.PARKED, (steps.gone, steps.arrive))
    yield (s.PARKED, k.DISCONNECT), (s.UNPLUGGED, (steps.lost_connect, steps.disconnect))
    yield (s.CONNECTED, k.START), (s.CHARGING, (steps.start,))
    yield (s.CONNECTED, k.STOP), (s.CHARGED, (steps.lost_start,))
    yield (s.CONNECTED, k.DISCONNECT), (s.UNPLUGGED, (steps.disconnect,))
    yield (s.CHARGING, k.START), (s.CHARGING, (steps.start_again, steps.ignore))
    yield (s.CHARGING, ANOTHER_START), (s.CHARGING, (steps.lost_stop_before, steps.start))
    yield (s.CHARGING, k.CONNECT), (s.CHARGING, (steps.connect_again, steps.ignore))
    yield (s.CHARGING, k.STOP), (s.CHARGED, (steps.stop,))
    yield (s.CHARGED, k.STOP), (s.CHARGED, (steps.stop_again, steps.ignore))
    yield (s.CHARGING, k.DISCONNECT), (s.UNPLUGGED, (steps.lost_stop, steps.disconnect))
    yield (s.CHARGED, k.START), (s.CHARGING, (steps.start,))
    yield (s.CHARGED, k.DISCONNECT), (s.UNPLUGGED, (steps.disconnect,))


TRANSITIONS: Mapping[tuple[BayState, Event], tuple[BayState, tuple[Step, ...]]] = dict(_table())
"""What a signal does in each state: the state after it, and the steps on the way."""
