"""System D's signals: three shapes of JSON, told apart by field.

    {"timestamp":"2024-05-19 11:03:12","charger_id":"charger-7",…}, and with it one of
    {…,"vehicle_detected":true,"plate":"AB12CD34"}      a sensor that reads no plates leaves it out
    {…,"user_id":"0123456789ABCDEF","price":0.55,"user_connection":true}
    {…,"recharging":true,"energy_delivered":22}         and perhaps ,"register_kwh":1234.567

Times are UTC, ISO 8601 with their offset, or s or ms since 1970. ``energy_delivered`` is a power in
kW (in W where ``"unit":"W"`` says so, or no charger could give so many kW), ``register_kwh`` what
the meter shows.
A charger of several plugs says of which one with ``connector_id``: each has a bay. What older
senders called ``station_state``, ``recharging_state`` and ``payment`` is refused as superseded.

System D's four results are each the value of a record.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

import msgspec
from msgspec import UNSET

from energyguard.codecs import RefusedRow
from energyguard.codecs.seconds import instant, since_1970, text_of, text_or_none
from energyguard.domains.charging.model import (
    ChargingTransaction,
    ParkingLimits,
    ParkingSession,
    Signal,
    SignalKind,
    Violation,
    energy_nano_kwh,
    profit_cents,
)
from energyguard.domains.charging.physics import MAX_KW
from energyguard.domains.charging.records.results import (
    FULL_SESSION,
    FullSession,
    LimitBroken,
    TotalOccupied,
    TransactionProfit,
)
from energyguard.domains.charging.records.signals import SIGNAL, SignalMessage
from energyguard.domains.charging.spellings import fields_of, respelled
from energyguard.errors import Malformed, OutOfRange, Rejected
from energyguard.model.quantities import NANO, from_nano
from energyguard.model.readings import Verdict

SHAPE = "signal"
SUPERSEDED = ("station_state", "recharging_state", "payment")
MAX_PRICE = 1_000_000
"""The highest price of a kWh that is believed, in any currency; and negative, the lowest."""
_NOISE = Decimal("0.001")
"""How far, in 1e-9 of the currency, a price of a float is off: ``0.30000000000000004``."""
MAX_PLATE = 16
"""The longest number plate, with its spaces."""
MAX_USER = 128
"""The longest id of a user."""
_PER_KW = {"kw": 1, "w": 1_000}
MAX_KWH = 9_000_000_000
"""The highest register that fits into 64 bits of 1e-9 kWh."""
# The class's own attributes are slow to look up.
_STOP, _DISCONNECT, _LEAVE, _ARRIVE, _CONNECT, _START = SignalKind


_decode = SIGNAL.decoder.decode


def signal(message: bytes | str) -> Signal:
    """A signal from its message.

    Raises:
        Malformed: it is none; the reason names the field.
        OutOfRange: a number or a time that cannot be.
    """
    try:
        sent = _decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        sent = _in_other_words(message, error)
    stamp = sent.timestamp
    second = instant(stamp) if isinstance(stamp, str) else since_1970(stamp)
    charger, connector = sent.charger_id, ""
    if not charger:
        raise Malformed("charger_id: empty", "charger_id")
    if sent.connector_id is not UNSET and (connector := str(sent.connector_id)):
        charger = f"{charger}/{connector}"
    car, user, charge = sent.vehicle_detected, sent.user_connection, sent.recharging
    if user is UNSET and charge is UNSET and car is not UNSET:
        return _parking(sent, charger, connector, second, car)
    if car is UNSET and charge is UNSET and user is not UNSET:
        return _user(sent, charger, connector, second, user)
    if car is UNSET and user is UNSET and charge is not UNSET:
        return _charging(sent, charger, connector, second, charge)
    raise _what_else(message, None)


def _in_other_words(message: bytes | str, error: Exception) -> SignalMessage[Decimal]:
    """A message that is not written as the contract says, where it is clear what it means."""
    try:
        found = respelled(fields_of(message))
        return msgspec.convert(found, SignalMessage[Decimal])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _what_else(message, error) from error


def refused(row: int, message: bytes, error: Rejected) -> RefusedRow:
    """What becomes of a message that is no signal."""
    verdict = Verdict.OUT_OF_RANGE if isinstance(error, OutOfRange) else Verdict.MALFORMED
    return RefusedRow(row, verdict, error.field or "message", error.reason, message)


def _parking(
    sent: SignalMessage[Decimal], charger: str, connector: str, second: int, arrives: bool
) -> Signal:
    plate = "" if sent.plate is UNSET else sent.plate.strip()
    if len(plate) > MAX_PLATE or not plate.isprintable():
        raise Malformed(f"plate: at most {MAX_PLATE} characters, or none", "plate")
    kind = _ARRIVE if arrives else _LEAVE
    return Signal(charger, second, kind, plate, connector=connector)


def _user(
    sent: SignalMessage[Decimal], charger: str, connector: str, second: int, connects: bool
) -> Signal:
    user = "" if sent.user_id is UNSET else str(sent.user_id).strip()
    if not 0 < len(user) <= MAX_USER:
        raise Malformed(f"user_id: an id of 1 to {MAX_USER} characters", "user_id")
    if sent.price is UNSET:
        raise Malformed("price: missing", "price")
    kind = _CONNECT if connects else _DISCONNECT
    return Signal(charger, second, kind, user, _exact(sent.price), connector=connector)


@lru_cache(maxsize=4_096)
def _exact(price: Decimal) -> int:
    """A price in 1e-9 of the currency per kWh."""
    if not price.is_finite() or price.copy_abs() > MAX_PRICE:
        raise OutOfRange(f"price: {price} is not within {-MAX_PRICE} to {MAX_PRICE}", "price")
    found = price * NANO
    whole = found.to_integral_value()
    if abs(found - whole) > _NOISE:
        raise Malformed(f"price: {price} has more than nine decimals", "price")
    return int(whole)


def _charging(
    sent: SignalMessage[Decimal], charger: str, connector: str, second: int, starts: bool
) -> Signal:
    delivered = sent.energy_delivered
    if delivered is UNSET and starts:
        raise Malformed("energy_delivered: missing", "energy_delivered")
    power = (
        0 if delivered is UNSET else _power(delivered, None if sent.unit is UNSET else sent.unit)
    )
    if starts and not power:
        raise OutOfRange(f"energy_delivered: {delivered} at a start cannot be", "energy_delivered")
    kind = _START if starts else _STOP
    register = None if sent.register_kwh is UNSET else _shown(sent.register_kwh)
    amount = power if starts else 0
    return Signal(charger, second, kind, "", amount, register, connector=connector)


@lru_cache(maxsize=4_096)
def _power(power: Decimal, unit: str | None) -> int:
    """A power in 1e-9 kW; without a unit kW, or W where no charger could give so many kW."""
    if unit is None:
        unit = "W" if power.is_finite() and power > MAX_KW else "kW"
    per_kw = _PER_KW.get(unit.lower())
    if per_kw is None:
        raise Malformed(f"unit: {unit!r} is neither kW nor W", "unit")
    if not power.is_finite() or not 0 <= power <= MAX_KW * per_kw:
        raise OutOfRange(f"energy_delivered: {power} {unit} cannot be", "energy_delivered")
    return round(power * NANO / per_kw)


def _shown(register: Decimal) -> int:
    """What a meter shows, in 1e-9 kWh."""
    if not register.is_finite() or not 0 <= register <= MAX_KWH:
        raise OutOfRange(f"register_kwh: {register} cannot be", "register_kwh")
    return round(register * 10**9)


def _what_else(message: bytes | str, error: Exception | None) -> Malformed:
    """Why a message is no signal."""
    try:
        found = fields_of(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Malformed(f"no JSON object: {error}", "message")
    for field in SUPERSEDED:
        if field in found:
            return Malformed(f"{field}: superseded; see docs/charging.md for the shapes", field)
    return Malformed(str(error) if error else "none of the three shapes of a signal", "message")


def message(sent: Signal) -> bytes:
    """A signal as its senders write it."""
    fields = SignalMessage[msgspec.Raw](text_of(sent.second), sent.sender)
    if sent.connector:
        fields.connector_id = sent.connector
    if sent.kind in (SignalKind.ARRIVE, SignalKind.LEAVE):
        fields.vehicle_detected = sent.kind is SignalKind.ARRIVE
        fields.plate = sent.who or UNSET
    elif sent.kind in (SignalKind.CONNECT, SignalKind.DISCONNECT):
        fields.user_id, fields.price = sent.who, price_of(sent.amount)
        fields.user_connection = sent.kind is SignalKind.CONNECT
    else:
        fields.recharging = sent.kind is SignalKind.START
        fields.energy_delivered = digits_of(sent.amount)
        if sent.register is not None:
            fields.register_kwh = msgspec.Raw(from_nano(sent.register).encode())
    return SIGNAL.encode(fields)


@lru_cache(maxsize=4_096)
def price_of(price: int) -> msgspec.Raw:
    """A price as senders write it: two decimals, more where it has more."""
    digits = from_nano(price)
    whole, _, part = digits.partition(".")
    return msgspec.Raw(f"{whole}.{part:0<2}".encode())


@lru_cache(maxsize=4_096)
def digits_of(nano: int) -> msgspec.Raw:
    """1e-9 units as a decimal without trailing zeros."""
    return msgspec.Raw(from_nano(nano).encode())


_encode = FULL_SESSION.encode


def full_session(session: ParkingSession) -> bytes:
    """A ``full-sessions`` record."""
    return _encode(
        FullSession(
            session.charger,
            text_of(session.start_parking),
            session.plate or None,
            text_or_none(session.start_session),
            session.user,
            None if session.price is None else price_of(session.price),
            text_or_none(session.start_recharging),
            None if session.power is None else digits_of(session.power),
            text_or_none(session.end_recharging),
            text_or_none(session.end_session),
            text_or_none(session.end_parking),
        )
    )


def violation(session: ParkingSession, what: Violation) -> bytes:
    """A ``violations`` record, as far as the parking session is known by then."""
    return _encode(
        LimitBroken(
            session.charger,
            session.user,
            session.plate or None,
            text_of(session.start_parking),
            text_or_none(session.start_session),
            text_or_none(session.end_session),
            text_or_none(session.end_parking),
            what.value,
        )
    )


def money_of(cents: int) -> bytes:
    """0.01 of a currency as a decimal of two places."""
    return (b"-" if cents < 0 else b"") + b"%d.%02d" % divmod(abs(cents), 100)


def transaction_profit(transaction: ChargingTransaction, limits: ParkingLimits) -> bytes:
    """A ``transaction-profit`` record: energy to 1e-9 kWh, profit to the cent."""
    hour = limits.seconds_per_hour
    energy = energy_nano_kwh(transaction, hour)
    cents = profit_cents(transaction, hour)
    return _encode(
        TransactionProfit(
            transaction.charger,
            transaction.user,
            text_of(transaction.start),
            text_of(transaction.end),
            msgspec.Raw(from_nano(energy).encode()),
            msgspec.Raw(money_of(cents)),
        )
    )


def total_occupied(second: int, occupied: int) -> bytes:
    """A ``total-occupied`` record."""
    return _encode(TotalOccupied(text_of(second), occupied))
