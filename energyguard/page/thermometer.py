"""Thermometer: its curve, its mean, and where it tends to."""

from __future__ import annotations

from energyguard.codecs.thermometer import CHANNEL, DEVICE
from energyguard.model.topics import THERMOMETER
from energyguard.page.components import Tag, Tile, card
from energyguard.page.formatting import SPACE, UNKNOWN, count, moment, number
from energyguard.page.layout import PageContext
from energyguard.page.page_cache import SPANS, times_ms
from energyguard.page.plots import Plot

KEEP_S = 5.0
TAIL = 120  # readings that the history may not have yet
GAP_STEPS = 5


class ThermometerPage:
    """The one device of ``topic-test``."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.cache = context, context.cache
        self.live = context.cache.service.live
        context.fresh = lambda: self.live.fresh(THERMOMETER.name)
        self.empty = Tag("section", "", "card")
        with self.empty, Tag("div", "", "empty wide"):
            Tag("strong", "No degrees yet")
            Tag("p", "Let a thermometer be simulated:")
            Tag("code", "energyguard simulate thermometer")
        self.rest = Tag("div", "", "grid")
        with self.rest:
            with Tag("div", "", "tiles four"):
                self.now = Tile("Degrees now", "#curve")
                self.mean = Tile(f"Mean, {context.lasting}", "#curve")
                self.trend = Tile("Trend", "#curve")
                self.range = Tile("Lowest and highest", "#curve")
            with card("Temperature", "c12", context.lasting, anchor="curve"):
                self.curve = Plot("line", "Temperature over time", 340)
        context.every(1.0, self.second)
        context.every(KEEP_S, self.past)

    def newest_ms(self) -> int | None:
        """The time of the newest reading."""
        return self.live.newest_ms(THERMOMETER.name)

    def _tail(self) -> tuple[list[int], list[float]]:
        """The newest readings, oldest first."""
        rows = [row for row in self.live.readings(TAIL, DEVICE) if row.topic == THERMOMETER.name]
        return [row.time_ms for row in rows[::-1]], [row.value for row in rows[::-1]]

    def _borders(self) -> tuple[int, int]:
        newest = self.newest_ms() or 0
        return newest + 1000 - self.context.span.length_ms, newest + 1000

    async def second(self) -> None:
        """The newest degrees, and the end of the curve."""
        newest = self.newest_ms()
        self.empty.set_visibility(newest is None)
        self.rest.set_visibility(newest is not None)
        xs, ys = self._tail()
        if newest is None or not xs:
            return
        said = f"at {moment(xs[-1], self.context.zone, '%a %-d %b, %H:%M:%S')}"
        live = self.live.fresh(THERMOMETER.name).live
        name = "Degrees now" if live else "Degrees, last known"
        self.now.show(number(ys[-1]), "°C", said, name, old=not live)
        self.now.spark.show({"ys": ys[-60:]})
        self.curve.push(*self._borders(), xs, ys)

    async def past(self) -> None:
        """Mean and trend, and the whole curve."""
        if self.newest_ms() is None:
            return
        start, end = self._borders()
        span = self.context.span
        asked = {"device": DEVICE, "channel": CHANNEL, "start_ms": start, "end_ms": end}
        ask = self.cache.service.query
        if span is SPANS["1h"]:
            most = span.length_ms // 1000 + 1
            seen = await self.cache.shared(
                "degrees", KEEP_S, lambda: ask("readings", limit=most, **asked)
            )
            step = 1000
        else:
            step = span.step_ms
            seen = await self.cache.shared(
                ("degrees", span.name), KEEP_S, lambda: ask("series", step_ms=step, **asked)
            )
        xs, ys = times_ms(seen["time"]), seen["value"].to_pylist()
        more = [(x, y) for x, y in zip(*self._tail(), strict=True) if x > (xs[-1] if xs else 0)]
        self.curve.show(
            {
                "from": start,
                "to": end,
                "unit": "°C",
                "zone": self.context.zone,
                "xs": xs + [x for x, _ in more],
                "ys": ys + [y for _, y in more],
                "gap": GAP_STEPS * step,
            }
        )
        told = await self.cache.shared(("trend", span.name), KEEP_S, lambda: ask("trend", **asked))
        self._figures(told.to_pylist()[0])

    def _figures(self, row: dict[str, float | None]) -> None:
        readings = count(int(row["readings"] or 0))
        self.mean.show(number(row["mean"]), "°C", f"of {readings} readings")
        slope, error = row["slope"], row["error"]
        if slope is None or error is None:
            self.trend.show(UNKNOWN, "", "too few readings")
        else:
            says = "rises" if slope > 2 * error else "falls" if slope < -2 * error else "no trend"
            near = f"±{SPACE}{number(error, 2)} (standard error): {says}"
            self.trend.show(f"{slope:+.2f}", "°C/h", near)
        lowest, highest = row["lowest"], row["highest"]
        self.range.show(f"{number(lowest)} – {number(highest)}", "°C", "in this time")
