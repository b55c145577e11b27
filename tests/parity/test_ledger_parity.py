"""Intervals that are longer than a minute, and registers: engines count as the embedded worker."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from energyguard.ledger.channels import EnergyChannel
from energyguard.model.channels import CHANNELS
from energyguard.model.quantities import from_nano, to_nano
from energyguard.model.readings import batch_of
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.stream.engines.counting import JobCounting
from tests.offline.test_meters import lines
from tests.parity.counted import worker_records
from tests.parity.test_parity import ENGINES, made, run

if TYPE_CHECKING:
    from deploy.kafka.brokers import Cluster

MINUTE_MS, HOUR_MS, KWH = 60_000, 3_600_000, 10**9
START = 1_772_409_600_000
"""2026-03-02T00:00:00Z."""
Row = tuple[int, str, int]
"""Time in ms, device, 1e-9 kWh."""


def rule(channel: str) -> ThresholdRule:
    """Every window that has any energy is told."""
    return ThresholdRule(
        id="household-any", channels=(channel,), window_ms=15 * MINUTE_MS, slide_ms=5 * MINUTE_MS,
        raise_above=0, clear_at=0,
    )  # fmt: skip


def expected(rows: list[Row], counting: JobCounting) -> dict[str, bytes]:
    """What the embedded worker writes of readings in order, by id."""
    time, device, nano = (list(column) for column in zip(*rows, strict=True))
    batch = batch_of(device, counting.channel, time, nano)
    return worker_records([batch], rule(counting.channel), counting)


def messages(rows: list[Row]) -> list[bytes]:
    """Rows as lines, and one behind them that is later than all windows."""
    last = (rows[-1][0] + 24 * HOUR_MS, "close", 0)
    return [
        f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%dT%H:%M:%S}Z,{device},{from_nano(nano)}"
        .encode()
        for ms, device, nano in [*rows, last]
    ]  # fmt: skip


def of_case(case: str) -> Iterator[Row]:
    return ((line.time, line.device, line.value) for line in lines(case))


def intervals(seed: int) -> list[Row]:
    """Half hours as of case 07, beside others of which the catalogue says something else."""
    chance = random.Random(seed)
    rows = list(of_case("case07"))
    for device, step in (("end", HOUR_MS), ("fed", 30 * MINUTE_MS), ("quick", 15_000)):
        for ms in range(START, START + 5 * HOUR_MS, step):
            low = -KWH if device == "fed" else 0
            rows.append((ms, device, chance.randrange(low, KWH * step // HOUR_MS)))
    rows.append((START + 2 * HOUR_MS, "jump", 60 * KWH))  # in half an hour: 120 kW
    return sorted(rows)


def registers(seed: int) -> list[Row]:
    """A quarter-hour meter as of case 55, beside others with jitter of their own.

    Theirs is within the lateness: of one that is late by surprise the worker closes windows first.
    """
    chance = random.Random(seed)
    rows = list(of_case("case55"))
    for device in ("R1", "R2", "R3"):
        ms, nano = START, chance.randrange(10**15)
        while ms < START + 12 * HOUR_MS:
            rows.append((ms, device, nano))
            step_s = chance.choice([15, 60, chance.randrange(1, 540)])
            ms += 1_000 * step_s
            nano += chance.choice([0, chance.randrange(20 * KWH * step_s // 3600)])  # 20 kW
    return sorted(rows)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_intervals_with_a_length_that_is_said(engine: str, kafka: Cluster, tmp_path: Path) -> None:
    kind = CHANNELS["energy_kwh"].kind
    described: Mapping[str, EnergyChannel] = {
        "end": EnergyChannel(kind, length_ms=HOUR_MS, stamp_is_end=True),
        "quick": EnergyChannel(kind, length_ms=15_000),
    }
    counting = JobCounting(length_ms=30 * MINUTE_MS, described=described)
    rows = intervals(7)
    topics = made(kafka)
    topics.put(messages(rows))
    job = topics.job("household-demo", tmp_path, counting=counting, rule=rule("energy_kwh"))
    run(engine, job)
    wanted = expected(rows, counting)
    assert sum("/H1/" in id_ for id_ in wanted) == 50
    assert topics.windows() == wanted
    (letter,) = topics.records(topics.letters)
    assert b"jump" in (letter.value() or b"")
    assert dict(letter.headers() or ())["verdict"] == b"implausible"


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_registers_in_order(engine: str, kafka: Cluster, tmp_path: Path) -> None:
    """What goes back, is implausible or comes after long is named, and counts nothing."""
    counting = JobCounting(channel="energy_register_kwh", step_ms=20 * MINUTE_MS)
    rows = registers(5)
    wrong = [
        (START + (5 + 10 * i) * MINUTE_MS, device, nano * KWH)
        for device, nanos in (("back", (9, 10, 8, 9)), ("jump", (1, 99)))
        for i, nano in enumerate(nanos)
    ]
    wrong += [(START, "long", 0), (START + 40 * MINUTE_MS, "long", KWH)]
    topics = made(kafka)
    topics.put(messages(sorted([*rows, *wrong])))
    channel = counting.channel
    job = topics.job("household-demo", tmp_path, counting=counting, rule=rule(channel))
    run(engine, job)
    found = topics.windows()
    apart = {id_: found.pop(id_) for id_ in list(found) if id_.split("/")[1] in ("back", "jump")}
    assert found == expected(rows, counting)
    kwh = [json.loads(record)["kwh"] for record in apart.values()]
    assert sum(to_nano(value) for value in kwh) == 2 * 3 * KWH  # of 1 and 1, in three windows each
    first = b"no reading"
    letters = [
        (one.value().split(b",")[1], dict(one.headers())["reason"])
        for one in topics.records(topics.letters)
    ]
    named = {device for device, reason in letters if not reason.startswith(first)}
    assert named == {b"back", b"jump"}
    assert [d for d, reason in letters if reason.startswith(first) and d == b"long"] != []
