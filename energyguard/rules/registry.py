"""The rules that there are, and those that run.

Files give the rules; ``energyguard.rules`` says what was switched or changed while running. The
book is a fold of both, so every process that follows the topic has the same one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from energyguard.domain import installed
from energyguard.errors import ConfigError, Conflict, NotFound
from energyguard.records.rules import RuleChange, RuleEdit
from energyguard.rules import rule_history
from energyguard.rules.changed import changed_rule
from energyguard.rules.devices import DeviceRule
from energyguard.rules.kinds import decoding
from energyguard.rules.profile.calendar import calendar_of
from energyguard.rules.rule import NOWHERE, Rule, SiteCalendar
from energyguard.rules.rule_history import Before, ChangedRule, RuleInForce, overrides_of
from energyguard.rules.toml import read_rules
from energyguard.settings.tree import Settings
from energyguard.telemetry import logger

_log = logger(__name__)
RuleRecord = tuple[str, bytes | None]
"""A rule's id, and the value of its record in ``energyguard.rules``; None: as its file has it."""
_DECODER = msgspec.json.Decoder(RuleChange[Rule], dec_hook=decoding)


class RuleBook:
    """Every rule by its id, in order, and whether it runs."""

    def __init__(
        self, rules: Iterable[Rule], use: Sequence[str], site: SiteCalendar = NOWHERE
    ) -> None:
        """Make a book of rules of which ``use`` run, at a site.

        Raises:
            ConfigError: there is no rule of such a name.
        """
        self._rules = {rule.id: rule for rule in rules}
        self._from_files = dict(self._rules)
        unknown = [name for name in use if name not in self._rules]
        if unknown:
            known = ", ".join(self._rules)
            raise ConfigError(*(f"rules.use: no rule {n!r}; there are: {known}" for n in unknown))
        self._use, self._site = frozenset(use), site
        self._switched: dict[str, bool] = {}  # those that somebody started or stopped
        self._edits: dict[str, dict[str, RuleEdit]] = {}
        self._before: dict[str, tuple[Before, ...]] = {}

    def all(self) -> list[Rule]:
        """Every rule."""
        return list(self._rules.values())

    def active(self) -> list[Rule]:
        """The rules that run."""
        return [rule for rule in self._rules.values() if self._runs(rule.id)]

    def _runs(self, rule_id: str) -> bool:
        return self._switched.get(rule_id, rule_id in self._use)

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

    def is_of_file(self, rule_id: str) -> bool:
        """Whether a file has it: such a rule may be stopped, and not removed."""
        return rule_id in self._from_files

    def edits(self, rule_id: str) -> Mapping[str, RuleEdit]:
        """Who changed the levels of a rule that are in force: by device; of all: no name."""
        return self._edits.get(rule_id, {})

    def apply(self, rule_id: str, value: bytes | None) -> bool:
        """Take a record of ``energyguard.rules``; true when something changed.

        One that cannot be read is told in the program's log, and changes nothing.
        """
        before = self._rules.get(rule_id), self._runs(rule_id)
        if value is None:
            for known in (self._switched, self._rules, self._edits, self._before):
                known.pop(rule_id, None)
            if rule_id in self._from_files:
                self._rules[rule_id] = self._from_files[rule_id]
        else:
            try:
                change = _DECODER.decode(value)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                _log.warning("unreadable rule", rule=rule_id, reason=str(error))
                return False
            self._rules[rule_id] = change.rule
            self._edits[rule_id] = change.edits
            self._before[rule_id] = change.before or ()
            self._switched.pop(rule_id, None)
            if not change.unswitched:
                self._switched[rule_id] = change.active
        return before != (self._rules.get(rule_id), self._runs(rule_id))

    def history(self, rule_id: str) -> list[ChangedRule]:
        """The last changes of a rule, in words, the newest first.

        Raises:
            NotFound: there is no such rule.
        """
        return rule_history.history_of(self._now(self.get(rule_id)), self._before.get(rule_id, ()))

    def _now(self, rule: Rule) -> RuleInForce:
        is_unswitched = rule.id not in self._switched
        return RuleInForce(rule, self._runs(rule.id), self.edits(rule.id), is_unswitched)

    def using(self, ids: Sequence[str], edit: RuleEdit | None = None) -> list[RuleRecord]:
        """The records that make exactly these rules run.

        Raises:
            NotFound: one of them is not there.
        """
        wanted = {self.get(rule_id).id for rule_id in ids}
        turned = [rule for rule in self.all() if (rule.id in wanted) != self._runs(rule.id)]
        return [self._record(r, self.edits(r.id), edit, active=r.id in wanted) for r in turned]

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
        changed = changed_rule(self.get(rule_id), device, fields)
        edits = {**self.edits(rule_id), **({device: edit} if edit else {})}
        return self._record(changed, edits, edit, device)

    def resetting(self, rule_id: str, device: str = "", edit: RuleEdit | None = None) -> RuleRecord:
        """The record that gives a rule the levels of its file again, or a device those of all.

        Raises:
            NotFound: no such rule.
        """
        rule, edits = self.get(rule_id), {**self.edits(rule_id)}
        edits.pop(device, None)
        changed = rule.differing(device, {}) if isinstance(rule, DeviceRule) else rule
        if not device:
            changed, edits = self.of_file(rule_id), {}
        return self._record(changed, edits, edit, device)

    def undoing(self, rule_id: str, device: str = "") -> RuleRecord:
        """The record that takes back the last change of a rule, or the last one of a device.

        Raises:
            NotFound: no such rule.
            Conflict: nothing is left to take back.
        """
        now = self._now(self.get(rule_id))
        state, left = rule_history.undone(rule_id, now, self._before.get(rule_id, ()), device)
        return state.written(left)

    def adding(self, rules: Sequence[Rule], edit: RuleEdit) -> list[RuleRecord]:
        """The records that let new rules run.

        Raises:
            ConfigError: there is a rule of that id.
        """
        known = [rule.id for rule in rules if rule.id in self._rules]
        if known:
            raise ConfigError(*(f"{n}: there is such a rule; choose another id" for n in known))
        return [RuleInForce(rule, True, {"": edit}).written(()) for rule in rules]

    def removing(self, rule_id: str) -> RuleRecord:
        """The record that takes a rule out which was added while running.

        Raises:
            NotFound: no such rule.
            Conflict: a file has it.
        """
        if self.is_of_file(self.get(rule_id).id):
            raise Conflict(f"{rule_id}: a file has this rule; let it not run instead")
        return rule_id, None

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
            for device in overrides_of(before).keys() - overrides_of(rule).keys():
                edits.pop(device, None)
            for device in ("", *overrides_of(rule)):
                if before.of(device).written() != rule.of(device).written():
                    edits[device] = edit
            if before != rule or not self._runs(rule.id):
                records.append(self._record(rule, edits, edit, active=True))
        return records

    def _record(
        self, rule: Rule, edits: Mapping[str, RuleEdit], edit: RuleEdit | None,
        device: str = "", active: bool | None = None,
    ) -> RuleRecord:  # fmt: skip
        """A rule as it is from now on; who changes it can take it back.

        Only who starts or stops it says whether it runs (``active``): of who changes a limit the
        settings may be others than those of the processes that run it.
        """
        before, now = self._before.get(rule.id, ()), self._now(self.get(rule.id))
        if edit is not None:
            before = rule_history.kept((*before, now.before(edit, device)))
        changed = now._replace(rule=rule, edits=edits)
        if active is not None:
            changed = changed._replace(active=active, unswitched=False)
        return changed.written(before)


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
        calendar_of(site.zone, site.holidays)
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
    return open_book(settings.rules.files, settings.rules.use, site_of(settings))


def site_of(settings: Settings) -> SiteCalendar:
    """The calendar of the site, and what is plausible there."""
    return SiteCalendar(settings.serve.zone, settings.rules.holidays, settings.ledger.defaults)
