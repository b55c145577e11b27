"""A kind from outside; one that nobody knows; a rule of every kind, from file to alerts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest

from energyguard.codecs.records import pack
from energyguard.errors import ConfigError
from energyguard.log import EARLIEST, Log, Records, open_log
from energyguard.model.alerts import Severity, State
from energyguard.model.channels import Ints
from energyguard.model.quantities import from_nano, to_nano
from energyguard.model.readings import batch_of
from energyguard.model.topics import ALERTS, ENERGY_READINGS, TIME
from energyguard.records.alerts import AlertEvent
from energyguard.rules.fields import Channels, HowBad, Id, Level, Span, Text
from energyguard.rules.kinds import DEFAULT, KINDS, register, rule_from
from energyguard.rules.registry import RuleBook, open_book
from energyguard.rules.rule import Observation
from energyguard.rules.toml import read_rules
from energyguard.rules.windowed import Amounts, WindowRule
from energyguard.settings.tree import StreamSettings
from energyguard.stream.engines.job import Engine, Job
from energyguard.stream.windows.detector import detector_worker
from energyguard.stream.windows.stage import window_worker
from tests.rules.lives import START, Row, events, rule_of, told
from tests.stream.test_worker import read_all, work


class DoubleRule(WindowRule, msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="x2"):
    """More than twice of what the window before had, and more than ``raise_above``."""

    kind: ClassVar[str] = "x2"
    limit: ClassVar[str] = "raise_above"

    id: Id
    channels: Channels
    window_ms: Span
    slide_ms: Span
    raise_above: Level
    dwell_ms: Span = 0
    severity: HowBad = Severity.WARNING
    about: Text = ""

    @property
    def level(self) -> int:
        return self.raise_above

    @property
    def reach_ms(self) -> int:
        return 2 * self.window_ms

    @property
    def text(self) -> str:
        return f"twice as much over {self.window_words}"

    @property
    def summary(self) -> str:
        return self.summary_of("Raises if it doubles")

    def score(self, amounts: Amounts) -> Ints:
        now, before = amounts(0), amounts(self.panes)
        return now * (now > 2 * before)

    def sentence(self, found: Observation) -> str:
        return f"{found.device} doubled to {from_nano(found.observed)} kWh"

    def validate(self) -> list[str]:
        return list(self.window_faults())


@pytest.fixture
def doubling() -> Iterator[None]:
    register(DoubleRule)
    yield
    del KINDS[DoubleRule.kind]


DOUBLE = """
kind = "x2"
id = "r"
channels = ["energy_kwh"]
window = "1 minute"
slide = "1 minute"
raise_above = "0.1"
"""


@pytest.mark.usefixtures("doubling")
def test_a_kind_from_outside_raises(tmp_path: Path) -> None:
    rule = rule_of(tmp_path, DOUBLE)
    rows: list[Row] = [
        ("H", "energy_kwh", second, 0.05 if second < 300 else 0.15) for second in range(0, 600, 15)
    ]
    found = events([rule], rows)
    # A window without a past doubles, too: this kind does not ask for complete ones.
    assert told(found) == [
        ("H", "firing", 60), ("H", "resolved", 120), ("H", "firing", 360), ("H", "resolved", 420),
    ]  # fmt: skip
    assert found[2].about == "H doubled to 0.6 kWh"
    assert rule_from(msgspec.to_builtins(rule)) == rule
    with pytest.raises(ConfigError, match="of kind 'x2' is the same for all devices"):
        RuleBook([rule], []).changing("r", device="H", raise_above="2")


def test_what_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"rules.toml:2: kind: no 'x3'; there are: agree,"):
        rule_of(tmp_path, 'kind = "x3"\n')
    with pytest.raises(msgspec.ValidationError, match="no kind of rules 'x3'"):
        rule_from({"kind": "x3"})
    with pytest.raises(ValueError, match="there is a kind of rules 'threshold' already"):
        register(type("Other", (DoubleRule,), {"kind": DEFAULT}))
    book = RuleBook([], [])
    assert not book.apply("r", b'{"rule":{"kind":"x3","id":"r"},"active":true}')


def test_the_rule_of_the_docs_is_one(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "rules.md").read_text()
    table = text.partition("```toml\n[[rule]]\n")[2].partition("```")[0]
    assert rule_of(tmp_path, table).text == "kwh>2.0 over 15 minutes"
    named = {name for kind in KINDS.values() for name in kind.fields()}
    assert [name for name in named if f"`{name}`" not in text] == []


ALL = """
[[rule]]
id = "little"
channels = ["energy_kwh"]
window = "1 minute"
slide = "30 seconds"
raise_below = "0.1"

[[rule]]
kind = "rate"
id = "fast"
channels = ["temperature_c"]
window = "1 minute"
slide = "1 minute"
raise_above = "60"
direction = "up"

[[rule]]
kind = "silence"
id = "gone"
longer_than = "4 minutes"
severity = "critical"

[[rule]]
kind = "state"
id = "volts"
channels = ["voltage_v"]
raise_above = "232"
longer_than = "1 minute"
"""
IDS = ("little", "fast", "gone", "volts")


def fill(log: Log) -> None:
    """Half an hour of four devices in one partition; one falls silent."""
    rng = random.Random(3)
    for second in range(0, 1800, 15):
        busy = 300 <= second < 600
        rows = [
            ("H", "energy_kwh", 0.01 if busy else 0.06),
            ("T", "temperature_c", 20.0 + min(max(second - 300, 0), 300) / 30),
            ("V", "voltage_v", 240.0 if busy else 225.0 + rng.random()),
            *([("G", "energy_kwh", 0.06)] if second < 900 else []),
        ]
        device, channel, value = zip(*rows, strict=True)
        times = [START + second * 1000] * len(rows)
        batch = batch_of(device, channel, times, [to_nano(v) for v in value])
        ((_, packed), *others) = pack(batch, 1)
        assert not others
        log.append(ENERGY_READINGS.name, Records([None], [packed], partitions=[0]))


def alerts_of(log: Log) -> list[AlertEvent]:
    found = read_all(log, ALERTS.name)
    values = [value for part in found.values() for _, value in part]
    return [msgspec.json.decode(value or b"", type=AlertEvent) for value in values]


@pytest.mark.parametrize("restarts", [0, 5])
def test_from_a_file_to_the_alerts(tmp_path: Path, restarts: int) -> None:
    (tmp_path / "all.toml").write_text(ALL)
    log = open_log(f"sqlite:///{tmp_path}/log.db")
    fill(log)
    book = open_book([tmp_path / "all.toml"], IDS)
    settings = StreamSettings(snapshot="1s", lateness="1 minute", poll_readings=64)
    for made in (window_worker, detector_worker):
        for _ in range(restarts):
            worker = made(log, book, settings, ["energy_readings"])
            for _ in range(4):
                worker.step()
            worker.drain()
        work(made(log, book, settings, ["energy_readings"]))
    found = alerts_of(log)
    states = [(event.rule, event.device, event.state) for event in found if event.rule in IDS]
    fires, ends = State.FIRING, State.RESOLVED
    assert sorted(states) == sorted([
        ("little", "H", fires), ("little", "H", ends), ("fast", "T", fires), ("fast", "T", ends),
        ("volts", "V", State.PENDING), ("volts", "V", fires), ("volts", "V", ends),
        ("gone", "G", fires),
    ])  # fmt: skip
    decided = [value for part in read_all(log, TIME.name).values() for _, value in part]
    assert any(b'"kind":"silence"' in (value or b"") for value in decided)
    assert not any(read_all(log, "energy_alerts").values())  # system C's are for sums above
    assert log.positions(ALERTS.name, EARLIEST)
    log.close()


@pytest.mark.parametrize("engine", list(Engine))
def test_other_engines_refuse_by_name(tmp_path: Path, engine: Engine) -> None:
    (tmp_path / "all.toml").write_text(ALL)
    for rule in read_rules(tmp_path / "all.toml"):
        with pytest.raises(ConfigError, match=f"{engine}: {rule.id}: cannot run .*{rule.kind!r}"):
            Job(rule=rule, bootstrap="b:1").check_for(engine)
