"""Regions in words and shades: what page and port say of a state, from one answer."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import ceil

from energyguard.domains.regions.live.states import RegionsView, RegionView
from energyguard.page.formatting import SPACE, UNKNOWN, count, plural

SHADES = 4
"""Above nothing; what feeds in, and draws nothing, has the palest look of all."""
_STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))


def kilowatts(value: float | None) -> str:
    """A mean power, as exact as it is shown anywhere: to 10 W."""
    return UNKNOWN if value is None else f"{value:.2f}{SPACE}kW".replace("-", "−")


def kilowatt_hours(value: float | None) -> str:
    """A year's energy."""
    return UNKNOWN if value is None else f"{count(round(value))}{SPACE}kWh".replace("-", "−")


def euros(cents: int | None) -> str:
    """A year's price: cents would say more than is known."""
    if cents is None:
        return UNKNOWN
    return f"{'−' if cents < 0 else ''}€{count(abs(round(cents / 100)))}"


def shade_step(states: Sequence[RegionView]) -> Decimal:
    """How many kW wide a shade is: a round number, so that the largest mean has the last one."""
    most = max((Decimal(str(state.power_kw or 0)) for state in states), default=Decimal(0))
    if most <= 0:
        return Decimal("0.1")
    wanted = most / SHADES
    power = Decimal(1).scaleb(wanted.adjusted())
    return next(step * power for step in _STEPS if step * power >= wanted)


def shade_of(kw: float | None, step: Decimal) -> int | None:
    """The shade of a mean, 0 to ``SHADES``; None: it is not shown."""
    if kw is None:
        return None
    return min(SHADES, max(0, ceil(Decimal(str(kw)) / step)))


def shade_words(step: Decimal, shade: int) -> str:
    """What a shade means."""
    if shade == 0:
        return "nothing, or feeds in"
    return f"up to {(step * shade).normalize():f}{SPACE}kW"


def about(state: RegionView, min_homes: int) -> str:
    """A state in a sentence."""
    if state.homes is None:
        return f"{state.name}: {why_hidden(min_homes)}"
    return f"{state.name}: {kilowatts(state.power_kw)} on average, {plural(state.homes, 'home')}"


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
        "what one of them draws. A home that waits for company, or whose group has a silent one, is in "
        "no number here."
    )
