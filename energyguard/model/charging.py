"""Signals of chargers, what a stay of a car comes to, and the limits that it may break."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple, TypeAlias

import msgspec

PRICE_PER_EUR = 10_000
"""Prices are in 1e-4 EUR per kWh."""


class Kind(IntEnum):
    """What a signal tells; those of one second happened in this order."""

    STOP = 0
    DISCONNECT = 1
    LEAVE = 2
    ARRIVE = 3
    CONNECT = 4
    START = 5


class Signal(NamedTuple):
    """One signal of one charger."""

    charger: str
    second: int  # event time, s since 1970 UTC
    kind: Kind
    who: str = ""  # the plate of a car; a user's id
    amount: int = 0  # of a user: the price; of a start: the power in kW


class Violation(StrEnum):
    """What a car must not do."""

    NO_CHARGE = "Parking without charging"
    BEFORE = "Long parking before recharging"
    AFTER = "Long parking after recharging"


class Limits(msgspec.Struct, frozen=True):
    """How long a car may stand, in seconds of event time; longer is a violation."""

    before_s: int = 10  # from its arrival until it is charged
    after_s: int = 6  # from the end of its charge until it leaves
    seconds_per_hour: int = 60  # of event time: a simulated second is a minute; real time: 3,600


class Stay(msgspec.Struct):
    """What is known of a car at a charger; times in s since 1970 UTC."""

    charger: str
    start_parking: int
    plate: str | None = None
    start_session: int | None = None
    user: str | None = None
    price: int | None = None  # 1e-4 EUR/kWh
    start_recharging: int | None = None
    power_kw: int | None = None
    end_recharging: int | None = None
    end_session: int | None = None
    end_parking: int | None = None
    unbilled: list[tuple[int, int, int]] = msgspec.field(default_factory=list)  # start, end, kW
    inferred: list[str] = msgspec.field(default_factory=list)  # what no signal told, and from what

    @property
    def quality(self) -> str:
        """``complete``, or what was inferred and why."""
        return "; ".join(self.inferred) or "complete"


class Charge(NamedTuple):
    """A charge that is over, and its bill."""

    charger: str
    user: str
    start: int
    end: int
    power_kw: int
    price: int  # 1e-4 EUR/kWh


class Closed(NamedTuple):
    """A car is gone; all that is known of its stay."""

    stay: Stay


class Violated(NamedTuple):
    """A car has broken a limit; its stay as it was known then."""

    second: int
    stay: Stay
    what: Violation


class Occupied(NamedTuple):
    """How many cars stood at the end of a second."""

    second: int
    occupied: int


class Ignored(NamedTuple):
    """A signal that changed nothing: repeated, late, or of a car that nobody knows."""

    signal: Signal
    reason: str


Outcome: TypeAlias = Closed | Violated | Occupied | Ignored | Charge
"""What comes of signals."""


def energy_nano_kwh(power_kw: int, seconds: int, seconds_per_hour: int) -> int:
    """Energy of a constant power, in 1e-9 kWh, half-even."""
    return _half_even(power_kw * seconds * 10**9, seconds_per_hour)


def profit_cents(charge: Charge, seconds_per_hour: int) -> int:
    """What a charge brings in, in cents: rounded once, here, half-even."""
    exact = charge.power_kw * (charge.end - charge.start) * charge.price
    return _half_even(exact, seconds_per_hour * (PRICE_PER_EUR // 100))


def _half_even(numerator: int, denominator: int) -> int:
    """A quotient of non-negative numbers, to the nearest integer, of two the even one."""
    whole, rest = divmod(numerator, denominator)
    above = 2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1)
    return whole + above
