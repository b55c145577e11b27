"""The service: everything that page, API and CLI may ask or do, in one place.

    with EnergyService(log, history, settings) as service:  # starts and stops following the log
        service.overview()
        service.acknowledge(alert_id, by="mara", note="oven")

Methods are synchronous, thread-safe and quick, except those that ask the history or wait for the
log (``query``, ``overview``, ``take_readings``, the verbs): call these from a thread, not from an
event loop. What is refused raises an ``EnergyGuardError``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Self

import pyarrow as pa

from energyguard.alerts.book import AlertBook
from energyguard.audit import AuditTrail
from energyguard.clock import SYSTEM, Clock
from energyguard.codecs import RefusedRow
from energyguard.codecs.sources import device_in
from energyguard.domain import FileTables, load
from energyguard.files.found import FileAnswers
from energyguard.history import History
from energyguard.history.newest import newest_ms
from energyguard.history.query import query_named
from energyguard.log import Log, Positions
from energyguard.model import topics
from energyguard.pipeline import PROJECTIONS
from energyguard.rules.registry import book_of
from energyguard.service.alerts.notifications import Notifications
from energyguard.service.alerts.rule_changes import RuleChanges
from energyguard.service.alerts.rule_verbs import RuleVerbs
from energyguard.service.alerts.silences import SilenceVerbs
from energyguard.service.alerts.verbs import AlertVerbs
from energyguard.service.backlog import backlog_ms
from energyguard.service.backups import FolderBackups
from energyguard.service.bills.bills import EnergyBills
from energyguard.service.cluster import cluster_of
from energyguard.service.consumption.consumption import ConsumptionSums
from energyguard.service.corrections.corrections import CorrectionVerbs
from energyguard.service.devices import Devices
from energyguard.service.explain.explanations import EnergyExplanations
from energyguard.service.explain.known import KnownReadings
from energyguard.service.explain.originals import LogOriginals
from energyguard.service.front import Front
from energyguard.service.health import health
from energyguard.service.intake.dead_letters import Letters
from energyguard.service.intake.idempotency import Answers
from energyguard.service.intake.intake import Reception
from energyguard.service.intake.new_devices import NewDevices, known_to
from energyguard.service.intake.senders import Senders
from energyguard.service.intake.table_files import TableImport, files_of, settle_tables
from energyguard.service.late_sums import LateSums
from energyguard.service.live.live import LiveProjection
from energyguard.service.notify.routes import RouteVerbs
from energyguard.service.parts import Cluster, DomainProjection
from energyguard.service.profiles import DeviceProfiles
from energyguard.service.views import DeadLetter, Overview, Quality, Receipt, SystemHealth
from energyguard.settings.tree import Settings


class EnergyService(AlertVerbs, RuleVerbs):
    """What people and programs may ask and do.

    Attributes:
        live: newest readings, devices, counts, subscribers (``service/live/live.py``).
        book: the alerts (``alerts/book.py``): ``open()``, ``get()``, ``find()``, ``story()``.
        rules: the rules, ours and the user's, and which of them run.
        history: the past; ``query`` is the short way.
        cluster: the nodes of the store (``service/cluster.py``); None where it is no ring.
        devices, profiles: any device, live or of the past; what is usual for it.
        late_sums: what rules about sums wait for (``service/late_sums.py``).
        catalogue: sites, devices and groups (``service/catalogue/catalogue.py``).
        consumption: what was used, in spans of the calendar (``service/consumption/``).
        bills, prices: what energy cost; lists of dynamic prices (``service/bills/``).
        explanations: why energies are what they are (``service/explain/``).
        corrections: of readings, and of imports of files (``service/corrections/``).
        silences: by device, site or rule (``service/alerts/silences.py``).
        routes: who is told of alerts outside of the house (``service/notify/``).
        edges: who may send from afar, and how their lines are (``service/edges.py``).
        preferences: how people read the page (``service/preferences.py``).
        projections: how devices of domains are now, by the devices' name.
        settings, clock: the settings tree, the wall clock.
    """

    def __init__(
        self, log: Log, history: History, settings: Settings, clock: Clock = SYSTEM
    ) -> None:
        self.history, self.settings, self.clock = history, settings, clock
        self.book = AlertBook(clock=clock)
        self.cluster: Cluster | None = cluster_of(settings, clock)
        self.rules = book_of(settings)
        self.live = LiveProjection(log, self.book, self.rules.apply, settings, clock)
        self.edges = self.live.edges
        self.catalogue = self.live.catalogue
        self.catalogue.senders = Senders(self.live.senders, self.query, clock)
        self.book.silences.facts = self.catalogue.entries.facts
        self.preferences = self.live.preferences
        self.projections: dict[str, DomainProjection] = {
            name: load(projection.follow)(log, settings, clock)
            for name, projection in PROJECTIONS.items()
        }
        self._log = log
        self._letters, self.audit = Letters(log), AuditTrail(log, clock)
        self.backups = FolderBackups(settings, self.audit, clock)
        new_devices = NewDevices(settings.serve.new_devices, clock, known_to(history, self.live))
        self._reception = Reception(log, settings.wire, clock, new_devices)
        self._answers = Answers(settings.data_dir, clock)
        self._rule_changes = RuleChanges(log, self.rules, clock)
        self.silences = SilenceVerbs(
            log, self.book, self.notifications, self.rules, self.catalogue.entries, clock
        )
        self.routes = RouteVerbs(log, settings, self.rules, clock)
        self.devices = Devices(self.live, self.book, self.query)
        self.profiles = DeviceProfiles(log, self.live.device, self.catalogue.rule_facts, clock)
        self.late_sums = LateSums(log, clock)
        self.prices, entries = self.live.prices, self.catalogue.entries
        self.consumption = ConsumptionSums(
            self.query, entries, self.live.data_ms, self.live.clock_of, self.live.apart
        )
        self._front = Front(
            self.live, self.book, self.query, self.consumption, settings.serve.zone, clock
        )
        book, settled = self.live.corrections, partial(settle_tables, log)
        self.corrections = CorrectionVerbs(log, book, self.query, entries, clock, settled)
        self.bills = EnergyBills(self.consumption, entries, self.prices.get, self.live.apart)
        originals = LogOriginals(log, self.query, settings.wire)
        known = partial(KnownReadings, log, self.query, self.live.corrections, settings.wire)
        self.explanations = EnergyExplanations(self, originals.of, known)

    def start(self) -> None:
        """Begin to follow the log; returns when the alert book is up to date."""
        self.live.start()
        for projection in self.projections.values():
            projection.start()

    def close(self) -> None:
        """Stop following; the log and the history stay open, they are the caller's."""
        self.live.close()
        for projection in self.projections.values():
            projection.close()
        self._answers.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def notifications(self) -> Notifications:
        """Which alerts have fired, and who has read of them (``notifications.py``)."""
        return self.live.feed.notifications

    # What is so now

    def overview(self) -> Overview:
        """The numbers of the first page. Asks the history at most every five seconds."""
        return self._front.overview()

    def quality(self) -> Quality:
        """How readings ended, by reason; watermark and lag of each partition."""
        return self.live.reports.quality(self.live.ends(), self._letters.count())

    def positions(self, topic: str, of: str) -> Positions:
        """Where a topic's partitions end, or how far a group has read them."""
        return self._log.positions(topic, of)

    def health(self) -> SystemHealth:
        """Whether log, worker and history answer, and what is wrong with those that do not."""
        now_ms, failing = self.clock.now_ms(), self.routes.failing
        return health(self._log, self.live, self.history, self.settings, now_ms, failing)

    def query(self, name: str, **parameters: object) -> pa.Table:
        """Ask the history (``history/queries/<name>.sql``).

        Raises:
            NotFound: there is no such question.
            Unavailable: the history is not there now.
        """
        return self.history.query(name, **query_named(name).filled(self, parameters))

    def archived_ms(self, device: str = "", channel: str = "") -> int | None:
        """The newest reading that the history has, of a device and channel or of all; None: none.

        Raises:
            Unavailable: the history is not there now.
        """
        return newest_ms(self.query, self.clock.now_ms(), device, channel)

    def backlog_ms(self) -> int:
        """How long readings have waited that the history has not taken; 0: none waits."""
        return backlog_ms(self._log, self.clock)

    # Readings

    def take_readings(
        self,
        data: bytes,
        shape: str | None = None,
        source: str = "api",
        idempotency_key: str | None = None,
        device: str = "",
        sender: str = "",
        backfill: bool = False,
        speaks_for: Callable[[str], bool] | None = None,
        import_id: str = "",
    ) -> Receipt:
        """Take a batch of readings in any shape that ``wire`` knows; durable when it returns.

        One bad row never costs its neighbours: each row is accepted, malformed or out of range.

        Args:
            data: CSV, JSON lines, a JSON array or an Arrow stream.
            shape: the shape's name; None finds out.
            source: who sent it, for the dead letters: ``api``, or ``api:PATH``.
            idempotency_key: with the same bytes it gets the same answer; nothing is taken twice.
            device: the device, where no column names it; none: as ``source`` names it, unless it
                is a file that is imported: that may have any name.
            sender: whose they are: of one sender, so many new devices an hour are taken.
            backfill: of the past: kept and counted, but they move no clock.
            speaks_for: the devices whose readings the sender may send; None: all.
            import_id: of an import, which can be undone as a whole.

        Raises:
            Forbidden: a device is none of those.
            Malformed: nothing names the device.
            Conflict: the key was used with other bytes.
            OutOfRange: too many devices that nobody has sent before.
            Overloaded, DiskFull: nothing was taken; ``retry_after`` says when to try again.
        """
        device = device or ("" if import_id else device_in(source))

        def do() -> Receipt:
            topic = topics.METER_READINGS.name
            return self._reception.take(
                data, shape, source, topic, device, sender=sender, backfill=backfill,
                speaks_for=speaks_for, import_id=import_id,
            )  # fmt: skip

        if idempotency_key is None:
            return do()
        key = f"{idempotency_key}@{device}" if device else idempotency_key
        return self._answers.once(key, data, do)

    def refuse_rows(self, rows: Sequence[RefusedRow], source: str, idempotency_key: str) -> Receipt:
        """Keep rows of a file that were not taken as dead letters; durable when it returns.

        Args:
            rows: with their reasons.
            source: the file: ``file:NAME``.
            idempotency_key: with the same rows it gets the same answer; nothing is kept twice.

        Raises:
            Conflict: the key was used with other rows.
        """
        body = b"\n".join(row.original for row in rows)
        return self._answers.once(
            idempotency_key, body, lambda: self._reception.refuse(rows, source)
        )

    def take_table(
        self, tables: FileTables, path: Path, answers: FileAnswers, of: TableImport
    ) -> Receipt:
        """Take a file of a domain's tables in; durable when it returns."""
        return files_of(tables).take(self._log, path, answers, of)

    # Dead letters

    def dead_letters(self, limit: int = 100, before: int | None = None) -> list[DeadLetter]:
        """The newest dead letters, newest first; ``before`` an offset pages back."""
        return self._letters.newest(limit, before)

    def dead_letter(self, offset: int) -> DeadLetter:
        """One dead letter.

        Raises:
            NotFound: there is none at this offset (any more).
        """
        return self._letters.one(offset)[0]

    def replay_dead_letters(
        self, offsets: Sequence[int] | None = None, reason: str | None = None
    ) -> Receipt:
        """Decode dead letters again and take them in; what is still bad becomes a new letter.

        Args:
            offsets: these letters; None: all.
            reason: only letters whose verdict, field or reason contains this text.
        """
        return self._reception.take_again(self._letters.chosen(offsets, reason))
