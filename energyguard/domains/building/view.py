"""Building: every floor as a card, trouble first; or one floor closely."""

from __future__ import annotations

import asyncio

from energyguard.domains.building.floor_cards import FloorCard
from energyguard.domains.building.floor_detail import FloorDetail
from energyguard.domains.building.floor_now import METRICS, SORTS, FloorNow, in_words, paged
from energyguard.domains.building.floor_source import FloorSource
from energyguard.domains.building.places import BUILDING
from energyguard.model.topics import BUILDING_READINGS
from energyguard.page.elements.components import Rest, Tag, card, choice
from energyguard.page.elements.lists import ChangingList
from energyguard.page.frame.context import PageContext, View
from energyguard.page.words.formatting import count, plural
from energyguard.page.words.language import _

DRAW_S = 10.0
CARDS = 12
"""Floors on a page: each has a chart."""


class BuildingPage:
    """All floors, or the one that is asked for."""

    def __init__(self, context: PageContext) -> None:
        live = context.cache.service.live
        context.fresh = lambda: live.fresh(BUILDING_READINGS.name)
        if device := context.query.get("floor", ""):
            FloorDetail(context, FloorSource(context), device)
        else:
            FloorGrid(context, FloorSource(context))


class FloorGrid:
    """The floors as cards, as many as fit on a page."""

    def __init__(self, context: PageContext, source: FloorSource) -> None:
        self.context, self.source = context, source
        query = context.query
        self.metric = METRICS.get(query.get("metric", ""), METRICS["kw"])
        self.by = query["by"] if query.get("by") in SORTS else "trouble"
        self.search = query.get("search", "")
        self.page = int(query["page"]) if query.get("page", "").isdecimal() else 1
        self.cards: dict[str, FloorCard] = {}
        self.rest = Rest(
            _("No floor yet"),
            _("Let a building be simulated:"),
            "$ energyguard simulate building",
            _("or send your own sensors' messages to the topic energyguard.readings."),
        )
        with self.rest, card(_("Floors now"), "c12", anchor="floors") as self.note:
            self.words = Tag("p", "", "summary")
            with Tag("div", "", "acts floor-acts"):
                self._search()
                self._choices()
            self.grid: ChangingList[tuple[str, str]] = ChangingList(
                self._card, _("No floor has such a name."), "floors"
            )
            self.pages: ChangingList[tuple[int, int]] = ChangingList(self._pages, "", "pages")
        context.every(2.0, self.second)
        context.every(DRAW_S, self.draw)

    def _search(self) -> None:
        """A form: works with the keyboard, and without a script."""
        kept = {"range": self.context.span.name, "by": self.by, "metric": self.metric.name}
        path = self.context.view.path
        with Tag("form", "", "acts", action=path, method="get", role="search"):
            Tag(
                "input", "", "field", name="search", type="search", placeholder=_("Floor"),
                aria_label=_("Search floors"), autocomplete="off", **{"^value": self.search},
            )  # fmt: skip
            for name, value in kept.items():
                Tag("input", type="hidden", name=name, value=value)
            Tag("button", _("Search"), "btn", type="submit")

    def _choices(self) -> None:
        href, metric = self.context.href, self.metric
        metrics = [(m.unit, href(metric=m.name), m is metric) for m in METRICS.values()]
        choice(_("The charts show"), metrics, small=True)
        sorts = [(_(row[0]), href(by=by, page=""), by == self.by) for by, row in SORTS.items()]
        choice(_("Sorted"), sorts, small=True)

    def _card(self, floor: tuple[str, str]) -> None:
        device, name = floor
        self.cards[device] = FloorCard(self.context, device, name, self.metric)

    def _pages(self, at: tuple[int, int]) -> None:
        page, pages = at
        if pages == 1:
            return
        with Tag("nav", "", "acts", aria_label=_("Pages of floors")):
            if page > 1:
                Tag("a", _("Before"), "btn", href=self.context.href(page=str(page - 1)))
            words = _("page {page} of {pages}").format(page=count(page), pages=count(pages))
            Tag("span", words, "sub")
            if page < pages:
                Tag("a", _("Next"), "btn", href=self.context.href(page=str(page + 1)))

    async def _look(self) -> list[FloorNow]:
        """The floors of the page; draws other cards where they are others."""
        floors = await self.source.now()
        self.rest.show(bool(floors))
        self.words.text = in_words(floors) if floors else ""
        shown = paged(floors, self.metric, self.search, self.by, self.page, CARDS)
        parts = [plural(len(floors), "floor"), self.context.lasting]
        if shown.found < len(floors):
            parts[0] = _("{found} of {floors}").format(found=count(shown.found), floors=parts[0])
        if self.metric.name == "kwh":
            parts.insert(1, _(self.context.span.energy_words))
        self.note.text = ", ".join(parts)
        self.grid.show([(floor.device, floor.name) for floor in shown.floors])
        self.cards = {floor.device: self.cards[floor.device] for floor in shown.floors}
        self.pages.show([(shown.page, shown.pages)])
        return list(shown.floors)

    async def second(self) -> None:
        """The numbers, and the ends of the lines."""
        before = dict(self.cards)
        floors = await self._look()
        kwh = await self.source.kwh_today()
        new = []
        for floor in floors:
            shown = self.cards[floor.device]
            shown.show(floor, kwh.get(floor.device))
            if shown is not before.get(floor.device):
                new.append(shown.draw(floor))
        await asyncio.gather(*new)

    async def draw(self) -> None:
        """The lines, anew."""
        floors = await self._look()
        await asyncio.gather(*(self.cards[floor.device].draw(floor) for floor in floors))


VIEW = View("/building", _("Building"), "building", BuildingPage, site=BUILDING)
