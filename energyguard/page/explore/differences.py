"""Two side by side: by how much they differ in each step, and when they differ most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from energyguard.model.days import local
from energyguard.page.elements.charts import BarSeries, bars
from energyguard.page.elements.components import Tag, card
from energyguard.page.elements.lists import ChangingList
from energyguard.page.elements.plots import Plot
from energyguard.page.explore.words import kwh, step_name
from energyguard.page.measures.consumption_chart import NamedSeries
from energyguard.page.measures.spans import bar_steps
from energyguard.page.words.language import _
from energyguard.service.consumption.consumption import ConsumptionSeries

MAX_STEPS = 5
MAX_HOURS = 5
MAX_HOURLY_DAYS = 31
"""Of a longer span its hours of the day are not asked for."""
HEIGHT = 170


def differences(first: ConsumptionSeries, second: ConsumptionSeries) -> list[float | None]:
    """By how many kWh the first is above the second, step by step; None: one is not known."""
    pairs = zip(first.steps, second.steps, strict=True)
    return [None if a.kwh is None or b.kwh is None else a.kwh - b.kwh for a, b in pairs]


def by_hour_of_day(first: ConsumptionSeries, second: ConsumptionSeries) -> list[tuple[int, float]]:
    """The mean difference of each hour of the day (its number, kWh), the largest first.

    Args:
        first: by the hour.
        second: the same hours.
    """
    found: dict[int, list[float]] = {}
    zone = first.span.zone
    for step, apart in zip(first.steps, differences(first, second), strict=True):
        if apart is not None:
            found.setdefault(local(step.start_ms, zone).hour, []).append(apart)
    means = [(hour, sum(values) / len(values)) for hour, values in found.items()]
    return sorted(means, key=lambda row: -abs(row[1]))


class DifferenceRow(NamedTuple):
    """When it is, how long its bar is beside the longest, and who is how much above whom."""

    when: str
    share: float
    words: str


class DifferenceCard:
    """Below the chart of two, and only of two."""

    def __init__(self) -> None:
        with card(_("When they differ"), "c12 differences") as self.note:
            self.plot = Plot("bars", _("When they differ"), HEIGHT)
            with Tag("div", "", "two"):
                with Tag("div"):
                    Tag("h3", _("The largest differences"), "sub-title")
                    self.steps = self._list()
                with Tag("div") as self.of_day:
                    Tag("h3", _("By hour of the day, on the mean"), "sub-title")
                    self.hours = self._list()

    def show(
        self,
        first: NamedSeries,
        second: NamedSeries,
        hourly: Sequence[ConsumptionSeries],
    ) -> None:
        """Show by how much the first is above the second.

        Args:
            first: one.
            second: the other.
            hourly: both by the hour; empty: the span is too long for it, or a single day.
        """
        series, names = first.series, (first.name, second.name)
        span, step, zone = series.span, series.span.step, series.span.zone
        apart = differences(series, second.series)
        starts = [row.start_ms for row in series.steps]
        shown = [None if value is None else round(value, 4) for value in apart]
        label = _("{a} less {b}").format(a=names[0], b=names[1])
        axis = bar_steps(starts, step, zone, span.days == 1)
        self.plot.show(bars(axis, [BarSeries(label, shown)], "kWh", running=series.open))
        known = [(n, value) for n, value in enumerate(apart) if value]
        known.sort(key=lambda row: -abs(row[1]))
        when = [(step_name(starts[n], step, span), value) for n, value in known[:MAX_STEPS]]
        self.plot.say(". ".join([label, *(f"{at}: {kwh(value)}" for at, value in when)]))
        self.steps.show(_rows(when, names))
        self.of_day.set_visibility(bool(hourly))
        if hourly:
            means = by_hour_of_day(*hourly)[:MAX_HOURS]
            of_day = [(f"{n:02d}:00–{(n + 1) % 24:02d}:00", value) for n, value in means]
            self.hours.show(_rows(of_day, names))
        words = _("above zero: {a} used more; below: {b}")
        self.note.text = words.format(a=names[0], b=names[1])

    def _list(self) -> ChangingList[DifferenceRow]:
        return ChangingList(self._row, _("They are alike."))

    @staticmethod
    def _row(row: DifferenceRow) -> None:
        with Tag("div", "", "bar-row"):
            Tag("span", row.when, "who")
            with Tag("span", "", "track"):
                Tag("span", "", "bar").style(f"display:block;width:{row.share:.1%}")
            Tag("span", row.words, "much")


def _rows(found: Sequence[tuple[str, float]], names: tuple[str, str]) -> list[DifferenceRow]:
    largest = max((abs(value) for _when, value in found), default=0.0) or 1.0
    words = _("{a} {kwh} more")
    return [
        DifferenceRow(
            when, abs(value) / largest, words.format(a=names[value < 0], kwh=kwh(abs(value)))
        )
        for when, value in found
    ]
