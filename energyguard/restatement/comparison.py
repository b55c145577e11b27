"""Alerts that there are against those that all readings in order make: what is to tell of them.

Alerts of one rule that overlap, of either side, are a *knot*: an alert that begins earlier is the
same one; of two that are one now, one is withdrawn. An alert that is not over, and is another one
by all readings, is told so at once; from then on the worker's word about it counts no more, so
it is followed here until it is over. A knot whose rule was changed or stopped meanwhile is left as
it is: nobody knows what the rule was then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from energyguard.alerts.alert import Alert
from energyguard.model.alerts import State
from energyguard.records.alerts import AlertEvent
from energyguard.rules.windowed import RESTATED

FOREVER_MS = 2**53


def begins(alert: Alert) -> int:
    """When an alert begins: at a reading, or at the end of its first window (ms)."""
    return min(alert.since_ms, alert.window_end_ms)


def ends(alert: Alert) -> int:
    """When it is over (ms)."""
    return FOREVER_MS if alert.open else max(alert.changed_ms, begins(alert) + 1)


def is_withdrawn(alert: Alert) -> bool:
    """Whether it was taken back."""
    return not alert.open and alert.reason == RESTATED


@dataclass(slots=True)
class AlertKnot:
    """Alerts of one rule that overlap."""

    known: list[Alert] = field(default_factory=list)
    in_order: list[Alert] = field(default_factory=list)
    from_ms: int = FOREVER_MS
    to_ms: int = 0

    def is_followed(self, events: Sequence[AlertEvent]) -> bool:
        """Whether one is not over after these events, and no longer the worker's to say."""
        state = {a.id: a.condition for a in self.known if a.restated}
        state |= {event.id: event.state for event in events}
        return any(condition is not State.RESOLVED for condition in state.values())

    def is_ahead(self, newest_ms: int) -> bool:
        """Whether the worker has said something since a time."""
        return any(alert.changed_ms > newest_ms for alert in self.known)

    @property
    def ends_otherwise(self) -> bool:
        """Whether one was ended by what somebody did with the rule."""
        return any(a.reason not in ("", RESTATED) for a in (*self.known, *self.in_order))

    def events(self) -> Iterator[AlertEvent]:
        """What is to tell."""
        pairs, rest = self._pairs()
        for new in self.in_order:
            old = pairs.get(new.id)
            if old is None:
                yield restated_event(new, 1)
            elif is_withdrawn(old) or _numbers(old) != _numbers(new) or _is_late(old, new):
                yield restated_event(replace(new, id=old.id), old.restated + 1)
        for old in rest:
            if not is_withdrawn(old):
                yield restated_event(old, old.restated + 1, RESTATED)

    def _pairs(self) -> tuple[Mapping[str, Alert], list[Alert]]:
        """Known alerts, by the id of the alert in order that each is; and those that are none."""
        by_id = {alert.id: alert for alert in self.known}
        pairs = {new.id: by_id.pop(new.id) for new in self.in_order if new.id in by_id}
        for new in self.in_order:
            left = [alert for alert in by_id.values() if not is_withdrawn(alert)]
            if new.id not in pairs and left:
                old = max(left, key=lambda alert: (_overlap(alert, new), -begins(alert)))
                if _overlap(old, new) > 0:
                    pairs[new.id] = by_id.pop(old.id)
        return pairs, list(by_id.values())


def knots(known: Sequence[Alert], in_order: Sequence[Alert]) -> list[AlertKnot]:
    """The knots of alerts of one rule and channel, oldest first."""
    every = [(alert, True) for alert in known] + [(alert, False) for alert in in_order]
    found: list[AlertKnot] = []
    for alert, is_known in sorted(every, key=lambda row: (begins(row[0]), row[0].id, row[1])):
        if not found or begins(alert) >= found[-1].to_ms:
            found.append(AlertKnot())
        knot = found[-1]
        (knot.known if is_known else knot.in_order).append(alert)
        knot.from_ms = min(knot.from_ms, begins(alert))
        knot.to_ms = max(knot.to_ms, ends(alert))
    return found


def restated_event(alert: Alert, restated: int, reason: str = "") -> AlertEvent:
    """The event that says all of an alert anew; with a reason: that it never was.

    The same however often it is made.
    """
    return AlertEvent(
        id=alert.id,
        rule=alert.rule,
        device=alert.device,
        channel=alert.channel,
        severity=alert.severity,
        state=State.RESOLVED if reason else alert.condition,
        time_ms=alert.changed_ms,
        since_ms=alert.since_ms,
        window_start_ms=alert.window_start_ms,
        window_end_ms=alert.window_end_ms,
        observed=alert.observed,
        expected=alert.expected,
        peak=alert.peak,
        unit=alert.unit,
        topic=alert.topic,
        about=f"{alert.device}: {reason} ({alert.about})" if reason else alert.about,
        reason=reason,
        evidence=tuple(alert.evidence.items()),
        restated=restated,
    )


def _numbers(alert: Alert) -> tuple[int, ...]:
    return alert.window_end_ms, ends(alert), alert.peak


def _is_late(old: Alert, new: Alert) -> bool:
    """Whether an alert that is followed here is in another state by now."""
    return old.restated > 0 and old.condition is not new.condition


def _overlap(left: Alert, right: Alert) -> int:
    return min(ends(left), ends(right)) - max(begins(left), begins(right))
