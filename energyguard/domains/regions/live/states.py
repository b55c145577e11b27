"""States as they may be shown now: means of whole groups, a year of it, and its price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from energyguard.domains.regions.live.group_powers import SLOT_MS, GroupPower
from energyguard.domains.regions.states import STATES

WATT_STEP = 10
"""Means are rounded to so many watts."""
_HOURS = 365 * 24
_CENT, _TENTH = Decimal("0.01"), Decimal("0.1")


@dataclass(frozen=True, slots=True)
class RegionView:
    """A state now; a year has 365 days. Null where it is not shown."""

    region: str  # ISO 3166-2
    name: str
    homes: int | None  # whose mean it is
    power_kw: float | None  # of a home, on average
    year_kwh: float | None  # of a home in a year at this rate
    year_cost_cents: int | None  # the price of that
    time_ms: int | None  # event time of the newest measurement in it


@dataclass(frozen=True, slots=True)
class RegionsView:
    """All states now."""

    min_homes: int  # of a group: fewer are not shown
    price_eur_per_kwh: str
    all_shown: RegionView  # of the homes that are shown below; no others are in it
    regions: tuple[RegionView, ...]


def regions_view(groups: Sequence[GroupPower], min_homes: int, price: Decimal) -> RegionsView:
    """The states of these groups."""
    by_region: dict[str, list[GroupPower]] = {}
    for group in groups:
        by_region.setdefault(group.region, []).append(group)
    states = tuple(
        _view(state.region, state.name, by_region.get(state.region, ()), price) for state in STATES
    )
    return RegionsView(min_homes, str(price), _view("DE", "All shown", groups, price), states)


def _view(region: str, name: str, groups: Sequence[GroupPower], price: Decimal) -> RegionView:
    homes = sum(group.homes for group in groups)
    if not homes:
        return RegionView(region, name, None, None, None, None, None)
    watts = rounded(sum(group.watts for group in groups) / homes)
    kwh = year_kwh(watts)
    newest_ms = max(group.slot for group in groups) * SLOT_MS
    return RegionView(
        region, name, homes, watts / 1000, float(kwh), cost_cents(kwh, price), newest_ms
    )


def rounded(watts: float) -> int:
    """A mean power as it is shown, W."""
    return round(watts / WATT_STEP) * WATT_STEP


def year_kwh(watts: int) -> Decimal:
    """A year's energy at this rate, kWh, to a tenth."""
    return (Decimal(watts) * _HOURS / 1000).quantize(_TENTH, ROUND_HALF_EVEN)


def cost_cents(kwh: Decimal, eur_per_kwh: Decimal) -> int:
    """The price of an energy, in cents."""
    return int((kwh * eur_per_kwh).quantize(_CENT, ROUND_HALF_EVEN).scaleb(2))
