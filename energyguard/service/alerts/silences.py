"""Standing silences as people see and change them: which alerts are quiet, until when, by whom."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from energyguard.alerts.alert import Alert
from energyguard.alerts.book import AlertBook
from energyguard.alerts.silences import FOREVER_MS, NamedSilence
from energyguard.audit import AuditTrail
from energyguard.catalogue import Catalogue
from energyguard.clock import Clock
from energyguard.errors import Conflict, Malformed, NotFound
from energyguard.log import Log, Records
from energyguard.model.days import ms_of
from energyguard.model.quantities import parse_duration
from energyguard.model.selector import Selector
from energyguard.model.topics import SILENCES
from energyguard.records.alerts import AlertEvent
from energyguard.records.silences import STANDING_SILENCE, StandingSilence
from energyguard.rules.registry import RuleBook
from energyguard.service.alerts.notifications import Notifications

MORNING = time(7)
"""``tonight`` lasts until then."""
WEEK_MS = 7 * 86_400_000
KEPT_MS = 90 * 86_400_000
"""So long after its end a silence is still shown."""
TONIGHT, UNTIL_ENDED = "tonight", "until it is ended"


class SilenceView(NamedTuple):
    """A standing silence as it is now. Times are wall time."""

    id: str
    selector: str
    rule: str
    by: str
    at_ms: int
    until_ms: int | None  # None: until somebody ends it
    note: str
    ended_by: str
    active: bool
    alerts: int  # so many open alerts are quiet by it

    @property
    def about(self) -> str:
        """What is quiet, in words: ``site=lindenhof, rule night``."""
        parts = (self.selector, f"rule {self.rule}" if self.rule else "")
        return ", ".join(part for part in parts if part) or "all alerts"


class SilencePreview(NamedTuple):
    """What a silence would do."""

    open: int  # so many alerts that are open now would be quiet
    last_7_days: int  # so many that fired in the last seven days would have been
    devices: int  # of so many devices that fired then


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
        """Every silence, those that last first, then the newest first."""
        views = [self._view(row) for row in self._silences.all()]
        return sorted(views, key=lambda view: not view.active)

    def get(self, silence_id: str) -> SilenceView:
        """One silence.

        Raises:
            NotFound: there is none.
        """
        return self._view(self._found(silence_id))

    def preview(self, selector: str = "", rule: str = "") -> SilencePreview:
        """What a silence of devices and a rule would hide now, and would have in seven days.

        Raises:
            Malformed: the selector cannot be read.
            NotFound: there is no such rule.
        """
        wanted = self._wanted(selector, rule)
        now_ms = self._clock.now_ms()
        row = NamedSilence("", StandingSilence(until_ms=0, by="", at_ms=0, rule=rule), wanted)
        fired = [e for e in self._notifications.fired(now_ms - WEEK_MS) if self._hides(row, e)]
        quiet = [alert for alert in self._book.open() if self._hides(row, alert)]
        return SilencePreview(len(quiet), len(fired), len({event.device for event in fired}))

    def put(
        self,
        selector: str = "",
        rule: str = "",
        until_ms: int | None = None,
        by: str = "",
        note: str = "",
    ) -> SilenceView:
        """Let alerts of devices, or of a rule, be quiet; durable when it returns.

        Args:
            selector: which devices; empty: all.
            rule: which rule; empty: all.
            until_ms: its end, wall time; None: somebody has to end it.
            by: who wants it.
            note: why.

        Raises:
            Malformed: the selector cannot be read, or the end is over.
            NotFound: there is no such rule.
        """
        wanted, now_ms = self._wanted(selector, rule), self._clock.now_ms()
        end_ms = FOREVER_MS if until_ms is None else until_ms
        if end_ms <= now_ms:
            raise Malformed("until: this time is over; say one to come", "until")
        silence = StandingSilence(
            until_ms=end_ms, by=by, at_ms=now_ms, selector=str(wanted), rule=rule, note=note
        )
        silence_id = secrets.token_hex(4)
        old = [r.id for r in self._silences.all() if r.silence.until_ms < now_ms - KEPT_MS]
        self._write([(silence_id, silence), *((old_id, None) for old_id in old)])
        self._audit.note("silence", by, f"{wanted} {rule}".strip() or "all alerts", note)
        return self.get(silence_id)

    def end(self, silence_id: str, by: str) -> SilenceView:
        """End a silence by hand: what is open is heard again.

        Raises:
            NotFound: there is none.
            Conflict: it is over already.
        """
        row, now_ms = self._found(silence_id), self._clock.now_ms()
        if not row.lasts(now_ms):
            raise Conflict(f"silence {silence_id!r} is over already")
        fields = {name: getattr(row.silence, name) for name in row.silence.__struct_fields__}
        ended = StandingSilence(**fields | {"until_ms": now_ms, "ended_by": by})
        self._write([(silence_id, ended)])
        self._audit.note("silence ended", by, row.silence.selector or row.silence.rule)
        return self.get(silence_id)

    def until(self, words: str, selector: str = "") -> int | None:
        """When a silence ends that people give words for: wall ms; None: somebody has to end it.

        Args:
            words: ``tonight`` (until 07:00), a duration (``1 h``), a date (its end), a date and
                a time; nothing: until it is ended. In the zone of the site that it is about.
            selector: says of which.

        Raises:
            Malformed: it is none of these.
        """
        text = words.strip().lower()
        if text in ("", UNTIL_ENDED):
            return None
        zone, now_ms = ZoneInfo(self.zone_of(selector)), self._clock.now_ms()
        now = datetime.fromtimestamp(now_ms / 1000, zone)
        if text == TONIGHT:
            days = int(now.time() >= MORNING)
            return ms_of(datetime.combine(now.date() + timedelta(days=days), MORNING, zone))
        try:
            return now_ms + parse_duration(text)
        except ValueError:
            pass
        try:
            moment = datetime.fromisoformat(words.strip())
        except ValueError:
            raise Malformed(
                f"{words!r} is no end: write tonight, 1 h, 2026-12-24 or 2026-12-24T18:00", "until"
            ) from None
        if len(text) <= 10:  # a date: until its end
            moment += timedelta(days=1)
        return ms_of(moment if moment.tzinfo else moment.replace(tzinfo=zone))

    def zone_of(self, selector: str) -> str:
        """The zone of what a selector is about: of its site or its one device, else the product's.

        Raises:
            Malformed: it cannot be read.
        """
        for field, name in self._wanted(selector, "").terms:
            if field == "site" and name in self._catalogue.sites:
                return self._catalogue.zone_of(name)
            if field == "id" and name in self._catalogue.devices:
                return self._catalogue.zone_of_device(name)
        return self._catalogue.zone

    def _wanted(self, selector: str, rule: str) -> Selector:
        if rule and rule not in {alert.rule for alert in self._book.find(limit=10_000)}:
            self._rules.get(rule)  # alerts name rules that no file has, too: `silence`
        try:
            return Selector.parse(selector)
        except ValueError as error:
            raise Malformed(f"selector: {error}", "selector") from None

    def _hides(self, row: NamedSilence, alert: Alert | AlertEvent) -> bool:
        return row.hides(alert.rule, lambda: self._catalogue.facts(alert.device))

    def _found(self, silence_id: str) -> NamedSilence:
        if (row := self._silences.get(silence_id)) is None:
            raise NotFound(f"no silence {silence_id!r}")
        return row

    def _view(self, row: NamedSilence) -> SilenceView:
        silence = row.silence
        active = row.lasts(self._clock.now_ms())
        quiet = [a for a in self._book.open() if a.standing == row.id] if active else []
        return SilenceView(
            id=row.id,
            selector=silence.selector,
            rule=silence.rule,
            by=silence.by,
            at_ms=silence.at_ms,
            until_ms=None if silence.until_ms >= FOREVER_MS else silence.until_ms,
            note=silence.note,
            ended_by=silence.ended_by,
            active=active,
            alerts=len(quiet),
        )

    def _write(self, silences: Sequence[tuple[str, StandingSilence | None]]) -> None:
        """Tell the log; who asked sees it at once."""
        keys = [silence_id.encode() for silence_id, _ in silences]
        values = [None if s is None else STANDING_SILENCE.encode(s) for _, s in silences]
        self._log.append(SILENCES.name, Records(keys, values))
        for silence_id, silence in silences:
            self._silences.put(silence_id, silence)
