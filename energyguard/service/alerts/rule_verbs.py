"""What people do with rules: each change is a record of ``energyguard.rules``."""

from __future__ import annotations

from collections.abc import Sequence

from energyguard.rules.rule import Rule
from energyguard.rules.toml import parse_rules
from energyguard.service.alerts.rule_changes import RuleChanges


class RuleVerbs:
    """The changes of rules; the service is one of these."""

    _rule_changes: RuleChanges

    def use_rules(self, ids: Sequence[str], by: str) -> list[Rule]:
        """Run these rules and no others; the worker follows within a second, state is kept.

        Raises:
            NotFound: there is no such rule.
        """
        return self._rule_changes.use(ids, by)

    def change_rule(self, rule_id: str, by: str, device: str = "", **fields: str) -> Rule:
        """Change limits and times of a rule, as text, for all devices or for this one alone.

        Raises:
            NotFound: there is no such rule.
            ConfigError: the changed rule would make no sense; the faults say why.
        """
        return self._rule_changes.change(rule_id, by, device, fields)

    def reset_rule(self, rule_id: str, by: str, device: str = "") -> Rule:
        """Give a rule the levels of its file again, on every device; or one device those of all.

        Raises:
            NotFound: there is no such rule.
        """
        return self._rule_changes.reset(rule_id, by, device)

    def undo_rule(self, rule_id: str, by: str, device: str = "") -> Rule:
        """Take back the last change of a rule, or the last one of a device.

        Raises:
            NotFound: there is no such rule.
            Conflict: nothing is left to take back.
        """
        return self._rule_changes.undo(rule_id, by, device)

    def add_rules(self, toml: str, by: str) -> list[Rule]:
        """Let new rules run, as a rule file has them: all of them or none.

        Raises:
            ConfigError: every fault of the text, with its line; or there is one of such an id.
        """
        rules = parse_rules(toml)
        self._rule_changes.add(rules, by)
        return rules

    def remove_rule(self, rule_id: str, by: str) -> None:
        """Take a rule out that was added while running; its open alerts end.

        Raises:
            NotFound: there is no such rule.
            Conflict: a file has it: it may be stopped.
        """
        self._rule_changes.remove(rule_id, by)
