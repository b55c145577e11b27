"""A floor as a card: how it stands, its four numbers, and the course of the one that is chosen."""

from __future__ import annotations

from energyguard.domains.building.floor_now import METRICS, FloorMetric, FloorNow
from energyguard.page.elements.components import Tag, restyle
from energyguard.page.frame.context import PageContext
from energyguard.page.measures.limits import hold_against
from energyguard.page.measures.series_chart import SeriesChart
from energyguard.page.words.formatting import (
    SPACE,
    UNKNOWN,
    count,
    mark,
    near_moment,
    number,
    value_and_limit,
)
from energyguard.page.words.language import _

HEIGHT = 120


def floor_chart(context: PageContext, device: str, metric: FloorMetric, height: int) -> SeriesChart:
    """The course of a metric of a floor: the energy of each step, the rest as it was measured."""
    energy = metric.name == "kwh"
    return SeriesChart(context, device, metric.channel, height=height, energy=energy)


def standing(floor: FloorNow, now_ms: int, zone: str) -> tuple[str, str, str]:
    """How a floor stands: a shape, a class, and the words."""
    if floor.alerts:
        alert = floor.alerts[0]
        shape, kind = mark(alert)
        words = _silent(alert.since_ms, now_ms, zone)
        if alert.measured:
            words = value_and_limit(alert.observed, alert.expected, alert.unit)
        if more := len(floor.alerts) - 1:
            words = _("{words} and {n} more").format(words=words, n=count(more))
        if alert.acknowledged_by:
            words += "; " + _("{person} has it").format(person=alert.acknowledged_by)
        elif alert.held:
            words += "; " + _("silenced")
        return shape, kind, words
    if floor.silent:
        return "?", "unknown", _silent(floor.last_ms, now_ms, zone)
    return "", "", _("no open alert")


def _silent(since_ms: int, now_ms: int, zone: str) -> str:
    return _("silent since {time}").format(time=near_moment(since_ms, now_ms, zone))


class FloorCard:
    """One of the cards; it is drawn once, and changed in place."""

    def __init__(self, context: PageContext, device: str, name: str, metric: FloorMetric) -> None:
        self.context, self.device, self.metric = context, device, metric
        with Tag("section", "", "card floor", aria_label=name) as self._box:
            with Tag("div", "", "title"):
                with Tag("h3"):
                    href = context.href(context.view.path, floor=device, metric=metric.name)
                    Tag("a", name, "link", href=href)
                with Tag("span", "", "aside"):
                    self._shape = Tag("span", "", "sev", aria_hidden="true")
                    self._words = Tag("span", "")
            with Tag("dl", "", "figures"):
                self._numbers = {each.name: self._number(each) for each in METRICS.values()}
            self.chart = floor_chart(context, device, metric, HEIGHT)
            self._usual = Tag("p", "", "sub small")

    def _number(self, metric: FloorMetric) -> Tag:
        chosen = " chosen" if metric is self.metric else ""
        with Tag("div", "", f"figure{chosen}"):
            Tag("dt", _("Today") if metric.name == "kwh" else _(metric.words), "small")
            return Tag("dd", UNKNOWN)

    def show(self, floor: FloorNow, kwh: float | None) -> None:
        """The floor as it is now.

        Args:
            floor: this one.
            kwh: what it used today; None: not known.
        """
        shape, kind, words = standing(floor, self.context.now_ms, self.context.zone)
        self._shape.text, self._words.text = shape, words
        restyle(self._shape, f"sev {kind}".strip())
        restyle(self._box, "card floor old" if floor.silent else "card floor")
        for metric in METRICS.values():
            self._numbers[metric.name].text = figure(floor, metric, kwh)
        reading = floor.readings.get(self.metric.channel)
        if reading is not None and self.chart.shows_readings:
            at = reading.time_ms
            self.chart.plot.push(*self.chart.borders(at), [at], [reading.value])

    async def draw(self, floor: FloorNow) -> None:
        """Its course, with what it is held against."""
        reading = floor.readings.get(self.metric.channel)
        newest_ms = floor.last_ms if reading is None else reading.time_ms
        self._usual.text = (await hold_against(self.context.cache, self.chart, newest_ms)).usual
        await self.chart.draw(newest_ms)


def figure(floor: FloorNow, metric: FloorMetric, kwh: float | None) -> str:
    """A number of a floor with its unit; of the counter what it rose by today."""
    if metric.name == "kwh":
        return UNKNOWN if kwh is None else f"{number(kwh)}{SPACE}kWh"
    reading = floor.readings.get(metric.channel)
    return UNKNOWN if reading is None else f"{number(reading.value)}{SPACE}{metric.unit}"
