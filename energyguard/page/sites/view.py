"""A site: which of its parts is out of the ordinary, its day, its alerts; and what it is called."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from urllib.parse import quote

from nicegui import ui

from energyguard.errors import NotFound
from energyguard.model.catalogue import DEVICE, SITE, key_of
from energyguard.page.alerts.need_list import NeedList
from energyguard.page.elements.components import ConfirmDialog, Tag, button, card
from energyguard.page.frame.context import PageContext
from energyguard.page.measures.costs import bill_href
from energyguard.page.measures.late_sums import LateSumLine
from energyguard.page.measures.live_sums import live_sums, needed_at
from energyguard.page.measures.usage import TODAY_KEEP_S, UsageData, UsageTiles
from energyguard.page.measures.usage_chart import UsageChart
from energyguard.page.sites.form import SiteForm, kind_words
from energyguard.page.sites.parts import PAGE_ROWS, PartTable
from energyguard.page.sites.table import site_href
from energyguard.page.words.formatting import count, moment
from energyguard.page.words.language import _, ngettext
from energyguard.page.words.names import site_name

MAX_NAMED = 2
"""So many parts are named in the title."""


class SitePage:
    """One site."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.cache = context, context.cache
        self.catalogue = self.cache.service.catalogue
        self.site = context.query.get("site", "")
        if self.site not in self.catalogue.entries.sites:
            Unknown(context, self.site)
            return
        self.first = max(0, int(context.query.get("first", "0") or 0))
        entries = self.catalogue.entries
        here = [key_of(SITE, s) for s in entries.children(self.site)]
        here += [key_of(DEVICE, d) for d in entries.devices_at(self.site, deep=False)]
        shown = here[self.first : self.first + PAGE_ROWS]
        self.data = UsageData(context, (key_of(SITE, self.site), *shown))
        with Tag("div", "", "grid home"):
            self.tiles = UsageTiles(self.data)
            self._money()
            self.parts = PartTable(context, self.data, self.first, len(here))
            self.chart = UsageChart(self.data)
            with card(_("Needs you"), "c4 needs", _("most urgent first"), anchor="attention"):
                self.alerts = NeedList(context)
            self._edit()
        context.every(1.0, self.second)
        context.every(TODAY_KEEP_S, self.past)
        context.every(TODAY_KEEP_S, self.doubts, is_first=False)

    async def doubts(self) -> None:
        """How sure the sums are, and which part their alerts wait for."""
        await self.late.show(self.data.zone)
        await self.tiles.show_doubts()

    def _money(self) -> None:
        """The month's bill, or where to say what energy costs; what alerts about it wait for."""
        entries = self.catalogue.entries
        with Tag("div", "", "trust"):
            if any(entries.sites[site].tariff for site in entries.path(self.site)):
                href = bill_href(key_of(SITE, self.site))
                Tag("a", _("Bill of this month"), "link onward", href=href)
            elif self.context.may("admin"):
                href = f"/tariffs?site={quote(self.site)}#add"
                Tag("a", _("Say what its energy costs"), "link onward", href=href)
            self.late = LateSumLine(self.context, self.data.keys[0])

    def _edit(self) -> None:
        """What it is called and where, for who may say so."""
        if not self.context.may("operate"):
            return
        with Tag("details", "", "card c12 details", id="edit"):
            Tag("summary", _("Name, place and zone …"))
            SiteForm(self.context, self.site, self._changed)
            self.confirm = ConfirmDialog()
            name = self.catalogue.entries.sites[self.site].name
            with Tag("div", "", "acts"):
                button(_("Take it out …"), lambda: self._ask_out(name), mark="take-out")
                Tag(
                    "a", _("Add a site in it"), "link", href=f"/sites?parent={quote(self.site)}#add"
                )

    def _ask_out(self, name: str) -> None:
        self.confirm.ask(
            _("Take {name} out?").format(name=name),
            _("Its devices go on counting; what they sent is kept. It can be undone."),
            _("Take it out"),
            self._take_out,
        )

    async def _take_out(self) -> None:
        key, user = key_of(SITE, self.site), self.context.user
        if await self.context.do(lambda: self.catalogue.remove(key, user), _("It is taken out")):
            ui.navigate.to("/sites")

    async def _changed(self, site: str) -> None:
        ui.navigate.to(site_href(site))

    async def second(self) -> None:
        """The answer, what is drawn now, and what needs someone."""
        try:
            about = self.catalogue.site(self.site)
        except NotFound:
            return  # taken out meanwhile
        zone = self.data.zone
        waiting = needed_at(self.cache.service.book.open(), self.catalogue, self.site)
        around = self.catalogue.entries.path(self.site)[1:]
        path = ", ".join(site_name(self.catalogue, site) for site in around)
        devices = ngettext("{n} device", "{n} devices", about.devices)
        when = f"{moment(self.data.now_ms, zone)} ({zone})"
        facts = (path, kind_words(about.site.kind), devices.format(n=count(about.devices)), when)
        above = " · ".join(filter(None, facts))
        self.alerts.show(waiting, zone)
        sums, now, usual = await asyncio.gather(
            live_sums(self.cache), self.cache.now(), self.data.usual()
        )
        kw = sums.named(self.site, partial(self.catalogue.entries.devices_at, self.site))
        self.tiles.show_now(kw, now.kw_at_ms, now.live, usual.get(self.data.keys[0]))
        odd = await self.parts.show(sums, usual)
        self.context.say(answer(site_name(self.catalogue, self.site), len(waiting), odd), above)

    async def past(self) -> None:
        """The sums and the bars."""
        await asyncio.gather(self.tiles.show_past(), self.chart.show())


def answer(name: str, waiting: int, odd: Sequence[str] = ()) -> str:
    """What the page says first.

    Args:
        name: the site's.
        waiting: alerts that need someone.
        odd: the names of its parts that draw more than usual.
    """
    if not waiting and not odd:
        return _("{name}: all is as usual").format(name=name)
    if not waiting:
        words = ngettext(
            "{name}: {parts} is above what is usual", "{name}: {parts} are above what is usual",
            len(odd),
        )  # fmt: skip
        more = ["…"] if len(odd) > MAX_NAMED else []
        return words.format(name=name, parts=", ".join([*odd[:MAX_NAMED], *more]))
    words = ngettext("{name}: {n} thing needs you", "{name}: {n} things need you", waiting)
    return words.format(name=name, n=count(waiting))


class Unknown:
    """What is shown of a site that there is not."""

    def __init__(self, context: PageContext, site: str) -> None:
        context.say(_("There is no such site"), site)
        with Tag("section", "", "card"), Tag("div", "", "empty wide"):
            Tag("p", _("It may have been taken out, or is called otherwise now."))
            Tag("a", _("All sites"), "btn", href="/sites")
