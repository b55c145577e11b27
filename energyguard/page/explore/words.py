"""Explore in words: the answer as a sentence, and what stands in the table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from energyguard.model.calendar import CalendarSpan, CalendarStep
from energyguard.page.measures.coming import none_words
from energyguard.page.measures.consumption_chart import NamedSeries, stretches
from energyguard.page.measures.spans import DAY, span_words
from energyguard.page.words.formatting import SPACE, UNKNOWN, count, moment, number
from energyguard.page.words.language import _, ngettext

LARGE = 0.005
"""Less than this share is no difference."""
MAX_STRETCHES = 2


def kwh(value: float | None) -> str:
    """An energy with its unit."""
    return UNKNOWN if value is None else f"{number(value)}{SPACE}kWh"


def answer(
    rows: Sequence[NamedSeries], span: CalendarSpan, today: date, before: str, coming: bool = False
) -> str:
    """What the view found out, in a sentence.

    Args:
        rows: what is shown.
        span: of the view.
        today: the day it is there.
        before: what the span that is compared with is called; empty: none is.
        coming: sums that are not there are on their way.
    """
    when = span_words(span, today)
    known = [(row.name, row.series.total_kwh) for row in rows]
    totals = [(name, total) for name, total in known if total is not None]
    if not rows:
        return _("Pick a device or a site to see what it uses")
    if not totals and coming:
        return none_words(coming)
    if not totals:
        return _("Nothing was measured {when}").format(when=when)
    if len(rows) == 1:
        return _one(rows[0], when, before)
    if len(totals) == 2:
        (more, top), (less, low) = sorted(totals, key=lambda row: -row[1])
        if top - low <= LARGE * top:
            return _("{a} and {b} used about the same {when}: {kwh}").format(
                a=more, b=less, when=when, kwh=kwh(top)
            )
        return _("{a} used {kwh} more than {b} {when}").format(
            a=more, b=less, kwh=kwh(top - low), when=when
        )
    name, top = max(totals, key=lambda row: row[1])
    together = sum(total for _name, total in totals)
    return _("{a} used the most {when}: {kwh} of {together}").format(
        a=name, when=when, kwh=kwh(top), together=kwh(together)
    )


def _one(row: NamedSeries, when: str, before: str) -> str:
    total, past = row.series.total_kwh, row.before_kwh
    used = _("{a} used {kwh} {when}").format(a=row.name, kwh=kwh(total), when=when)
    if not before or past is None or total is None:
        return used
    if abs(total - past) <= LARGE * max(abs(total), abs(past)):
        return _("{used}, about as much as {before}").format(used=used, before=before)
    form = (
        _("{used}, {kwh} more than {before}")
        if total > past
        else _("{used}, {kwh} less than {before}")
    )
    return form.format(used=used, kwh=kwh(abs(total - past)), before=before)


def step_name(ms: int, step: CalendarStep, span: CalendarSpan) -> str:
    """A step in a table: ``Tue 10 Nov``; of a single day the time."""
    zone = span.zone
    if step == "month":
        return moment(ms, zone, "%B %Y")
    if step in ("hour", "quarter"):
        return moment(ms, zone, "%H:%M" if span.days == 1 else f"{DAY}, %H:%M")
    return moment(ms, zone, DAY)


def highest(row: NamedSeries, step: CalendarStep) -> str:
    """The step with the most, and how much that was."""
    at = row.series.highest
    if at is None:
        return UNKNOWN
    found = row.series.steps[at]
    return f"{step_name(found.start_ms, step, row.series.span)} · {number(found.kwh, 4)}"


def missing(row: NamedSeries, step: CalendarStep) -> str:
    """Which steps have no readings."""
    gaps = stretches(row.missing)
    if not gaps:
        return _("none")
    n = len(row.missing)
    forms = {
        "hour": ngettext("{n} hour", "{n} hours", n), "day": ngettext("{n} day", "{n} days", n),
        "month": ngettext("{n} month", "{n} months", n),
        "week": ngettext("{n} week", "{n} weeks", n),
        "quarter": ngettext("{n} quarter hour", "{n} quarter hours", n),
    }  # fmt: skip
    steps, span = row.series.steps, row.series.span
    shown = [
        step_name(steps[first].start_ms, step, span)
        + (f"–{step_name(steps[end - 1].start_ms, step, span)}" if end - first > 1 else "")
        for first, end in gaps[:MAX_STRETCHES]
    ]
    more = " …" if len(gaps) > MAX_STRETCHES else ""
    return f"{forms[step].format(n=count(n))}: {', '.join(shown)}{more}"
