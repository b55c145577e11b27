"""System D's four results, each the value of a record."""

from __future__ import annotations

import msgspec

from energyguard.codecs.charging import price_of, text_of, text_or_none
from energyguard.model.charging import (
    Charge,
    Stay,
    StayLimits,
    Violation,
    energy_nano_kwh,
    profit_cents,
)
from energyguard.model.fixed import from_nano
from energyguard.records.charging import (
    FULL_SESSION,
    FullSession,
    LimitBroken,
    TotalOccupied,
    TransactionProfit,
)

_encode = FULL_SESSION.encode


def full_session(stay: Stay) -> bytes:
    """A ``full-sessions`` record."""
    return _encode(
        FullSession(
            stay.charger,
            text_of(stay.start_parking),
            stay.plate,
            text_or_none(stay.start_session),
            stay.user,
            None if stay.price is None else price_of(stay.price),
            text_or_none(stay.start_recharging),
            stay.power_kw,
            text_or_none(stay.end_recharging),
            text_or_none(stay.end_session),
            text_or_none(stay.end_parking),
        )
    )


def violation(stay: Stay, what: Violation) -> bytes:
    """A ``violations`` record, as far as the stay is known by then."""
    return _encode(
        LimitBroken(
            stay.charger,
            stay.user,
            stay.plate,
            text_of(stay.start_parking),
            text_or_none(stay.start_session),
            text_or_none(stay.end_session),
            text_or_none(stay.end_parking),
            what.value,
        )
    )


def transaction_profit(charge: Charge, limits: StayLimits) -> bytes:
    """A ``transaction-profit`` record: energy to 1e-9 kWh, profit to the cent."""
    hour = limits.seconds_per_hour
    energy = energy_nano_kwh(charge, hour)
    cents = profit_cents(charge, hour)
    return _encode(
        TransactionProfit(
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
    return _encode(TotalOccupied(text_of(second), occupied))
