"""The alert book: a fold of alert events and people's actions.

The two are folded side by side and meet only when an alert is looked at: what the worker says of
a device is the *condition*, what people do is the *attention*. So the book does not depend on how
the two topics interleave, and is the same on any backend and after any restart. A record that is
read twice changes nothing; the same words at a later time count, where something else was so
between: a rule may stop and run again more than once before its device sends anything. A silence
lasts in the time that people live in, whatever time the data is of.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from threading import RLock

from energyguard.alerts.alert import Alert, TimelineEntry
from energyguard.alerts.attention import ATTENTION, Attention
from energyguard.alerts.silences import SilenceBook
from energyguard.clock import SYSTEM, Clock
from energyguard.errors import NotFound
from energyguard.model.alerts import State
from energyguard.records.alerts import AlertAction, AlertEvent

TRANSITIONS: Mapping[tuple[State | None, State], State] = {
    (None, State.PENDING): State.PENDING,
    (None, State.FIRING): State.FIRING,
    (State.PENDING, State.PENDING): State.PENDING,
    (State.PENDING, State.FIRING): State.FIRING,
    (State.PENDING, State.RESOLVED): State.RESOLVED,
    (State.PENDING, State.UNKNOWN): State.UNKNOWN,
    (State.FIRING, State.FIRING): State.FIRING,
    (State.FIRING, State.RESOLVED): State.RESOLVED,
    (State.FIRING, State.UNKNOWN): State.UNKNOWN,
    (State.UNKNOWN, State.UNKNOWN): State.UNKNOWN,
    (State.UNKNOWN, State.PENDING): State.PENDING,
    (State.UNKNOWN, State.FIRING): State.FIRING,
    (State.UNKNOWN, State.RESOLVED): State.RESOLVED,  # the device came back, below the level
    (State.RESOLVED, State.PENDING): State.PENDING,  # its rule was stopped, and runs again while
    (State.RESOLVED, State.FIRING): State.FIRING,  # the window that began it is still open
    (State.RESOLVED, State.UNKNOWN): State.UNKNOWN,  # the same of a device that is silent
}
"""(condition, what the worker says) -> condition. What is not here is told, and moves nothing."""

CLOSED_KEPT = 5_000
"""Resolved alerts that stay in memory; the history has them all."""


@dataclass(slots=True)
class _Entry:
    story: list[TimelineEntry] = field(default_factory=list)
    logged_ms: dict[AlertEvent | AlertAction, int] = field(default_factory=dict)  # the newest
    attention: Attention = field(default_factory=Attention)
    condition: State | None = None  # None: people spoke of it before the worker did
    first: AlertEvent | None = None
    raised: AlertEvent | None = None  # the first that fires: it says what happened
    last: AlertEvent | None = None
    peak: int = 0
    restated: int = 0  # how often; the worker's own events change a restated alert no more
    shown: Alert | None = None  # as it was shown last; None: it has changed since


class AlertBook:
    """Every alert. Thread-safe.

    Attributes:
        silences: those that stand; alerts under one are shown as silenced.
    """

    def __init__(self, closed_kept: int = CLOSED_KEPT, clock: Clock = SYSTEM) -> None:
        self.silences = SilenceBook()
        self._lock = RLock()
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._open: dict[str, _Entry] = {}
        self._closed: dict[str, None] = {}  # ids in the order in which they were resolved
        self._closed_kept = closed_kept

    def tell(self, what: AlertEvent | AlertAction, at_ms: int) -> bool:
        """Take a record of one of the two topics, with the time when the log took it.

        Returns:
            Whether it was new.
        """
        with self._lock:
            entry = self._entries.get(what.id)
            if entry is None:
                entry = self._entries[what.id] = _Entry()
            if what in entry.logged_ms and not _is_so_again(entry, what, at_ms):
                return False
            entry.story.append(TimelineEntry(at_ms, what))
            entry.logged_ms[what] = at_ms
            entry.shown = None
            if isinstance(what, AlertAction):
                note = what.note or entry.attention.note
                entry.attention = replace(ATTENTION[what.act](entry.attention, what), note=note)
            else:
                self._see(entry, what)
            return True

    def open(self) -> list[Alert]:
        """The alerts that are not resolved, the newest first."""
        with self._lock:
            return _newest(self._all(self._open.values()), len(self._open))

    def get(self, alert_id: str) -> Alert:
        """One alert.

        Raises:
            NotFound: there is none.
        """
        if not (alert := self.peek(alert_id)):
            raise NotFound(f"no alert {alert_id!r}")
        return alert

    def peek(self, alert_id: str) -> Alert | None:
        """One alert, or None where there is none."""
        with self._lock:
            entry = self._entries.get(alert_id)
            return self._shown(entry) if entry else None

    def story(self, alert_id: str) -> list[TimelineEntry]:
        """Everything that happened to an alert, in the order in which the log took it.

        Raises:
            NotFound: there is no such alert.
        """
        self.get(alert_id)
        with self._lock:
            timeline = list(self._entries[alert_id].story)
        return sorted(timeline, key=lambda line: (line.at_ms, isinstance(line.what, AlertAction)))

    def find(
        self,
        state: State | None = None,
        device: str | None = None,
        rule: str | None = None,
        since_ms: int | None = None,
        limit: int = 100,
    ) -> list[Alert]:
        """Alerts, newest first, that fit all that is given.

        Args:
            state: shown as this.
            device: of this device.
            rule: of this rule.
            since_ms: last changed at this event time or later.
            limit: at most so many.
        """
        with self._lock:
            alerts = self._all(self._entries.values())
            fitting = (
                alert
                for alert in alerts
                if (state is None or alert.state is state)
                and (device is None or alert.device == device)
                and (rule is None or alert.rule == rule)
                and (since_ms is None or alert.changed_ms >= since_ms)
            )
            return _newest(fitting, limit)

    def _all(self, entries: Iterable[_Entry]) -> Iterable[Alert]:
        return (alert for entry in entries if (alert := self._shown(entry)))

    def _see(self, entry: _Entry, event: AlertEvent) -> None:
        if event.restated or entry.restated:
            if event.restated > entry.restated:
                self._restate(entry, event)
            return
        condition = TRANSITIONS.get((entry.condition, event.state))
        if condition is None and entry.condition is not None:
            return
        # A retention may have taken the beginning: the first word known of it counts as it is.
        entry.condition = condition or event.state
        if entry.first is None:
            entry.first, entry.peak = event, event.peak
        if entry.raised is None and event.state is State.FIRING:
            entry.raised = event
        entry.last = event
        entry.peak = (min if _is_below(entry.first) else max)(entry.peak, event.peak)
        self._file(entry, event)

    def _restate(self, entry: _Entry, event: AlertEvent) -> None:
        """What late or corrected readings say of an alert counts instead of all before.

        Of one that is withdrawn it stays what was said when it was raised.
        """
        if entry.first is None or not event.reason:
            entry.first, entry.raised = event, None
        entry.peak = event.peak
        entry.condition, entry.last, entry.restated = event.state, event, event.restated
        self._file(entry, event)

    def _file(self, entry: _Entry, event: AlertEvent) -> None:
        """Put an entry among the open alerts, or among the closed ones."""
        if entry.condition is State.RESOLVED:
            self._open.pop(event.id, None)
            self._closed[event.id] = None
            if len(self._closed) > self._closed_kept:
                oldest = next(iter(self._closed))
                del self._closed[oldest], self._entries[oldest]
        else:
            self._closed.pop(event.id, None)
            self._open[event.id] = entry

    def _shown(self, entry: _Entry) -> Alert | None:
        shown = entry.shown
        if shown is None:
            shown = self._made(entry)
            if entry.attention.silenced is None:  # a silence runs out by itself
                entry.shown = shown
        return shown and self._under_silence(shown, entry.attention)

    def _under_silence(self, alert: Alert, seen: Attention) -> Alert:
        """An alert as it is under the silences that stand now."""
        if not alert.open or alert.state is State.SILENCED:
            return alert
        now_ms = self._clock.now_ms()
        found = self.silences.over(alert.rule, alert.device, now_ms, seen.unsilenced_ms)
        if found is None:
            return alert
        return replace(
            alert, state=State.SILENCED, silenced_by=found.silence.by,
            silenced_until_ms=found.ends_ms(now_ms), standing=found.id,
        )  # fmt: skip

    def _made(self, entry: _Entry) -> Alert | None:
        first, last, seen = entry.first, entry.last, entry.attention
        if first is None or last is None or entry.condition is None:
            return None
        silence = seen.silenced
        if silence and (silence.until_ms or 0) <= self._clock.now_ms():
            silence = None  # it has run out
        moves = bool(last.evidence)  # what is usual goes by the hour: say what raised the alert
        over = entry.condition is State.RESOLVED
        held_against = (entry.raised or first) if over and moves else last
        return Alert(
            id=last.id,
            rule=last.rule,
            device=last.device,
            channel=last.channel,
            topic=last.topic,
            severity=last.severity,
            state=_state(entry.condition, silence is not None, seen.acknowledged is not None),
            condition=entry.condition,
            since_ms=first.since_ms,
            changed_ms=last.time_ms,
            window_start_ms=first.window_start_ms,
            window_end_ms=first.window_end_ms,
            observed=last.observed,
            expected=held_against.expected,
            peak=entry.peak,
            unit=last.unit,
            about=(entry.raised or first).about,
            acknowledged_by=seen.acknowledged.by if seen.acknowledged else None,
            acknowledged_at_ms=seen.acknowledged.at_ms if seen.acknowledged else None,
            silenced_by=silence.by if silence else None,
            silenced_until_ms=silence.until_ms if silence else None,
            note=seen.note,
            reason=last.reason,
            is_below=_is_below(first),
            restated=entry.restated,
            logged_ms=entry.logged_ms.get(last, 0),
            evidence=dict((entry.raised or first).evidence),
        )


def _is_so_again(entry: _Entry, what: AlertEvent | AlertAction, at_ms: int) -> bool:
    """Whether words that are known came again, after others, and are no record read twice."""
    return (
        isinstance(what, AlertEvent)
        and at_ms > entry.logged_ms[what]
        and (entry.condition, what.state) in TRANSITIONS
        and entry.condition is not what.state
    )


def _is_below(first: AlertEvent) -> bool:
    """Whether little is the bad sign: what begins an episode is beyond its level."""
    return first.peak < first.expected


def _state(condition: State, silenced: bool, acknowledged: bool) -> State:
    """What to show: people's attention covers what is still going on, and nothing else."""
    if condition in (State.RESOLVED, State.UNKNOWN):
        return condition
    if silenced:
        return State.SILENCED
    return State.ACKNOWLEDGED if acknowledged else condition


def _newest(alerts: Iterable[Alert], limit: int) -> list[Alert]:
    return heapq.nlargest(limit, alerts, key=lambda alert: (alert.since_ms, alert.id))
