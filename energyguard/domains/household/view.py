"""Households: one against its threshold, all in a ranking and by hour, and what comes in now."""

from __future__ import annotations

import asyncio
from functools import partial

from nicegui import ui

from energyguard.model.days import hour_step_ms
from energyguard.page.elements.components import Tag, card, choice
from energyguard.page.elements.plots import Plot, ReadingFeed
from energyguard.page.elements.ranking import Ranking
from energyguard.page.frame.context import PageContext, View
from energyguard.page.measures.rule_chart import RuleChart
from energyguard.page.words.formatting import count, measured, moment, plural
from energyguard.page.words.language import _
from energyguard.page.words.names import device_name
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.service.views import ReadingView

MAX_ROWS = 2_000
FIRST_ROWS = 200
MAX_PER_SECOND = 200
MAX_BARS = 10
MAX_HEAT = 16
MAX_NAMES = 1_000

BY = {"kwh": "kWh", "alerts": "alerts"}
"""What can be ranked by, and its unit."""


class HouseholdsPage:
    """The devices: homes, meters, appliances."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.cache = context, context.cache
        self.by = context.query.get("by", "kwh") if context.query.get("by") in BY else "kwh"
        self.device = context.query.get("device", "")
        self.last: ReadingView | None = None
        with Tag("div", "", "grid"):
            with card(_("A household against its limit"), "c12", anchor="one") as note:
                with Tag("div", "", "acts").style("margin-bottom:12px"):
                    self._picker()
                self.chart = RuleChart(context, self._rules(), note)
            with card(_("Top households, {span}").format(span=context.lasting), "c5") as remark:
                self.top = Ranking(
                    _("Nothing was measured in this time"),
                    lambda device: context.href(device=device),
                )
            with remark:
                self._by_choice(_("Ranking by"))
            with card(_("By hour of the day"), "c7") as remark:
                self.heat = Plot("heat", self._words()[self.by][1])
            with remark:
                words = _("{what}, hours in {zone}, {span}").format(
                    what=self._words()[self.by][0], zone=context.zone, span=context.lasting
                )
                Tag("span", words)
            with card(_("Newest readings"), "c12", anchor="readings") as self.feed_note:
                self.feed = ReadingFeed(MAX_ROWS)
        context.every(2.0, self.one)
        context.every(context.span.keep_s, self.past)
        ui.timer(1.0, self.readings)

    def _picker(self) -> None:
        """A form that leads to a household: works with the keyboard, and without a script."""
        kept = {"range": self.context.span.name, "by": self.by}
        with Tag("form", "", "acts", action="/households", method="get", role="search"):
            Tag(
                "input",
                "",
                "field",
                name="device",
                list="devices",
                type="search",
                placeholder=_("Household, e.g. H001"),
                aria_label=_("Household"),
                autocomplete="off",
                # as an attribute: what someone types meanwhile stays
                **{"^value": self.context.query.get("device", "")},
            )
            for name, value in kept.items():
                Tag("input", type="hidden", name=name, value=value)
            with Tag("datalist", id="devices"):
                for name in sorted({d.device for d in self.cache.service.live.devices()})[
                    :MAX_NAMES
                ]:
                    Tag("option", value=name)
            Tag("button", _("Show"), "btn", type="submit")

    def _rules(self) -> list[ThresholdRule]:
        """The rules of energies: those that run, else all."""
        rules = self.cache.service.rules
        thresholds = [rule for rule in rules.all() if isinstance(rule, ThresholdRule)]
        of_energy = [rule for rule in thresholds if rule.makes_energy_alerts]
        active = rules.active()
        return [rule for rule in of_energy if rule in active] or of_energy

    def _by_choice(self, name: str) -> None:
        options = [
            (words, self.context.href(by=by), by == self.by)
            for by, (words, _label) in self._words().items()
        ]
        choice(name, options, small=True)

    @staticmethod
    def _words() -> dict[str, tuple[str, str]]:
        """What can be ranked by: its words, and the heat map's."""
        return {
            "kwh": (_("energy in kWh"), _("Energy by hour and household")),
            "alerts": (_("alerts"), _("Alerts by hour and household")),
        }

    async def one(self) -> None:
        """The window sums of the chosen household."""
        await self._choose()
        if self.device:
            await self.chart.show(self.device)
        else:
            self.chart.sentence.text = _("No household was heard of yet.")

    async def _choose(self) -> None:
        """Without a choice: the household that an alert is about, else the one that uses most."""
        if self.device:
            return
        alert = next(iter(self.cache.service.book.open()), None)
        if alert is not None:
            self.device = alert.device
        else:
            start, end = self.cache.borders(self.context.span)
            top = await self.cache.ask("top", 15, start_ms=start, end_ms=end, by="kwh", n=1)
            self.device = next(iter(top["device"].to_pylist()), "")

    async def past(self) -> None:
        """The ranking and the hours."""
        span, unit = self.context.span, BY[self.by]
        start, end = self.cache.borders(span)
        span_of = {"start_ms": start, "end_ms": end, "by": self.by}
        hours = {"zone": self.context.zone, "step_ms": hour_step_ms(end, self.context.zone)}
        top, heat = await asyncio.gather(
            self.cache.ask("top", span.keep_s, n=MAX_BARS, **span_of),
            self.cache.ask("heatmap", span.keep_s, n=MAX_HEAT, **hours, **span_of),
        )
        named = partial(device_name, self.cache.service.catalogue)
        self.top.show(
            (
                (d, v, measured(v, "kWh") if unit == "kWh" else plural(v, "alert"))
                for d, v in zip(top["device"].to_pylist(), top[self.by].to_pylist(), strict=True)
                if v
            ),
            name=named,
        )
        rows: dict[str, list[float | None]] = {}
        for device, hour, value in zip(
            heat["device"].to_pylist(), heat["hour"].to_pylist(), heat[self.by].to_pylist(),
            strict=True,
        ):  # fmt: skip
            rows.setdefault(device, [None] * 24)[hour] = value
        self.heat.show(
            {
                "rows": [
                    {
                        "name": named(d),
                        "href": self.context.href(device=d),
                        "values": v,
                    }
                    for d, v in rows.items()
                ],
                "columns": [f"{hour:02d}" for hour in range(24)],
                "unit": unit if unit == "kWh" else _("alerts"),
                "missing": _("nothing measured"),
            }
        )

    async def readings(self) -> None:
        """The rows that came since the last look, the newest first."""
        rows = self.cache.service.live.readings(MAX_PER_SECOND if self.last else FIRST_ROWS)
        fresh = rows[: rows.index(self.last)] if self.last in rows else rows
        if fresh:
            self.last = fresh[0]
        self.feed.put([self._cells(row) for row in fresh])
        now = await self.cache.now()
        self.feed_note.text = _("{n} a minute, at most {rows} rows").format(
            n=count(now.readings_per_minute), rows=count(MAX_ROWS)
        )

    def _cells(self, row: ReadingView) -> list[str]:
        return [
            moment(row.time_ms, self.context.zone, "%a %-d %b %H:%M:%S"),
            row.device,
            row.channel,
            f"{row.value:.5f}\u00a0{row.unit}",
            self.context.href(device=row.device),
        ]


VIEW = View("/households", _("Households"), "households", HouseholdsPage, _("Homes"))
