"""System D's chargers: cars come, charge, overstay and leave, a second for a minute.

What happens at a charger depends on its number and the seed only, so another number of chargers
changes nothing at those that were there. In real time a minute is a minute.
"""

from __future__ import annotations

import heapq
import string
from collections.abc import Iterator
from operator import attrgetter
from random import Random
from typing import NamedTuple

from msgspec.structs import replace

from energyguard.domains.charging.model import NANO, Signal, SignalKind

CENT = NANO // 100  # of a price
ARRIVAL = 0.30  # per second, at a free charger
WITHOUT_CHARGE = 0.05
OVERSTAY = 0.15
LATE_CONNECT = 0.02
LETTERS = string.ascii_uppercase + string.digits  # of plates and of users' ids

Span = tuple[int, int]
"""Seconds, both included."""


class Timings(NamedTuple):
    """How long things take, in seconds that stand for minutes."""

    charge: Span = (20, 40)
    overstay: Span = (7, 10)
    late_connect: Span | None = None  # a few wait so long before they connect
    without_charge: Span = (5, 30)
    connect: Span = (1, 3)
    start: Span = (1, 3)
    leave: Span = (2, 5)


TIMINGS = {
    "listed": Timings(),
    "short": Timings(charge=(8, 10)),
    "later": Timings(overstay=(15, 20), late_connect=(15, 20)),
}


def charger_signals(
    number: int, seed: int, start: int, timings: Timings, minute: int = 1
) -> Iterator[Signal]:
    """The signals of one charger, for ever.

    Args:
        number: of the charger.
        seed: the same seed, the same signals.
        start: the first second.
        timings: how long things take.
        minute: seconds of event time that a minute takes: 1, or 60 in real time.
    """
    for signal in _signals(number, seed, timings):
        yield replace(signal, second=start + signal.second * minute)


def _signals(number: int, seed: int, timings: Timings) -> Iterator[Signal]:
    """From second 0 on, a second for a minute."""
    random, now = Random(f"{seed}/{number}"), 0
    name = f"charger-{number}"
    while True:
        while random.random() >= ARRIVAL:
            now += 1
        plate = "".join(random.choices(LETTERS, k=8))
        yield Signal(name, now, SignalKind.ARRIVE, plate)
        if random.random() < WITHOUT_CHARGE:
            now += random.randint(*timings.without_charge)
        else:
            for signal in _session(name, random, now, timings):
                yield signal
                now = signal.second
            late = random.random() < OVERSTAY
            now += random.randint(*(timings.overstay if late else timings.leave))
        yield Signal(name, now, SignalKind.LEAVE, plate)
        now += 1


def _session(name: str, random: Random, now: int, timings: Timings) -> Iterator[Signal]:
    user = "".join(random.choices(LETTERS, k=16))
    price, power = CENT * random.randint(40, 99), NANO * random.randint(10, 30)
    is_late = timings.late_connect is not None and random.random() < LATE_CONNECT
    now += random.randint(*(timings.late_connect if is_late else None) or timings.connect)
    yield Signal(name, now, SignalKind.CONNECT, user, price)
    now += random.randint(*timings.start)
    yield Signal(name, now, SignalKind.START, amount=power)
    now += random.randint(*timings.charge)
    yield Signal(name, now, SignalKind.STOP)
    yield Signal(name, now, SignalKind.DISCONNECT, user, price)


def signals(
    chargers: int | range,
    seed: int,
    start: int,
    seconds: int | None,
    timings: Timings,
    minute: int = 1,
) -> Iterator[Signal]:
    """The signals of all chargers in a span of time, in its order.

    Args:
        chargers: how many, or which numbers.
        seed: the same seed, the same signals.
        start: the first second.
        seconds: how many; None: for ever.
        timings: how long things take.
        minute: seconds that a minute takes: 1, or 60 in real time.
    """
    numbers = range(chargers) if isinstance(chargers, int) else chargers
    each = (charger_signals(number, seed, start, timings, minute) for number in numbers)
    for signal in heapq.merge(*each, key=_second):
        if seconds is not None and signal.second >= start + seconds:
            return
        yield signal


_second = attrgetter("second")
