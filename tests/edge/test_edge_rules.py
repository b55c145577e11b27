"""Rules at an edge tell the alerts that the cloud tells of the same readings, with the same ids."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from energyguard.clock import ManualClock
from energyguard.codecs.records import pack, unpack
from energyguard.edge.averaging.stage import averaging_worker
from energyguard.edge.edge_rules import edge_rules
from energyguard.edge.outbox.outbox import READINGS
from energyguard.errors import ConfigError
from energyguard.intake.gateway import Gateway
from energyguard.log import EARLIEST, Log, Records
from energyguard.model.readings import batch_of
from energyguard.model.topics import ALERTS
from energyguard.pipeline import READINGS as ALL_READINGS
from energyguard.records.alerts import ALERT_EVENT, AlertEvent
from energyguard.rules.registry import book_of
from energyguard.settings.edge import EdgeSettings
from energyguard.settings.tree import RulesSettings, Settings
from energyguard.stream.runtime.worker import Worker
from energyguard.stream.windows.detector import detector_worker
from energyguard.stream.windows.stage import window_worker
from energyguard.testing import MemoryLog

NOON = 1_757_160_000_000
USED = ("floor-volt", "floor-volt-low", "household-demo")
KW = 10**9
AnyWorker = Worker  # of any stage


def settings() -> Settings:
    return Settings(edge=EdgeSettings(rules=USED), rules=RulesSettings(use=USED))


def a_quarter_of_an_hour(chance: random.Random) -> pa.RecordBatch:
    """Floors whose voltage leaves its limits now and then, and homes that draw much for a while."""
    rows = []
    for second in range(0, 900, 2):
        for floor in ("p1", "p2"):
            volt = 230 + (30 if chance.random() < 0.02 else chance.randrange(-20, 20))
            rows.append((floor, "voltage_v", second * 1000, volt * KW))
        for home, much in (("H1", 240 < second < 400), ("H2", False)):
            rows.append((home, "power_kw", second * 1000, (6 if much else 1) * KW))
    device, channel, time, value = map(list, zip(*rows, strict=True))
    return batch_of(device, pa.array(channel), [NOON + t for t in time], value)


def play(workers: Iterable[AnyWorker], clock: ManualClock) -> None:  # type: ignore[type-arg]
    for worker in workers:
        for _ in range(40):
            worker.step()
            clock.sleep(0.1)


def alerts(log: Log) -> list[AlertEvent]:
    at = dict(log.positions(ALERTS.name, EARLIEST))
    found = []
    while parts := log.read(at, 1000, 0):
        for part in parts:
            found += [ALERT_EVENT.decode(value or b"") for value in part.values]
            at[part.at] = part.next_offset
    return found


def story(events: Sequence[AlertEvent]) -> list[AlertEvent]:
    return sorted(events, key=lambda event: (event.id, event.time_ms, event.state))


@pytest.mark.parametrize("seed", range(3))
def test_an_edge_and_the_cloud_tell_the_same_alerts(seed: int) -> None:
    clock = ManualClock(NOON)
    edge, cloud = MemoryLog(clock), MemoryLog(clock)
    used = settings()
    Gateway(edge, clock).submit(a_quarter_of_an_hour(random.Random(seed)), "energy_readings")
    play([averaging_worker(edge, used.edge, used.stream, clock)], clock)
    play(edge_rules(edge, used, clock), clock)
    (sent,) = edge.read({READINGS: 0}, 1000, 0)
    whole, _ = unpack([value or b"" for value in sent.values])
    for partition, value in pack(whole, 8):  # however the cloud cuts it
        cloud.append(READINGS.topic, Records([None], [value], partitions=[partition]))
    topics = [topic.name for topic in ALL_READINGS]
    made = (window_worker, detector_worker)
    play([make(cloud, book_of(used), used.stream, topics, clock) for make in made], clock)
    assert story(alerts(edge)) == story(alerts(cloud))
    assert {event.rule for event in alerts(edge)} >= {"floor-volt", "household-demo"}


def test_only_what_the_rules_need_is_played() -> None:
    clock = ManualClock(NOON)
    used = settings().model_copy(update={"edge": EdgeSettings(rules=("floor-volt",))})
    assert [w.stage.flow.name for w in edge_rules(MemoryLog(clock), used, clock)] == ["detector"]


def test_a_rule_that_there_is_not_is_named() -> None:
    used = settings().model_copy(update={"edge": EdgeSettings(rules=("nothing",))})
    with pytest.raises(ConfigError, match="nothing"):
        edge_rules(MemoryLog(), used)


def test_a_rule_by_where_devices_stand_is_refused_by_name(tmp_path: Path) -> None:
    """An edge's log has no catalogue."""
    file = tmp_path / "rules.toml"
    file.write_text(
        '[[rule]]\nkind = "silence"\nid = "gone"\nlonger_than = "1m"\nselector = "site=home"'
    )
    rules = RulesSettings(files=(file,), use=("gone",))
    used = Settings(edge=EdgeSettings(rules=("gone",)), rules=rules)
    with pytest.raises(ConfigError, match="'gone' looks at where devices stand"):
        edge_rules(MemoryLog(), used)
