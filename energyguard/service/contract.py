"""What page, API and CLI may rely on: the contract of the service and of its parts.

``EnergyService`` (``service.py``) keeps it, and so must whatever stands in for it in tests. What
each verb does in full, and what it raises, stands at ``EnergyService``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from energyguard.alerts.alert import Alert
from energyguard.audit import Audit
from energyguard.clock import Clock
from energyguard.codecs import RefusedRow
from energyguard.domain import FileTables
from energyguard.files.found import FileAnswers
from energyguard.log import Positions
from energyguard.model.alerts import Act
from energyguard.rules.rule import Rule
from energyguard.service.bills.contract import Bills, Prices
from energyguard.service.catalogue.contract import SiteCatalogue
from energyguard.service.consumption.contract import Consumption
from energyguard.service.corrections.contract import Corrections
from energyguard.service.explain.contract import Explanations
from energyguard.service.intake.table_files import TableImport
from energyguard.service.lookups import (
    AlertLookup,
    DeviceLookup,
    LateSumLookup,
    NotificationLookup,
    ProfileLookup,
    RuleLookup,
)
from energyguard.service.notify.contract import NotifyRoutes
from energyguard.service.parts import (
    Backups,
    Cluster,
    DomainProjection,
    Edges,
    Live,
    PeoplePreferences,
    StandingSilences,
)
from energyguard.service.views import (
    DeadLetter,
    Overview,
    Quality,
    Receipt,
    SystemHealth,
)
from energyguard.settings.tree import Settings


class Service(Protocol):
    """Everything that people and programs may ask and do."""

    @property
    def settings(self) -> Settings:
        """The settings tree."""

    @property
    def clock(self) -> Clock:
        """The wall clock."""

    @property
    def live(self) -> Live:
        """The newest of everything."""

    @property
    def book(self) -> AlertLookup:
        """The alerts."""

    @property
    def rules(self) -> RuleLookup:
        """The rules, and which of them run."""

    @property
    def notifications(self) -> NotificationLookup:
        """Which alerts have fired, and who has read of them."""

    @property
    def devices(self) -> DeviceLookup:
        """Any device, live or of the past."""

    @property
    def profiles(self) -> ProfileLookup:
        """What is usual for a device, as it was learned."""

    @property
    def late_sums(self) -> LateSumLookup:
        """What rules about sums wait for."""

    @property
    def projections(self) -> Mapping[str, DomainProjection]:
        """How devices of domains are now, by the devices' name (``Domain.projections``)."""

    @property
    def cluster(self) -> Cluster | None:
        """The nodes of the store; None where it is no ring."""

    @property
    def edges(self) -> Edges:
        """The edges that were let in, and how their lines are."""

    @property
    def catalogue(self) -> SiteCatalogue:
        """Sites, devices and groups: what people say there is, and where it stands."""

    @property
    def consumption(self) -> Consumption:
        """What was used, in spans of the calendar."""

    @property
    def corrections(self) -> Corrections:
        """What people say of readings: wrong, another value, undone; imports that are undone."""

    @property
    def bills(self) -> Bills:
        """What energy cost, by the tariffs of the catalogue."""

    @property
    def explanations(self) -> Explanations:
        """Why energies are what they are."""

    @property
    def routes(self) -> NotifyRoutes:
        """Who is told of alerts outside of the house."""

    @property
    def prices(self) -> Prices:
        """Lists of dynamic prices."""

    @property
    def silences(self) -> StandingSilences:
        """Standing silences: by device, site or rule."""

    @property
    def preferences(self) -> PeoplePreferences:
        """How each person reads the page."""

    @property
    def backups(self) -> Backups:
        """Copies of the data folder."""

    @property
    def audit(self) -> Audit:
        """Who came in, who was refused, who changed what."""

    def overview(self) -> Overview:
        """The numbers of the first page."""

    def quality(self) -> Quality:
        """How readings ended, and how far along everything is."""

    def positions(self, topic: str, of: str) -> Positions:
        """Where a topic's partitions end, or how far a group has read them."""

    def health(self) -> SystemHealth:
        """Whether the system can do its work."""

    def query(self, name: str, **parameters: object) -> pa.Table:
        """Ask the history."""

    def archived_ms(self, device: str = "", channel: str = "") -> int | None:
        """The newest reading that the history has; None: none."""

    def backlog_ms(self) -> int:
        """How long readings have waited that the history has not taken; 0: none waits."""

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
        """Take a batch of readings; durable when it returns."""

    def refuse_rows(self, rows: Sequence[RefusedRow], source: str, idempotency_key: str) -> Receipt:
        """Keep rows of a file that were not taken; durable when it returns."""

    def take_table(
        self, tables: FileTables, path: Path, answers: FileAnswers, of: TableImport
    ) -> Receipt:
        """Take a file of a domain's tables in; durable when it returns."""

    def acknowledge(self, alert_id: str, by: str, note: str = "") -> Alert:
        """Say that a person has it."""

    def silence(
        self,
        alert_id: str,
        until_ms: int | None = None,
        for_ms: int | None = None,
        by: str = "",
        note: str = "",
    ) -> Alert:
        """Keep an alert quiet until a time, or for a while from now."""

    def unsilence(self, alert_id: str, by: str, note: str = "") -> Alert:
        """End its silence."""

    def act_on(
        self,
        alert_ids: Sequence[str],
        act: Act,
        by: str,
        note: str = "",
        until_ms: int | None = None,
    ) -> list[Alert]:
        """Do the same with many alerts at once; a silence without an end lasts as they do."""

    def use_rules(self, ids: Sequence[str], by: str) -> list[Rule]:
        """Run these rules and no others."""

    def change_rule(self, rule_id: str, by: str, device: str = "", **fields: str) -> Rule:
        """Change a rule's level, dwell time, window or slide, for all devices or for one."""

    def reset_rule(self, rule_id: str, by: str, device: str = "") -> Rule:
        """Give a rule the levels of its file again, or a device those of all."""

    def undo_rule(self, rule_id: str, by: str, device: str = "") -> Rule:
        """Take back the last change of a rule, or the last one of a device."""

    def add_rules(self, toml: str, by: str) -> list[Rule]:
        """Let new rules run, as a rule file has them."""

    def remove_rule(self, rule_id: str, by: str) -> None:
        """Take a rule out that was added while running."""

    def dead_letters(self, limit: int = 100, before: int | None = None) -> list[DeadLetter]:
        """The newest dead letters, newest first."""

    def dead_letter(self, offset: int) -> DeadLetter:
        """One dead letter."""

    def replay_dead_letters(
        self, offsets: Sequence[int] | None = None, reason: str | None = None
    ) -> Receipt:
        """Decode dead letters again and take them in."""
