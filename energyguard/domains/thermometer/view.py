"""Thermometer: the curve of any device's channel, with its mean and where it tends to."""

from __future__ import annotations

from energyguard.domains.thermometer import THERMOMETER
from energyguard.domains.thermometer.dialect import CHANNEL, DEVICE
from energyguard.page.elements.components import Rest, Tag, Tile, card
from energyguard.page.frame.context import PageContext, View
from energyguard.page.measures.series_chart import KEEP_S, SeriesChart
from energyguard.page.words.formatting import SPACE, UNKNOWN, count, moment, number
from energyguard.page.words.language import _


class ThermometerPage:
    """The one device of ``topic-test``."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.cache = context, context.cache
        self.live = context.cache.service.live
        context.fresh = lambda: self.live.fresh(THERMOMETER.name)
        self.rest = Rest(
            "No degrees yet",
            "Let a thermometer be simulated:",
            "$ energyguard simulate thermometer",
        )
        with self.rest:
            with Tag("div", "", "tiles four"):
                self.now = Tile("Degrees now", "#curve")
                self.mean = Tile(f"Mean, {context.lasting}", "#curve")
                self.trend = Tile("Trend", "#curve")
                self.range = Tile("Lowest and highest", "#curve")
            with card("Temperature", "c12", context.lasting, anchor="curve"):
                self.curve = SeriesChart(context, DEVICE, CHANNEL, height=340)
        context.every(1.0, self.second)
        context.every(KEEP_S, self.past)

    async def second(self) -> None:
        """The newest degrees, and the end of the curve."""
        newest = self.live.newest_ms(THERMOMETER.name)
        self.rest.show(newest is not None)
        xs, ys = self.curve.tail()
        if newest is None or not xs:
            return
        when = f"at {moment(xs[-1], self.context.zone, '%a %-d %b, %H:%M:%S')}"
        live = self.live.fresh(THERMOMETER.name).live
        name = "Degrees now" if live else "Degrees, last known"
        self.now.show(number(ys[-1]), "°C", when, name, old=not live)
        self.now.spark.show({"ys": ys[-60:]})
        self.curve.push(newest)

    async def past(self) -> None:
        """Mean and trend, and the whole curve."""
        newest = self.live.newest_ms(THERMOMETER.name)
        if newest is None:
            return
        await self.curve.draw(newest)
        start, end = self.curve.borders(newest)
        trend = await self.cache.ask_as(
            self.context.span.name, KEEP_S, "trend",
            device=DEVICE, channel=CHANNEL, start_ms=start, end_ms=end,
        )  # fmt: skip
        self._figures(trend.to_pylist()[0])

    def _figures(self, row: dict[str, float | None]) -> None:
        readings = count(int(row["readings"] or 0))
        self.mean.show(number(row["mean"]), "°C", f"of {readings} readings")
        slope, error = row["slope"], row["error"]
        if slope is None or error is None:
            self.trend.show(UNKNOWN, "", "too few readings")
        else:
            tends = "rises" if slope > 2 * error else "falls" if slope < -2 * error else "no trend"
            near = f"±{SPACE}{number(error, 2)} (standard error): {tends}"
            self.trend.show(f"{slope:+.2f}", "°C/h", near)
        lowest, highest = row["lowest"], row["highest"]
        self.range.show(f"{number(lowest)} – {number(highest)}", "°C", "in this time")


VIEW = View("/thermometer", _("Thermometer"), "thermometer", ThermometerPage, _("Degrees"))
