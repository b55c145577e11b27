"""Explain: where does this number come from, and how sure is it?

The address says of what: ``of`` (a key), and ``span``, or ``start`` and ``end`` (ms since 1970);
``known``: a day, at whose end it was known so.
"""

from __future__ import annotations

import asyncio
from datetime import date
from itertools import pairwise

from nicegui import ui

from energyguard.errors import EnergyGuardError, Forbidden, Malformed, NotFound, OutOfRange
from energyguard.model.calendar import CalendarSpan
from energyguard.model.catalogue import DEVICE, SITE, parts_of
from energyguard.model.days import HOUR_MS, local
from energyguard.page.elements.charts import BarSeries, bars
from energyguard.page.elements.components import Tag, card
from energyguard.page.elements.plots import Plot
from energyguard.page.explain.about import GapsCard, JudgedCard, PartsCard, PricesCard
from energyguard.page.explain.corrections import CorrectionsCard
from energyguard.page.explain.entries import EntriesCard
from energyguard.page.explain.known import KnownBar, known_ms
from energyguard.page.explain.numbers import NumberCard, energy_words
from energyguard.page.frame.context import PageContext
from energyguard.page.frame.places import place_of
from energyguard.page.measures.consumption_chart import gaps_of_steps
from energyguard.page.measures.explained import explain_href
from energyguard.page.measures.picked import name_of
from energyguard.page.measures.spans import SpanBar, bar_steps, span_name
from energyguard.page.words.faults import fault_words
from energyguard.page.words.formatting import until
from energyguard.page.words.language import _
from energyguard.service.explain.contract import EnergyExplanation
from energyguard.service.explain.steps import step_of, steps_between

KEEP_S = 20.0
FOLLOWS_S = (1.0, 3.0)
HEIGHT = 210
LAST_MS = 4_102_444_800_000 * 2
MAX_DAY_MS = 25 * HOUR_MS


class ExplainPage:
    """The energy that the address names."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.service = context, context.cache.service
        self.key = context.query.get("of", "")
        self.everything = context.query.get("all") == "1"
        self.refreshes = 0
        context.say(_("How it was counted"), "")
        try:
            self.name = name_of(self.service.catalogue, self.key)
            parts_of(self.key or f"{SITE}/all")
            self.zone = self.service.consumption.zone_of([self.key])
            self.span, self.start_ms, self.end_ms = self._time()
            self.known_ms = known_ms(context, self.zone)
        except (EnergyGuardError, ValueError) as error:
            self._nothing(fault_words(error))
            return
        with Tag("div", "", "grid explain"):
            with Tag("div", "", "explore-bar c12"):
                self._bar()
            with Tag("div", "", "stack c8"):
                if self.key:
                    self.known = KnownBar(context, self.zone, self.known_ms)
                self.number = NumberCard(context)
                self.prices = PricesCard(context)
                self.parts = PartsCard(context, self._address)
                self.entries = EntriesCard(context, self.key, self.zone, self._correct)
            with Tag("div", "", "stack c4"):
                with card(_("Step by step"), "c12", _("a bar leads on")):
                    self.plot = Plot("bars", _("Energy step by step"), HEIGHT)
                if self.known_ms is None:
                    self.gaps = GapsCard(context, self.key)
                self.judged = JudgedCard(context, self.zone)
                self.corrections = CorrectionsCard(
                    context, self.entries.device, self.zone, self._corrected
                )
        context.every(KEEP_S, self.draw)

    def _time(self) -> tuple[CalendarSpan | None, int, int]:
        """The span of the address, from when on, and before when."""
        query, consumption = self.context.query, self.service.consumption
        if query.get("start") and query.get("end"):
            try:
                start_ms, end_ms = (int(query[name]) for name in ("start", "end"))
            except ValueError:
                words = _("start and end are milliseconds since 1970, as links have them")
                raise Malformed(words, "start") from None
            if not 0 <= start_ms < end_ms <= LAST_MS:
                raise Malformed(_("it ends before it begins"), "end")
            return None, start_ms, end_ms
        text = query.get("span") or "today"
        if query.get("from") and query.get("to"):
            text = f"{query['from']}..{query['to']}"
        span = consumption.span(text, [self.key])
        return span, span.start_ms, span.end_ms

    def _nothing(self, reason: str) -> None:
        self.context.say(_("There is nothing to explain"), "")
        with Tag("section", "", "card"):
            Tag("p", reason, "fault", role="alert")
            Tag("a", _("All sites"), "btn", href="/sites")

    # Where one goes from here

    def _bar(self) -> None:
        today: date = local(self.context.now_ms, self.zone).date()
        if self.span is not None:
            SpanBar(self.context, self.span, today)
        else:
            self._steps()
        with Tag("div", "", "chips"):
            span = str(self.span) if self.span else str(self._day)
            href = f"/explore?of={self.key}&span={span}" if self.key else f"/explore?span={span}"
            Tag("a", _("Compare in Explore"), "btn", href=href)
            kind, _slash, entry_id = self.key.partition("/")
            if kind == DEVICE:
                Tag("a", self.name, "btn", href=self.context.device_href(entry_id))
            elif kind == SITE:
                Tag("a", self.name, "btn", href=f"/sites/{entry_id}")

    @property
    def _day(self) -> CalendarSpan:
        """The day in which it begins."""
        return CalendarSpan.of("day", local(self.start_ms, self.zone).date(), self.zone)

    def _steps(self) -> None:
        """The time before, the one after, and the day around them."""
        length = self.end_ms - self.start_ms
        with Tag("div", "", "span-bar", role="group", aria_label=_("Span of time")):
            for arrow, words, by in (("‹", _("Before"), -length), ("›", _("After"), length)):
                start, end = self.start_ms + by, self.end_ms + by
                label = f"{words}: {until(start, end, self.zone)}"
                href = explain_href(self.key, start_ms=start, end_ms=end)
                Tag("a", arrow, "btn square", href=href, aria_label=label)
            Tag("strong", until(self.start_ms, self.end_ms, self.zone), "span-name")
            Tag("a", _("The whole day"), "btn", href=explain_href(self.key, str(self._day)))

    def _address(self, key: str) -> str:
        """Where the same time of something else is explained."""
        known = self.context.query.get("known", "")
        if self.span is not None:
            return explain_href(key, str(self.span), known=known)
        return explain_href(key, start_ms=self.start_ms, end_ms=self.end_ms, known=known)

    # What is corrected

    def _correct(self, time_ms: int) -> None:
        """The reading of a time is to be corrected."""
        self.corrections.ask(time_ms)

    async def _corrected(self) -> None:
        """Something was: what it comes to is there at once, or as soon as the history has it."""
        self.refreshes += 1
        await self.draw()
        for seconds in FOLLOWS_S:
            ui.timer(seconds, self._again, once=True)

    async def _again(self) -> None:
        self.refreshes += 1
        await self.draw()

    # What is shown

    async def draw(self) -> None:
        """Ask, and show what came."""
        key, start, end, everything = self.key, self.start_ms, self.end_ms, self.everything
        by = self.known_ms if key else None
        explain = self.service.explanations.of
        try:
            found = await self.context.cache.shared(
                ("explain", key, start, end, everything, by, self.refreshes), KEEP_S,
                lambda: explain(key, start, end, self.zone, everything, by),
            )  # fmt: skip
        except (Malformed, OutOfRange, NotFound, Forbidden) as error:
            self.context.say(fault_words(error))
            await asyncio.sleep(0)
            return
        self.context.say(self._title(found), self._above())
        if key:
            self.known.show(found)
        self.number.show(found)
        self.prices.show(found)
        self.parts.show(found)
        self.entries.show(found, self.context.href(all="" if everything else "1"), everything)
        self._chart(found)
        if self.known_ms is None:
            self.gaps.show(found)
        self.judged.show(found)
        self.corrections.show(found)

    def _title(self, found: EnergyExplanation) -> str:
        if found.total.kwh is None:
            return _("Nothing was measured in this time")
        return _("How {energy} were counted").format(energy=energy_words(found))

    def _above(self) -> str:
        where = ""
        if self.key.startswith(f"{DEVICE}/"):
            where = place_of(self.service.catalogue, parts_of(self.key)[1]).where
        when = until(self.start_ms, self.end_ms, self.zone)
        if self.span is not None:
            when = span_name(self.span)
        return " › ".join(filter(None, (where, self.name, when)))

    def _chart(self, found: EnergyExplanation) -> None:
        """The steps; each leads to itself, as long as it is longer than a quarter of an hour."""
        step = step_of(self.start_ms, self.end_ms)
        borders = steps_between(self.start_ms, self.end_ms, self.zone)
        is_day = self.end_ms - self.start_ms <= MAX_DAY_MS
        steps = bar_steps([row.start_ms for row in found.steps], step, self.zone, is_day)
        values = [None if row.coverage == 0 else row.kwh for row in found.steps]
        known = self.context.query.get("known", "")
        hrefs = [explain_href(self.key, "", a, b, known) for a, b in pairwise(borders)]
        running = len(values) - 1 if found.total.end_ms < self.end_ms and values else None
        gone = [n for n, value in enumerate(values) if value is None]
        series = BarSeries(self.name, values, hrefs[: len(values)] if step != "quarter" else ())
        self.plot.show(bars(steps, [series], "kWh", running=running, gaps=gaps_of_steps(gone)))
        self.plot.say(self._title(found))
