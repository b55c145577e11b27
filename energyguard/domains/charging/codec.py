"""System D's signals: three shapes of JSON, told apart by field.

    {"timestamp":"2024-05-19 11:03:12","charger_id":"charger-7",…}, and with it one of
    {…,"vehicle_detected":true,"plate":"AB12CD34"}
    {…,"user_id":"0123456789ABCDEF","price":0.55,"user_connection":true}
    {…,"recharging":true,"energy_delivered":22}         and perhaps ,"register_kwh":1234.567

Times are UTC; ``energy_delivered`` is a power in kW, ``register_kwh`` what the meter shows. What
older senders called ``station_state``, ``recharging_state`` and ``payment`` is refused as
superseded.

System D's four results are each the value of a record.
"""

from __future__ import annotations

import string
from decimal import Decimal
from functools import lru_cache

import msgspec
from msgspec import UNSET

from energyguard.codecs import RefusedRow
from energyguard.codecs.seconds import seconds, text_of, text_or_none
from energyguard.domains.charging.model import (
    PRICE_PER_EUR,
    ChargingTransaction,
    ParkingLimits,
    ParkingSession,
    Signal,
    SignalKind,
    Violation,
    energy_nano_kwh,
    profit_cents,
)
from energyguard.domains.charging.records.results import (
    FULL_SESSION,
    FullSession,
    LimitBroken,
    TotalOccupied,
    TransactionProfit,
)
from energyguard.domains.charging.records.signals import SIGNAL, SignalMessage
from energyguard.errors import Malformed, OutOfRange, Rejected
from energyguard.model.quantities import NANO, from_nano
from energyguard.model.readings import Verdict

SHAPE = "signal"
SUPERSEDED = ("station_state", "recharging_state", "payment")
MAX_EUR = 10
"""The highest price of a kWh that is believed."""
MAX_KW = 1_000
MAX_KWH = 9_000_000_000
"""The highest register that fits into 64 bits of 1e-9 kWh."""
# The class's own attributes are slow to look up.
_STOP, _DISCONNECT, _LEAVE, _ARRIVE, _CONNECT, _START = SignalKind
_of_plates = frozenset(string.ascii_uppercase + string.digits)


_decode = SIGNAL.decoder.decode
_any = msgspec.json.Decoder(dict[str, object]).decode


def signal(message: bytes | str) -> Signal:
    """A signal from its message.

    Raises:
        Malformed: it is none; the reason names the field.
        OutOfRange: a number or a time that cannot be.
    """
    try:
        sent = _decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _what_else(message, error) from error
    second = seconds(sent.timestamp)
    if not sent.charger_id:
        raise Malformed("charger_id: empty", "charger_id")
    car, user, charge = sent.vehicle_detected, sent.user_connection, sent.recharging
    if user is UNSET and charge is UNSET and car is not UNSET:
        return _parking(sent, second, car)
    if car is UNSET and charge is UNSET and user is not UNSET:
        return _user(sent, second, user)
    if car is UNSET and user is UNSET and charge is not UNSET:
        return _charging(sent, second, charge)
    raise _what_else(message, None)


def refused(row: int, message: bytes, error: Rejected) -> RefusedRow:
    """What becomes of a message that is no signal."""
    verdict = Verdict.OUT_OF_RANGE if isinstance(error, OutOfRange) else Verdict.MALFORMED
    return RefusedRow(row, verdict, error.field or "message", error.reason, message)


def _parking(sent: SignalMessage[Decimal], second: int, arrives: bool) -> Signal:
    plate = sent.plate
    if plate is UNSET or len(plate) != 8 or not _of_plates.issuperset(plate):
        raise Malformed("plate: eight of A-Z and 0-9", "plate")
    kind = _ARRIVE if arrives else _LEAVE
    return Signal(sent.charger_id, second, kind, plate)


def _user(sent: SignalMessage[Decimal], second: int, connects: bool) -> Signal:
    if sent.user_id is UNSET or len(sent.user_id) != 16:
        raise Malformed("user_id: sixteen characters", "user_id")
    if sent.price is UNSET:
        raise Malformed("price: missing", "price")
    kind = _CONNECT if connects else _DISCONNECT
    return Signal(sent.charger_id, second, kind, sent.user_id, _exact(sent.price))


@lru_cache(maxsize=4_096)
def _exact(price: Decimal) -> int:
    """A price in 1e-4 EUR/kWh."""
    if not price.is_finite() or not 0 <= price <= MAX_EUR:
        raise OutOfRange(f"price: {price} is not within 0 to {MAX_EUR} EUR/kWh", "price")
    found = price * PRICE_PER_EUR
    if found != found.to_integral_value():
        raise Malformed(f"price: {price} has more than four decimals", "price")
    return int(found)


def _charging(sent: SignalMessage[Decimal], second: int, starts: bool) -> Signal:
    power = sent.energy_delivered
    if power is UNSET:
        raise Malformed("energy_delivered: missing", "energy_delivered")
    if not 0 <= power <= MAX_KW or (starts and not power):
        raise OutOfRange(f"energy_delivered: {power} kW cannot be", "energy_delivered")
    kind = _START if starts else _STOP
    register = None if sent.register_kwh is UNSET else _shown(sent.register_kwh)
    return Signal(sent.charger_id, second, kind, "", power if starts else 0, register)


def _shown(register: Decimal) -> int:
    """What a meter shows, in 1e-9 kWh."""
    if not register.is_finite() or not 0 <= register <= MAX_KWH:
        raise OutOfRange(f"register_kwh: {register} cannot be", "register_kwh")
    return round(register * 10**9)


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


def message(sent: Signal) -> bytes:
    """A signal as its senders write it."""
    fields = SignalMessage[msgspec.Raw](text_of(sent.second), sent.charger)
    if sent.kind in (SignalKind.ARRIVE, SignalKind.LEAVE):
        fields.vehicle_detected, fields.plate = sent.kind is SignalKind.ARRIVE, sent.who
    elif sent.kind in (SignalKind.CONNECT, SignalKind.DISCONNECT):
        fields.user_id, fields.price = sent.who, price_of(sent.amount)
        fields.user_connection = sent.kind is SignalKind.CONNECT
    else:
        fields.recharging = sent.kind is SignalKind.START
        fields.energy_delivered = sent.amount
        if sent.register is not None:
            fields.register_kwh = msgspec.Raw(from_nano(sent.register).encode())
    return SIGNAL.encode(fields)


@lru_cache(maxsize=4_096)
def price_of(price: int) -> msgspec.Raw:
    """A price as senders write it: two decimals, more where it has more."""
    whole, part = divmod(price, PRICE_PER_EUR)
    digits = f"{part:04d}"
    return msgspec.Raw(f"{whole}.{digits if part % 100 else digits[:2]}".encode())


_encode = FULL_SESSION.encode


def full_session(session: ParkingSession) -> bytes:
    """A ``full-sessions`` record."""
    return _encode(
        FullSession(
            session.charger,
            text_of(session.start_parking),
            session.plate,
            text_or_none(session.start_session),
            session.user,
            None if session.price is None else price_of(session.price),
            text_or_none(session.start_recharging),
            session.power_kw,
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
            session.plate,
            text_of(session.start_parking),
            text_or_none(session.start_session),
            text_or_none(session.end_session),
            text_or_none(session.end_parking),
            what.value,
        )
    )


def _digits(nano: int) -> bytes:
    """1e-9 units, not negative, as a decimal without trailing zeros."""
    digits = b"%d.%09d" % divmod(nano, NANO)
    return digits if digits[-1] != 0x30 else digits.rstrip(b"0").rstrip(b".")


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
            msgspec.Raw(_digits(energy)),
            msgspec.Raw(b"%d.%02d" % divmod(cents, 100)),
        )
    )


def total_occupied(second: int, occupied: int) -> bytes:
    """A ``total-occupied`` record."""
    return _encode(TotalOccupied(text_of(second), occupied))
