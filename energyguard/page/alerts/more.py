"""How much more than usual is used while an alert lasts, as a figure."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from energyguard.alerts.alert import Alert
from energyguard.page.words.formatting import SPACE, money_in, number
from energyguard.page.words.language import _
from energyguard.service.alerts.how_unusual import HowUnusual


class Beyond(NamedTuple):
    """A figure: its name, the number, its unit."""

    name: str
    value: str
    unit: str


def used_beyond(alert: Alert, how: HowUnusual) -> Beyond | None:
    """How much more than usual was used while it lasts, in money where it has a price.

    None: the history is not as far.
    """
    if how.more_kwh is None:
        return None
    names = (_("More in all"), _("Less in all"))
    if alert.open:
        names = (_("More so far"), _("Less so far"))
    kwh = number(abs(how.more_kwh))
    if how.more_cost is None:
        return Beyond(names[how.more_kwh < 0], kwh, "kWh")
    money = money_in(Decimal(how.more_cost), how.currency)
    return Beyond(names[0], money, _("for {kwh}").format(kwh=f"{kwh}{SPACE}kWh"))
