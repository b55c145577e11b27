"""The rules that there are, and those that run.

Files give the rules; ``energyguard.rules`` says what was switched or changed while running. The
book is a fold of both, so every process that follows the topic has the same one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from energyguard.domain import installed
from energyguard.errors import ConfigError, NotFound
from energyguard.records.rules import RULE_CHANGE, RuleChange, RuleEdit
from energyguard.rules.devices import DeviceRule
from energyguard.rules.kinds import decoding
from energyguard.rules.profile.calendar import calendar_of
from energyguard.rules.rule import NOWHERE, Rule, SiteCalendar
from energyguard.rules.toml import read_rules
from energyguard.settings.tree import Settings
from energyguard.telemetry import logger

_log = logger(__name__)
RuleRecord = tuple[str, bytes]
"""A rule's id, and the value of its record in ``energyguard.rules``."""
_DECODER = msgspec.json.Decoder(RuleChange[Rule], dec_hook=decoding)


class RuleBook:
    """Every rule by its id, in order, and whether it runs."""

    def __init__(
        self, rules: Iterable[Rule], use: Sequence[str], site: SiteCalendar = NOWHERE
    ) -> None:
        """Make a book of rules of which ``use`` run, at a site.

        Raises:
            ConfigError: ``use`` names a rule that is not there.
        """
        self._rules = {rule.id: rule for rule in rules}
        self._from_files = dict(self._rules)
        unknown = [name for name in use if name not in self._rules]
        if unknown:
            known = ", ".join(self._rules)
            raise ConfigError(*(f"rules.use: no rule {n!r}; there are: {known}" for n in unknown))
        self._use, self._site = frozenset(use), site
        self._active = set(use)
        self._edits: dict[str, dict[str, RuleEdit]] = {}

    def all(self) -> list[Rule]:
        """Every rule."""
        return list(self._rules.values())

    def active(self) -> list[Rule]:
        """The rules that run."""
        return [rule for rule in self._rules.values() if rule.id in self._active]

    def running(self) -> list[Rule]:
        """The same as they are at the site: what operators run."""
        return [rule.at_site(self._site) for rule in self.active()]

    def at_site(self, rule_id: str) -> Rule:
        """A rule by its id, as it is at the site.

        Raises:
            NotFound: there is none.
        """
        return self.get(rule_id).at_site(self._site)

    def get(self, rule_id: str) -> Rule:
        """A rule by its id.

        Raises:
            NotFound: there is none.
        """
        try:
            return self._rules[rule_id]
        except KeyError:
            known = ", ".join(self._rules)
            raise NotFound(f"no rule {rule_id!r}; there are: {known}") from None

    def of_file(self, rule_id: str) -> Rule:
        """A rule as its file has it.

        Raises:
            NotFound: there is none.
        """
        return self._from_files.get(rule_id) or self.get(rule_id)

    def edits(self, rule_id: str) -> Mapping[str, RuleEdit]:
        """Who changed the levels of a rule that are in force: by device; of all: no name."""
        return self._edits.get(rule_id, {})

    def apply(self, rule_id: str, value: bytes | None) -> bool:
        """Take a record of ``energyguard.rules``; true when something changed.

        One that cannot be read is told in the program's log, and changes nothing.
        """
        before = self._rules.get(rule_id), rule_id in self._active
        if value is None:
            self._active.discard(rule_id)
            self._rules.pop(rule_id, None)
            self._edits.pop(rule_id, None)
            if rule_id in self._from_files:
                self._rules[rule_id] = self._from_files[rule_id]
                self._active |= {rule_id} & self._use
        else:
            try:
                change = _DECODER.decode(value)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                _log.warning("unreadable rule", rule=rule_id, reason=str(error))
                return False
            self._rules[rule_id] = change.rule
            self._edits[rule_id] = change.edits
            (self._active.add if change.active else self._active.discard)(rule_id)
        return before != (self._rules.get(rule_id), rule_id in self._active)

    def using(self, ids: Sequence[str]) -> list[RuleRecord]:
        """The records that make exactly these rules run.

        Raises:
            NotFound: one of them is not there.
        """
        wanted = {self.get(rule_id).id for rule_id in ids}
        return [
            self._record(rule, rule.id in wanted, self.edits(rule.id))
            for rule in self._rules.values()
            if (rule.id in wanted) != (rule.id in self._active)
        ]

    def changing(
        self, rule_id: str, edit: RuleEdit | None = None, device: str = "", **fields: str
    ) -> RuleRecord:
        """The record that changes limits and times of a rule, given as text.

        Args:
            rule_id: the rule.
            edit: who changes it, and when.
            device: only of this device; the others keep theirs.
            fields: what changes; what is not named stays.

        Raises:
            NotFound: no such rule.
            ConfigError: a field or a value that cannot be used.
        """
        rule = self.get(rule_id)
        known = {name: field for name, field in rule.fields().items() if field.may_change}
        faults: list[str] = []
        new: dict[str, Any] = {}
        for name, text in fields.items():
            if name not in known:
                faults.append(f"{rule_id}: cannot change {name!r}; can: {', '.join(known)}")
                continue
            try:
                new[known[name].attribute] = known[name].read(text)
            except ValueError as error:
                faults.append(f"{rule_id}: {name}: {error}")
        if not device:
            changed = rule.changed(new, fields)
        elif isinstance(rule, DeviceRule):
            changed = rule.differing(device, {**rule.overrides.get(device, {}), **fields})
        else:
            changed = rule
            faults.append(f"{rule_id}: a rule of kind {rule.kind!r} is the same for all devices")
        faults = faults or [f"{rule_id}: {sentence}" for sentence in changed.validate()]
        if faults:
            raise ConfigError(*faults)
        edits = {**self.edits(rule_id), **({device: edit} if edit else {})}
        return self._record(changed, rule_id in self._active, edits)

    def resetting(self, rule_id: str, device: str = "") -> RuleRecord:
        """The record that gives a rule the levels of its file again, or a device those of all.

        Raises:
            NotFound: no such rule.
        """
        rule = self.get(rule_id)
        edits = {name: edit for name, edit in self.edits(rule_id).items() if name != device}
        if device:
            changed = rule.differing(device, {}) if isinstance(rule, DeviceRule) else rule
        else:
            changed = self.of_file(rule_id)
            edits = {}
        return self._record(changed, rule_id in self._active, edits)

    def replacing(self, rules: Sequence[Rule], edit: RuleEdit) -> list[RuleRecord]:
        """The records that let rules run as they are given; of those that differ, who did it.

        Raises:
            NotFound: there is no such rule.
            ConfigError: one of them cannot be used.
        """
        faults = [f"{rule.id}: {sentence}" for rule in rules for sentence in rule.validate()]
        if faults:
            raise ConfigError(*faults)
        records = []
        for rule in rules:
            before, edits = self.get(rule.id), dict(self.edits(rule.id))
            devices = {*_overrides(before), *_overrides(rule)}
            for device in ("", *devices):
                if device and device not in _overrides(rule):
                    edits.pop(device, None)
                elif before.of(device).written() != rule.of(device).written():
                    edits[device] = edit
            if before != rule or rule.id not in self._active:
                records.append(self._record(rule, True, edits))
        return records

    def _record(self, rule: Rule, active: bool, edits: Mapping[str, RuleEdit]) -> RuleRecord:
        change = RuleChange(rule=rule, active=active, edits=dict(edits))
        return rule.id, RULE_CHANGE.encode(change)


def _overrides(rule: Rule) -> Mapping[str, object]:
    return rule.overrides if isinstance(rule, DeviceRule) else {}


def open_book(files: Iterable[Path], use: Sequence[str], site: SiteCalendar = NOWHERE) -> RuleBook:
    """The book of the rules that domains bring and of a user's own files.

    Raises:
        ConfigError: every fault of every file.
    """
    rules: dict[str, Rule] = {}
    faults: list[str] = []
    for path in [*(domain.rules for domain in installed() if domain.rules), *files]:
        try:
            rules.update({rule.id: rule for rule in read_rules(path)})
        except ConfigError as error:
            faults += error.faults
    try:
        calendar_of(*site)
    except ValueError as error:
        faults.append(f"rules.holidays: {error}")
    if faults:
        raise ConfigError(*faults)
    return RuleBook(rules.values(), use, site)


def book_of(settings: Settings) -> RuleBook:
    """The book of a settings tree.

    Raises:
        ConfigError: every fault of every file, and of the settings.
    """
    site = SiteCalendar(settings.serve.zone, settings.rules.holidays)
    return open_book(settings.rules.files, settings.rules.use, site)
