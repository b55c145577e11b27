"""One span judged: its device's readings in order, against the alerts that there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from energyguard.alerts.alert import Alert
from energyguard.model.channels import CHANNELS, Kind
from energyguard.model.readings import Ints
from energyguard.model.topics import DAY_MS
from energyguard.records.alerts import AlertEvent
from energyguard.restatement.changed import ChangedSpan
from energyguard.restatement.comparison import AlertKnot, begins, ends, knots
from energyguard.restatement.replayed import ReplayTerms, alerts_in_order
from energyguard.rules.windowed import WindowRule
from energyguard.service.alerts.past import folded_alerts
from energyguard.telemetry import logger

AROUND_MS = DAY_MS // 4
"""So much time around a span is looked at first; four times as much, where alerts reach beyond."""
MAX_LOOKS = 5
PATIENCE_MS = DAY_MS
"""What still goes on so long after a span (event time) is left to the worker."""
CHUNK_MS = 7 * DAY_MS
REVISED = {Kind.REGISTER: 8, Kind.INTERVAL: 2, Kind.POWER: 2}
"""A reading may change the entries of so many before it, and as many after."""

Query = Callable[..., pa.Table]
_log = logger(__name__)


class SpanResult(NamedTuple):
    """What came of a span: events to tell; and whether it is done, or something goes on."""

    events: list[AlertEvent]
    is_done: bool


class Look(NamedTuple):
    """The alerts of both sides over some time, and the time that the span's readings change."""

    known: list[Alert]
    in_order: list[Alert]
    from_ms: int
    to_ms: int
    first_ms: int  # the first reading that there is
    changed_from_ms: int
    changed_to_ms: int

    def touched(self, rule: WindowRule) -> Iterator[AlertKnot]:
        """The knots of a rule that the span's readings may change."""
        mine = ([a for a in side if a.rule == rule.id] for side in (self.known, self.in_order))
        for knot in knots(*mine):
            if knot.from_ms <= self.changed_to_ms and self.changed_from_ms <= knot.to_ms:
                yield knot


class RestatementJudge:
    """Judges spans by a history.

    Args:
        query: asks the history.
        terms: by what readings are judged.
        newest_ms: how far the partition of the span is, event time.
        raises: whether there may be alerts that nobody had raised.
    """

    def __init__(
        self, query: Query, terms: ReplayTerms, newest_ms: int, *, raises: bool = True
    ) -> None:
        self._query, self._terms, self._newest_ms = query, terms, newest_ms
        self._raises = raises

    def judge(self, span: ChangedSpan) -> SpanResult:
        """What is to tell of a span.

        Raises:
            Unavailable: the history is not there now.
        """
        found: dict[tuple[str, int], AlertEvent] = {}
        is_done = True
        for from_ms in range(span.from_ms, span.to_ms + 1, CHUNK_MS):
            to_ms = min(span.to_ms, from_ms + CHUNK_MS - 1)
            part = span._replace(from_ms=from_ms, to_ms=to_ms)
            events, done = self._judge_part(part)
            found |= {(event.id, event.restated): event for event in events}
            is_done &= done
        return SpanResult(list(found.values()), is_done)

    def _judge_part(self, span: ChangedSpan) -> SpanResult:
        rules = [rule for rule in self._terms.rules if span.channel in rule.channels]
        look = self._look(span, rules) if rules else None
        if look is None:
            return SpanResult([], is_done=True)
        events: list[AlertEvent] = []
        waits = False
        for rule in rules:
            level = rule.of(span.device).level
            for knot in look.touched(rule):
                if knot.ends_otherwise or any(a.expected != level for a in knot.known):
                    continue
                if knot.goes_on:
                    waits = True
                else:
                    known = {alert.id for alert in knot.known}
                    events += [e for e in knot.events() if self._raises or e.id in known]
        gave_up = self._newest_ms > span.to_ms + self._terms.reach_ms + PATIENCE_MS
        return SpanResult(events, not waits or gave_up)

    def _look(self, span: ChangedSpan, rules: Sequence[WindowRule]) -> Look | None:
        """Look at so much time that no alert which the span touches reaches beyond it."""
        reach, around = self._terms.reach_ms, AROUND_MS
        for _ in range(MAX_LOOKS):
            look = self._look_at(span, span.from_ms - around, span.to_ms + reach + around)
            if look is None:
                return None
            touched = [knot for rule in rules for knot in look.touched(rule)]
            early = min((knot.from_ms for knot in touched), default=look.to_ms)
            late = max((knot.to_ms for knot in touched), default=0)
            is_whole = early > look.from_ms or look.from_ms <= look.first_ms
            if is_whole and (late <= look.to_ms or look.to_ms >= self._newest_ms):
                return look
            around *= 4
        _log.warning(
            "not restated: alerts of too long a time",
            device=span.device, channel=span.channel, since_ms=span.from_ms,
        )  # fmt: skip
        return None

    def _look_at(self, span: ChangedSpan, from_ms: int, to_ms: int) -> Look | None:
        rows = self._query("fold_rows", device=span.device, start_ms=from_ms, end_ms=to_ms)
        time = _times(rows, span.channel)
        if not len(time):
            if not span.import_id:
                return None
            time = np.array([span.from_ms, span.to_ms])  # there was nothing else
        until_ms = max(int(time[-1]), min(to_ms, self._newest_ms))
        made = alerts_in_order(self._terms, span.topic, span.device, rows, until_ms)
        place = {"device": span.device, "topic": span.topic, "channel": span.channel}
        ids = self._query("alerts_between", start_ms=from_ms, end_ms=to_ms, **place)
        names = ids["id"].to_pylist()
        book = folded_alerts(self._query, names) if names else None
        known = [alert for name in names if book and (alert := book.peek(name)) is not None]
        n = REVISED[CHANNELS[span.channel].kind]
        first = max(int(np.searchsorted(time, span.from_ms)) - n, 0)
        last = min(int(np.searchsorted(time, span.to_ms, side="right")) + n, len(time)) - 1
        return Look(
            known=known,
            in_order=[
                a for a in made
                if a.channel == span.channel and begins(a) <= to_ms and ends(a) >= from_ms
            ],
            from_ms=from_ms,
            to_ms=to_ms,
            first_ms=int(time[0]),
            changed_from_ms=min(int(time[first]), span.from_ms),
            changed_to_ms=max(int(time[last]), span.to_ms) + self._terms.reach_ms,
        )  # fmt: skip


def _times(rows: pa.Table, channel: str) -> Ints:
    """When a channel has readings, sorted."""
    mine = np.array([name == channel for name in rows["name"].to_pylist()], bool)
    times: Ints = rows["ms"].cast(pa.int64()).to_numpy()[mine]
    return times
