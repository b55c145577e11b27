"""Regions in words and shades: what page and port say of a state, from one answer."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from energyguard.domains.regions.live.states import RegionsView, RegionView
from energyguard.page.words.formatting import (
    SPACE,
    UNKNOWN,
    count,
    currency,
    exact,
    plural,
)
from energyguard.page.words.language import _

SHADES = 4
_STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5))
_CENTI = Decimal("0.01")


def kilowatts(value: float | None) -> str:
    """A mean power, as exact as it is shown anywhere: to 10 W."""
    return UNKNOWN if value is None else f"{exact(value, 2)}{SPACE}kW"


def kilowatt_hours(value: float | None) -> str:
    """A year's energy."""
    return UNKNOWN if value is None else f"{count(round(value))}{SPACE}kWh"


def euros(cents: int | None) -> str:
    """A year's price: cents would say more than is known."""
    return UNKNOWN if cents is None else currency(cents / 100, 0)


class Shades(NamedTuple):
    """What shades mean: each is so many kW wide, from the lowest on."""

    lowest: Decimal
    step: Decimal

    def of(self, kw: float | None) -> int | None:
        """The shade of a mean, 1 to ``SHADES``; None: it is not shown."""
        if kw is None:
            return None
        return min(SHADES, 1 + int((Decimal(str(kw)) - self.lowest) // self.step))

    def words(self, shade: int) -> str:
        """What a shade means."""
        first = self.lowest + self.step * (shade - 1)
        places = max(0, -int(self.step.as_tuple().exponent))
        low, high = (exact(float(end), places) for end in (first, first + self.step))
        span = _("{low} to {high}").format(low=low, high=high) if first < 0 else f"{low}–{high}"
        return f"{span}{SPACE}kW"


def shades(states: Sequence[RegionView]) -> Shades:
    """Shades in round numbers, from below the lowest mean to above the highest."""
    means = [Decimal(str(state.power_kw)) for state in states if state.power_kw is not None]
    low, high = min(means, default=Decimal(0)), max(means, default=Decimal(0))
    power = Decimal(1).scaleb(max(-2, (high - low).adjusted() - 1)) if high > low else _CENTI
    for step in (part * scale for scale in (power, power * 10) for part in _STEPS):
        lowest = low // step * step
        lowest -= step if lowest > low else 0  # Decimal's // goes towards zero
        if step % _CENTI == 0 and high < lowest + step * SHADES:
            break
    step = step if step < 1 else step.quantize(Decimal(1))
    return Shades(lowest.quantize(step), step)


def about(state: RegionView, min_homes: int) -> str:
    """A state in a sentence."""
    if state.homes is None:
        return f"{state.name}: {why_hidden(min_homes)}"
    return _("{name}: {power} on average, {homes}").format(
        name=state.name, power=kilowatts(state.power_kw), homes=plural(state.homes, "home")
    )


def why_hidden(min_homes: int) -> str:
    """Why nothing is shown of a state."""
    if min_homes == 1:
        return _("no home measured")
    return _("not shown, fewer than {n} homes measured together").format(n=min_homes)


def average_words(view: RegionsView) -> str:
    """The answer of the page in a sentence."""
    shown = view.all_shown
    if shown.homes is None:
        return _("Nothing can be shown yet")
    words = _("A home draws {power} on average: {energy} in a year at this rate, {price}")
    sign = 1
    if (shown.power_kw or 0) < 0:
        words = _("A home feeds in {power} on average: {energy} in a year at this rate, {price}")
        sign = -1
    return words.format(
        power=kilowatts(sign * (shown.power_kw or 0)),
        energy=kilowatt_hours(sign * (shown.year_kwh or 0)),
        price=euros(sign * (shown.year_cost_cents or 0)),
    )


def price_words(view: RegionsView) -> str:
    """What a kWh is taken to cost."""
    places = max(2, len(view.price_eur_per_kwh.partition(".")[2]))
    return _("{price} a kWh").format(price=currency(float(view.price_eur_per_kwh), places))


def group_words(min_homes: int) -> str:
    """Whom the numbers are of."""
    if min_homes == 1:
        return _(
            "Each home is shown by itself (regions.min_homes is 1): for demonstrations with public "
            "data, never for people's homes."
        )
    return _(
        "Homes are shown in groups of {n}, whole or not at all, so that nobody learns what one "
        "draws. A home that waits for company, or with a silent one in its group, is in no number "
        "here."
    ).format(n=min_homes)
