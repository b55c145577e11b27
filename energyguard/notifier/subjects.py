"""What a message is about, in the few words of a subject: who, how much, and how much is usual."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from energyguard.alerts.alert import Alert
from energyguard.page.words.formatting import amount, listed, places_apart
from energyguard.page.words.language import _, ngettext
from energyguard.page.words.lengths import duration
from energyguard.rules.kinds.profile import ProfileRule
from energyguard.rules.kinds.state import StateRule
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.kinds.unusual import UnusualRule

MAX_SUBJECT: Final = 110
"""So many characters of what several alerts say are in a subject."""


def alert_subject(alert: Alert, name: str, rule: Any, sentence: str) -> str:
    """Who, how much now, and what it is held against; of other kinds what happened.

    Args:
        alert: one that fires.
        name: of its device.
        rule: what raised it; None: it is no more.
        sentence: what happened, in a sentence.
    """
    words = _KINDS.get(type(rule))
    if words is None or not alert.measured or not alert.unit:
        return sentence
    return words(alert, name, rule)


def subject_of(subjects: Sequence[str], sites: Sequence[str]) -> str:
    """The subject of a message about several things: how many, where, and what the first are.

    Args:
        subjects: of each, what matters before the rest; two or more.
        sites: where, each once.
    """
    shown, *rest = dict.fromkeys(subjects)
    for more in rest:
        if len(shown) + len(more) > MAX_SUBJECT:
            shown += " …"
            break
        shown += f" · {more}"
    n = len(subjects)
    if not sites:
        return ngettext("{n} alert: {what}", "{n} alerts: {what}", n).format(n=n, what=shown)
    words = ngettext("{n} alert at {sites}: {what}", "{n} alerts at {sites}: {what}", n)
    return words.format(n=n, sites=listed(list(sites)), what=shown)


def _of_window(alert: Alert, name: str, rule: ThresholdRule) -> str:
    words = _("{name}: {seen} in {window}, limit {limit}")
    if rule.is_mean:
        words = _("{name}: {seen} on the mean of {window}, limit {limit}")
    seen, limit = _apart(alert.peak, alert.expected, alert.unit)
    window = duration(alert.window_end_ms - alert.window_start_ms)
    return words.format(name=name, seen=seen, window=window, limit=limit)


def _of_value(alert: Alert, name: str, _rule: StateRule) -> str:
    seen, limit = _apart(alert.peak, alert.expected, alert.unit)
    return _("{name}: {seen}, limit {limit}").format(name=name, seen=seen, limit=limit)


def _of_usual(alert: Alert, name: str, _rule: Any) -> str:
    known = alert.evidence.get("usual", alert.expected)
    seen, usual = _apart(alert.observed, known, alert.unit)
    return _("{name}: {seen}, usually {usual}").format(name=name, seen=seen, usual=usual)


def _apart(value: int, limit: int, unit: str) -> tuple[str, str]:
    """Two amounts with as many digits as tell them apart."""
    places = places_apart(value, limit)
    return amount(value, unit, places), amount(limit, unit, places)


_KINDS: Final[Mapping[type, Callable[[Alert, str, Any], str]]] = {
    ThresholdRule: _of_window,
    StateRule: _of_value,
    ProfileRule: _of_usual,
    UnusualRule: _of_usual,
}
