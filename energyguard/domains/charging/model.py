"""Signals of chargers, what a parking session comes to, its limits, and what it costs."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from fractions import Fraction
from typing import NamedTuple, TypeAlias

import msgspec

NANO = 10**9
"""Energies are in 1e-9 kWh, powers in 1e-9 kW, prices in 1e-9 of the currency per kWh."""


class SignalKind(IntEnum):
    """What a signal tells; those of one second happened in this order."""

    STOP = 0
    DISCONNECT = 1
    LEAVE = 2
    ARRIVE = 3
    CONNECT = 4
    START = 5


class Signal(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One signal of one charger, or of one of its connectors: each has a bay of its own."""

    charger: str
    second: int  # event time, s since 1970 UTC
    kind: SignalKind
    who: str = ""  # the plate of a car, empty: not read; a user's id
    amount: int = 0  # of a user: the price, 1e-9 per kWh; of a start: the power, 1e-9 kW
    register: int | None = None  # of a start or stop: what the charger's meter shows, 1e-9 kWh
    rating_kw: float | None = None  # of a start: what its charger gives at the most, where listed
    connector: str = ""  # which one, where its charger has several: ``charger`` ends in it

    @property
    def sender(self) -> str:
        """The charger that sent it: of ``CP1/2`` the connector 2 is one of the charger CP1."""
        return self.charger[: -len(self.connector) - 1] if self.connector else self.charger


class Violation(StrEnum):
    """What a car must not do."""

    NO_CHARGE = "Parking without charging"
    BEFORE = "Long parking before recharging"
    AFTER = "Long parking after recharging"


class ParkingLimits(msgspec.Struct, frozen=True):
    """How long a car may stand, in seconds of event time; longer is a violation."""

    before_s: int = 10  # from its arrival until it is charged
    after_s: int = 6  # from the end of its charge until it leaves
    seconds_per_hour: int = 60  # of event time: a simulated second is a minute; real time: 3,600
    splits_tariffs: bool = False  # a price that changes during a charge holds from then on


class PriceChange(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A price that was told while its user was plugged in."""

    second: int
    price: int  # 1e-9 per kWh


class Unbilled(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A charge that is over, and nobody has paid for yet."""

    start: int
    end: int
    power: int  # 1e-9 kW
    metered: int | None = None  # 1e-9 kWh by the charger's register; None: it told none


class ParkingSession(msgspec.Struct, rename={"power": "power_kw"}):
    """What is known of a car at a charger; times in s since 1970 UTC."""

    charger: str
    start_parking: int
    number: int = 0  # of those that begin in this second at this charger
    plate: str | None = None  # empty: not read; None: no sensor told of a car
    start_session: int | None = None
    user: str | None = None
    price: int | None = None  # 1e-9 per kWh, when the user plugged in
    start_recharging: int | None = None
    power: int | None = None  # 1e-9 kW
    register: int | None = None  # 1e-9 kWh, at the start of the charge, where it was told
    end_recharging: int | None = None
    end_session: int | None = None
    end_parking: int | None = None
    unbilled: list[Unbilled] = msgspec.field(default_factory=list)
    inferred: list[str] = msgspec.field(default_factory=list)  # what no signal told, and from what
    violation: str = ""  # the newest one that was told while the car stood there
    rating_kw: float | None = None  # of the charger, at the start of the charge
    end_register: int | None = None  # 1e-9 kWh, at the end of the charge
    tariffs: list[PriceChange] = msgspec.field(default_factory=list)  # told since, in their order
    known_as: str = ""  # the id under which it was first written, where a late signal moved it
    broken: list[str] = msgspec.field(default_factory=list)  # timers that were up, each once
    plugged_again: int | None = None  # when its user plugged in once more, while it charged

    @property
    def own_id(self) -> str:
        """What its beginning makes of it."""
        return f"{self.charger}/{self.start_parking}/{self.number}"

    @property
    def id(self) -> str:
        """The same in every replay, and after every restatement."""
        return self.known_as or self.own_id

    @property
    def newest_price(self) -> int | None:
        """The price that was told last, 1e-9 per kWh."""
        return self.tariffs[-1].price if self.tariffs else self.price

    def has_price(self, price: int) -> bool:
        """Whether its user was told this price, 1e-9 per kWh, at the plug-in or since."""
        return price == self.price or any(price == change.price for change in self.tariffs)

    @property
    def quality(self) -> str:
        """``complete``, or what was inferred and why."""
        return "; ".join(self.inferred) or "complete"


class ChargingTransaction(msgspec.Struct, frozen=True, gc=False):
    """A charge that is over, and its bill."""

    charger: str
    user: str
    start: int
    end: int
    power: int  # 1e-9 kW
    price: int  # 1e-9 per kWh, when the charge began
    metered: int | None = None  # 1e-9 kWh, by the charger's register; None: power by time
    session_id: str = ""  # of its parking session
    tariffs: tuple[PriceChange, ...] = ()  # during the charge, where the bill is split at them
    known_as: str = ""  # the id under which it was first written, where a late signal moved it

    @property
    def own_id(self) -> str:
        """What its session and its beginning make of it."""
        return f"{self.session_id}/{self.start}"

    @property
    def id(self) -> str:
        """The same in every replay, and after every restatement."""
        return self.known_as or self.own_id


class SessionEnded(msgspec.Struct, frozen=True, gc=False):
    """A car is gone; all that is known of its parking session."""

    session: ParkingSession


class ViolationRaised(msgspec.Struct, frozen=True, gc=False):
    """A car has broken a limit; its parking session as it was known then."""

    second: int
    session: ParkingSession
    what: Violation
    known_as: str = ""  # the id under which it was first written, where a late signal moved it

    @property
    def id(self) -> str:
        """The same in every replay, and after every restatement."""
        return self.known_as or self.own_id

    @property
    def own_id(self) -> str:
        """What its session makes of it; one of several charges may be too long after each."""
        if self.what is Violation.NO_CHARGE:
            return f"{self.session.id}/no-charge"
        if self.what is Violation.BEFORE:
            return f"{self.session.id}/before"
        return f"{self.session.id}/after-{self.session.end_recharging}"


class Occupied(msgspec.Struct, frozen=True, gc=False):
    """How many cars stood at the end of each of these seconds, first and last included."""

    first: int
    last: int
    occupied: int


class Ignored(msgspec.Struct, frozen=True, gc=False):
    """A signal that changed nothing: repeated, late, or of a car that nobody knows."""

    signal: Signal
    reason: str


class Restated(msgspec.Struct, frozen=True, gc=False):
    """A result that was written before, and is another one since a late signal is known."""

    result: SessionEnded | ViolationRaised | ChargingTransaction
    revision: int  # 2 is the first
    withdrawn: bool = False  # there is no such result any more, or it is kept under another time


class ChargerSilence(msgspec.Struct, frozen=True, gc=False):
    """A charger fell silent, or sends again."""

    charger: str
    second: int  # when it was so
    since: int  # of the newest signal before the silence
    is_silent: bool


Outcome: TypeAlias = (
    SessionEnded
    | ViolationRaised
    | Occupied
    | Ignored
    | ChargingTransaction
    | Restated
    | ChargerSilence
)
"""What comes of signals."""


def energy_nano_kwh(transaction: ChargingTransaction, seconds_per_hour: int) -> int:
    """Energy of a charge in 1e-9 kWh: by the register, or a constant power by time, half-even."""
    if transaction.metered is not None:
        return transaction.metered
    lasted_s = transaction.end - transaction.start
    return round(Fraction(transaction.power * lasted_s, seconds_per_hour))


class RoundedAmount(NamedTuple):
    """An exact amount rounded once to each minor unit that currencies have, half-even.

    Who writes it does not know the currency; who shows it does, and takes the one that fits.
    """

    cents: int  # 0.01 of the currency
    to_whole: int  # 0.001 of it: with this the cents are the bill in whole units (yen)
    to_thousandth: int  # 0.001 of it: with this they are the bill in thousandths (dinars)

    @classmethod
    def of(cls, exact: Fraction) -> RoundedAmount:
        """An amount in units of its currency."""
        cents = round(exact * 100)
        return cls(cents, 1000 * round(exact) - 10 * cents, round(exact * 1000) - 10 * cents)

    def text(self, decimals: int) -> str:
        """The bill in a currency whose minor unit has so many decimals: 0, 2 or 3."""
        more = {0: self.to_whole, 3: self.to_thousandth}.get(decimals, 0)
        return f"{(10 * self.cents + more) / 1000:.{decimals}f}"


def exact_profit(transaction: ChargingTransaction, seconds_per_hour: int) -> Fraction:
    """What a charge brings in, in units of the currency, not rounded.

    The energy of a charge is even over its time: a price that holds for a part of the time is paid
    for that part of it.
    """
    length = transaction.end - transaction.start
    weighted, since, price = 0, transaction.start, transaction.price
    for change in transaction.tariffs:
        weighted += (change.second - since) * price
        since, price = change.second, change.price
    weighted += (transaction.end - since) * price  # prices by seconds
    if transaction.metered is None:
        return Fraction(transaction.power * weighted, seconds_per_hour * NANO * NANO)
    if not length:
        return Fraction(transaction.metered * price, NANO * NANO)
    return Fraction(transaction.metered * weighted, length * NANO * NANO)


def profit_cents(transaction: ChargingTransaction, seconds_per_hour: int) -> int:
    """What a charge brings in, in 0.01 of the currency: rounded once, half-even."""
    return round(exact_profit(transaction, seconds_per_hour) * 100)


def partition_of(charger: str, partitions: int) -> int | None:
    """Where a charger's signals belong: the number at the end of its id; None: by key.

    It never changes, whatever partitions are added: pass the number that the topic began with.
    """
    digits = charger[len(charger.rstrip("0123456789")) :]
    return int(digits) % partitions if digits and len(digits) <= 18 else None
