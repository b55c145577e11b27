"""A device in numbers: now, today so far, this week, this month; each beside the span before."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from energyguard.model.catalogue import DEVICE, key_of
from energyguard.page.elements.components import Tile
from energyguard.page.frame.context import PageContext
from energyguard.page.measures.coming import is_coming, none_words
from energyguard.page.measures.costs import cost_words, costs_of
from energyguard.page.measures.explained import bounds_line, explain_href
from energyguard.page.measures.limits import profile_of
from energyguard.page.measures.spans import span_name
from energyguard.page.words.formatting import SPACE, measure, moment, near_moment, number
from energyguard.page.words.language import _
from energyguard.rules.profile.calendar import HALF_HOUR_MS
from energyguard.service.consumption.consumption import ConsumptionSeries
from energyguard.service.devices import DeviceChannel

KEEP_S, MONEY_KEEP_S = 15.0, 20.0
SPANS = ("today", "this-week", "this-month")
HOUR_MS = 3_600_000


class UsualNow(NamedTuple):
    """What is usual of a channel now."""

    low: float
    high: float
    unit: str


async def usual_at(
    context: PageContext, device: str, channel: str, at_ms: int, rule: str = ""
) -> UsualNow | None:
    """Between what a channel usually is at a time, an energy as its power; None: not known.

    By a rule, where that has learned it.
    """
    profile = await profile_of(context.cache, device, channel, rule)
    if profile is None:
        return None
    ((_begin, row),) = profile.over(at_ms, at_ms + 1)
    if row.low is None or row.high is None:
        return None
    factor, unit = (HOUR_MS / HALF_HOUR_MS, "kW") if profile.unit == "kWh" else (1.0, profile.unit)
    return UsualNow(max(0.0, row.low * factor), row.high * factor, unit)


class DeviceTiles:
    """The tiles of a device that measures energy; of a level, its newest value alone.

    Args:
        context: the open page.
        device: whose.
        has_energy: whether it measures energy, or is a sum of such.
        sends: whether it sends anything itself.
    """

    def __init__(
        self, context: PageContext, device: str, has_energy: bool, sends: bool = True
    ) -> None:
        self.context, self.device = context, device
        self.now = Tile(_("Now"), "#series") if sends else None
        self._spans: dict[str, Tile] = {}
        if has_energy:
            names = {"today": _("Today so far"), "this-week": _("This week"),
                     "this-month": _("This month")}  # fmt: skip
            for span, name in names.items():
                self._spans[span] = Tile(name, explain_href(key_of(DEVICE, device), span))

    def show_now(self, channel: DeviceChannel, usual: UsualNow | None) -> None:
        """The newest value, and what is usual at this hour."""
        if self.now is None:
            return
        name = _("Last known") if channel.silent else _("Now")
        value, unit = (channel.value, channel.unit) if channel.kw is None else (channel.kw, "kW")
        text, unit = measure(value, unit)
        when = near_moment(channel.last_ms, self.context.now_ms, self.context.zone)
        sub = _("at {time}").format(time=when)
        if usual is not None and not channel.silent:
            sub = _("usual at this hour: {low}–{high}").format(
                low=number(usual.low), high=number(usual.high)
            )
        self.now.show(text, unit, sub, name, old=channel.silent)

    async def show_sums(self) -> Sequence[ConsumptionSeries]:
        """The sums of the spans, each beside the one before up to the same time."""
        return await asyncio.gather(*(self._show_sum(name) for name in self._spans))

    async def show_doubts(self) -> None:
        """How sure each of them is: the readings of the whole span are folded for it."""
        for name, tile in self._spans.items():
            tile.show_doubt(await bounds_line(self.context.cache, await self._series(name)))

    async def _series(self, name: str) -> ConsumptionSeries:
        consumption, key = self.context.cache.service.consumption, key_of(DEVICE, self.device)
        span = consumption.span(name, [key])
        (series,) = await self.context.cache.shared(
            ("consumption", (key,), span), KEEP_S, lambda: consumption.of([key], span)
        )
        return series

    async def _show_sum(self, name: str) -> ConsumptionSeries:
        series, key = await self._series(name), key_of(DEVICE, self.device)
        if series.total_kwh is None and await is_coming(self.context.cache, key):
            self._spans[name].coming(none_words(coming=True))
            return series
        before = self._before(name, series)
        self._spans[name].show(number(series.total_kwh), "kWh", before)
        costs = await costs_of(self.context.cache, (key,), series.span, MONEY_KEEP_S)
        self._spans[name].show_money(cost_words(costs.get(key), series.total_kwh, brief=True))
        return series

    def _before(self, name: str, series: ConsumptionSeries) -> str:
        """The span before up to the same time, in words."""
        zone = series.span.zone
        value = f"{number(series.before_total_kwh)}{SPACE}kWh"
        if series.before_total_kwh is None:
            return _("nothing to compare with")
        if name == "today":
            time = moment(series.before_until_ms, zone)
            return _("yesterday by {time}: {kwh}").format(time=time, kwh=value)
        if name == "this-week":
            when = moment(series.before_until_ms, zone, "%a, %H:%M")
            return _("last week by {time}: {kwh}").format(time=when, kwh=value)
        before = series.span.before()
        last = moment(series.before_until_ms - 1, zone, "%-d %b")
        return _("{span} up to {day}: {kwh}").format(span=span_name(before), day=last, kwh=value)
