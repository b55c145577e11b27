"""Adds a device, a site or a group to what is shown: by any part of its name."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from energyguard.catalogue.listing import DeviceFilter
from energyguard.model.catalogue import DEVICE, GROUP, SITE
from energyguard.page.elements.charts import MAX_SERIES
from energyguard.page.elements.components import Tag
from energyguard.page.elements.lists import ChangingList
from energyguard.page.frame.context import PageContext
from energyguard.page.measures.picked import EVERYTHING, written
from energyguard.page.words.language import _
from energyguard.page.words.names import site_name
from energyguard.service.catalogue.contract import SiteCatalogue

MAX_FOUND = 12


class Addable(NamedTuple):
    """Something that can be added."""

    key: str
    name: str
    where: str  # where it stands, or what it is


def find(catalogue: SiteCatalogue, text: str, limit: int = MAX_FOUND) -> list[Addable]:
    """Sites, groups and devices with a text in their names: those of each sort by name."""
    words = text.casefold().strip()
    sites = [
        Addable(f"{SITE}/{card.id}", name, _("site"))
        for card in catalogue.sites()
        if words in (name := site_name(catalogue, card.id)).casefold()
    ]
    groups = [
        Addable(f"{GROUP}/{card.id}", card.group.name, _("group"))
        for card in catalogue.groups()
        if words in card.group.name.casefold()
    ]
    few = (sites + groups)[: limit // 2]
    devices = catalogue.find(DeviceFilter(search=text), limit=limit - len(few)).rows
    return few + [
        Addable(f"{DEVICE}/{row.id}", row.name, " › ".join(row.path) or row.id) for row in devices
    ]


class AddSeries:
    """A field, and what it finds as links.

    Args:
        context: the open page; a link has all of its address, and one more key.
        keys: what is shown already.
    """

    def __init__(self, context: PageContext, keys: Sequence[str]) -> None:
        self.context, self.keys = context, [key for key in keys if key != EVERYTHING]
        if len(self.keys) >= MAX_SERIES:
            Tag("span", _("Five stand side by side; take one out to add another"), "sub")
            return
        with Tag("details", "", "add-series"):
            Tag("summary", _("+ Add a device or site"), "link")
            with Tag("div", "", "card found", role="search"):
                field = Tag(
                    "input", "", "field", type="search", autocomplete="off",
                    placeholder=_("Part of a name"), aria_label=_("Search devices and sites"),
                ).mark("add-series")  # fmt: skip
                field.on(
                    "input", self._typed, js_handler="(e) => emit(e.target.value)",
                    throttle=0.2, leading_events=False,
                )  # fmt: skip
                self._list: ChangingList[Addable] = ChangingList(
                    self._draw, _("Nothing is called so."), "found-list", "div"
                )
        context.every(3600.0, self._first)

    async def _first(self) -> None:
        await self._search("")

    async def _typed(self, event: Any) -> None:
        await self._search(str(event.args or ""))

    async def _search(self, text: str) -> None:
        catalogue = self.context.cache.service.catalogue
        found = await asyncio.to_thread(find, catalogue, text, MAX_FOUND)
        self._list.show([row for row in found if row.key not in self.keys])

    def _draw(self, row: Addable) -> None:
        href = self.context.href(of=written([*self.keys, row.key]))
        with Tag("a", "", "found-row", href=href):
            Tag("span", row.name, "who")
            Tag("span", row.where, "sub small")
