"""Energy and tariffs that tests of bills are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import numpy as np

from energyguard.model.calendar import CalendarSpan
from energyguard.model.days import HOUR_MS, QUARTER_MS, local
from energyguard.model.tariffs import Tariff
from energyguard.tariffs.bill import PlannedPiece, RatedSpan, borders_of, plan, rate
from energyguard.tariffs.energy import MeteredEnergy
from energyguard.tariffs.holidays import holiday_dates
from energyguard.tariffs.pieces import TariffPart
from energyguard.tariffs.prices import PriceList

BERLIN = "Europe/Berlin"
QuarterEnergy = Callable[[int], int]
"""1e-9 kWh of the quarter hour that begins at a time."""


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def metered(borders: Sequence[int], energy: QuarterEnergy) -> MeteredEnergy:
    """The energy of quarter hours between any borders at quarter hours."""
    quarters = range(borders[0], borders[-1], QUARTER_MS)
    at = np.array(borders, np.int64)
    nano = np.zeros(len(borders), np.int64)
    places = np.searchsorted(at, np.array(quarters, np.int64), side="right") - 1
    np.add.at(nano, places, np.array([energy(q) for q in quarters], np.int64))
    return MeteredEnergy(at, nano, np.ones(len(borders), np.int64))


def per_hour(nano: int) -> QuarterEnergy:
    """So much each hour."""
    return lambda _: nano * QUARTER_MS // HOUR_MS


def planned(
    parts: Sequence[TariffPart], zone: str = BERLIN, holidays: Sequence[str] = ()
) -> tuple[PlannedPiece, ...]:
    years = {local(ms, zone).year for part in parts for ms in (part.start_ms, part.end_ms)}
    return plan(parts, zone, holiday_dates(holidays, years))


def rated(
    parts: Sequence[TariffPart] | Tariff,
    span: str,
    energy: QuarterEnergy,
    holidays: Sequence[str] = (),
    lists: Mapping[str, PriceList] | None = None,
) -> RatedSpan:
    """The bill of a span in Berlin, in cents."""
    if isinstance(parts, Tariff):
        days = CalendarSpan.parse(span, BERLIN, datetime(2026, 1, 1).date())
        parts = [TariffPart(days.start_ms, days.end_ms, "home", parts)]
    pieces = planned(parts, BERLIN, holidays)
    return rate(pieces, metered(borders_of(pieces), energy), lists or {}, "EUR", 2)
