"""What is said of an alert: its kind, its sentence, why it fired, what happened, when it ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from energyguard.alerts.alert import Alert, TimelineEntry
from energyguard.alerts.silences import FOREVER_MS
from energyguard.model.alerts import Act, State
from energyguard.model.days import HOUR_MS
from energyguard.model.quantities import NANO
from energyguard.page.alerts.expected import is_unlike_usual, value_and_expected
from energyguard.page.frame.places import DevicePlace
from energyguard.page.words.evidence import reasons_words
from energyguard.page.words.formatting import (
    SPACE,
    age,
    amount,
    day_moment,
    moment,
    number,
    places_apart,
    side,
    silenced_until,
    until,
)
from energyguard.page.words.language import _
from energyguard.page.words.lengths import duration
from energyguard.page.words.sentences import alert_sentence, unusual_words, why_ended
from energyguard.records.alerts import AlertAction, AlertEvent
from energyguard.rules.rule import Rule
from energyguard.rules.unusual.evidence import UnusualEvidence

APART_MS = 120_000
"""Readings that came later than this, or of another clock, are told with their own time."""


YEARLESS_MS = 200 * 86_400_000
"""What is longer ago is said with its year."""


class Reason(NamedTuple):
    """A point of why it fired: a few bold words, and what they mean."""

    title: str
    words: str


def kind_words(alert: Alert, rule: Rule | None) -> str:
    """The sort of trouble."""
    kind = "silence" if not alert.measured else rule.kind if rule is not None else "threshold"
    if kind == "threshold":
        return _("Under its limit") if alert.is_below else _("Over its limit")
    found: Mapping[str, str] = {
        "silence": _("Silent"),
        "profile": _("Unusual"),
        "unusual": _("Unusual"),
        "rate": _("Sudden change"),
        "state": _("Fault"),
        "agree": _("Readings disagree"),
        "demand": _("Demand"),
    }
    return found.get(kind, _("Alert"))


def sentence(alert: Alert, place: DevicePlace, rule: Rule | None) -> str:
    """What happened, with the device's name."""
    return alert_sentence(alert, place.name, rule)


def is_long_ago(alert: Alert, now_ms: int) -> bool:
    """Whether it began so long ago that its year is said."""
    return now_ms - alert.since_ms > YEARLESS_MS


def under(alert: Alert, place: DevicePlace, zone: str, now_ms: int | None = None) -> str:
    """The line below the sentence: where, since when, how much, who has it.

    Args:
        alert: which.
        place: the device's name and place.
        zone: of the times.
        now_ms: what time it is there: what is long ago is said with its year.
    """
    parts = [place.where] if place.path else []
    if now_ms is not None and is_long_ago(alert, now_ms):
        parts.append(moment(alert.since_ms, zone, "%a %-d %b %Y"))
    elif not alert.open:
        parts.append(until(alert.since_ms, alert.changed_ms, zone))
    elif alert.measured:
        parts.append(_("since {time}").format(time=day_moment(alert.since_ms, zone)))
    else:
        parts.append(_("last reading {time}").format(time=day_moment(alert.since_ms, zone)))
    if alert.measured:
        value = alert.observed if alert.open else alert.peak
        parts.append(value_and_expected(alert, value))
    return " · ".join([*parts, *standing(alert, zone)])


def standing(alert: Alert, zone: str) -> list[str]:
    """Who has it, or for how long nobody wants to hear of it; that nobody knows any more."""
    found = []
    if alert.restated and alert.reason:
        found.append(_("taken back"))
    elif alert.restated:
        found.append(_("counted anew"))
    if alert.condition is State.PENDING:
        found.append(_("not for long enough yet"))
    if alert.condition is State.UNKNOWN and alert.measured:
        found.append(_("the meter is silent: unknown, not resolved"))
    if alert.state is State.SILENCED:
        found.append(silenced_until(alert, zone))
    elif alert.acknowledged_by is not None:
        found.append(_("{person} has it").format(person=alert.acknowledged_by))
    return found


def reasons(alert: Alert, place: DevicePlace, peak: int, often: int | None) -> list[Reason]:
    """Why it fired, in a few points.

    Args:
        alert: what fired.
        place: the device's name and zone.
        peak: the furthest from its limit, of worker and picture; 1e-9 of the unit.
        often: how many alerts of this rule this device had in the last 90 days; None: not known.
    """
    found: list[Reason] = []
    if not alert.measured:
        when = day_moment(alert.since_ms, place.zone)
        found.append(
            Reason(
                _("Nothing came."),
                _("The last reading is of {time}, while others went on.").format(time=when),
            )
        )
        found.append(
            Reason(
                _("Nobody knows what it uses."),
                _("Until it sends again its other alerts are unknown, not resolved."),
            )
        )
    elif (known := UnusualEvidence.of(alert.observed, alert.evidence)) is not None:
        found += _how_unlike(known, place.zone)
    else:
        found.append(_how_far(alert, peak))
        window_ms = alert.window_end_ms - alert.window_start_ms
        if window_ms > 0:
            window = until(alert.window_start_ms, alert.window_end_ms, place.zone)
            words = _("Not one value, but all of a window: {window}.")
            found.append(Reason(_("For a whole window."), words.format(window=window)))
    if often is not None:
        found.append(_how_often(often))
    return found


def _how_far(alert: Alert, peak: int) -> Reason:
    unit, places = alert.unit, places_apart(peak, alert.expected)
    limit, value = amount(alert.expected, unit, places), amount(peak, unit, places)
    far = amount(abs(peak - alert.expected), unit, places)
    if alert.is_below:
        words = _("The lowest is {value}, {far} below the limit of {limit}.")
        title = _("Too little.")
    else:
        words = _("The highest is {value}, {far} above the limit of {limit}.")
        title = _("Too much.")
    return Reason(title, words.format(value=value, far=far, limit=limit))


def _how_unlike(known: UnusualEvidence, zone: str) -> list[Reason]:
    """What was seen and what is usual then, since when, and how rare that is."""
    alert, slot_ms = known.alert, known.slot_ms
    value, low, high = (
        amount(round(n * NANO), "kW") for n in (alert.value, alert.usual_low, alert.usual_high)
    )
    words = _("{value}, where {low} to {high} is usual; it began {time}.")
    since = day_moment(alert.since * slot_ms, zone)
    found = [
        Reason(_("Unlike the usual."), words.format(value=value, low=low, high=high, time=since))
    ]
    hours = (alert.opened - alert.since + 1) * slot_ms / HOUR_MS
    if more := (alert.value - alert.expected) * hours:
        words = _("About {kwh} more than usual until the alert came.")
        if more < 0:
            words = _("About {kwh} less than usual until the alert came.")
        found.append(Reason(_("How much."), words.format(kwh=f"{number(abs(more))}{SPACE}kWh")))
    if alert.reasons:
        likely = _("most like: {kind}, then: {other}").format(
            kind=unusual_words(alert.kind), other=unusual_words(alert.next_kind)
        )
        found.append(Reason(_("What speaks for it."), f"{reasons_words(alert.reasons)} ({likely})"))
    if (weeks := round(alert.weeks)) > 1:
        rare = _("An ordinary device has one such alert in {n} weeks.")
        found.append(Reason(_("Rare."), rare.format(n=weeks)))
    return found


def _how_often(often: int) -> Reason:
    if often <= 1:
        return Reason(_("Rare."), _("The first one of its kind here in 90 days."))
    words = _("{n} alerts of this kind here in 90 days.").format(n=often)
    return Reason(_("Not the first."), words)


def ending(alert: Alert, place: DevicePlace, rule: Rule | None) -> str:
    """When it ends by itself, or why it ended."""
    name = place.name
    if not alert.open:
        when = day_moment(alert.changed_ms, place.zone)
        if alert.reason:
            words = _("It ended, {time}: {reason}.")
            return words.format(time=when, reason=why_ended(alert.reason))
        if alert.restated:
            words = _("Readings that came late tell of it; it ended by itself, {time}.")
            return words.format(time=when)
        return _("It ended by itself, {time}.").format(time=when)
    if not alert.measured:
        return _("It ends by itself when {name} sends again.").format(name=name)
    if rule is None:
        return _("Its rule is no more: it ends when the worker has seen that.")
    clear = amount(rule.of(place.device).clear_level, alert.unit)
    window_ms = alert.window_end_ms - alert.window_start_ms
    if not window_ms:
        return _("It ends by itself when what raised it is over.")
    words = (
        _("It ends by itself when {name} is at {clear} or more for {window}.")
        if alert.is_below
        else _("It ends by itself when {name} is at {clear} or less for {window}.")
    )
    return words.format(name=name, clear=clear, window=duration(window_ms))


def timeline_row(entry: TimelineEntry, place: DevicePlace, zone: str) -> tuple[str, str]:
    """A line of what happened: when the log took it, and what it was."""
    what = entry.what
    when = moment(entry.at_ms, zone, "%a %-d %b, %H:%M:%S")
    if isinstance(what, AlertAction):
        return when, _done(what, zone)
    words = _happened(what, place)
    if what.unit:
        words += " · " + value_and_expected(what, what.observed)
    if abs(entry.at_ms - what.time_ms) > APART_MS:
        time = day_moment(what.time_ms, zone)
        words += " " + _("(readings of {time})").format(time=time)
    return when, words


def _happened(event: AlertEvent, place: DevicePlace) -> str:
    if event.restated and event.reason:
        return _("taken back: {reason}").format(reason=why_ended(event.reason))
    if event.reason:
        return _("it ended: {reason}").format(reason=why_ended(event.reason))
    if event.restated:
        return _("counted anew with readings that came late")
    if not event.unit:
        over = event.state is State.RESOLVED
        return (_("{name} sends again") if over else _("{name} is silent")).format(name=place.name)
    if event.state is State.RESOLVED and is_unlike_usual(event):
        return _("resolved: as usual again")
    if event.state is State.PENDING and is_unlike_usual(event):
        return _("unlike usual, not for long enough yet")
    found = {
        State.PENDING: _("beyond the limit, not for long enough yet"),
        State.FIRING: _("the alert opens"),
        State.RESOLVED: _("resolved: back within the limit"),
        State.UNKNOWN: _("unknown: the meter went quiet"),
    }
    return found[event.state]


def _done(action: AlertAction, zone: str) -> str:
    words = {
        Act.ACKNOWLEDGE: _("acknowledged by {person}"),
        Act.SILENCE: _("silenced by {person}"),
        Act.UNSILENCE: _("silence ended by {person}"),
    }[action.act].format(person=action.by)
    if action.until_ms is not None and action.until_ms < FOREVER_MS:
        words += " " + _("until {time}").format(time=day_moment(action.until_ms, zone))
    return words + (f": {action.note}" if action.note else "")


def seen(alert: Alert) -> str:
    """What the first figure of a story is called."""
    if alert.open:
        return _("Seen last")
    return _("Lowest") if side(alert).furthest is min else _("Highest")


def parted(nano: int, unit: str, places: int) -> tuple[str, str]:
    """An amount as its number, with so many decimals at most, and its unit."""
    value, _space, written = amount(nano, unit, places).rpartition(SPACE)
    return (value, written) if value else (f"{nano / NANO:g}", unit)


def parted_length(ms: int) -> tuple[str, str]:
    """How long something lasted, as a number and its unit."""
    return age(max(0, ms))
