"""Standing silences as people see and change them: which alerts are quiet, until when, by whom."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from energyguard.alerts.alert import Alert
from energyguard.alerts.book import AlertBook
from energyguard.alerts.silences import FOREVER_MS, NamedSilence
from energyguard.audit import AuditTrail
from energyguard.catalogue import Catalogue
from energyguard.clock import Clock
from energyguard.errors import Conflict, Malformed, NotFound
from energyguard.log import Log, Records
from energyguard.model.selector import Selector
from energyguard.model.topics import SILENCES
from energyguard.records.alerts import AlertEvent
from energyguard.records.silences import STANDING_SILENCE, StandingSilence
from energyguard.rules.registry import RuleBook
from energyguard.service.alerts.notifications import Notifications
from energyguard.service.alerts.silence_times import begin_of, check_end, end_of
from energyguard.service.alerts.silence_view import SilencePreview, SilenceView

WEEK_MS = 7 * 86_400_000
KEPT_MS = 90 * 86_400_000
"""So long after its end a silence is still shown."""


class SilenceVerbs:
    """The standing silences, and their changes. Thread-safe.

    Args:
        log: where they are kept.
        book: the alerts, with the silences.
        notifications: what fired of late.
        rules: those that there are.
        catalogue: where devices stand.
        clock: the wall clock.
    """

    def __init__(
        self,
        log: Log,
        book: AlertBook,
        notifications: Notifications,
        rules: RuleBook,
        catalogue: Catalogue,
        clock: Clock,
    ) -> None:
        self._log, self._clock, self._audit = log, clock, AuditTrail(log, clock)
        self._book, self._silences = book, book.silences
        self._notifications, self._rules, self._catalogue = notifications, rules, catalogue

    def all(self) -> list[SilenceView]:
        """Every silence: those that hold, those that will, those that are over."""
        views = [self._view(row) for row in self._silences.all()]
        return sorted(views, key=lambda view: (not view.active, view.is_over))

    def get(self, silence_id: str) -> SilenceView:
        """One silence.

        Raises:
            NotFound: there is none.
        """
        return self._view(self._found(silence_id))

    def preview(
        self, selector: str = "", rule: str = "", from_ms: int | None = None, every: str = ""
    ) -> SilencePreview:
        """What a silence would hide now, and would have in seven days.

        Args:
            selector: which devices; empty: all.
            rule: which rule; empty: all.
            from_ms: when it begins, wall time; None: now.
            every: it holds in these times alone; empty: all the time.

        Raises:
            Malformed: the selector or the times cannot be read.
            NotFound: there is no such rule.
        """
        now_ms = self._clock.now_ms()
        row = self._named("", self._wanted(selector, rule, FOREVER_MS, from_ms, every))
        times = row.recurrence
        fired = [
            notification.event
            for notification in self._notifications.fired(now_ms - WEEK_MS)
            if self._hides(row, notification.event)
            and (times is None or times.at(notification.at_ms))
        ]
        quiet = [alert for alert in self._book.open() if self._hides(row, alert)]
        open_now = len(quiet) if row.lasts(now_ms) else 0
        return SilencePreview(open_now, len(fired), len({event.device for event in fired}))

    def put(
        self,
        selector: str = "",
        rule: str = "",
        until_ms: int | None = None,
        by: str = "",
        note: str = "",
        from_ms: int | None = None,
        every: str = "",
    ) -> SilenceView:
        """Let alerts of devices, or of a rule, be quiet; durable when it returns.

        One that begins later, or comes again, is for what is known before: what fires under it is
        told when it ends, if it lasts until then.

        Args:
            selector: which devices; empty: all.
            rule: which rule; empty: all.
            until_ms: its end, wall time; None: somebody has to end it.
            by: who wants it.
            note: why.
            from_ms: when it begins, wall time; None: now.
            every: it holds in these times alone, such as ``sun 02:00-06:00``, by the clock of the
                site that it is about; empty: all the time.

        Raises:
            Malformed: the selector or the times cannot be read, or it would hold at no time.
            NotFound: there is no such rule.
        """
        now_ms = self._clock.now_ms()
        end_ms = FOREVER_MS if until_ms is None else until_ms
        silence = self._wanted(selector, rule, end_ms, from_ms, every, by, note)
        if from_ms is not None and from_ms < now_ms:
            raise Malformed("from: this time is over; without it the silence begins now", "from")
        check_end(end_ms, now_ms)
        if end_ms <= (from_ms or 0):
            raise Malformed("until: it ends before it begins; say a later time", "until")
        silence_id = secrets.token_hex(4)
        if self._named(silence_id, silence).is_over(now_ms):
            raise Malformed(f"every: {every!r} does not come until then", "every")
        old = [r.id for r in self._silences.all() if r.silence.until_ms < now_ms - KEPT_MS]
        self._write([(silence_id, silence), *((old_id, None) for old_id in old)])
        about = " ".join(part for part in (silence.selector, rule, silence.every) if part)
        self._audit.note("silence", by, about or "all alerts", note)
        return self.get(silence_id)

    def end(self, silence_id: str, by: str) -> SilenceView:
        """End a silence by hand: what is open is heard again.

        Raises:
            NotFound: there is none.
            Conflict: it is over already.
        """
        row, now_ms = self._found(silence_id), self._clock.now_ms()
        if row.is_over(now_ms):
            raise Conflict(f"silence {silence_id!r} is over already")
        fields = {name: getattr(row.silence, name) for name in row.silence.__struct_fields__}
        ended = StandingSilence(**fields | {"until_ms": now_ms, "ended_by": by})
        self._write([(silence_id, ended)])
        self._audit.note("silence ended", by, row.silence.selector or row.silence.rule)
        return self.get(silence_id)

    def begins(self, words: str, selector: str = "") -> int | None:
        """When a silence begins that people give words for: wall ms; None: now.

        Args:
            words: a date (its beginning), a date and a time; nothing: now. In the zone of the site
                that it is about.
            selector: says of which.

        Raises:
            Malformed: it is none of these.
        """
        return begin_of(words, self.zone_of(selector))

    def until(self, words: str, selector: str = "", from_ms: int | None = None) -> int | None:
        """When a silence ends that people give words for: wall ms; None: somebody has to end it.

        Args:
            words: ``tonight`` (until 07:00), a duration (``1 h``), a date (its end), a date and
                a time; nothing: until it is ended. In the zone of the site that it is about.
            selector: says of which.
            from_ms: when it begins; None: now.

        Raises:
            Malformed: it is none of these.
        """
        begin_ms = self._clock.now_ms() if from_ms is None else from_ms
        return end_of(words, self.zone_of(selector), begin_ms)

    def zone_of(self, selector: str) -> str:
        """The zone of what a selector is about: of its site or its one device, else the product's.

        Raises:
            Malformed: it cannot be read.
        """
        for field, name in _parsed(selector).terms:
            if field == "site" and name in self._catalogue.sites:
                return self._catalogue.zone_of(name)
            if field == "id" and name in self._catalogue.devices:
                return self._catalogue.zone_of_device(name)
        return self._catalogue.zone

    def _wanted(
        self,
        selector: str,
        rule: str,
        until_ms: int,
        from_ms: int | None,
        every: str,
        by: str = "",
        note: str = "",
    ) -> StandingSilence:
        """A silence as it is kept; its end and its times are not looked at yet."""
        if rule and rule not in {alert.rule for alert in self._book.find(limit=10_000)}:
            self._rules.get(rule)  # alerts name rules that no file has, too: `silence`
        times = " ".join(every.lower().split())
        return StandingSilence(
            until_ms=until_ms,
            by=by,
            at_ms=self._clock.now_ms(),
            selector=str(_parsed(selector)),
            rule=rule,
            note=note,
            from_ms=from_ms or 0,
            every=times,
            zone=self.zone_of(selector) if times else "",
        )

    @staticmethod
    def _named(silence_id: str, silence: StandingSilence) -> NamedSilence:
        try:
            return NamedSilence.of(silence_id, silence)
        except ValueError as error:
            raise Malformed(f"every: {error}", "every") from None

    def _hides(self, row: NamedSilence, alert: Alert | AlertEvent) -> bool:
        return row.hides(alert.rule, lambda: self._catalogue.facts(alert.device))

    def _found(self, silence_id: str) -> NamedSilence:
        if (row := self._silences.get(silence_id)) is None:
            raise NotFound(f"no silence {silence_id!r}")
        return row

    def _view(self, row: NamedSilence) -> SilenceView:
        silence, now_ms = row.silence, self._clock.now_ms()
        span, coming = row.span(now_ms), row.next_span(now_ms + 1)
        quiet = [a for a in self._book.open() if a.standing == row.id] if span else []
        return SilenceView(
            id=row.id,
            selector=silence.selector,
            rule=silence.rule,
            by=silence.by,
            at_ms=silence.at_ms,
            until_ms=_end(silence.until_ms),
            note=silence.note,
            ended_by=silence.ended_by,
            active=span is not None,
            alerts=len(quiet),
            from_ms=row.whole.start_ms,
            every=silence.every,
            zone=silence.zone,
            ends_ms=span and _end(span.end_ms),
            next_ms=coming and coming.start_ms,
        )

    def _write(self, silences: Sequence[tuple[str, StandingSilence | None]]) -> None:
        """Tell the log; who asked sees it at once."""
        keys = [silence_id.encode() for silence_id, _ in silences]
        values = [None if s is None else STANDING_SILENCE.encode(s) for _, s in silences]
        self._log.append(SILENCES.name, Records(keys, values))
        for silence_id, silence in silences:
            self._silences.put(silence_id, silence)


def _end(until_ms: int) -> int | None:
    return None if until_ms >= FOREVER_MS else until_ms


def _parsed(selector: str) -> Selector:
    try:
        return Selector.parse(selector)
    except ValueError as error:
        raise Malformed(f"selector: {error}", "selector") from None
