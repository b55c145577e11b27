"""Meters as people have them: what windows hold of each, alone and beside many quick ones."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from energyguard.model.alerts import State
from energyguard.model.quantities import to_nano
from energyguard.model.readings import Verdict, batch_from, batch_of
from energyguard.offline.evaluate import evaluate
from energyguard.records.alerts import AlertEvent
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.registry import open_book
from energyguard.stream.windows.limits import WindowLimits
from energyguard.stream.windows.operator import WindowOperator
from tests.thorough import examples

CASES = Path(__file__).parents[1] / "cases" / "meters"
DAY_MS, HOUR_MS, QUARTER_MS = 86_400_000, 3_600_000, 900_000
NEAR = 4
"""1e-9 kWh: an energy that is spread is floored at each border."""


class Line(NamedTuple):
    """A reading."""

    device: str
    channel: str
    time: int
    value: int


class Found(NamedTuple):
    """What became of a case: sums by rule and end of the window, and its alerts."""

    sums: dict[str, dict[int, int]]
    events: list[AlertEvent]


@cache
def lines(case: str) -> tuple[Line, ...]:
    """The readings of a case."""
    (path,) = CASES.glob(f"{case}_*.csv")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return tuple(
        Line(
            row.get("device") or row["household_id"],
            row.get("channel") or "energy_kwh",
            int(datetime.fromisoformat(row["timestamp"]).timestamp() * 1000),
            to_nano(row.get("value") or row["energy_kwh"]),
        )
        for row in rows
    )


def beside_quick_ones(case: Sequence[Line]) -> list[Line]:
    """The case among meters of 15 s, as they come in a live system."""
    first, last = case[0].time, case[-1].time
    channel = case[0].channel
    rows = list(case)
    for meter in range(examples(12, 50)):
        begins = first + meter * 217
        times = range(begins, min(last, begins + 2 * HOUR_MS) + 60_000, 15_000)
        rows += [Line(f"Q{meter}", channel, t, i * 10_000) for i, t in enumerate(times)]
    return sorted(rows, key=lambda row: row.time)


def rules(channel: str) -> list[ThresholdRule]:
    """Windows that are their slide, above nothing; and the rule for homes."""
    every = {"day": DAY_MS, "hour": HOUR_MS, "quarter": QUARTER_MS}
    made = [
        ThresholdRule(
            id=name, channels=(channel,), window_ms=span, slide_ms=span, raise_above=0, clear_at=0
        )
        for name, span in every.items()
    ]
    home = ThresholdRule(
        id="home",
        channels=(channel,),
        window_ms=QUARTER_MS,
        slide_ms=15_000,
        raise_above=2 * 10**9,
        clear_at=2 * 10**9,
    )
    return [*made, home]


def count(rows: Sequence[Line], cuts: Iterable[int] = ()) -> Found:
    """Take readings in their order, cut into batches, to the end of the input."""
    rules_ = rules(rows[0].channel)
    windows = WindowOperator("replay.t", rules_, WindowLimits(horizon_ms=DAY_MS))
    outcomes = []
    for a, b in pairwise([0, *cuts, len(rows)]):
        device, channel, time, value = zip(*rows[a:b], strict=True)
        batch = batch_from(batch_of(device, channel[0], time, value))
        outcomes.append(windows.process(batch))
    outcomes.append(windows.end())
    outcomes.append(windows.advance(windows.clock.newest + 3 * DAY_MS, end=True))
    sums: dict[str, dict[int, int]] = {rule.id: {} for rule in rules_}
    for outcome in outcomes:
        for found in outcome.breaches:
            for key, end, nano in zip(found.key, found.end_ms, found.nano_kwh, strict=True):
                if not windows.devices[key].startswith("Q"):
                    assert int(end) not in sums[found.rule.id], "a window is told once"
                    sums[found.rule.id][int(end)] = int(nano)
    events = [e for o in outcomes for e in o.events if not e.device.startswith("Q")]
    return Found(sums, events)


def ways(case: str) -> dict[str, Found]:
    """A case alone, backwards, in seven bodies, and beside others."""
    alone = lines(case)
    beside = beside_quick_ones(alone)
    cuts = sorted(random.Random(case).sample(range(1, len(alone)), min(6, len(alone) - 1)))
    return {
        "alone": count(alone),
        "backwards": count(alone[::-1]),
        "bodies": count(alone, cuts),
        "beside": count(beside, range(len(beside) // 3, len(beside), len(beside) // 3)),
    }


RIGHT: dict[str, list[float]] = {  # kWh of each day
    "case01": [0.020],
    "case02": [0.2],
    "case05": [143.983333333, 0.016666667],
    "case07": [20],
    "case55": [23.998335183, 0.001664817],
    "case76": [3.0],
    "case76b": [3.0],
}


@pytest.mark.parametrize("case", RIGHT)
def test_days_are_right_however_readings_come(case: str) -> None:
    for way, found in ways(case).items():
        days = [found.sums["day"][end] for end in sorted(found.sums["day"])]
        assert len(days) == len(RIGHT[case]), way
        for nano, right in zip(days, RIGHT[case], strict=True):
            assert abs(nano - to_nano(str(right))) <= NEAR, way


def test_the_sums_of_hours_and_quarters_are_right() -> None:
    hours = sorted(count(lines("case05")).sums["hour"].values())
    assert all(abs(nano - 6 * 10**9) <= NEAR for nano in hours[2:])  # the first and last are parts
    quarters = count(lines("case07")).sums["quarter"].values()
    assert set(quarters) == {1_250_000_000}
    assert len(quarters) == 16
    jittered = count(lines("case55")).sums["quarter"]
    assert len(jittered) == 97  # none is missing; a meter of 15 min +- 2 s gives 0.25 +- 0.001
    assert all(abs(nano - 250_000_000) <= 1_200_000 for nano in sorted(jittered.values())[2:])


@pytest.mark.parametrize(("case", "best"), [("case76", 2.997), ("case76b", 3.0)])
def test_a_jump_raises_at_the_reading_that_shows_it(case: str, best: float) -> None:
    for way, found in ways(case).items():
        raised = [e for e in found.events if e.rule == "home" and e.state is State.FIRING]
        assert raised, way
        came_last = lines(case)[0 if way == "backwards" else 1]
        assert raised[0].time_ms == came_last.time, way
        peak = max(found.sums["home"].values())
        assert abs(peak - to_nano(str(best))) <= 400_000, way


@pytest.mark.parametrize("case", ["case01", "case02", "case07"])
def test_what_is_no_jump_raises_nothing(case: str) -> None:
    for way, found in ways(case).items():
        assert found.sums["home"] == {}, way
        assert [e for e in found.events if e.rule == "home"] == [], way


def test_export_counts_against_import() -> None:
    for way, found in ways("case48").items():
        assert sum(found.sums["hour"].values()) == 7_500_000_000, way  # hours of import
        assert found.sums["day"] == {}, way  # net: -1.5 kWh


@pytest.mark.parametrize(("rule", "written"), [("wday", 0), ("w60", 15), ("w15", 60)])
@pytest.mark.parametrize("order", ["as it is", "reversed"])
def test_a_file_with_export_is_taken_whole(
    tmp_path: Path, rule: str, written: int, order: str
) -> None:
    head, *rows = (CASES / "case48_net_metering.csv").read_text().splitlines()
    path = tmp_path / "net.csv"
    path.write_text("\n".join([head, *(rows if order == "as it is" else rows[::-1])]) + "\n")
    out = io.BytesIO()
    done = evaluate(open_book([CASES / "rules.toml"], []).get(rule), [path], out)
    assert done.counts == {Verdict.ACCEPTED: 24}
    sums = [json.loads(line)["kwh"] for line in out.getvalue().splitlines()]
    assert (len(sums), sum(sums)) == (written, 7.5 if written else 0)


def registers(*values: str) -> list[Line]:
    """Registers of a meter, one each 15 min."""
    start = 1_757_116_800_000
    return [
        Line("R", "energy_register_kwh", start + at * QUARTER_MS, to_nano(value))
        for at, value in enumerate(values)
    ]


def test_a_misread_digit_raises_and_what_comes_after_takes_it_back() -> None:
    rows = registers("500.00", "500.02", "505.90", "500.05", "500.07")
    beside = beside_quick_ones(rows)
    found_by_way = {
        "alone": count(rows),
        "one by one": count(rows, range(1, len(rows))),
        "beside": count(beside, range(len(beside) // 5, len(beside), len(beside) // 5)),
    }
    for way, found in found_by_way.items():
        assert abs(sum(found.sums["quarter"].values()) - 70_000_000) <= NEAR, way
        assert found.sums["home"] == {}, way
        told = [e for e in found.events if e.rule == "home"]
        when = [(e.state, e.time_ms) for e in told]
        assert when == [(State.FIRING, rows[2].time), (State.RESOLVED, rows[4].time)], way
        assert (told[0].observed, "later reading" in told[1].reason) == (2_071_000_000, True), way


@pytest.mark.parametrize(
    ("values", "kwh"),
    [
        (("9998.41", "9999.65", "0.83", "2.10"), 3.69),  # it begins again at 0
        (("640.20", "640.45", "12880.00", "12880.30", "12880.60"), 0.85),  # another meter
        (("88.31", "88.34", "38.37", "88.40", "88.43"), 0.12),  # a misread digit
        (("300.00", "300.40", "299.10", "299.50", "299.90"), 1.2),  # put back
        (("70.00", "70.10", "0", "170.20", "70.30", "70.40"), 0.4),  # two faults side by side
    ],
)
def test_windows_know_what_a_register_means(values: Sequence[str], kwh: float) -> None:
    found = count(registers(*values), range(1, len(values)))
    assert abs(sum(found.sums["quarter"].values()) - to_nano(str(kwh))) <= NEAR
    assert abs(sum(found.sums["day"].values()) - to_nano(str(kwh))) <= NEAR
