"""Changes of rules while they run: each is a record of ``energyguard.rules``, which all follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock

from energyguard.audit import AuditTrail
from energyguard.clock import SYSTEM, Clock
from energyguard.log import Log, Records
from energyguard.model.topics import RULES
from energyguard.records.rules import RuleEdit, RuleHeaders
from energyguard.rules.changed import changed_rule
from energyguard.rules.registry import RuleBook, RuleRecord
from energyguard.rules.rule import Rule
from energyguard.rules.rule_history import overrides_of


class RuleChanges:
    """Changes the rules of a book, one change at a time, and tells the log."""

    def __init__(self, log: Log, book: RuleBook, clock: Clock = SYSTEM) -> None:
        self._log, self._book, self._clock = log, book, clock
        self._audit, self._changing = AuditTrail(log, clock), Lock()

    def use(self, ids: Sequence[str], by: str) -> list[Rule]:
        """Run these rules and no others.

        Raises:
            NotFound: there is no such rule.
        """
        with self._changing:
            self._write(self._book.using(ids, self._edit(by)), by)
            return self._book.active()

    def change(self, rule_id: str, by: str, device: str, fields: Mapping[str, str]) -> Rule:
        """Change fields of a rule, given as text; with ``device`` for this one only.

        What is as it was before is no change, and nothing is told.

        Raises:
            NotFound: there is no such rule.
            ConfigError: the changed rule would make no sense; the faults say why.
        """
        with self._changing:
            rule = self._book.get(rule_id)
            if changed_rule(rule, device, fields) != rule:
                self._write([self._book.changing(rule_id, self._edit(by), device, **fields)], by)
            return self._book.get(rule_id)

    def reset(self, rule_id: str, by: str, device: str = "") -> Rule:
        """Give a rule the levels of its file again, on every device; or one device those of all.

        Raises:
            NotFound: there is no such rule.
        """
        with self._changing:
            rule = self._book.get(rule_id)
            if device in overrides_of(rule) or (not device and rule != self._book.of_file(rule_id)):
                self._write([self._book.resetting(rule_id, device, self._edit(by))], by)
            return self._book.get(rule_id)

    def undo(self, rule_id: str, by: str, device: str = "") -> Rule:
        """Take back the last change of a rule, or the last one of a device.

        Raises:
            NotFound: there is no such rule.
            Conflict: nothing is left to take back.
        """
        with self._changing:
            self._write([self._book.undoing(rule_id, device)], by)
            return self._book.get(rule_id)

    def add(self, rules: Sequence[Rule], by: str) -> None:
        """Let new rules run, all of them or none.

        Raises:
            ConfigError: there is one of such an id.
        """
        with self._changing:
            self._write(self._book.adding(rules, self._edit(by)), by)

    def remove(self, rule_id: str, by: str) -> None:
        """Take a rule out that was added while running; its alerts end.

        Raises:
            NotFound: there is no such rule.
            Conflict: a file has it.
        """
        with self._changing:
            self._write([self._book.removing(rule_id)], by)

    def _edit(self, by: str) -> RuleEdit:
        return RuleEdit(by, self._clock.now_ms())

    def replace(self, rules: Sequence[Rule], by: str) -> None:
        """Let these rules run as they are given, all in one write.

        Raises:
            NotFound: there is no such rule.
            ConfigError: one of them makes no sense; the faults say why, and none is changed.
        """
        with self._changing:
            self._write(self._book.replacing(rules, self._edit(by)), by)

    def _write(self, records: Sequence[RuleRecord], by: str) -> None:
        if records:
            headers = [RuleHeaders(by).encode()] * len(records)
            keys, values = [rule_id.encode() for rule_id, _ in records], [v for _, v in records]
            self._log.append(RULES.name, Records(keys, values, headers))
            names = ", ".join(key.decode() for key in keys if key)
            self._audit.note("rule change", by, names)
        for rule_id, value in records:
            self._book.apply(rule_id, value)
