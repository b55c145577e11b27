"""How numbers, times and alerts read: few words, units always, the time of the data always."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from energyguard.alerts.alert import Alert
from energyguard.model.alerts import Severity, State
from energyguard.model.quantities import NANO

THIN = "\u202f"
"""Between thousands."""

SPACE = "\u00a0"
"""Between a number and its unit: no line break there."""

UNKNOWN = "–"

_AGES = ((86_400_000, "day", "days"), (3_600_000, "h", "h"), (60_000, "min", "min"))


def number(value: float | None, digits: int = 3) -> str:
    """A number for people: about ``digits`` figures, thin spaces between thousands."""
    if value is None:
        return UNKNOWN
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}".replace(",", THIN)
    if value == 0:
        return "0"
    whole = len(str(int(abs(value)))) if abs(value) >= 1 else 0
    return f"{value:.{max(0, digits - whole)}f}"


def count(value: int) -> str:
    """A whole number with thin spaces between thousands."""
    return f"{value:,}".replace(",", THIN)


def plural(n: int, one: str, many: str = "") -> str:
    """``1 home``, ``50 homes``."""
    return f"{count(n)} {one if n == 1 else many or one + 's'}"


def amount(nano: int, unit: str) -> str:
    """A fixed-point amount with its unit; as many decimals as matter beside a limit."""
    return f"{nano / NANO:.3f}".rstrip("0").rstrip(".") + f"{SPACE}{unit}"


def moment(ms: int | None, zone: str, form: str = "%H:%M") -> str:
    """An event or wall time in the page's zone."""
    if ms is None:
        return UNKNOWN
    return datetime.fromtimestamp(ms / 1000, ZoneInfo(zone)).strftime(form)


def day_moment(ms: int | None, zone: str) -> str:
    """A time with its day, for what may be long ago."""
    return moment(ms, zone, "%a %-d %b, %H:%M")


def near_moment(ms: int | None, now_ms: int, zone: str, form: str = "%H:%M") -> str:
    """A time; with its day where that is not today's."""
    if moment(ms, zone, "%F") == moment(now_ms, zone, "%F"):
        return moment(ms, zone, form)
    return day_moment(ms, zone)


def until(start_ms: int, end_ms: int, zone: str) -> str:
    """From when to when: ``Tue 24 Nov, 14:10–14:35``."""
    same = moment(start_ms, zone, "%F") == moment(end_ms, zone, "%F")
    return f"{day_moment(start_ms, zone)}–{(moment if same else day_moment)(end_ms, zone)}"


def age(ms: int) -> tuple[str, str]:
    """How long ago, as a number and its unit: ``("26", "min")``."""
    for length, one, many in _AGES:
        if ms >= length:
            n = ms // length
            return str(n), one if n == 1 else many
    return (str(ms // 1000) if ms >= 1000 else "<1"), "s"


def needs_someone(alert: Alert) -> bool:
    """Whether it waits for a person: what the overview lists and the rail counts."""
    return alert.open and alert.condition is not State.PENDING and not alert.held


def mark(alert: Alert) -> tuple[str, str]:
    """The shape and the class that go with a state: never colour alone."""
    if alert.condition is State.UNKNOWN:
        return "?", "unknown"
    if alert.condition is State.RESOLVED:
        return "✓", "resolved"
    return severity_shape(alert.severity), str(alert.severity)


def severity_shape(severity: Severity) -> str:
    """The shape of a severity."""
    return {Severity.CRITICAL: "!", Severity.WARNING: "▲", Severity.INFO: "•"}[severity]


class Side(NamedTuple):
    """The words of an alert about too much, or too little."""

    passed: str
    extreme: str
    allowed: str
    furthest: Callable[..., Any]


def side(alert: Alert) -> Side:
    """On which side of its level an alert is."""
    if alert.is_below:
        return Side("fell below", "lowest", "less", min)
    return Side("went over", "highest", "more", max)


def detail(alert: Alert, zone: str) -> str:
    """The numbers under an alert's sentence, and who has it."""
    if not alert.open:
        return _over(alert, zone)
    since = f"since {day_moment(alert.since_ms, zone)}"
    if alert.measured:
        numbers = (
            f"{amount(alert.observed, alert.unit)}, limit {amount(alert.expected, alert.unit)}"
        )
        parts = [since, numbers, alert.rule]
        if alert.condition is State.UNKNOWN:
            parts.insert(0, "the meter is silent: unknown, not resolved")
    else:
        parts = [f"last reading {day_moment(alert.since_ms, zone)}", "its alerts are unknown"]
    if alert.state is State.SILENCED:
        parts.append(f"silenced until {day_moment(alert.silenced_until_ms, zone)}")
    elif alert.acknowledged_by is not None:
        parts.append(f"{alert.acknowledged_by} has it")
    return " · ".join(parts)


def _over(alert: Alert, zone: str) -> str:
    """The numbers of an alert that is over."""
    when = until(alert.since_ms, alert.changed_ms, zone)
    if not alert.measured:
        return f"silent {when}"
    peak, limit = amount(alert.peak, alert.unit), amount(alert.expected, alert.unit)
    return f"{when} · {peak} at its {side(alert).extreme}, limit {limit} · {alert.rule}"
