"""System D's signals: three shapes of JSON, told apart by field, and its four results.

    {"timestamp":"2024-05-19 11:03:12","charger_id":"charger-7",…}, and with it one of
    {…,"vehicle_detected":true,"plate":"AB12CD34"}
    {…,"user_id":"0123456789abcdef","price":0.55,"user_connection":true}
    {…,"recharging":true,"energy_delivered":22}

Times are UTC; ``energy_delivered`` is a power in kW. What older senders called ``station_state``,
``recharging_state`` and ``payment`` is refused as superseded.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

import msgspec
from msgspec import UNSET, UnsetType

from energyguard.errors import Malformed, OutOfRange
from energyguard.model.charging import (
    PRICE_PER_EUR,
    Charge,
    Kind,
    Limits,
    Signal,
    Stay,
    Violation,
    energy_nano_kwh,
    profit_cents,
)
from energyguard.model.fixed import from_nano

SUPERSEDED = ("station_state", "recharging_state", "payment")
MOST_EUR = 10
"""The highest price of a kWh that is believed."""
MOST_KW = 1_000
EARLIEST_S = 946_684_800  # 2000: a clock that begins in 1970 has not been set
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_PLATE = re.compile(r"[A-Z0-9]{8}")


class _Message(msgspec.Struct):
    """All fields of the three shapes."""

    timestamp: str
    charger_id: str
    vehicle_detected: bool | UnsetType = UNSET
    plate: str | UnsetType = UNSET
    user_connection: bool | UnsetType = UNSET
    user_id: str | UnsetType = UNSET
    price: Decimal | UnsetType = UNSET
    recharging: bool | UnsetType = UNSET
    energy_delivered: int | UnsetType = UNSET


_decode = msgspec.json.Decoder(_Message).decode
_any = msgspec.json.Decoder(dict[str, object]).decode
_encode = msgspec.json.Encoder().encode


def signal(message: bytes | str) -> Signal:
    """A signal from its message.

    Raises:
        Malformed: it is none; the reason names the field.
        OutOfRange: a number or a time that cannot be.
    """
    try:
        told = _decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _what_else(message, error) from error
    second = seconds(told.timestamp)
    if not told.charger_id:
        raise Malformed("charger_id: empty", "charger_id")
    car, user, charge = told.vehicle_detected, told.user_connection, told.recharging
    if (car is not UNSET) + (user is not UNSET) + (charge is not UNSET) != 1:
        raise _what_else(message, None)
    if car is not UNSET:
        return _parking(told, second, arrives=car)
    if user is not UNSET:
        return _user(told, second, connects=user)
    return _charging(told, second, starts=charge is True)


@lru_cache(maxsize=4_096)
def seconds(text: str) -> int:
    """``2024-05-19 11:03:12`` as seconds since 1970 UTC.

    Raises:
        Malformed: it is no such time.
        OutOfRange: it is before 2000: a clock that was never set.
    """
    if not _TIME.fullmatch(text):
        raise Malformed(f"timestamp: {text!r} is no time, such as 2024-05-19 11:03:12", "timestamp")
    try:
        second = int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
    except ValueError as error:
        raise Malformed(f"timestamp: {text!r}: {error}", "timestamp") from error
    if second < EARLIEST_S:
        raise OutOfRange(f"timestamp: {text} is before 2000: a clock that is not set", "timestamp")
    return second


def text_of(second: int | None) -> str | None:
    """A time as D writes it."""
    return None if second is None else _text(second)


@lru_cache(maxsize=4_096)
def _text(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _parking(told: _Message, second: int, *, arrives: bool) -> Signal:
    if told.plate is UNSET or not _PLATE.fullmatch(told.plate):
        raise Malformed("plate: eight of A-Z and 0-9", "plate")
    kind = Kind.ARRIVE if arrives else Kind.LEAVE
    return Signal(told.charger_id, second, kind, told.plate)


def _user(told: _Message, second: int, *, connects: bool) -> Signal:
    if told.user_id is UNSET or len(told.user_id) != 16:
        raise Malformed("user_id: sixteen characters", "user_id")
    if told.price is UNSET:
        raise Malformed("price: missing", "price")
    kind = Kind.CONNECT if connects else Kind.DISCONNECT
    return Signal(told.charger_id, second, kind, told.user_id, _exact(told.price))


@lru_cache(maxsize=4_096)
def _exact(price: Decimal) -> int:
    """A price in 1e-4 EUR/kWh."""
    if not price.is_finite() or not 0 <= price <= MOST_EUR:
        raise OutOfRange(f"price: {price} is not within 0 to {MOST_EUR} EUR/kWh", "price")
    found = price * PRICE_PER_EUR
    if found != found.to_integral_value():
        raise Malformed(f"price: {price} has more than four decimals", "price")
    return int(found)


def _charging(told: _Message, second: int, *, starts: bool) -> Signal:
    power = told.energy_delivered
    if power is UNSET:
        raise Malformed("energy_delivered: missing", "energy_delivered")
    if not 0 <= power <= MOST_KW or (starts and not power):
        raise OutOfRange(f"energy_delivered: {power} kW cannot be", "energy_delivered")
    kind = Kind.START if starts else Kind.STOP
    return Signal(told.charger_id, second, kind, amount=power if starts else 0)


def _what_else(message: bytes | str, error: Exception | None) -> Malformed:
    """Why a message is no signal."""
    try:
        found = _any(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Malformed(f"no JSON object: {error}", "message")
    for field in SUPERSEDED:
        if field in found:
            return Malformed(f"{field}: superseded; see docs/charging.md for the shapes", field)
    return Malformed(str(error) if error else "none of the three shapes of a signal", "message")


def message(told: Signal) -> bytes:
    """A signal as its senders write it."""
    fields: dict[str, object] = {
        "timestamp": text_of(told.second),
        "charger_id": told.charger,
    }
    if told.kind in (Kind.ARRIVE, Kind.LEAVE):
        fields |= {"vehicle_detected": told.kind is Kind.ARRIVE, "plate": told.who}
    elif told.kind in (Kind.CONNECT, Kind.DISCONNECT):
        fields |= {"user_id": told.who, "price": msgspec.Raw(_price(told.amount))}
        fields |= {"user_connection": told.kind is Kind.CONNECT}
    else:
        fields |= {"recharging": told.kind is Kind.START, "energy_delivered": told.amount}
    return _encode(fields)


def full_session(stay: Stay) -> bytes:
    """A ``full-sessions`` record."""
    return _encode(
        {
            "charger_id": stay.charger,
            "start_parking": text_of(stay.start_parking),
            "plate": stay.plate,
            "start_session": text_of(stay.start_session),
            "user_id": stay.user,
            "price": None if stay.price is None else msgspec.Raw(_price(stay.price)),
            "start_recharging": text_of(stay.start_recharging),
            "energy_delivered": stay.power_kw,
            "end_recharging": text_of(stay.end_recharging),
            "end_session": text_of(stay.end_session),
            "end_parking": text_of(stay.end_parking),
        }
    )


def violation(stay: Stay, what: Violation) -> bytes:
    """A ``violations`` record, as far as the stay is known by then."""
    return _encode(
        {
            "charger_id": stay.charger,
            "user_id": stay.user,
            "plate": stay.plate,
            "start_parking": text_of(stay.start_parking),
            "start_session": text_of(stay.start_session),
            "end_session": text_of(stay.end_session),
            "end_parking": text_of(stay.end_parking),
            "violation": what.value,
        }
    )


def transaction_profit(charge: Charge, limits: Limits) -> bytes:
    """A ``transaction-profit`` record: energy to 1e-9 kWh, profit to the cent."""
    hour = limits.seconds_per_hour
    energy = energy_nano_kwh(charge.power_kw, charge.end - charge.start, hour)
    cents = profit_cents(charge, hour)
    return _encode(
        {
            "charger_id": charge.charger,
            "user_id": charge.user,
            "start_recharging": text_of(charge.start),
            "end_recharging": text_of(charge.end),
            "total_energy_delivered": msgspec.Raw(from_nano(energy).encode()),
            "profit": msgspec.Raw(b"%d.%02d" % divmod(cents, 100)),
        }
    )


def total_occupied(second: int, occupied: int) -> bytes:
    """A ``total-occupied`` record."""
    return _encode({"timestamp": text_of(second), "occupied": occupied})


def _price(price: int) -> bytes:
    """A price as senders write it: two decimals, more where it has more."""
    whole, part = divmod(price, PRICE_PER_EUR)
    digits = f"{part:04d}"
    return f"{whole}.{digits if part % 100 else digits[:2]}".encode()
