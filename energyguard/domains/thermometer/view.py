"""Thermometer: the curve of any device's channel, with its mean and where it tends to."""

from __future__ import annotations

from energyguard.domains.thermometer import THERMOMETER
from energyguard.domains.thermometer.dialect import CHANNEL, DEVICE
from energyguard.page.elements.components import Rest, Tag, Tile, card
from energyguard.page.frame.context import PageContext, View
from energyguard.page.measures.series_chart import KEEP_S, SeriesChart
from energyguard.page.words.formatting import UNKNOWN, exact, moment, number, plural
from energyguard.page.words.language import _


class ThermometerPage:
    """The one device of ``topic-test``."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.cache = context, context.cache
        self.live = context.cache.service.live
        context.fresh = lambda: self.live.fresh(THERMOMETER.name)
        self.rest = Rest(
            _("No degrees yet"),
            _("Let a thermometer be simulated:"),
            "$ energyguard simulate thermometer",
        )
        with self.rest:
            with Tag("div", "", "tiles four"):
                self.now = Tile(_("Degrees now"), "#curve", has_course=True)
                mean = _("Mean, {span}").format(span=context.lasting)
                self.mean = Tile(mean, "#curve")
                self.trend = Tile(_("Trend"), "#curve")
                self.range = Tile(_("Lowest and highest"), "#curve")
            with card(_("Temperature"), "c12", context.lasting, anchor="curve"):
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
        time = moment(xs[-1], self.context.zone, "%a %-d %b, %H:%M:%S")
        live = self.live.fresh(THERMOMETER.name).live
        name = _("Degrees now") if live else _("Degrees, last known")
        when = _("at {time}").format(time=time)
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
        readings = plural(int(row["readings"] or 0), "reading")
        self.mean.show(number(row["mean"]), "°C", _("of {readings}").format(readings=readings))
        slope, error = row["slope"], row["error"]
        if slope is None or error is None:
            self.trend.show(UNKNOWN, "", _("too few readings"))
        else:
            tends = _("rises") if slope > 0 else _("falls")
            tends = tends if abs(slope) > 2 * error else _("no trend")
            near = _("±\u00a0{error} (standard error): {tends}").format(
                error=number(error, 2), tends=tends
            )
            self.trend.show(("+" if slope >= 0 else "") + exact(slope, 2), "°C/h", near)
        lowest, highest = row["lowest"], row["highest"]
        self.range.show(f"{number(lowest)} – {number(highest)}", "°C", _("in this time"))


VIEW = View("/thermometer", _("Thermometer"), "thermometer", ThermometerPage, _("Degrees"))
