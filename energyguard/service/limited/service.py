"""The service for somebody who may not do, or not see, everything: denied by default.

    LimitedService(service, caller).acknowledge(...)     # Forbidden without the role `operate`

It keeps the same contract around the real one, so that no view, route or question has to think of
it: verbs above the role are refused, and of devices outside the caller's sites nothing is known.
What is of all together, such as nodes and copies, is refused to who sees some of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from energyguard.alerts.alert import Alert
from energyguard.codecs import RefusedRow
from energyguard.domain import FileTables
from energyguard.files.found import FileAnswers
from energyguard.history.newest import newest_ms
from energyguard.log import Positions
from energyguard.model.alerts import Act
from energyguard.model.days import midnight_ms
from energyguard.rules.rule import Rule
from energyguard.service.contract import Service
from energyguard.service.explain.contract import Explanations
from energyguard.service.explain.explanations import EnergyExplanations
from energyguard.service.intake.table_files import TableImport
from energyguard.service.limited.answers import limited_overview
from energyguard.service.limited.explanations import LimitedExplanations
from energyguard.service.limited.view import ADMIN, OPERATE, READ, WRITE, LimitedView
from energyguard.service.views import DeadLetter, Overview, Quality, Receipt, SystemHealth


class LimitedService(LimitedView):
    """The service as far as somebody may use it."""

    # What is so now

    def overview(self) -> Overview:
        """The numbers of the first page; of some sites those that can be told of them."""
        whole = self._for(READ).overview()
        if self._scope is None:
            return whole
        clock_ms = self._live.fresh().clock_ms
        day_ms = clock_ms and midnight_ms(clock_ms, self.settings.serve.zone)
        return limited_overview(
            replace(whole, day_ms=day_ms),
            self._live.devices(),
            self._book.open(),
            self.query,
            self._live.apart(),
        )

    def quality(self) -> Quality:
        """How readings ended; how far along everything is, of who sees all."""
        service = self._for(READ)
        if self._scope is None:
            return service.quality()
        return self._letters.quality(self.query, service.clock.now_ms())

    def positions(self, topic: str, of: str) -> Positions:
        """Where a topic's partitions end, or how far a group has read them: of all."""
        return self._whole(READ, "how far the log is").positions(topic, of)

    def health(self) -> SystemHealth:
        """Whether the system can do its work."""
        return self._for(READ).health()

    def archived_ms(self, device: str = "", channel: str = "") -> int | None:
        """The newest reading that the history has; None: none that is seen."""
        service = self._for(READ)
        if self._scope is None:
            return service.archived_ms(device, channel)
        if device and device not in self._scope:
            return None
        return newest_ms(self.query, service.clock.now_ms(), device, channel)

    @property
    def explanations(self) -> Explanations:
        """Why energies of what is seen are what they are."""
        whole = self._for(READ).explanations
        if self._scope is None:
            return whole
        seen = EnergyExplanations(self, whole.originals, whole.known)
        return LimitedExplanations(seen, self._scope)

    def backlog_ms(self) -> int:
        """How long readings have waited that the history has not taken: of all."""
        return self._for(READ).backlog_ms()

    # What people and programs do

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
        """Take a batch of readings, of devices that the sender may speak for."""
        service = self._for(WRITE)
        seen = speaks_for if self._scope is None else self._scope.__contains__
        return service.take_readings(
            data, shape, source, idempotency_key, device, sender, backfill, seen, import_id
        )

    def refuse_rows(self, rows: Sequence[RefusedRow], source: str, idempotency_key: str) -> Receipt:
        """Keep rows of a file that were not taken."""
        return self._for(WRITE).refuse_rows(rows, source, idempotency_key)

    def take_table(
        self, tables: FileTables, path: Path, answers: FileAnswers, of: TableImport
    ) -> Receipt:
        """Take a file of a domain's tables in: they may be of any site."""
        return self._whole(WRITE, tables.title).take_table(tables, path, answers, of)

    def acknowledge(self, alert_id: str, by: str, note: str = "") -> Alert:
        """Say that a person has it."""
        service = self._for(OPERATE)
        return service.acknowledge(self._book.get(alert_id).id, by, note)

    def silence(
        self,
        alert_id: str,
        until_ms: int | None = None,
        for_ms: int | None = None,
        by: str = "",
        note: str = "",
    ) -> Alert:
        """Keep an alert quiet until a time, or for a while from now."""
        service = self._for(OPERATE)
        return service.silence(self._book.get(alert_id).id, until_ms, for_ms, by, note)

    def unsilence(self, alert_id: str, by: str, note: str = "") -> Alert:
        """End its silence."""
        service = self._for(OPERATE)
        return service.unsilence(self._book.get(alert_id).id, by, note)

    def act_on(
        self,
        alert_ids: Sequence[str],
        act: Act,
        by: str,
        note: str = "",
        until_ms: int | None = None,
    ) -> list[Alert]:
        """Do the same with many alerts at once."""
        service = self._for(OPERATE)
        ids = [self._book.get(alert_id).id for alert_id in alert_ids]
        return service.act_on(ids, act, by, note, until_ms)

    def use_rules(self, ids: Sequence[str], by: str) -> list[Rule]:
        """Run these rules and no others: an admin's."""
        return self._whole(ADMIN, "which rules run").use_rules(ids, by)

    def change_rule(self, rule_id: str, by: str, device: str = "", **fields: str) -> Rule:
        """Change a rule's limits: of a device that is seen; for all it is an admin's."""
        changed = self._of_rule(device).change_rule(rule_id, by, device, **fields)
        return changed if self._scope is None else self.rules.get(rule_id)

    def reset_rule(self, rule_id: str, by: str, device: str = "") -> Rule:
        """Give a device the limits of all; a rule those of its file is an admin's."""
        changed = self._of_rule(device).reset_rule(rule_id, by, device)
        return changed if self._scope is None else self.rules.get(rule_id)

    def undo_rule(self, rule_id: str, by: str, device: str = "") -> Rule:
        """Take back the last change of a device; of a rule it is an admin's."""
        changed = self._of_rule(device).undo_rule(rule_id, by, device)
        return changed if self._scope is None else self.rules.get(rule_id)

    def add_rules(self, toml: str, by: str) -> list[Rule]:
        """Let new rules run: an admin's."""
        return self._whole(ADMIN, "which rules there are").add_rules(toml, by)

    def remove_rule(self, rule_id: str, by: str) -> None:
        """Take a rule out that was added: an admin's."""
        self._whole(ADMIN, "which rules there are").remove_rule(rule_id, by)

    def _of_rule(self, device: str) -> Service:
        if not device:
            return self._whole(ADMIN, "a rule's limits for all")
        service = self._for(OPERATE)
        if self._scope is not None:
            self._scope.check(device)
        return service

    def dead_letters(self, limit: int = 100, before: int | None = None) -> list[DeadLetter]:
        """The newest dead letters that are seen, newest first."""
        service = self._for(READ)
        if self._scope is None:
            return service.dead_letters(limit, before)
        return self._letters.newest(limit, before)

    def dead_letter(self, offset: int) -> DeadLetter:
        """One dead letter."""
        service = self._for(READ)
        return service.dead_letter(offset) if self._scope is None else self._letters.one(offset)

    def replay_dead_letters(
        self, offsets: Sequence[int] | None = None, reason: str | None = None
    ) -> Receipt:
        """Decode dead letters again and take them in: an admin's."""
        return self._whole(ADMIN, "dead letters").replay_dead_letters(offsets, reason)
