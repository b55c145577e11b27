"""The role's loop: what came late is waited for, judged, told and committed.

Positions of the group move only behind spans that are done, and after what was told of them. An
event is the same however often it is made, and is made only where the history's alerts lack it:
that is asked when the history has every alert that there was. So who stops anywhere begins again,
and tells nothing twice. An alert that is told before it is over is followed until it is: whoever
begins finds those in the history, so that no position waits for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice

from energyguard.catalogue.revisions import CatalogueRevisions
from energyguard.catalogue.sums import sum_periods
from energyguard.clock import SYSTEM, Clock
from energyguard.errors import Fenced, Unavailable
from energyguard.flow import Flow
from energyguard.history import History
from energyguard.history.corrections.correction_book import CorrectionBook
from energyguard.log import LATEST, Log, Positions, TopicPartition
from energyguard.log.compacted import CompactedReader, CompactedTable
from energyguard.model.topics import ALERTS, CORRECTIONS, repartitioned, source_of
from energyguard.pipeline import ARCHIVE, RESTATE
from energyguard.records.alerts import AlertEvent
from energyguard.records.progress import PARTITION_PROGRESS
from energyguard.restatement.changed import ENERGY, ChangedSpan, ChangedSpans
from energyguard.restatement.judge import RestatementJudge
from energyguard.restatement.located import (
    corrected_spans,
    device_partition,
    followed_spans,
    import_spans,
)
from energyguard.restatement.replayed import ReplayTerms
from energyguard.restatement.subject import LargeSums, Subject, SumSubjects, device_subject
from energyguard.rules.registry import RuleBook
from energyguard.rules.windowed import WindowRule
from energyguard.settings.tree import Settings
from energyguard.stream.runtime.consumer import Consumer
from energyguard.stream.runtime.rule_follower import RuleFollower
from energyguard.stream.windows.episodes.output import alert_events
from energyguard.stream.windows.limits import WindowLimits
from energyguard.stream.windows.places import senders
from energyguard.telemetry import logger

RETRY_S = 10.0
"""What goes on is looked at again so often,"""
SHARE = 20
"""and no sooner than after so many times the time that it took;"""
AT_ONCE = 20
"""so many spans at a time, in turn."""

_log = logger(__name__)


class Restater:
    """A member of the group that restates alerts.

    Args:
        log: has what came late, and gets the events.
        history: has all readings and alerts; what it lacks is waited for.
        settings: lateness, and whether backfills count.
        book: the rules.
        clock: for how often things are looked at.
        flow: what it reads: what came late, or what is of the past from the start.
    """

    def __init__(
        self,
        log: Log,
        history: History,
        settings: Settings,
        book: RuleBook,
        clock: Clock = SYSTEM,
        flow: Flow = RESTATE,
    ) -> None:
        self._log, self._history, self._clock, self._book = log, history, clock, book
        self._settings = settings
        self.consumer = Consumer(log, flow.group, flow.topics, clock)
        self._catalogue = CatalogueRevisions(log, senders, settings.serve.zone)
        self._progress = CompactedTable(log, PARTITION_PROGRESS)
        self._rules = RuleFollower(log, book)
        self._corrections = CorrectionBook()
        for part in CompactedReader(log, CORRECTIONS.name).unread():
            self._corrections.take(part.values)
        self._fresh = ChangedSpans()  # nobody has waited for the history yet
        self._counting = ChangedSpans()  # when the history has come to ``_ends`` they are judged
        self._ends: dict[str, Positions] = {}
        self._of_sums = ChangedSpans()  # of sums of what was counted: judged after it
        self._going_on = ChangedSpans()  # judged; something of them is not over
        self._large_sums = LargeSums()
        self._sums = self._summed()
        self._summed_at = self._catalogue.revision
        self._retry_s = 0.0  # when that is looked at again
        self._owned: set[TopicPartition] = set()  # at the last look
        self._begun: Positions | None = None
        """When the history has come so far, it knows the alerts to follow; None: they are."""

    @property
    def waiting(self) -> int:
        """How many spans are not done."""
        return sum(map(len, self._waiting))

    @property
    def _waiting(self) -> tuple[ChangedSpans, ...]:
        return self._fresh, self._counting, self._of_sums, self._going_on

    def step(self, wait_s: float) -> bool:
        """Take what came late, waiting up to ``wait_s`` for it; judge what can be judged.

        Returns:
            Whether something was judged.

        Raises:
            Unavailable: log or history is not there now; nothing is lost.
        """
        try:
            self.consumer.poll()
            for part in self.consumer.read(wait_s):
                if part.topic == CORRECTIONS.name:
                    self._fresh.take_corrections(part, self._corrections)
                else:
                    self._fresh.take(part, backfills=self._settings.restate.backfills)
                self.consumer.take(part.at, part.next_offset)
            self._follow()
            return self._round()
        except Fenced:  # another member has a partition by now: what is left is read again
            self.consumer.reset()
            self._fresh, self._counting = ChangedSpans(), ChangedSpans()
            self._of_sums, self._going_on = ChangedSpans(), ChangedSpans()
            self._owned = set()
            raise

    def _follow(self) -> None:
        """Know the rules that run, where devices stand, and how far partitions are."""
        is_other = self._rules.refresh()
        self._catalogue.refresh()
        self._progress.refresh()
        if is_other or self._summed_at != self._catalogue.revision:
            self._sums, self._summed_at = self._summed(), self._catalogue.revision

    def _summed(self) -> SumSubjects:
        """The sums that rules are about, by the catalogue of now."""
        periods_of = partial(sum_periods, revisions=self._catalogue)
        return SumSubjects(self._book.running(), periods_of, self._large_sums)

    def _round(self) -> bool:
        begin_s = self._clock.monotonic()
        self._follow_alerts()
        if not len(self._counting) and not len(self._of_sums):
            if begin_s >= self._retry_s:
                for span in islice(self._going_on, AT_ONCE):
                    self._fresh.put(span, self._going_on.pop(span))
            if not len(self._fresh):
                return self.consumer.commit(self._done())
            self._counting.add(self._fresh)
            topics = {span.at.topic for span in self._counting} | {ALERTS.name}
            self._ends = {topic: dict(self._log.positions(topic, LATEST)) for topic in topics}
        if not all(self._is_counted(topic, ends) for topic, ends in self._ends.items()):
            return False
        for spans in (self._counting, self._of_sums):
            while len(spans):
                self.consumer.poll()
                self._judge_next(spans)
        end_s = self._clock.monotonic()
        self._retry_s = end_s + max(RETRY_S, SHARE * (end_s - begin_s))
        return True

    def _follow_alerts(self) -> None:
        """Go on with the alerts that were told otherwise, and are not over.

        With each partition that is new here: whoever had it may have followed some.
        """
        before, self._owned = self._owned, set(self.consumer.committed)
        if self._owned - before:
            self._begun = dict(self._log.positions(ALERTS.name, LATEST))
        if self._begun is not None and self._is_counted(ALERTS.name, self._begun):
            for span in followed_spans(self._history.query, self._sums.is_sum):
                self._fresh.put(span, {})
            self._begun = None

    def _is_counted(self, topic: str, ends: Positions) -> bool:
        """Whether the history has come so far in a topic."""
        there = self._log.positions(topic, ARCHIVE.group)
        return all(there.get(at, 0) >= end for at, end in ends.items())

    def _judge_next(self, spans: ChangedSpans) -> None:
        """Judge one of some spans; tell what came of it before positions move behind it."""
        span = next(iter(spans))
        if span.import_id and not span.device:
            self._split(span)
            return
        events: list[AlertEvent] = []
        of_sums: list[ChangedSpan] = []
        is_done = is_settled = True
        is_corrected = span.is_correction or bool(span.import_id) or span.is_corrected
        for placed in self._located(span):
            judge = RestatementJudge(
                self._history.query,
                self._subject(placed),
                raises=self._may_raise(span.import_id),
                is_corrected=is_corrected,
            )
            found = judge.judge(placed)
            events += found.events
            is_done &= found.is_done
            is_settled &= found.is_settled
            if not span.is_sum and (sums := [*self._sums.sums_of(placed)]):
                from_ms, to_ms = judge.changed(placed)
                of_sums += [
                    of._replace(from_ms=from_ms, to_ms=to_ms, is_corrected=is_corrected)
                    for of in sums
                ]
        places = spans.pop(span)
        if not is_done:
            self._going_on.put(span, {} if is_settled else places)
        for of in of_sums:
            self._of_sums.put(of, places)
        try:
            self._tell(span, events)
        except Unavailable:  # nothing was written: it is judged once more
            spans.put(span, places)
            raise

    def _subject(self, span: ChangedSpan) -> Subject:
        """Whose alerts a span may change."""
        terms = self._terms(span)
        if not span.is_sum:
            return device_subject(span, terms, self._newest_ms(span.at))
        return self._sums.subject(span, terms, partial(self._newest_of, span.topic))

    def _split(self, span: ChangedSpan) -> None:
        """Judge of an import each device by itself."""
        of_devices = [*import_spans(self._history.query, span.import_id)]
        places = self._counting.pop(span)
        for of_device in of_devices:
            self._counting.put(of_device, places)

    def _may_raise(self, import_id: str) -> bool:
        """Whether alerts may come that nobody had raised: not of what is of the past, unasked.

        An import whose readings count again brings those back that were taken back without it.
        """
        counts = import_id and self._corrections.of_import(import_id) is None
        return self._settings.restate.backfills or not counts

    def _located(self, span: ChangedSpan) -> Iterator[ChangedSpan]:
        """A span where its readings lie."""
        if span.is_correction:
            return corrected_spans(self._history.query, span)
        return iter([span])

    def _tell(self, span: ChangedSpan, events: list[AlertEvent]) -> None:
        outputs = [(ALERTS.name, alert_events(events))] if events else []
        self.consumer.commit(self._done(), outputs)
        for event in events:
            _log.info(
                "restated", alert=event.id, device=span.device, rule=event.rule,
                withdrawn=bool(event.reason),
            )  # fmt: skip

    def _done(self) -> dict[TopicPartition, int]:
        """Up to where all is done, by partition."""
        done = dict(self.consumer.positions)
        for spans in self._waiting:
            for at, offset in spans.places.items():
                done[at] = min(done.get(at, offset), offset)
        return done

    def _terms(self, span: ChangedSpan) -> ReplayTerms:
        rules = [
            rule
            for rule in self._book.running()
            if isinstance(rule, WindowRule) and not ENERGY.isdisjoint(rule.channels)
        ]
        return ReplayTerms(
            rules,
            WindowLimits.of(self._settings.stream, rules, self._settings.ledger.defaults),
            partial(self._catalogue.places_at, topic=span.topic),
            self._catalogue.revision,
        )

    def _newest_ms(self, at: TopicPartition) -> int:
        """How far the partition is that readings lie in, event time."""
        topics = {at.topic, repartitioned(source_of(at.topic))}
        found = (self._progress.rows.get(f"{topic}/{at.partition}") for topic in topics)
        return max((progress.newest_ms or 0 for progress in found if progress), default=0)

    def _newest_of(self, topic: str, device: str) -> int:
        """The same of a device."""
        at = device_partition(topic, device)
        return self._newest_ms(at) if at else 0

    def close(self) -> None:
        """Give the partitions up at once."""
        self.consumer.leave()
