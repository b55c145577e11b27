"""One span judged: its readings in order, against the alerts that there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from energyguard.alerts.alert import Alert
from energyguard.model.topics import DAY_MS
from energyguard.records.alerts import AlertEvent
from energyguard.restatement.changed import ChangedSpan
from energyguard.restatement.comparison import (
    FOREVER_MS,
    AlertKnot,
    begins,
    ends,
    knots,
    restated_event,
)
from energyguard.restatement.pieces import Query, ReadingPieces
from energyguard.restatement.subject import Subject
from energyguard.rules.rule import CHANGED, STOPPED
from energyguard.rules.windowed import WindowRule
from energyguard.service.alerts.past import folded_alerts

AROUND_MS = DAY_MS // 4
"""So much time around a span is looked at first; more, where alerts reach beyond."""
CHUNK_MS = 7 * DAY_MS


class SpanResult(NamedTuple):
    """What came of a span.

    Attributes:
        events: to tell.
        is_done: whether nothing of it goes on that has to be looked at again.
        is_settled: whether every window that its readings change is closed: what goes on is then
            found again by whoever begins anew, as an alert that is not over.
    """

    events: list[AlertEvent]
    is_done: bool
    is_settled: bool


class Look(NamedTuple):
    """The alerts of both sides over some time, and the time that the span's readings change."""

    known: list[Alert]
    in_order: list[Alert]
    changed_from_ms: int
    changed_to_ms: int

    def touched(self, rule: WindowRule) -> Iterator[AlertKnot]:
        """The knots of a rule that the span's readings may change."""
        mine = ([a for a in side if a.rule == rule.id] for side in (self.known, self.in_order))
        for knot in knots(*mine):
            if knot.from_ms <= self.changed_to_ms and self.changed_from_ms <= knot.to_ms:
                yield knot

    def reach(self, subject: Subject) -> tuple[int, int]:
        """When the first of what is touched begins, and when the last is over."""
        touched = [knot for rule in subject.rules for knot in self.touched(rule)]
        return (
            min((knot.from_ms for knot in touched), default=self.changed_from_ms),
            max((knot.to_ms for knot in touched), default=self.changed_to_ms),
        )


class RestatementJudge:
    """Judges spans by a history.

    Args:
        query: asks the history.
        subject: whose alerts, and by what they are judged.
        raises: whether there may be alerts that nobody had raised.
        is_corrected: whether the worker goes on counting what the history no longer counts.
    """

    def __init__(
        self, query: Query, subject: Subject, *, raises: bool = True, is_corrected: bool = False
    ) -> None:
        self._query, self._subject = query, subject
        self._raises, self._is_corrected = raises, is_corrected

    def judge(self, span: ChangedSpan) -> SpanResult:
        """What is to tell of a span.

        Raises:
            Unavailable: the history is not there now.
        """
        found: dict[tuple[str, int], AlertEvent] = {}
        is_done = is_settled = True
        for from_ms in range(span.from_ms, span.to_ms + 1, CHUNK_MS):
            to_ms = min(span.to_ms, from_ms + CHUNK_MS - 1)
            part = span._replace(from_ms=from_ms, to_ms=to_ms)
            result = self._judge_part(part)
            found |= {(event.id, event.restated): event for event in result.events}
            is_done &= result.is_done
            is_settled &= result.is_settled
        return SpanResult(list(found.values()), is_done, is_settled)

    def changed(self, span: ChangedSpan) -> tuple[int, int]:
        """From when to when entries are that the span's readings change."""
        pieces = self._pieces(span.from_ms)
        for _ in pieces.until(span.to_ms):
            pass
        return self._revised(span, pieces)

    def _judge_part(self, span: ChangedSpan) -> SpanResult:
        subject = self._subject
        levels = {rule.id: rule.of(span.device).level for rule in subject.rules}
        if (look := self._look(span) if subject.rules else None) is None:
            known = self._known(span, span.from_ms, max(span.to_ms, subject.newest_ms))
            return SpanResult(self._stopped(known, levels), is_done=True, is_settled=True)
        events = self._stopped(look.known, levels)
        goes_on = is_ahead = False
        for knot in (knot for rule in subject.rules for knot in look.touched(rule)):
            if knot.ends_otherwise or any(a.expected != levels[a.rule] for a in knot.known):
                continue
            if subject.newest_ms and knot.is_ahead(subject.newest_ms):
                goes_on = is_ahead = True
                continue
            known_ids = {alert.id for alert in knot.known}
            found = [e for e in knot.events() if self._raises or e.id in known_ids]
            goes_on |= knot.is_followed(found)
            events += found
        is_settled = subject.newest_ms > look.changed_to_ms + subject.lateness_ms
        if not is_settled:  # the worker has other readings in its windows, or an alert that is none
            touched = (knot for rule in subject.rules for knot in look.touched(rule))
            goes_on |= self._is_corrected or any(a.restated for k in touched for a in k.known)
            goes_on |= bool(events)
        return SpanResult(events, not goes_on, is_settled and not is_ahead)

    def _stopped(self, known: Sequence[Alert], levels: Mapping[str, int]) -> list[AlertEvent]:
        """The ends of alerts that are followed here, whose rules no longer run as they did."""
        newest_ms = self._subject.newest_ms
        return [
            restated_event(
                replace(alert, changed_ms=max(alert.changed_ms, newest_ms)),
                alert.restated + 1,
                CHANGED if alert.rule in levels else STOPPED,
            )
            for alert in known
            if alert.open and alert.restated and levels.get(alert.rule) != alert.expected
        ]

    def _look(self, span: ChangedSpan) -> Look | None:
        """Look at so much time that no alert which the span touches reaches beyond it."""
        from_ms, around = span.from_ms - AROUND_MS, AROUND_MS
        while True:
            pieces = self._pieces(from_ms - self._subject.reach_ms)
            look = self._look_on(span, pieces, from_ms)
            if look is None:
                return None
            early = look.reach(self._subject)[0]
            if early > from_ms or not len(pieces.times) or from_ms <= pieces.times[0]:
                return look
            around *= 4
            from_ms = min(early, span.from_ms) - around

    def _look_on(self, span: ChangedSpan, pieces: ReadingPieces, from_ms: int) -> Look | None:
        """Look from a time on until what the span touches is over, or to the newest reading."""
        subject, further_ms = self._subject, DAY_MS
        replay = subject.replay()
        to_ms = span.to_ms + subject.reach_ms + AROUND_MS
        while True:
            newest_ms = subject.newest_ms or int(pieces.times.max(initial=to_ms))
            for readings, until_ms in pieces.until(min(to_ms, newest_ms)):
                replay.take(readings, until_ms)
            if not len(pieces.times) and not span.import_id:
                return None
            changed_from_ms, changed_to_ms = self._revised(span, pieces)
            look = Look(
                self._known(span, from_ms, to_ms),
                [
                    a for a in replay.alerts()
                    if a.channel == span.channel and begins(a) <= to_ms and ends(a) >= from_ms
                ],
                changed_from_ms,
                changed_to_ms + subject.reach_ms,
            )  # fmt: skip
            late = look.reach(subject)[1]
            if late <= to_ms or to_ms >= newest_ms:
                return look
            known = (ends(alert) for alert in look.known)
            over = max((end for end in known if end < FOREVER_MS), default=0)
            to_ms, further_ms = max(to_ms + further_ms, over + AROUND_MS), 2 * further_ms

    def _pieces(self, from_ms: int) -> ReadingPieces:
        subject = self._subject
        return ReadingPieces(self._query, subject.devices, from_ms, subject.channels)

    def _revised(self, span: ChangedSpan, pieces: ReadingPieces) -> tuple[int, int]:
        """From when to when entries are that the span's readings change."""
        times, n = pieces.times, self._subject.revised
        if not n or not len(times):
            return span.from_ms, span.to_ms
        first = max(int(np.searchsorted(times, span.from_ms)) - n, 0)
        last = min(int(np.searchsorted(times, span.to_ms, side="right")) + n, len(times)) - 1
        return min(int(times[first]), span.from_ms), max(int(times[last]), span.to_ms)

    def _known(self, span: ChangedSpan, from_ms: int, to_ms: int) -> list[Alert]:
        """The alerts that there are of some time."""
        place = {"device": span.device, "topic": span.topic, "channel": span.channel}
        ids = self._query("alerts_between", start_ms=from_ms, end_ms=to_ms, **place)
        names = ids["id"].to_pylist()
        book = folded_alerts(self._query, names) if names else None
        return [alert for name in names if book and (alert := book.peek(name)) is not None]
