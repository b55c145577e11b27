"""What is used, of everything or of a site: now, today, yesterday, this month.

Each number stands beside the same span before, up to the same time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import NamedTuple

from energyguard.model.calendar import CalendarSpan
from energyguard.model.days import local
from energyguard.page.elements.components import Tag, Tile
from energyguard.page.frame.context import PageContext
from energyguard.page.measures.coming import is_coming, none_words
from energyguard.page.measures.costs import Costs, cost_words, revenue_words, revenues_of
from energyguard.page.measures.explained import bounds_line, explain_href
from energyguard.page.words.formatting import SPACE, count, days, measure, moment, number
from energyguard.page.words.language import _
from energyguard.service.bills.contract import EnergyCost
from energyguard.service.bills.revenue import Revenue
from energyguard.service.consumption.consumption import ConsumptionSeries

TODAY_KEEP_S, LONG_KEEP_S, USUAL_KEEP_S = 10.0, 60.0, 600.0
MONEY_KEEP_S = 20.0
MIN_USUAL_DAYS = 3
SAME_CLOCK_MS = 3_600_000
"""Devices whose clocks differ by less are asked about together."""
USUAL_SPAN = "last-8-days"


class UsualRange(NamedTuple):
    """Between which values something usually is, at this hour."""

    low: float
    high: float

    def __str__(self) -> str:
        low, high = number(self.low), number(self.high)
        return low if low == high else f"{low}–{high}"


class UsageData:
    """What the history says of some keys, shared by all pages that ask the same.

    Args:
        context: the page.
        keys: of ``service.consumption``: ``site/ID``, or empty for everything.
    """

    def __init__(self, context: PageContext, keys: tuple[str, ...]) -> None:
        self.context, self.cache, self.keys = context, context.cache, keys
        self._consumption = self.cache.service.consumption

    @property
    def zone(self) -> str:
        """The zone of their days."""
        return self._consumption.zone_of(self.keys[:1])

    @property
    def now_ms(self) -> int:
        """What time it is where the readings of the first key come from."""
        return self._consumption.now_of(self.keys[:1])

    async def of(self, span: str, keep_s: float, step: str = "") -> dict[str, ConsumptionSeries]:
        """What each key used in a span such as ``today``, each by the clock of its devices."""
        return await self._of(self.keys, span, keep_s, step)

    async def of_first(self, span: str, keep_s: float) -> ConsumptionSeries:
        """What the first key used in a span: of today in one question with the others."""
        keys = self.keys if span == "today" else self.keys[:1]
        return (await self._of(keys, span, keep_s))[self.keys[0]]

    async def _of(
        self, wanted: tuple[str, ...], span: str, keep_s: float, step: str = ""
    ) -> dict[str, ConsumptionSeries]:
        zone, now_ms = self.zone, self.now_ms

        def ask() -> dict[str, ConsumptionSeries]:
            found: list[ConsumptionSeries] = []
            for at_ms, keys in self._by_clock(wanted, now_ms):
                days = CalendarSpan.parse(span, zone, local(at_ms, zone).date())
                found += self._consumption.of(keys, days, at_ms + 1, "hour" if step else None)
            return {series.key: series for series in found}

        key = ("usage", wanted, span, zone, local(now_ms, zone).date(), step)
        return await self.cache.shared(key, keep_s, ask)

    def _by_clock(self, wanted: Iterable[str], now_ms: int) -> list[tuple[int, list[str]]]:
        """The keys by what time it is there; those that show nearly the same are asked together."""
        found: list[tuple[int, list[str]]] = [(now_ms, [])]
        for key in wanted:
            at_ms = self._consumption.now_of([key])
            group = next((g for g in found if abs(g[0] - at_ms) <= SAME_CLOCK_MS), None)
            if group is None:
                found.append(group := (at_ms, []))
            group[1].append(key)
        return [group for group in found if group[1]]

    async def costs(self, span: str, keep_s: float, first: bool = False) -> Costs:
        """What the energy of each key costs in a span, of those that have a tariff.

        Args:
            span: such as ``today``, by the clock of each key's devices.
            keep_s: for how long an answer is new enough.
            first: of the first key alone.
        """
        service, zone, now_ms = self.cache.service, self.zone, self.now_ms
        wanted = self.keys[:1] if first else self.keys
        if not service.catalogue.entries.tariffs:
            return {}

        def ask() -> Costs:
            found: dict[str, EnergyCost] = {}
            for at_ms, keys in self._by_clock(wanted, now_ms):
                days = CalendarSpan.parse(span, zone, local(at_ms, zone).date())
                found |= service.bills.costs(keys, days)
            return found

        key = ("usage-costs", wanted, span, zone, local(now_ms, zone).date())
        return await self.cache.shared(key, keep_s, ask)

    async def usual(self) -> dict[str, UsualRange]:
        """What each key usually draws at this hour (kW), by the days before."""
        found = await self.of(USUAL_SPAN, USUAL_KEEP_S, step="hour")
        usual = {key: usual_at(series, series.until_ms - 1) for key, series in found.items()}
        return {key: value for key, value in usual.items() if value is not None}


def usual_at(series: ConsumptionSeries, now_ms: int) -> UsualRange | None:
    """The range of the same hour of the days before; None: there are too few of them."""
    zone = series.span.zone
    now = local(now_ms, zone)
    seen = [
        step.kwh * 3_600_000 / (step.end_ms - step.start_ms)
        for step in series.steps
        if step.kwh is not None
        and (at := local(step.start_ms, zone)).hour == now.hour
        and at.date() < now.date()
    ]
    return UsualRange(min(seen), max(seen)) if len(seen) >= MIN_USUAL_DAYS else None


def change(now: float | None, before: float | None) -> str:
    """By how much it is more or less: ``▲ 6 %``; empty where there is nothing to compare with."""
    if now is None or not before:
        return ""
    percent = round(100 * (now - before) / abs(before))
    if percent == 0:
        return f"±0{SPACE}%"
    return f"{'▲' if percent > 0 else '▼'}{SPACE}{count(abs(percent))}{SPACE}%"


class UsageTiles:
    """Four big numbers: now, today so far, yesterday, this month."""

    def __init__(self, data: UsageData) -> None:
        self.data = data
        key = data.keys[0]
        with Tag("div", "", "tiles four"):
            self.now = Tile(_("Now"), "#use")
            self.today, self.yesterday, self.month = (
                Tile(name, explain_href(key, span))
                for name, span in (
                    (_("Today so far"), "today"),
                    (_("Yesterday"), "yesterday"),
                    (_("This month"), "this-month"),
                )
            )

        self._spans = (
            (self.today, "today", TODAY_KEEP_S),
            (self.yesterday, "yesterday", LONG_KEEP_S),
            (self.month, "this-month", LONG_KEEP_S),
        )

    def show_now(
        self, kw: float | None, at_ms: int | None, live: bool, usual: UsualRange | None
    ) -> None:
        """What is drawn; what is old is said with its time, and never as of now."""
        zone = self.data.context.zone
        if not live:
            when = moment(at_ms, zone, "%a %-d %b, %H:%M")
            words = _("at {when}: nothing came since").format(when=when)
            self.now.show(*measure(kw, "kW"), words, _("Power"), old=True)
            return
        tag = ""
        words = _("what is usual is known after three days") if usual is None else ""
        if usual is not None:
            words = _("usual at this hour: {range}").format(range=usual)
            if kw is not None and kw > usual.high * 1.05:
                tag = _("▲ above")
            elif kw is not None and kw < usual.low * 0.95:
                tag = _("▼ below")
        self.now.show(*measure(kw, "kW"), words, _("Now"), tag=tag)

    async def show_past(self) -> None:
        """The sums, beside those of the span before; which of them are on their way."""
        key, zone = self.data.keys[0], self.data.zone
        series, costs = await asyncio.gather(self._series(), self._costs())
        today, yesterday, month = series
        of_today, of_yesterday, of_month = costs
        coming = today.total_kwh is None and await is_coming(self.data.cache, key)
        time = moment(today.until_ms, zone)
        words = beside(today, _("{change} on yesterday by {time} ({kwh})"), time=time)
        await self._show(self.today, today, coming, words, of_today)
        words = beside(yesterday, _("{change} on the day before ({kwh})"))
        await self._show(self.yesterday, yesterday, coming, words, of_yesterday)
        span = days(month.span.before().start_ms, month.before_until_ms, zone)
        words = beside(month, _("{change} on {span} ({kwh})"), span=span)
        name = moment(month.span.start_ms, zone, "%B")
        await self._show(self.month, month, coming, words, of_month, name)

    async def _series(self) -> list[ConsumptionSeries]:
        """The sums of the spans, and what was taken in them: one question each, all at once."""

        async def of(span: str, keep_s: float) -> ConsumptionSeries:
            series = await self.data.of_first(span, keep_s)
            await self._taken(series)
            return series

        return await asyncio.gather(*(of(span, keep_s) for _tile, span, keep_s in self._spans))

    async def _costs(self) -> tuple[Costs, Costs, Costs]:
        return await asyncio.gather(
            self.data.costs("today", MONEY_KEEP_S),
            self.data.costs("yesterday", LONG_KEEP_S, first=True),
            self.data.costs("this-month", LONG_KEEP_S, first=True),
        )

    async def _taken(self, series: ConsumptionSeries) -> Revenue | None:
        """What was taken from people in a span."""
        cache, keys = self.data.cache, (series.key,)
        return (await revenues_of(cache, keys, series.span, MONEY_KEEP_S)).get(series.key)

    async def show_doubts(self) -> None:
        """How sure each of them is: the readings of the whole span are folded for it."""
        for tile, span, keep_s in self._spans:
            series = await self.data.of_first(span, keep_s)
            tile.show_doubt(await bounds_line(self.data.cache, series))

    async def _show(
        self,
        tile: Tile,
        series: ConsumptionSeries,
        coming: bool,
        words: str,
        costs: Costs,
        name: str = "",
    ) -> None:
        if series.total_kwh is None and coming:
            tile.coming(none_words(coming=True))
            return
        taken = revenue_words(await self._taken(series))
        words = " · ".join(filter(None, (words, taken)))
        tile.show(number(series.total_kwh), "kWh", words, name)
        tile.show_money(cost_words(costs.get(series.key), series.total_kwh, brief=True))


def beside(series: ConsumptionSeries, words: str, **more: str) -> str:
    """A sum beside that of the span before, in words with ``{change}`` and ``{kwh}``."""
    changed = change(series.total_kwh, series.before_total_kwh)
    if not changed:
        return _("nothing to compare it with yet")
    return words.format(change=changed, kwh=number(series.before_total_kwh), **more)
