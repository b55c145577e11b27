"""What a device tells against itself: power, counter, a value that stands still."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from energyguard.domains.building.floors import Building
from energyguard.errors import ConfigError
from energyguard.model.readings import batch_from
from energyguard.records.alerts import AlertEvent
from energyguard.rules.rule import LEFT, Rule
from energyguard.rules.toml import read_rules
from energyguard.settings.tree import StreamSettings
from energyguard.stream.windows.limits import WindowLimits
from energyguard.stream.windows.operator import WindowOperator
from tests.rules.lives import START, Row, events, fed, operator_of, rule_of, told

POWER = """
kind = "agree"
id = "r"
check = "power"
allowed = "0.1"
settle = "30 seconds"
"""
COUNTER = """
kind = "agree"
id = "r"
check = "counter"
span = "10 minutes"
settle = "10 minutes"
allowed = "0.01"
"""
STILL = """
kind = "agree"
id = "r"
check = "still"
readings = 5
still = "2 minutes"
"""
CHANNELS = ("power_kw", "voltage_v", "current_a")
BUILDING = read_rules(Path(__file__).parents[3] / "energyguard/domains/building/rules.toml")
PHYSICS = [rule for rule in BUILDING if rule.kind == "agree" or rule.id == "floor-volt-low"]


def moments(device: str, second: int, *values: float, of: Sequence[str] = CHANNELS) -> list[Row]:
    return [(device, channel, second, value) for channel, value in zip(of, values, strict=True)]


def minutes(device: str, counter: Sequence[float], kw: Sequence[float]) -> list[Row]:
    """A counter and a power, a minute apart."""
    rows: list[Row] = []
    for minute, values in enumerate(zip(counter, kw, strict=True)):
        rows += moments(device, 60 * minute, *values, of=("energy_register_kwh", "power_kw"))
    return rows


def test_a_power_that_voltage_and_current_do_not_make(tmp_path: Path) -> None:
    rule = rule_of(tmp_path, POWER)
    rows = [
        *moments("p1", 0, 2.2, 230, 10),
        *moments("p1", 30, 2.7, 230, 10),  # 2.3 kVA; 10 % and 0.1 kW are allowed
        *moments("p1", 60, 2.2, 230, 10),
        *moments("p1", 90, 1.3, 230, 10),  # 0.7 of it, less 10 % and 0.1 kW
        *moments("p1", 120, -2.2, 230, -10),  # it feeds in
    ]
    found = events([rule], rows)
    assert told(found) == [
        ("p1", "firing", 30), ("p1", "resolved", 60), ("p1", "firing", 90), ("p1", "resolved", 120),
    ]  # fmt: skip
    assert found[0].about == (
        "p1: 2.7 kW, more than 230 V and 10 A make, 2.3 kW, since 2025-09-06 00:00:30 UTC"
    )
    assert found[2].about.startswith("p1: 1.3 kW, less than 230 V and 10 A make, 1.61 kW, since")
    assert found[0].evidence == (("voltage_v", 230 * 10**9), ("current_a", 10 * 10**9))
    assert found[1].about == "p1: its values agree again"
    edges = [*moments("p1", 0, 2.63, 230, 10), *moments("p1", 30, 1.349, 230, 10)]
    assert told(events([rule], edges)) == []
    three = rule_of(tmp_path, POWER + "phases = 3\n")
    assert told(events([three], moments("p1", 0, 6.6, 230, 10))) == []


def test_what_agrees_now_and_then_by_chance_is_one_alert(tmp_path: Path) -> None:
    """System A's own random walk: its power is not what its current makes, but sometimes is."""
    physics = [rule for rule in BUILDING if rule.kind == "agree"]
    found = watched(Building(floors=3, seed=1, shape="plain"), 1.0, physics)
    assert sorted({event.device for event in found}) == ["p1", "p2", "p3"]
    assert len(found) <= 5
    rule = rule_of(tmp_path, POWER.replace("30 seconds", "2 minutes"))
    rows = [row for s in range(0, 300, 30)
            for row in moments("p1", s, 9.0 if s in (30, 90) else 2.2, 230, 10)]  # fmt: skip
    assert told(events([rule], rows)) == [("p1", "firing", 30), ("p1", "resolved", 210)]


def test_values_of_other_moments_are_not_held_together(tmp_path: Path) -> None:
    rule = rule_of(tmp_path, POWER)
    rows = [
        *moments("p1", 0, 2.2, 230, 10),
        ("p1", "power_kw", 30, 9.0),  # no voltage of then
        ("p1", "voltage_v", 31, 230.0),
        ("p1", "current_a", 31, 10.0),
        ("p1", "voltage_v", 60, 230.0),  # in any order, and late by a message
        ("p1", "power_kw", 60, 9.0),
        ("p2", "power_kw", 60, 9.0),
        ("p1", "current_a", 60, 10.0),
        ("home", "power_kw", 60, 9.0),  # has no current: left alone
        ("home", "voltage_v", 60, 230.0),
    ]
    assert told(events([rule], rows)) == [("p1", "firing", 60)]


@pytest.mark.parametrize("text", [POWER, COUNTER, STILL], ids=["power", "counter", "still"])
def test_it_is_about_the_devices_that_are_selected(tmp_path: Path, text: str) -> None:
    """As if the others were not there; who is no longer meant has no alert."""
    rows = random_life(1)
    one, all_of_them = rule_of(tmp_path, text + 'selector = "id=p2*"\n'), rule_of(tmp_path, text)
    found = told(events([one], rows, lateness_s=600))
    assert found == [e for e in told(events([all_of_them], rows, lateness_s=600)) if e[0] == "p2"]
    assert found
    operator = operator_of([rule_of(tmp_path, POWER)])
    assert told(fed(operator, moments("p1", 0, 9.0, 230, 10))) == [("p1", "firing", 0)]
    (ended,) = operator.set_rules([rule_of(tmp_path, POWER + 'selector = "id=p2*"\n')]).events
    assert (ended.device, ended.reason) == ("p1", LEFT)


def test_what_differs_for_a_device(tmp_path: Path) -> None:
    """Its own tolerance, its own span, its own patience; the others keep those of all."""
    own = '[rule.devices.p2]\nallowed = "10"\n[rule.devices.p3]\nseverity = "critical"\n'
    rows = [row for p in ("p1", "p2", "p3") for row in moments(p, 0, 9.0, 230, 10)]
    found = events([rule_of(tmp_path, POWER + own)], rows)
    assert [(e.device, e.severity.value) for e in found] == [("p1", "warning"), ("p3", "critical")]
    own = '[rule.devices.p2]\nspan = "20 minutes"\nallowed = "1"\n'
    counter, kw = [m * 0.5 for m in range(45)], [3.0] * 45
    rows = sorted(minutes("p1", counter, kw) + minutes("p2", counter, kw), key=lambda row: row[2])
    found = events([rule_of(tmp_path, COUNTER + own)], rows)
    assert told(found) == [("p1", "firing", 1200), ("p2", "firing", 2400)]
    assert "in 20 minutes" in found[1].about
    own = '[rule.devices.p2]\nstill = "5 minutes"\n'
    rows = [row for s in range(0, 400, 30) for p in ("p1", "p2")
            for row in moments(p, s, s / 100 + 1, 230, 10)]  # fmt: skip
    found = events([rule_of(tmp_path, STILL + own)], rows)
    assert told(found) == [("p1", "firing", 150), ("p2", "firing", 300)]
    assert [event.expected for event in found] == [120 * 10**9, 300 * 10**9]


def test_it_has_to_last_where_the_rule_says_so(tmp_path: Path) -> None:
    rule = rule_of(tmp_path, POWER + 'longer_than = "1 minute"\n')
    rows = [row for s in range(0, 120, 30) for row in moments("p1", s, 9.0, 230, 10)]
    found = events([rule], rows)
    assert told(found) == [("p1", "pending", 0), ("p1", "firing", 60)]
    assert rule.text.endswith("but for 1 minute")


def test_a_counter_that_does_not_rise_by_its_power(tmp_path: Path) -> None:
    """Spans of ten minutes at 6 kW: 1 kWh each; in the third the power is told wrongly."""
    rule = rule_of(tmp_path, COUNTER)
    counter = [100 + minute / 10 for minute in range(60)]
    kw = [3.0 if 20 < minute <= 30 else 6.0 for minute in range(60)]
    found = events([rule], minutes("p1", counter, kw))
    assert told(found) == [("p1", "firing", 1800), ("p1", "resolved", 2400)]
    assert found[0].about == (
        "p1: the counter rose by 1 kWh in 10 minutes, more than its power comes to, 0.55 kWh, "
        "since 2025-09-06 00:30:00 UTC"
    )


def test_a_counter_that_falls_begins_anew(tmp_path: Path) -> None:
    """The ledger says what it was; a power that is wrong an hour later is still seen."""
    rule = rule_of(tmp_path, COUNTER)
    counter = [100 + minute / 10 - (102.4 if minute >= 25 else 0) for minute in range(60)]
    kw = [3.0 if 40 < minute <= 50 else 6.0 for minute in range(60)]
    assert told(events([rule], minutes("p1", counter, [6.0] * 60))) == []
    assert told(events([rule], minutes("p1", counter, kw))) == [("p1", "firing", 3000)]


def test_a_coarse_counter_and_a_noisy_power_agree(tmp_path: Path) -> None:
    rng = random.Random(4)
    rule = rule_of(tmp_path, COUNTER.replace("0.01", "0.1"))  # it counts tenths
    kw, kwh = [0.0], [0.0]
    for _ in range(2000):
        kw.append(rng.uniform(0.5, 8.0))
        kwh.append(kwh[-1] + kw[-1] / 60)
    shown = [int(10 * value) / 10 for value in kwh]
    assert told(events([rule], minutes("p1", shown, kw))) == []


def test_over_a_gap_nothing_is_said(tmp_path: Path) -> None:
    rule = rule_of(tmp_path, COUNTER)
    rows = minutes("p1", [100 + m / 10 for m in range(60)], [6.0] * 60)
    gone = [row for row in rows if not 600 < row[2] < 2100]
    moved = [(d, c, s, v + 50 if c == "energy_register_kwh" and s >= 2100 else v)
             for d, c, s, v in gone]  # fmt: skip
    assert told(events([rule], moved)) == []


def test_a_value_that_stands_still(tmp_path: Path) -> None:
    rule = rule_of(tmp_path, STILL)
    rows: list[Row] = []
    for tick in range(40):
        stuck = 10 <= tick < 30
        kw = 2.0 if stuck else 2 + tick / 100
        rows += moments("p1", 30 * tick, kw, 230 + tick % 3, 9 + (tick % 2) / 10)
        rows += moments("off", 30 * tick, 0.0, 230 + tick % 3, 0.0)
        rows += moments("dead", 30 * tick, 2.0, 230.0, 9.0)  # all stand: it is not one sensor
        rows += moments("steps", 30 * tick, 2 + tick // 3 / 10, 230 + tick % 3, 9.0 + tick % 2)
    found = events([rule], rows)
    assert told(found) == [("p1", "firing", 450), ("p1", "resolved", 900)]
    assert found[0].about == (
        "p1: power_kw stands still at 2 kW for 150 seconds, while other values move, "
        "since 2025-09-06 00:07:30 UTC"
    )
    assert found[1].about == "p1: all values move again"
    assert (found[0].unit, found[0].expected) == ("s", 120 * 10**9)


def random_life(seed: int) -> list[Row]:
    """Three floors with all channels, in any order, late, doubled, some missing, with gaps."""
    rng = random.Random(seed)
    names = ["energy_register_kwh", "power_kw", "voltage_v", "current_a"]
    rows: list[Row] = []
    counter = dict.fromkeys(("p1", "p2", "p3"), 10.0)
    for tick in range(300):
        for device in counter:
            if rng.random() < 0.03:
                continue
            second = 30 * tick + (900 if tick > 150 else 0)
            counter[device] += rng.choice([0.0, 0.02, 0.05])
            if rng.random() < 0.004:
                counter[device] = 0.0
            volt, ampere = rng.choice([228.0, 230.0]), rng.choice([9.0, 10.0, 12.0])
            kw = rng.choice([2.0, 2.0, 2.3, 5.0])
            message = moments(device, second, counter[device], kw, volt, ampere, of=names)
            rng.shuffle(message)
            rows += message[: rng.choice([4, 4, 4, 4, 3])]
    for _ in range(60):  # late and doubled ones
        place = rng.randrange(len(rows))
        rows.insert(min(place + rng.randrange(30), len(rows)), rows[place])
    return rows


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("text", [POWER, COUNTER, STILL], ids=["power", "counter", "still"])
def test_cuts_and_restarts_change_nothing(tmp_path: Path, text: str, seed: int) -> None:
    rule, rows = rule_of(tmp_path, text), random_life(seed)
    assert len(told(events([rule], rows, lateness_s=600, in_pieces=True))) > 4


def test_what_is_remembered_outlives_a_change_of_the_rule(tmp_path: Path) -> None:
    rows = [row for t in range(20) for row in moments("p1", 30 * t, 2.0, 230 + t % 3, 9 + t / 10)]
    patient = rule_of(tmp_path, STILL.replace("2 minutes", "1 hour"))
    operator = operator_of([patient])
    assert fed(operator, rows) == []
    operator.set_rules([rule_of(tmp_path, STILL)])
    more = moments("p1", 600, 2.0, 230, 9)
    assert told(fed(operator, more)) == [("p1", "firing", 600)]


def watched(building: Building, weeks: float, rules: Sequence[Rule] = PHYSICS) -> list[AlertEvent]:
    limits = WindowLimits.of(StreamSettings(), rules)
    operator = WindowOperator("energyguard.readings", rules, limits, flow="detector")
    ticks = int(weeks * 7 * 86_400 / building.tick_seconds)
    found = []
    for batch in building.batches(START, ticks):
        found += operator.process(batch_from(batch)).events
    return [event for event in found if event.state == "firing"]


def test_an_ordinary_building_raises_nothing() -> None:
    assert watched(Building(floors=3, seed=5, tick_seconds=60), weeks=12) == []


def test_what_physics_sees_is_caught() -> None:
    """Every loss of a phase, dip of the voltage and frozen value; and no alert beside a fault."""
    kinds = ("voltage_dip", "phase_loss", "frozen", "counter_reset", "surge", "leak", "gap",
             "clock_skew")  # fmt: skip
    building = Building(floors=10, seed=9, faults=kinds, faults_per_week=2.0)
    found = watched(building, weeks=2)
    spans = building.spans(START, START + 14 * 86_400_000)
    after_ms = 7 * 3_600_000  # a counter is judged behind its six hours
    hit, there = Counter[str](), Counter[str]()
    for span in spans:
        there[span.kind] += 1
        hit[span.kind] += any(
            e.device == span.device and span.from_ms <= e.time_ms < span.to_ms + after_ms
            for e in found
        )
    for kind in ("voltage_dip", "phase_loss", "frozen"):
        assert there[kind] > 2
        assert hit[kind] == there[kind], kind
    assert hit["surge"] == hit["leak"] == 0  # they are real: all agrees
    for kind in ("counter_reset", "clock_skew"):  # the ledger says what it was
        assert there[kind] > 2
        assert hit[kind] == 0, kind


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (POWER.replace('"power"', '"heat"'), "5: check: no check 'heat'; there are: power,"),
        (POWER + 'channels = ["power_kw", "current_a", "voltage_v"]\n', "1: check 'power' has"),
        (STILL + 'channels = ["power_kw"]\n', "1: check 'still' needs two channels"),
        (POWER + 'tolerance = "1"\n', "1: tolerance is a share from 0 to below 1"),
        (POWER + 'channels = ["power_kw", "volts", "current_a"]\n', "1: no channel volts;"),
        ('kind = "agree"\nid = "r"\n', "1: check is missing"),
    ],
)
def test_faults(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(ConfigError) as refused:
        rule_of(tmp_path, text)
    assert refused.value.faults[0].startswith(f"{tmp_path}/rules.toml:{fault}")
