"""When a silence holds, in a reader's words, and why one cannot be."""

from __future__ import annotations

from typing import Final

from energyguard.page.words.formatting import day_moment, listed, moment
from energyguard.page.words.language import _
from energyguard.service.alerts.silence_view import SilenceView
from energyguard.tariffs.periods import DAY_MIN, PricePeriod, parse_period

_MINUTE_MS: Final = 60_000
_MONDAY_MS: Final = 4 * DAY_MIN * _MINUTE_MS
"""The fifth of January 1970."""
_WEEK: Final = 7
MIN_RUN: Final = 3
"""From so many days in a row they are *Mon–Fri*."""
OF_SILENCES: Final = (
    (r"until: this time is over; .*", _("this time is over: choose one to come")),
    (r"until: it ends before it begins; .*", _("it ends before it begins: choose a later time")),
    (r"from: this time is over; .*", _("this time is over: choose one to come")),
    (
        r"'(?P<text>.*)' is no end: write .*",
        _("{text} is no end: write a day and a time to come"),
    ),
    (
        r"'(?P<text>.*)' is no beginning: write .*",
        _("{text} is no beginning: write a day and a time to come"),
    ),
    (r"every: '(?P<text>.*)' does not come until then", _("this does not come before it ends")),
    (
        r"(?:every: )?'.*': these times never end; .*",
        _("this is all the time: choose fewer days or hours"),
    ),
    (r"silence '.*' is over already", _("it is over already")),
)


def every_words(every: str) -> str:
    """Times that come again: *each week Sun, 02:00–06:00*."""
    period = parse_period(every)
    times = listed([f"{_clock(start)}–{_clock(end)}" for start, end in period.times])
    days = "" if len(period.days) in (0, _WEEK) else _days(period)
    if not days:
        return _("each day {times}").format(times=times)
    parts = [days, times] if times else [days]
    return _("each week {times}").format(times=", ".join(parts))


def when_words(view: SilenceView, zone: str) -> str:
    """Until when it holds, or when it will next, and how often."""
    parts = []
    if view.active and view.every:
        parts.append(_("until {time}").format(time=day_moment(view.ends_ms, zone)))
    elif not view.active and view.next_ms is not None:
        parts.append(_("from {time}").format(time=day_moment(view.next_ms, zone)))
    if view.every:
        parts.append(every_words(view.every))
    if view.until_ms is None:
        parts += [] if view.every else [_("until somebody ends it")]
    elif view.every:
        parts.append(
            _("for the last time before {time}").format(time=day_moment(view.until_ms, zone))
        )
    else:
        parts.append(_("until {time}").format(time=day_moment(view.until_ms, zone)))
    return " · ".join(parts)


def _clock(minute: int) -> str:
    return moment(minute * _MINUTE_MS, "UTC")


def day_names() -> list[str]:
    """The days of a week from Monday on, short."""
    return [moment(_MONDAY_MS + n * DAY_MIN * _MINUTE_MS, "UTC", "%a") for n in range(_WEEK)]


def _days(period: PricePeriod) -> str:
    """Days of the week; those in a row as from the first to the last."""
    days, names = sorted(period.days), day_names()
    if len(days) >= MIN_RUN and days[-1] - days[0] == len(days) - 1:
        return f"{names[days[0]]}–{names[days[-1]]}"
    return listed([names[day] for day in days])
