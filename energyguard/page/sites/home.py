"""Home: is all well, and how much is used?"""

from __future__ import annotations

import asyncio
from functools import partial

from energyguard.model.alerts import Severity
from energyguard.model.catalogue import DEVICE, key_of
from energyguard.model.days import midnight_ms
from energyguard.page.alerts.need_list import NeedList, NeedRow
from energyguard.page.elements.components import Tag, card, restyle
from energyguard.page.elements.ranking import Ranking
from energyguard.page.frame.context import PageContext
from energyguard.page.measures.beyond import KEEP_S, DeviceBeyond, beyond_of_all
from energyguard.page.measures.coming import is_coming
from energyguard.page.measures.costs import cost_alone, costs_of
from energyguard.page.measures.live_sums import live_sums
from energyguard.page.measures.usage import (
    MONEY_KEEP_S,
    TODAY_KEEP_S,
    UsageData,
    UsageTiles,
)
from energyguard.page.measures.usage_chart import UsageChart
from energyguard.page.sites.table import SiteTable
from energyguard.page.words.formatting import (
    count,
    measured,
    moment,
    near_moment,
    needs_someone,
    number,
    severity_shape,
)
from energyguard.page.words.language import _, ngettext
from energyguard.page.words.names import device_name

MAX_BARS = 6
MAX_SILENT = 0.1
"""Where a larger share of the meters is silent, that is no good news."""


class HomePage:
    """The first page."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.cache = context, context.cache
        entries = self.cache.service.catalogue.entries
        self.entries = entries
        self.empty = Nothing(context)
        with Tag("div", "", "grid home") as self.rest:
            self.data = UsageData(context, ("", *(f"site/{s}" for s in entries.children()[:20])))
            self.tiles = UsageTiles(self.data)
            self.chart = UsageChart(self.data)
            with card(_("Needs you"), "c4 needs", _("most urgent first"), anchor="attention"):
                self.alerts = NeedList(context)
            self.sites = SiteTable(context, self.data)
            with card(_("Where it went today"), "c5") as self.of_all:
                self.top = Ranking(_("Nothing measured yet."), context.device_href)
            with Tag("div", "", "trust"):
                self.fine = Tag("span", "", "tag ok")
                self.silent = Tag("span", "", "sub")
                self.apart = Tag("span", "", "sub")
                Tag("a", _("What is missing"), "link onward", href=context.href("/data"))
        self.beyond: list[NeedRow] = []
        context.every(KEEP_S, self.look_for_beyond)
        context.every(1.0, self.second)
        context.every(3.0, self.look)
        context.every(TODAY_KEEP_S, self.past)
        context.every(TODAY_KEEP_S, self.tiles.show_doubts, is_first=False)

    async def second(self) -> None:
        """The answer, what is drawn now, and what needs someone."""
        now, zone = await self.cache.now(), self.context.zone
        there = now.newest_ms is not None
        self.empty.show(not there)
        self.rest.set_visibility(there)
        waiting = [a for a in self.cache.service.book.open() if needs_someone(a)]
        self.alerts.show(waiting, zone, self.beyond)
        when = moment(self.context.now_ms, zone, "%a %-d %b %Y, %H:%M")
        self.context.say(
            answer(len(waiting) + len(self.beyond), there, now.live), f"{_('All sites')} · {when}"
        )
        usual = (await self.data.usual()).get("") if there else None
        self.tiles.show_now(now.kw_now, now.kw_at_ms, now.live, usual)
        self.sites.show_together(now.kw_now)

    async def look_for_beyond(self) -> None:
        """The devices whose readings count nothing."""
        self.beyond = [self._beyond_row(found) for found in await beyond_of_all(self.cache)]

    def _beyond_row(self, found: DeviceBeyond) -> NeedRow:
        about = _("{device}: readings of the last day count nothing: {n}")
        detail = _("they need about {kw}: say its greatest plausible power, such as {proposed}")
        name, of = device_name(self.cache.service.catalogue, found.device), found.of
        return NeedRow(
            self.context.device_href(found.device),
            about.format(device=name, n=count(of.readings)),
            detail.format(
                kw=measured(of.needed_kw, "kW"), proposed=measured(float(of.proposed_kw), "kW")
            ),
            severity_shape(Severity.WARNING),
            Severity.WARNING,
        )

    async def look(self) -> None:
        """The sites, and who is silent."""
        sums, now = await asyncio.gather(live_sums(self.cache), self.cache.now())
        zone = self.context.zone
        all_of_them = now.devices + now.devices_silent
        meters = ngettext(
            "{n} of {all} meter up to date", "{n} of {all} meters up to date", all_of_them
        ).format(n=count(now.devices), all=count(all_of_them))
        well = now.devices_silent <= MAX_SILENT * all_of_them
        self.fine.text = f"{'✓' if well else '▲'} {meters}"
        restyle(self.fine, f"tag {'ok' if well else 'warn'}")
        words = ""
        if len(sums.silent) == 1:
            ((device, silent_ms),) = sums.silent.items()
            since = near_moment(silent_ms, now.now_ms, zone)
            words = _(
                "{device} has been silent since {when}; its hours are left open, not guessed."
            )
            name = device_name(self.cache.service.catalogue, device)
            words = words.format(device=name, when=since)
        elif sums.silent:
            words = _("{n} are silent; their hours are left open, not guessed.")
            words = words.format(n=count(len(sums.silent)))
        self.silent.text = words
        await self.sites.show(sums, now.kw_now)

    async def past(self) -> None:
        """The sums, the bars, and where it went."""
        await asyncio.gather(self.tiles.show_past(), self.chart.show(), self._show_top())

    async def _show_top(self) -> None:
        """Which devices used the largest part of today."""
        start = midnight_ms(self.data.now_ms, self.data.zone)
        apart = self.cache.service.live.apart()
        today = await self.data.of("today", TODAY_KEEP_S)
        top = await self.cache.ask_as(
            start, TODAY_KEEP_S * 3, "top",
            start_ms=start, end_ms=today[""].until_ms, by="kwh", n=MAX_BARS,
        )  # fmt: skip
        rows = list(zip(top["device"].to_pylist(), top["kwh"].to_pylist(), strict=True))
        apart_words = ngettext(
            "{n} device is simulated in a time of its own, and is not in these sums.",
            "{n} devices are simulated in times of their own, and are not in these sums.",
            len(apart),
        )
        self.apart.text = apart_words.format(n=count(len(apart))) if apart else ""
        keys = tuple(sorted(key_of(DEVICE, device) for device, kwh in rows if kwh))
        span = self.cache.service.consumption.span("today", zone=self.data.zone)
        costs = await costs_of(self.cache, keys, span, MONEY_KEEP_S)

        def words(device: str, kwh: float) -> str:
            cost = costs.get(key_of(DEVICE, device))
            return " · ".join(filter(None, (measured(kwh, "kWh"), cost_alone(cost))))

        total = today[""].total_kwh
        if total is None and await is_coming(self.cache, ""):
            return  # it is seen to be waiting
        self.top.show(
            ((device, kwh, words(device, kwh)) for device, kwh in rows if kwh),
            name=partial(device_name, self.cache.service.catalogue),
        )
        self.of_all.text = _("of {kwh} kWh").format(kwh=number(total))


def answer(waiting: int, there: bool, live: bool) -> str:
    """What the page says first."""
    if not there:
        return _("Nothing has been measured yet")
    if waiting:
        text = ngettext(
            "{n} thing needs you; the rest is as usual",
            "{n} things need you; the rest is as usual",
            waiting,
        )
        return text.format(n=count(waiting))
    return _("All is as usual; nothing needs you") if live else _("Nothing new comes in")


class Nothing:
    """What is shown before anything was measured: what to do, with buttons."""

    def __init__(self, context: PageContext) -> None:
        with Tag("section", "", "card") as self._box, Tag("div", "", "empty wide"):
            Tag("strong", _("Nothing here yet"))
            Tag(
                "p",
                _("Add a device or upload a file; the first numbers show within a minute."),
            )
            with Tag("div", "", "acts"):
                Tag("a", _("Add a device"), "btn main-act", href=context.href("/add"))
                Tag("a", _("Upload a file"), "btn", href=context.href("/data"))

    def show(self, shown: bool) -> None:
        """Whether there is nothing."""
        self._box.set_visibility(shown)
