"""System D's four results, each the value of a record."""

from __future__ import annotations

import msgspec

from energyguard.codecs.charging import price_of, text_of
from energyguard.model.charging import (
    Charge,
    Stay,
    StayLimits,
    Violation,
    energy_nano_kwh,
    profit_cents,
)
from energyguard.model.fixed import from_nano

_encode = msgspec.json.Encoder().encode


class _FullSession(msgspec.Struct, gc=False):
    charger_id: str
    start_parking: str | None
    plate: str | None
    start_session: str | None
    user_id: str | None
    price: msgspec.Raw | None
    start_recharging: str | None
    energy_delivered: int | None
    end_recharging: str | None
    end_session: str | None
    end_parking: str | None


class _Profit(msgspec.Struct, gc=False):
    charger_id: str
    user_id: str
    start_recharging: str | None
    end_recharging: str | None
    total_energy_delivered: msgspec.Raw
    profit: msgspec.Raw


def full_session(stay: Stay) -> bytes:
    """A ``full-sessions`` record."""
    return _encode(
        _FullSession(
            stay.charger,
            text_of(stay.start_parking),
            stay.plate,
            text_of(stay.start_session),
            stay.user,
            None if stay.price is None else price_of(stay.price),
            text_of(stay.start_recharging),
            stay.power_kw,
            text_of(stay.end_recharging),
            text_of(stay.end_session),
            text_of(stay.end_parking),
        )
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


def transaction_profit(charge: Charge, limits: StayLimits) -> bytes:
    """A ``transaction-profit`` record: energy to 1e-9 kWh, profit to the cent."""
    hour = limits.seconds_per_hour
    energy = energy_nano_kwh(charge, hour)
    cents = profit_cents(charge, hour)
    return _encode(
        _Profit(
            charge.charger,
            charge.user,
            text_of(charge.start),
            text_of(charge.end),
            msgspec.Raw(from_nano(energy).encode()),
            msgspec.Raw(b"%d.%02d" % divmod(cents, 100)),
        )
    )


def total_occupied(second: int, occupied: int) -> bytes:
    """A ``total-occupied`` record."""
    return f'{{"timestamp":"{text_of(second)}","occupied":{occupied}}}'.encode()
