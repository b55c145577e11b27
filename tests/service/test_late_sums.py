"""What sums wait for, by the snapshots of who sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import pytest

from energyguard.clock import SYSTEM
from energyguard.errors import Malformed
from energyguard.log import LATEST, Log, TopicPartition
from energyguard.model.catalogue import SumPeriod
from energyguard.model.days import HOUR_MS
from energyguard.model.topics import STATE, WINDOW_TERMS, partition_for
from energyguard.pipeline import SUMS
from energyguard.records.state import Manifest
from energyguard.records.window_terms import WindowTerms
from energyguard.rules.sums import term_rules
from energyguard.rules.term_rule import TermRule
from energyguard.service import late_sums
from energyguard.service.late_sums import LateSum, LateSums
from energyguard.stream.runtime.checkpoint import snapshot_records
from energyguard.stream.sums.operator import SumOperator
from energyguard.stream.windows.rhythm.patience import FIRST_HOLD_MS
from energyguard.testing import MemoryLog
from tests.stream.test_sums import RULE, WINDOW
from tests.stream.windows.test_windows import START

FRONT_MS, BEHIND_MS = START + HOUR_MS, 45 * 60_000


class Summing:
    """A worker that sums the parts of one sum, and writes its snapshots."""

    def __init__(self, log: Log, device: str, parts: Sequence[str]) -> None:
        rule = msgspec.structs.replace(RULE, id=f"much-{device}", selector=f"id={device}")
        periods = [SumPeriod(0, dict.fromkeys(parts, 1))]
        self.rules = [rule, *term_rules([rule], lambda _: periods)]
        self.log, self.device, self.rule = log, device, rule.id
        self.operator = SumOperator()
        self.operator.set_rules(self.rules)

    def take(self, until_ms: Mapping[str, int]) -> None:
        """Have windows of parts, up to a time each."""
        meaning = next(rule.meaning for rule in self.rules if isinstance(rule, TermRule))
        for term, last_ms in until_ms.items():
            record = WindowTerms(
                topic="energy_readings", rule=self.rule, meaning=meaning, device=self.device,
                term=term, channel="energy_kwh", windows=[(START + WINDOW, 5), (last_ms, 5)],
            )  # fmt: skip
            self.operator.process([record])
        parts = {name: part for name, part in self.operator.snapshot().items() if part is not None}
        ends = self.log.positions(WINDOW_TERMS.name, LATEST)
        at = TopicPartition(WINDOW_TERMS.name, partition_for(self.device.encode(), len(ends)))
        manifest = Manifest(position=0, decided=-1)
        self.log.append(STATE.name, snapshot_records(SUMS.name, at, manifest, parts))


def test_a_sum_waits_for_its_latest_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_sums, "KEEP_S", 0.0)
    log = MemoryLog()
    late = LateSums(log, SYSTEM)
    assert late.of() == []
    house = Summing(log, "house", ["H001", "H002", "H099"])
    house.take({"H001": FRONT_MS, "H002": FRONT_MS - BEHIND_MS})
    of = ("device/house", "much-house", "energy_readings")
    silent = LateSum(*of, "H099", None, None, START + WINDOW + FIRST_HOLD_MS)
    behind = LateSum(*of, "H002", None, BEHIND_MS, FRONT_MS + BEHIND_MS)
    assert late.of("device/house") == late.of() == [silent, behind]
    assert late.of("site/house") == []
    house.take({"H099": FRONT_MS})
    (wait,) = late.of()
    assert (wait.waits_for, wait.known_ms) == ("H002", FRONT_MS - BEHIND_MS)
    house.take({"H002": FRONT_MS})
    assert late.of() == []
    with pytest.raises(Malformed, match="'house' is no key of the catalogue"):
        late.of("house")
