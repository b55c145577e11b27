"""What stays come to, worked out slowly: all signals of a charger at once, stay by stay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from energyguard.domains.charging.model import ParkingLimits, Signal, SignalKind

BEGINS = (SignalKind.ARRIVE, SignalKind.CONNECT, SignalKind.START)


class Bill(NamedTuple):
    """Who pays for what."""

    charger: str
    user: str
    start: int
    end: int
    power: int
    price: int


class Told(NamedTuple):
    """A stay, as far as it can be compared."""

    charger: str
    begin: int
    end: int
    plate: str | None


def stays(signals: Iterable[Signal]) -> Iterator[list[Signal]]:
    """The signals of each stay, in order, and the one that ends it; of the last, what there is."""
    stay: list[Signal] = []
    has_sensor = plugged = is_blind = only_arrivals = False
    user: str | None = None
    for signal in signals:
        kind = signal.kind
        if stay and is_blind and _is_unseen(stay, has_sensor, only_arrivals, plugged):
            gone = _gone(stay, signal, plugged)
            if signal.second > gone.second + ParkingLimits().after_s:
                yield [*stay, gone]
                stay = []
        is_next = kind is SignalKind.ARRIVE or (kind is SignalKind.START and is_blind)
        if stay and is_next and only_arrivals and _is_unseen(stay, has_sensor, True, plugged):
            yield [*stay, _gone(stay, signal, plugged)]
            stay, is_blind = [], True
        if kind is SignalKind.ARRIVE:
            is_blind &= has_sensor
            only_arrivals |= not has_sensor
            plugged = False
        elif kind is SignalKind.LEAVE:
            only_arrivals = False
        has_sensor |= kind in (SignalKind.ARRIVE, SignalKind.LEAVE)
        if not stay and kind not in BEGINS:
            continue  # of a car that nobody knows
        starts = kind is SignalKind.START and not plugged
        follows = kind is SignalKind.CONNECT and not (plugged and user == signal.who)
        if stay and not has_sensor and (starts or follows):
            yield [*stay, _gone(stay, signal, plugged)]
            stay, is_blind = [], True
        if kind is SignalKind.CONNECT:
            user, plugged = signal.who, True
        elif starts:
            user, plugged = None, True
        elif kind is SignalKind.DISCONNECT:
            user, plugged = user if plugged and user else signal.who, False
        if stay and signal.kind is SignalKind.ARRIVE:
            yield [*stay, signal]
            stay = []
        stay.append(signal)
        if signal.kind is SignalKind.LEAVE:
            yield stay
            stay = []
    is_blind |= not has_sensor
    if stay and is_blind and _is_unseen(stay, has_sensor, only_arrivals, plugged):
        stay.append(_gone(stay, stay[-1], plugged))
    if stay:
        yield stay


def _is_unseen(
    stay: Sequence[Signal], has_sensor: bool, only_arrivals: bool, plugged: bool
) -> bool:
    """Whether a car is unplugged, and nobody would say that it leaves."""
    unplugged = any(signal.kind is SignalKind.DISCONNECT for signal in stay)
    return unplugged and not plugged and (only_arrivals or not has_sensor)


def _gone(stay: Sequence[Signal], by: Signal, plugged: bool) -> Signal:
    """A car that no sensor saw leave: it went when its user unplugged, or when the next came."""
    plugs = (SignalKind.CONNECT, SignalKind.START)
    last = max((at for at, one in enumerate(stay) if one.kind in plugs), default=0)
    unplugged = [one.second for one in stay[last:] if one.kind is SignalKind.DISCONNECT]
    end = by.second if plugged else unplugged[0]
    return Signal(by.charger, end, SignalKind.ARRIVE)


def is_over(stay: Sequence[Signal]) -> bool:
    """Whether the car is gone."""
    last = stay[-1].kind
    return last is SignalKind.LEAVE or (last is SignalKind.ARRIVE and len(stay) > 1)


def told(stay: Sequence[Signal]) -> Told:
    """Who stood there, and from when to when."""
    first, last = stay[0], stay[-1]
    plate = first.who if first.kind is SignalKind.ARRIVE else None
    if plate is None and last.kind is SignalKind.LEAVE:
        plate = last.who
    return Told(first.charger, first.second, last.second, plate)


def bills(stay: Sequence[Signal]) -> Iterator[Bill]:
    """A session is from a user's first signal to the one that ends it, and is paid at its end."""
    user: tuple[str, int] | None = None
    is_open = False  # somebody has plugged in
    charge: tuple[int, int] | None = None  # under way: since when, and its power
    done: list[tuple[int, int, int]] = []
    for signal in stay:
        kind = signal.kind
        ends = signal is stay[-1] and is_over(stay)
        other = kind is SignalKind.CONNECT and is_open and (user or ("", 0))[0] != signal.who
        if kind is SignalKind.STOP and charge is not None:
            done.append((charge[0], signal.second, charge[1]))
            charge = None
        elif kind is SignalKind.DISCONNECT and (is_open or signal is not stay[0]):
            if not is_open and any(s.kind is SignalKind.DISCONNECT for s in _before(stay, signal)):
                continue  # repeated
            if charge is not None:
                done.append((charge[0], signal.second, charge[1]))
            payer = (signal.who, signal.amount)
            if user is None or user == payer:
                yield from (Bill(signal.charger, payer[0], *one, payer[1]) for one in done)
            user, is_open, charge, done = None, False, None, []
        elif ends or other:
            if is_open and user is not None:
                yield from (Bill(signal.charger, user[0], *one, user[1]) for one in done)
            charge, done = None, []
            if other:
                user, is_open = (signal.who, signal.amount), True
        elif kind is SignalKind.CONNECT and not is_open:
            user, is_open = (signal.who, signal.amount), True
        elif kind is SignalKind.START and charge is None:
            is_open = True
            charge = (signal.second, signal.amount)


def _before(stay: Sequence[Signal], signal: Signal) -> list[Signal]:
    """Signals since the last session ended, before this one."""
    at = next(i for i, one in enumerate(stay) if one is signal)
    return [
        one
        for one in stay[:at]
        if one.kind in (SignalKind.DISCONNECT, SignalKind.CONNECT, SignalKind.START)
    ][-1:]


def cents(bill: Bill, seconds_per_hour: int) -> int:
    """Money, by fractions; Python rounds half to even."""
    kwh = Fraction(bill.power * (bill.end - bill.start), seconds_per_hour * 10**9)
    return round(kwh * Fraction(bill.price, 10**7))
