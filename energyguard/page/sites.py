"""Sites: what there is of them, one within another."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

from energyguard.page.components import ChangingList, Tag, card
from energyguard.page.context import PageContext
from energyguard.page.formatting import plural
from energyguard.page.language import _


class TreeRow(NamedTuple):
    """A site as a row of the tree."""

    site: str
    name: str
    depth: int
    devices: int


class SitesPage:
    """The tree of sites."""

    def __init__(self, context: PageContext) -> None:
        self.context = context
        with Tag("div", "", "grid"), card(_("Sites"), "c12") as self.note:
            self.rows: ChangingList[TreeRow] = ChangingList(
                self._draw,
                _("No site yet. A site is a building, a floor, a car park: what has devices."),
            )
        context.every(1.0, self.draw)

    async def draw(self) -> None:
        """The tree as it is."""
        entries = self.context.cache.service.catalogue.entries
        rows = [
            TreeRow(
                site,
                entries.sites[site].name,
                len(entries.path(site)) - 1,
                len(entries.devices_at(site)),
            )
            for top in entries.children()
            for site in entries.within(top)
        ]
        self.rows.show(rows)

    def _draw(self, row: TreeRow) -> None:
        with Tag("a", "", "bar-row", href=f"/sites/{quote(row.site, safe='')}"):
            Tag("span", row.name, "who").style(f"padding-left:{row.depth * 20}px")
            Tag("span", "")
            Tag("span", plural(row.devices, "device"), "much")
