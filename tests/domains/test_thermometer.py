"""The thermometer: the listed walk, its exact message, and where it goes on."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from threading import Event

import pytest

from energyguard.codecs.formats import decode
from energyguard.codecs.records import read_records, read_settled
from energyguard.domains.thermometer import THERMOMETER
from energyguard.domains.thermometer.dialect import CHANNEL, DEVICE, message
from energyguard.domains.thermometer.simulator import HIGHEST, LOWEST, STEPS
from energyguard.log import EARLIEST, Log, open_log
from energyguard.model.readings import times_of
from energyguard.simulators.steps import StepFeed, StepRun

NOON = 1_716_120_000
WALK = StepRun(steps=STEPS, seed=3, start_s=NOON, seconds=500, speedup=math.inf)


def messages(log: Log) -> list[bytes]:
    at = dict(log.positions(THERMOMETER.name, EARLIEST))
    return [value or b"" for part in log.read(at, 99_999, 0) for value in part.values]


def test_a_walk_goes_by_one_degree_and_turns_at_its_ends() -> None:
    walk = [json.loads(text)["celsius"] for text in WALK.messages(None, NOON, 50_000)]
    steps = {(a, b - a) for a, b in pairwise(walk)}
    assert {abs(step) for _, step in steps} == {1}
    assert {step for at, step in steps if at == LOWEST} == {1}
    assert {step for at, step in steps if at == HIGHEST} == {-1}
    assert set(walk) == set(range(LOWEST, HIGHEST + 1))
    again = [json.loads(text)["celsius"] for text in WALK.messages(None, NOON, 50_000)]
    assert walk == again


def test_the_message_is_exactly_as_listed() -> None:
    assert message("2024-05-19 12:00:00", 7) == b'{"timestamp":"2024-05-19 12:00:00","celsius":7}'


def test_a_message_is_a_reading() -> None:
    text = b"\n".join(WALK.messages(None, NOON, 100))
    shape, found = decode(text)
    assert shape == "json"
    assert not found.refused
    assert found.batch.column("device").unique().to_pylist() == [DEVICE]
    assert found.batch.column("channel").unique().to_pylist() == [CHANNEL]
    assert times_of(found.batch).tolist() == [(NOON + i) * 1000 for i in range(100)]
    degrees = [value // 10**9 for value in found.batch.column("value").to_pylist()]
    assert degrees == [json.loads(line)["celsius"] for line in text.split(b"\n")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'{"timestamp":"2024-05-19","celsius":"warm"}', "not a number"),
        (b'{"timestamp":"2024-05-19 12:00:00","celsius":9000}', "out of range"),
        (b'{"timestamp":"12:00:00","celsius":7}', "timestamp"),
        (b'{"timestamp":"2024-05-19 12:00:00","celsius":7,"fahrenheit":1}', "fahrenheit"),
        (b'{"timestamp":"2024-05-19 12:00:00","celsius":null}', "missing"),
    ],
)
def test_what_is_no_degree_is_refused_and_costs_nobody_else(text: bytes, reason: str) -> None:
    good = message("2024-05-19 12:00:00", 7)
    _, found = decode(
        b"\n".join(
            [
                good,
                text,
                b'{"timestamp":"2024-05-19T12:00:00Z","household_id":"H1","energy_kwh":1}',
                good,
            ]
        )
    )
    (refused,) = found.refused
    assert refused.row == 2
    assert reason in refused.reason or reason in refused.verdict.value.replace("-", " ")
    assert found.batch.num_rows == 3


def test_it_goes_on_where_the_log_stands(tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path}/log.db")
    StepFeed(replace(WALK, seconds=70), log, Event()).play()
    StepFeed(WALK, log, Event()).play()
    StepFeed(WALK, log, Event()).play()
    assert messages(log) == [*WALK.messages(None, NOON, 500)]
    found = read_records(messages(log))
    assert found.readings.num_rows == 500
    assert read_settled([b"thermometer"] * 500, messages(log)).readings.num_rows == 500
    assert json.loads(messages(log)[0])["timestamp"] == "2024-05-19 12:00:00"
    log.close()
