"""Spans of the calendar on a page: their words, the steps of a chart, and the bar that picks one.

A view with a span has it in its address (``span=2026-11``), so that it can be sent to somebody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from energyguard.model.calendar import CalendarSpan, CalendarStep, SpanUnit
from energyguard.page.elements.charts import BarStep
from energyguard.page.elements.components import Tag, choice
from energyguard.page.frame.context import PageContext
from energyguard.page.words.formatting import moment
from energyguard.page.words.language import _

DAY = "%a %-d %b"
ONE_DAY = timedelta(days=1)


def unit_words() -> dict[SpanUnit, str]:
    """What may be picked, in words."""
    return {"day": _("Day"), "week": _("Week"), "month": _("Month"), "year": _("Year")}


def span_name(span: CalendarSpan) -> str:
    """A span by its days: ``November 2026``, ``Tue 24 Nov 2026``, ``1 Nov 2026–24 Nov 2026``."""
    if span.unit == "day":
        return moment(span.start_ms, span.zone, f"{DAY} %Y")
    if span.unit == "month":
        return moment(span.start_ms, span.zone, "%B %Y")
    if span.unit == "year":
        return moment(span.start_ms, span.zone, "%Y")
    last = moment(span.end_ms - 1, span.zone, "%-d %b %Y")
    first = "%-d %b" if span.first.year == (span.end - ONE_DAY).year else "%-d %b %Y"
    return f"{moment(span.start_ms, span.zone, first)}–{last}"


def span_words(span: CalendarSpan, today: date) -> str:
    """A span in a sentence: ``this month``, ``in November 2026``."""
    if span.first <= today < span.end and span.unit != "dates":
        return {"day": _("today"), "week": _("this week"), "month": _("this month"),
                "year": _("this year")}[span.unit]  # fmt: skip
    if span.end == today and span.unit == "day":
        return _("yesterday")
    if span.unit == "dates":
        if is_last_30(span, today):
            return _("in the last 30 days")
        first, last = (
            moment(ms, span.zone, "%-d %b %Y") for ms in (span.start_ms, span.end_ms - 1)
        )
        return _("from {first} to {last}").format(first=first, last=last)
    form = _("on {span}") if span.unit == "day" else _("in {span}")
    return form.format(span=span_name(span))


def is_last_30(span: CalendarSpan, today: date) -> bool:
    """Whether these are thirty days of which the last is today."""
    return span.unit == "dates" and span.days == 30 and span.end == today + ONE_DAY


def before_words(span: CalendarSpan, today: date, running: bool) -> str:
    """The span that another is compared with, in a sentence; up to the same time, if it runs."""
    if span.end == today and span.unit == "day":
        name = _("yesterday")
    elif span.unit == "week" and span.end <= today < span.next().end:
        name = _("last week")
    else:
        name = span_name(span)
    return _("{span} up to the same time").format(span=name) if running else name


def bar_steps(
    starts_ms: Sequence[int], step: CalendarStep, zone: str, single_day: bool
) -> list[BarStep]:
    """The steps of a chart, named as short as they can be told apart.

    Args:
        starts_ms: where they begin.
        step: what each is.
        zone: of the clock.
        single_day: all are hours of one day.
    """
    hour = "%H" if single_day else "%-d %b, %H:%M"
    short = {"quarter": "%H:%M", "hour": hour, "day": "%-d", "week": "%-d %b", "month": "%b"}[step]
    full = {"day": DAY, "week": DAY, "month": "%B %Y"}.get(step, f"{DAY}, %H:%M")
    form = _("week from {day}") if step == "week" else "{day}"
    return [
        BarStep(moment(ms, zone, short), form.format(day=moment(ms, zone, full)))
        for ms in starts_ms
    ]


def last_year(span: CalendarSpan) -> CalendarSpan:
    """The same days of the year before; a week is the same of the calendar."""
    if span.unit == "week":
        days = timedelta(days=364)
        return CalendarSpan("week", span.first - days, span.end - days, span.zone)
    first = _year_back(span.first)
    if span.unit in ("month", "year", "day"):
        return CalendarSpan.of(span.unit, first, span.zone)
    return CalendarSpan("dates", first, first + (span.end - span.first), span.zone)


def _year_back(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year - 1, day=28)


class SpanBar:
    """Picks a span: one before, one after, another length, any dates.

    Args:
        context: the open page; its address gets ``span``.
        span: the one that is shown.
        today: the day it is now, where the span's days are.
    """

    def __init__(self, context: PageContext, span: CalendarSpan, today: date) -> None:
        self.context, self.span = context, span
        with Tag("div", "", "span-bar", role="group", aria_label=_("Span of time")):
            self._step("‹", _("Before"), span.previous())
            Tag("strong", span_name(span), "span-name")
            self._step("›", _("After"), span.next())
            at = today if span.first <= today < span.end else span.first
            options = [
                (words, self._href(CalendarSpan.of(unit, at, span.zone)), unit == span.unit)
                for unit, words in unit_words().items()
            ]
            days = context.href(span="last-30-days")
            is_thirty = is_last_30(span, today)
            choice(_("Length"), [*options, (_("30 days"), days, is_thirty)])
            self._dates(is_thirty)

    def _href(self, span: CalendarSpan) -> str:
        return self.context.href(span=str(span))

    def _step(self, arrow: str, words: str, span: CalendarSpan) -> None:
        label = f"{words}: {span_name(span)}"
        Tag("a", arrow, "btn square", href=self._href(span), aria_label=label)

    def _dates(self, is_thirty: bool) -> None:
        """Two days, as a form: works without a script, and with the browser's own calendar."""
        chosen = self.span.unit == "dates" and not is_thirty
        with Tag("details", "", "dates"):
            Tag("summary", _("Dates…"), "btn chosen" if chosen else "btn")
            path = self.context.view.path
            with Tag("form", "", "card dates-form", method="get", action=path):
                for name, value in self.context.query.items():
                    if name not in ("span", "from", "to") and "{" not in self.context.view.path:
                        Tag("input", type="hidden", name=name, **{"^value": value})
                last = self.span.end - ONE_DAY
                for name, words, day in (
                    ("from", _("From"), self.span.first),
                    ("to", _("To"), last),
                ):
                    with Tag("label", "", "labelled"):
                        Tag("span", words)
                        Tag(
                            "input", "", "field", type="date", name=name, required="",
                            **{"^value": day.isoformat()},
                        )  # fmt: skip
                Tag("button", _("Show"), "btn main-act", type="submit")
