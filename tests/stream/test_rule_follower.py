"""A book of rules follows its topic: each record once, whatever its key is."""

from __future__ import annotations

from energyguard.log import Records
from energyguard.model.topics import RULES
from energyguard.stream.runtime.rule_follower import RuleFollower
from energyguard.testing import MemoryLog
from tests.restatement.made import book


def test_changes_are_taken_once_and_a_key_that_is_no_text_stops_nobody() -> None:
    log, rules = MemoryLog(), book()
    follower = RuleFollower(log, rules)
    stopped = [(key.encode(), value) for key, value in rules.using([])]
    log.append(RULES.name, Records(*map(list, zip((b"\xff", None), *stopped, strict=True))))
    assert follower.refresh()
    assert not rules.running()
    assert not follower.refresh()
