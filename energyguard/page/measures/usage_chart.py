"""What is used by the hour, day or month as bars, with the span before behind them."""

from __future__ import annotations

from energyguard.model.calendar import CalendarSpan, SpanUnit
from energyguard.page.elements.charts import BarSeries, BarStep, bars
from energyguard.page.elements.components import Tag, card, choice
from energyguard.page.elements.plots import Plot
from energyguard.page.measures.coming import is_coming, none_words
from energyguard.page.measures.explained import step_hrefs
from energyguard.page.measures.usage import LONG_KEEP_S, TODAY_KEEP_S, UsageData
from energyguard.page.words.formatting import days, measured, moment
from energyguard.page.words.language import _
from energyguard.service.consumption.amounts import ConsumptionStep
from energyguard.service.consumption.consumption import ConsumptionSeries

UNITS: tuple[SpanUnit, ...] = ("day", "week", "month", "year")
_LABELS = {"hour": "%H", "day": "%-d", "month": "%b"}
_FULL = {"hour": "%a %-d %b, %H:%M", "day": "%a %-d %b", "month": "%B %Y"}


class UsageChart:
    """Bars by the hour, day or month, with the span before behind them."""

    def __init__(self, data: UsageData, classes: str = "c8") -> None:
        self.data, context = data, data.context
        unit = context.query.get("span", "day")
        self.unit: SpanUnit = next((known for known in UNITS if known == unit), "day")
        names = {"day": _("Day"), "week": _("Week"), "month": _("Month"), "year": _("Year")}
        with card(_("Energy"), classes, anchor="use") as self.note:
            options = [
                (names[known], context.href(span=known), known == self.unit) for known in UNITS
            ]
            choice(_("Span"), options)
            self.plot = Plot("bars", _("Energy by time, beside the span before"), 290)
            with Tag("div", "", "legend"):
                now, before = span_names()[self.unit]
                self._key("now", now)
                self._key("open", _("not over"))
                self._key("prev", before)

    def _key(self, kind: str, words: str) -> None:
        with Tag("span"):
            Tag("i", "", kind, aria_hidden="true")
            Tag("span", words)

    async def show(self) -> None:
        """The bars as they are now."""
        span = "today" if self.unit == "day" else f"this-{self.unit}"
        keep_s = TODAY_KEEP_S if self.unit == "day" else LONG_KEEP_S
        key = self.data.keys[0]
        series = await self.data.of_first(span, keep_s)
        coming = series.total_kwh is None and await is_coming(self.data.cache, key)
        zone = series.span.zone
        step = series.span.step
        form = "%a" if self.unit == "week" else _LABELS[step]
        longest = max(series.steps, series.before, key=len)
        steps = [
            BarStep(moment(s.start_ms, zone, form), moment(s.start_ms, zone, _FULL[step]))
            for s in longest
        ]
        now, before = span_names()[self.unit]
        self.plot.show(
            bars(
                steps,
                [BarSeries(now, _values(series.steps), step_hrefs(series))],
                "kWh",
                before=BarSeries(before, _values(series.before)),
                running=series.open,
                none=none_words(coming),
            )
        )
        self.plot.say(none_words(coming) if coming else _words(series))
        self.note.text = _span_words(series.span)


def span_names() -> dict[SpanUnit, tuple[str, str]]:
    """What a span and the one before it are called."""
    return {
        "day": (_("today"), _("yesterday")),
        "week": (_("this week"), _("the week before")),
        "month": (_("this month"), _("the month before")),
        "year": (_("this year"), _("the year before")),
    }


def _values(steps: tuple[ConsumptionStep, ...]) -> list[float | None]:
    return [None if step.kwh is None else round(step.kwh, 3) for step in steps]


def _span_words(span: CalendarSpan) -> str:
    zone = span.zone
    if span.unit in ("month", "year"):
        return moment(span.start_ms, zone, "%B %Y" if span.unit == "month" else "%Y")
    if span.unit == "day":
        return moment(span.start_ms, zone, "%a %-d %b %Y")
    return days(span.start_ms, span.end_ms, zone)


def _words(series: ConsumptionSeries) -> str:
    """The chart for those who cannot see it."""
    return _("Energy: {kwh} so far, {before} by the same time before").format(
        kwh=measured(series.total_kwh, "kWh"), before=measured(series.before_total_kwh, "kWh")
    )
