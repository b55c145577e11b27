"""Explore: any devices, sites and groups side by side, over any span of the calendar.

What is shown stands in the address: ``of`` (keys), ``span``, ``beside`` (what it is compared with)
and ``show`` (energy, or a channel). ``static/explore.js`` keeps it for the next visit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from urllib.parse import urlencode

from nicegui import ui

from energyguard.errors import Malformed, NotFound
from energyguard.model.calendar import CalendarSpan
from energyguard.model.days import local
from energyguard.page.elements.components import Tag, button, card, choice
from energyguard.page.elements.plots import Plot
from energyguard.page.explore.differences import MAX_HOURLY_DAYS, DifferenceCard
from energyguard.page.explore.search import AddSeries
from energyguard.page.explore.table import ExploreTable
from energyguard.page.explore.words import answer
from energyguard.page.frame.context import PageContext
from energyguard.page.measures.channels import ENERGY, Channels, LevelLines
from energyguard.page.measures.coming import is_coming, none_words
from energyguard.page.measures.consumption_chart import NamedSeries, consumption_bars
from energyguard.page.measures.costs import costs_of, revenues_of
from energyguard.page.measures.explained import bounds_line
from energyguard.page.measures.picked import Picked, is_there, name_of, read_keys, written
from energyguard.page.measures.spans import SpanBar, before_words, last_year, span_name
from energyguard.page.words.faults import fault_words
from energyguard.page.words.language import _
from energyguard.service.consumption.consumption import ConsumptionSeries

KEEP_S = 15.0
HOURLY_KEEP_S = 120.0
LOOK_S = 0.5
HEIGHT = 292
FORMATS = {"csv": "CSV", "xlsx": "XLSX (Excel)", "parquet": "Parquet"}
BESIDE = ("before", "year", "none")


class ExplorePage:
    """The view."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.cache = context, context.cache
        service, query = self.cache.service, context.query
        keys = [key for key in read_keys(query.get("of")) if is_there(service.catalogue, key)]
        self.picked = [Picked(key, name_of(service.catalogue, key)) for key in keys]
        self.zone = service.consumption.zone_of(keys)
        self.today: date = local(context.now_ms, self.zone).date()
        self.fault = ""
        self.span = self._span(query)
        self.beside = query.get("beside", "") if query.get("beside") in BESIDE else BESIDE[0]
        self.channels = Channels(self.cache, self.picked, query.get("show", ""))
        context.say(_("Explore"), _("Explore"))
        with Tag("div", "", "grid explore"):
            with Tag("section", "", "card c12"):
                if self.fault:
                    Tag("p", self.fault, "fault", role="alert")
                with Tag("div", "", "explore-bar"):
                    self._chips()
                    SpanBar(context, self.span, self.today)
                if self.fault:
                    return  # today is not what was asked for
                with Tag("div", "", "explore-bar"):
                    self._choices()
                    self._downloads()
                self.body = Tag("div", "", "explore-body")
            self.apart = self._differences()
            with card(_("In numbers"), "c12") as self.note:
                self.table = ExploreTable(context, self.picked)
        self.doubts: list[str] = []  # how sure each sum is
        self.bars: Plot | None = None
        self.lines: LevelLines | None = None
        context.every(KEEP_S, self.draw)
        context.every(KEEP_S, self.draw_doubts, is_first=False)
        context.every(LOOK_S, self.look)

    def _differences(self) -> DifferenceCard | None:
        """When they differ, where two are shown side by side."""
        two = len(self.picked) == 2 and self.channels.shown == ENERGY
        return DifferenceCard() if two else None

    def _span(self, query: Mapping[str, str]) -> CalendarSpan:
        """The span of the address; today, where it says none."""
        text = query.get("span") or "today"
        if query.get("from") and query.get("to"):
            text = f"{query['from']}..{query['to']}"
        consumption = self.cache.service.consumption
        keys = [item.key for item in self.picked]
        try:
            return consumption.span(text, keys)
        except Malformed as error:
            self.fault = fault_words(error)
            return consumption.span("today", keys)

    @property
    def compared(self) -> CalendarSpan | None:
        """The span that it is compared with."""
        if self.beside == "none":
            return None
        return last_year(self.span) if self.beside == "year" else self.span.before()

    @property
    def _running(self) -> bool:
        return self.span.first <= self.today < self.span.end

    # What can be chosen

    def _chips(self) -> None:
        keys = [item.key for item in self.picked]
        with Tag("div", "", "chips"):
            for n, item in enumerate(self.picked):
                with Tag("span", "", f"series-chip c{n}"):
                    Tag("i", "", "swatch")
                    href = item.href(self.context)
                    Tag("a" if href else "span", item.name, **({"href": href} if href else {}))
                    if item.key:
                        rest = self.context.href(of=written([k for k in keys if k != item.key]))
                        label = _("Take out {name}").format(name=item.name)
                        Tag("a", "×", "out", href=rest, aria_label=label)
            AddSeries(self.context, keys)

    def _choices(self) -> None:
        context = self.context
        words = {
            "before": span_name(self.span.before()),
            "year": span_name(last_year(self.span)),
            "none": _("nothing"),
        }
        if self.span.unit == "year":
            del words["year"]
        with Tag("div", "", "beside"):
            Tag("span", _("Beside"), "sub", aria_hidden="true")
            options = [
                (text, context.href(beside=n), n == self.beside) for n, text in words.items()
            ]
            choice(_("Beside"), options, small=True)
        if len(self.channels.offered) > 1:
            choice(_("What is shown"), [
                (text, context.href(show=name), name == self.channels.shown)
                for name, text in self.channels.offered.items()
            ], small=True)  # fmt: skip

    def _downloads(self) -> None:
        keys = [("of", item.key) for item in self.picked if item.key]
        with Tag("details", "", "downloads"):
            Tag("summary", _("Download"), "btn")
            with Tag("div", "", "card"):
                if self.channels.shown == ENERGY:
                    for form, words in FORMATS.items():
                        query = [*keys, ("span", str(self.span)), ("zone", self.zone)]
                        query += [("format", form), *[("compare", "false")] * (not self.compared)]
                        Tag("a", words, "link", href=f"/api/v1/consumption?{urlencode(query)}")
                button(_("PNG (picture)"), self._picture, mark="png")

    def _picture(self) -> None:
        plot = self.bars or (self.lines.plot if self.lines else None)
        if plot is not None:
            plot.save(f"energyguard-{self.span}")

    # What is shown

    async def look(self) -> None:
        """What is called otherwise now is opened anew."""
        catalogue = self.cache.service.catalogue
        if any(name_of(catalogue, item.key) != item.name for item in self.picked):
            ui.navigate.reload()

    async def draw(self) -> None:
        """Ask, and show what came."""
        if self.channels.shown != ENERGY:
            if self.lines is None:
                with self.body:
                    self.lines = LevelLines(self.context, self.channels, self.span, HEIGHT)
            self.context.say(await self.lines.draw(), self._above)
            self.table.show_levels(self.lines)
            return
        rows = await self._rows()
        compared, step = self.compared, self.span.step
        words = "" if compared is None else before_words(compared, self.today, self._running)
        coming = bool(rows) and all(row.series.total_kwh is None for row in rows)
        coming = coming and any(
            [await is_coming(self.cache, row.series.key, self._running) for row in rows]
        )
        found = answer(rows, self.span, self.today, words, coming)
        self.context.say(found, self._above)
        if self.bars is None:
            with self.body:
                self.bars = Plot("bars", self._above, HEIGHT)
                self._key(len(rows), "" if compared is None else span_name(compared))
        if rows:
            name = "" if compared is None else span_name(compared)
            data = consumption_bars(rows, step, self.zone, name, none_words(coming))
            self.bars.show(data)
            self.bars.say(found)
        keys = tuple(row.series.key for row in rows)
        costs, revenues, hourly = await asyncio.gather(
            costs_of(self.cache, keys, self.span, KEEP_S),
            revenues_of(self.cache, keys, self.span, KEEP_S),
            self._hourly(),
        )
        self.table.show(rows, self.span, compared, costs, revenues, self.doubts)
        if self.apart is not None and len(rows) == 2:
            more, less = sorted((0, 1), key=lambda n: -(rows[n].series.total_kwh or 0.0))
            pair = (hourly[more], hourly[less]) if hourly else ()
            self.apart.show(rows[more], rows[less], pair)

    async def draw_doubts(self) -> None:
        """How sure each sum is: the readings of the whole span are folded for it."""
        if self.channels.shown != ENERGY:
            return
        found = [await bounds_line(self.cache, row.series) for row in await self._rows()]
        if found != self.doubts:
            self.doubts = found
            await self.draw()

    @property
    def _above(self) -> str:
        return _("Explore · {span}").format(span=span_name(self.span))

    def _key(self, count: int, before: str) -> None:
        with Tag("p", "", "plot-key"):
            if count > 1:
                for n, item in enumerate(self.picked):
                    with Tag("span", "", f"c{n}"):
                        Tag("i", "", "swatch")
                        Tag("span", item.name)
            if self._running:
                with Tag("span", "", "c0"):
                    Tag("i", "", "swatch open")
                    Tag("span", _("not over"))
            if count == 1 and before:
                with Tag("span"):
                    Tag("i", "", "swatch before")
                    Tag("span", before)
            with Tag("span"):
                Tag("i", "", "swatch gone")
                Tag("span", _("no readings"))

    async def _rows(self) -> list[NamedSeries]:
        """One question for all that is shown, and one more for last year."""
        keys = tuple(item.key for item in self.picked)
        if not keys:
            return []
        found = await self._ask(keys, self.span)
        past: list[ConsumptionSeries] = []
        if self.beside == "year" and (compared := self.compared) is not None:
            gone_ms = found[0].until_ms - self.span.start_ms
            past = await self._ask(keys, compared, compared.start_ms + gone_ms)
        rows = []
        for n, (item, series) in enumerate(zip(self.picked, found, strict=True)):
            before = past[n].steps if past else series.before
            total = past[n].total_kwh if past else series.before_total_kwh
            if self.beside == "none":
                before, total = (), None
            rows.append(NamedSeries(item.name, series, before, total))
        return rows

    async def _hourly(self) -> list[ConsumptionSeries]:
        """Two that are shown, by the hour, where steps are longer; of long spans nothing."""
        if self.apart is None or not 1 < self.span.days <= MAX_HOURLY_DAYS:
            return []
        keys, span = tuple(item.key for item in self.picked), self.span
        ask = self.cache.service.consumption.of
        return await self.cache.shared(
            ("hourly", keys, span), HOURLY_KEEP_S, lambda: ask(keys, span, step="hour")
        )

    async def _ask(
        self, keys: tuple[str, ...], span: CalendarSpan, until_ms: int | None = None
    ) -> list[ConsumptionSeries]:
        is_compared = self.compared is not None and self.beside != "year"
        key = ("consumption", keys, span, is_compared)
        ask = self.cache.service.consumption.of
        try:
            return await self.cache.shared(
                key,
                KEEP_S,
                lambda: ask(keys, span, until_ms, compare=is_compared),
            )
        except NotFound:  # taken out meanwhile
            await asyncio.sleep(0)
            return []
