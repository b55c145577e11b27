"""Rules as tables of a rule file: what is written is read again."""

from __future__ import annotations

from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.registry import open_book
from energyguard.rules.rule import Rule
from energyguard.rules.toml import parse_rules, table_of, written_table

ODD = """
[[rule]]
kind = "profile"
id = "odd"
channels = ["power_kw"]
sigmas = "4"
holidays = ["IT", "12-25"]
about = 'Say "no", \\ and ü'
selector = "'group=a b' id=p*"
[rule.devices."a.b c"]
sigmas = "5"
"""


def same(rule: Rule) -> Rule:
    """Without the text of its level, which says 2.0 where the number is 2."""
    return rule.with_fields(threshold="") if isinstance(rule, ThresholdRule) else rule


def test_every_rule_is_written_as_it_is_read() -> None:
    rules = [*open_book([], []).all(), *parse_rules(ODD)]
    assert len({rule.kind for rule in rules}) > 3
    for rule in rules:
        (again,) = parse_rules(written_table(table_of(rule)))
        assert same(again) == same(rule)
