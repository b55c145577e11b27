"""What the inverters give now."""

from __future__ import annotations

from energyguard.page.elements.components import Tile
from energyguard.page.frame.context import PageContext, View
from energyguard.page.words.formatting import number
from energyguard_solar import SOLAR


class SolarPage:
    """A tile with the newest power of the inverters."""

    def __init__(self, context: PageContext) -> None:
        self.live = context.cache.service.live
        context.fresh = lambda: self.live.fresh(SOLAR.name)
        self.now = Tile("Solar power now", "#")
        context.every(1.0, self.second)

    async def second(self) -> None:
        """Show the newest reading."""
        rows = [row for row in self.live.readings(10) if row.topic == SOLAR.name]
        if rows:
            self.now.show(number(rows[0].value), "kW", rows[0].device)


VIEW = View("/solar", "Solar", "overview", SolarPage)
