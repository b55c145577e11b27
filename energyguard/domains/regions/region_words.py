"""Regions in words and shades: what page and port say of a state, from one answer."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from energyguard.domains.regions.live.states import RegionsView, RegionView

THIN, SPACE, UNKNOWN = "\u202f", "\u00a0", "–"
"""As ``page/words/formatting.py`` has them: the port needs no page for its words."""
SHADES = 4
_STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5))
_CENTI = Decimal("0.01")


def thousands(value: int) -> str:
    """A whole number with thin spaces between thousands."""
    return f"{value:,}".replace(",", THIN)


def kilowatts(value: float | None) -> str:
    """A mean power, as exact as it is shown anywhere: to 10 W."""
    return UNKNOWN if value is None else f"{value:.2f}{SPACE}kW".replace("-", "−")


def kilowatt_hours(value: float | None) -> str:
    """A year's energy."""
    return UNKNOWN if value is None else f"{thousands(round(value))}{SPACE}kWh".replace("-", "−")


def euros(cents: int | None) -> str:
    """A year's price: cents would say more than is known."""
    if cents is None:
        return UNKNOWN
    return f"{'−' if cents < 0 else ''}€{thousands(abs(round(cents / 100)))}"


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
        ends = (f"{end:f}".replace("-", "−") for end in (first, first + self.step))
        return f"{'–'.join(ends)}{SPACE}kW"


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
    return f"{state.name}: {kilowatts(state.power_kw)} on average, {state.homes} homes"


def why_hidden(min_homes: int) -> str:
    """Why nothing is shown of a state."""
    if min_homes == 1:
        return "no home measured"
    return f"not shown, fewer than {min_homes} homes measured together"


def average_words(view: RegionsView) -> str:
    """The answer of the page in a sentence."""
    shown = view.all_shown
    if shown.homes is None:
        return "Nothing can be shown yet"
    return (
        f"A home draws {kilowatts(shown.power_kw)} on average: "
        f"{kilowatt_hours(shown.year_kwh)} in a year at this rate, {euros(shown.year_cost_cents)}"
    )


def price_words(view: RegionsView) -> str:
    """What a kWh is taken to cost."""
    return f"€{view.price_eur_per_kwh} a kWh"


def group_words(min_homes: int) -> str:
    """Whom the numbers are of."""
    if min_homes == 1:
        return (
            "Each home is shown by itself (regions.min_homes is 1): for demonstrations with public "
            "data, never for people's homes."
        )
    return (
        f"Homes are shown in groups of {min_homes}, whole or not at all, so that nobody learns "
        "what one draws. A home that waits for company, or with a silent one in its group, is in "
        "no number here."
    )
