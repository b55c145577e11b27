"""A simulated building: the listed law, the same readings again, counters that never fall."""

from __future__ import annotations

import io
import json
import math
import random
import subprocess
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

from energyguard.clock import ManualClock
from energyguard.codecs.formats import decode
from energyguard.domains.building.counters import FILE
from energyguard.domains.building.feed import TRUTH, BuildingFeed, write_json
from energyguard.domains.building.floors import Building, BuildingRun, new_counters
from energyguard.errors import Corrupt
from energyguard.log import Log, Records, open_log
from energyguard.model.topics import BUILDING_READINGS
from energyguard.simulators.truth import read_truth
from energyguard.store.keys import microseconds
from tests.domains.conftest import StopAfter, records
from tests.forking import Forked

NOON_MS = 1_757_160_000_000  # 2025-09-06T12:00:00Z
TICK_MS = 30_000
TOPIC = BUILDING_READINGS.name


def said(messages: list[bytes]) -> list[dict[str, Any]]:
    return [json.loads(message) for message in messages]


def sent(log: Log) -> list[dict[str, Any]]:
    """The floor readings in the log, by time and floor."""
    found = [json.loads(value) for _, value, _ in records(log, TOPIC) if value]
    return sorted(found, key=lambda one: (one["timestamp"], one["piano"]))


def times(log: Log, floor: int = 1) -> list[int]:
    mine = [one["timestamp"] for one in sent(log) if one["piano"] == floor]
    return [microseconds(text) // 1000 for text in mine]


def feed(log: Log, folder: Path, clock: ManualClock | None = None, **run: Any) -> BuildingFeed:
    wanted = {"start_ms": NOON_MS, "speedup": math.inf} | run
    clock = clock or ManualClock(NOON_MS)
    return BuildingFeed(
        BuildingRun(building=Building(), **wanted), log, folder, StopAfter(clock, 1e9), clock
    )


def in_real_time(log: Log, folder: Path, at_ms: int, seconds: float, speedup: float = 1) -> None:
    clock = ManualClock(at_ms)
    run = BuildingRun(building=Building(), speedup=speedup)
    BuildingFeed(run, log, folder, StopAfter(clock, seconds), clock).play()


def test_readings_follow_the_listed_law() -> None:
    n = 20_000
    messages, after = Building(shape="plain").messages(
        NOON_MS + TICK_MS * np.arange(n), new_counters()
    )
    rows = said(messages)
    for floor, new in zip((1, 2, 3), new_counters(), strict=True):
        mine = [row for row in rows if row["piano"] == floor]
        counter = np.array([new / 1000, *(row["sensore1_kwh"] for row in mine)])
        steps = np.diff(counter)
        assert steps.min() == pytest.approx(0.01)
        assert steps.mean() == pytest.approx(0.05017, abs=5e-4)  # of max(0.01, N(0.05, 0.02))
        assert counter[-1] == pytest.approx(after[floor - 1] / 1000)
        for name, mean, deviation in (
            ("sensore2_kw", 5 + floor, 1.5),
            ("sensore3_corrente", 15 + floor, 2.0),
            ("sensore3_tensione", 230, 3.0),
        ):
            values = np.array([row[name] for row in mine])
            assert values.mean() == pytest.approx(mean, abs=0.1)
            assert values.std() == pytest.approx(deviation, rel=0.05)
            assert values.min() >= 0
    together = np.corrcoef(
        [[row[name] for row in rows] for name in ("sensore2_kw", "sensore3_corrente")]
    )
    by_floor = np.corrcoef(
        [[row["sensore3_tensione"] for row in rows if row["piano"] == f] for f in (1, 2, 3)]
    )
    assert abs(by_floor - np.eye(3)).max() < 0.03
    assert abs(together[0, 1]) < 0.3  # both grow with the floor, and no more


def test_readings_depend_on_seed_and_time_only() -> None:
    at = NOON_MS + TICK_MS * np.arange(50)
    whole, after = Building(seed=3).messages(at, new_counters())
    first, between = Building(seed=3).messages(at[:20], new_counters())
    second, end = Building(seed=3).messages(at[20:], between)
    assert (first + second, end) == (whole, after)
    other, _ = Building(seed=4).messages(at, new_counters())
    assert not {m[:-40] for m in other} & {m[:-40] for m in whole}


def test_every_message_is_a_floor_reading(log: Log, tmp_path: Path) -> None:
    feed(log, tmp_path, ticks=100).play()
    lines = b"\n".join(value for _, value, _ in records(log, TOPIC) if value)
    _, found = decode(lines, "json")
    assert not found.refused
    assert found.batch.num_rows == 100 * 3 * 4
    assert {key for key, _, _ in records(log, TOPIC)} == {b"p1", b"p2", b"p3"}


def test_in_pieces_as_in_one_go(log: Log, log_url: str, tmp_path: Path) -> None:
    for ticks in (7, 1_500, 1_500, 2_437):
        feed(log, tmp_path / "a", ticks=ticks).play()
    whole = open_log(log_url.replace("log.db", "whole.db"))
    feed(whole, tmp_path / "b", ticks=2_437).play()
    undisturbed = sent(whole)
    whole.close()
    assert sent(log) == undisturbed
    assert len(undisturbed) == 3 * 2_437
    assert feed(log, tmp_path / "a", ticks=2_437).wh == feed(log, tmp_path / "c").wh


def test_real_time_keeps_step_with_the_clock(log: Log, tmp_path: Path) -> None:
    in_real_time(log, tmp_path, NOON_MS + 12_000, 100)
    assert times(log) == [NOON_MS + TICK_MS * n for n in range(4)]
    in_real_time(log, tmp_path, NOON_MS + 115_000, 1)  # the next one is not due yet
    assert len(times(log)) == 4
    in_real_time(log, tmp_path, NOON_MS + 3_600_000 + 1_000, 40)  # nobody simulated for an hour
    assert times(log)[4:] == [NOON_MS + 3_600_000 + TICK_MS * n for n in range(2)]
    counter = [row["sensore1_kwh"] for row in sent(log) if row["piano"] == 1]
    assert all(
        0.004 <= round(b - a, 3) < 0.1 for a, b in pairwise([new_counters()[0] / 1000, *counter])
    )


def test_faster_than_time(log: Log, tmp_path: Path) -> None:
    in_real_time(log, tmp_path, NOON_MS, 10, speedup=60)
    assert NOON_MS + 570_000 <= times(log)[-1] <= NOON_MS + 630_000
    before = times(log)[-1]
    in_real_time(log, tmp_path, NOON_MS + 20_000, 10, speedup=60)
    assert times(log) == [NOON_MS + TICK_MS * n for n in range(len(times(log)))]
    assert times(log)[-1] > before + 10 * TICK_MS


def test_counters_outlive_the_log(log: Log, log_url: str, tmp_path: Path) -> None:
    feed(log, tmp_path, ticks=10).play()
    new = open_log(log_url.replace("log.db", "new.db"))
    feed(new, tmp_path, ticks=11).play()
    (row,) = (row for row in sent(new) if row["piano"] == 1)
    before = max(row["sensore1_kwh"] for row in sent(log) if row["piano"] == 1)
    assert before < row["sensore1_kwh"] < before + 0.1
    assert times(new) == [NOON_MS + 10 * TICK_MS]
    new.close()


def test_counters_outlive_the_file(log: Log, tmp_path: Path) -> None:
    feed(log, tmp_path, ticks=10).play()
    (tmp_path / FILE).unlink()
    feed(log, tmp_path, ticks=20).play()
    whole, _ = Building().messages(NOON_MS + TICK_MS * np.arange(20), new_counters())
    assert sent(log) == said(whole)


def test_a_real_building_s_records_are_not_the_simulator_s(log: Log, tmp_path: Path) -> None:
    real = b'{"piano":1,"sensore1_kwh":5000,"sensore2_kw":1,"sensore3_corrente":1,'
    real += b'"sensore3_tensione":230,"timestamp":"2025-09-06T12:00:10Z"}'
    log.append(TOPIC, Records([b"p1", None], [real, real]))
    assert feed(log, tmp_path, ticks=1).wh == new_counters()


def test_an_end_that_is_reached_already_is_known(log: Log, tmp_path: Path) -> None:
    assert not feed(log, tmp_path, ticks=10).nothing_left
    feed(log, tmp_path, ticks=10).play()
    more = feed(log, tmp_path, ticks=11)
    assert (more.done, more.nothing_left) == (10, False)
    assert feed(log, tmp_path, ticks=10).nothing_left
    assert not feed(log, tmp_path).nothing_left


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b'{"time_ms":1,"wh":[]}', b'{"time_ms":1,"wh":[1,-1]}', b"\xff"]
)
def test_a_damaged_file_is_not_a_new_building(log: Log, tmp_path: Path, text: bytes) -> None:
    (tmp_path / FILE).write_bytes(text)
    with pytest.raises(Corrupt, match=FILE):
        feed(log, tmp_path)


def test_records_in_a_file_are_those_of_the_log(log: Log, tmp_path: Path) -> None:
    feed(log, tmp_path, ticks=3_000).play()
    out = io.BytesIO()
    run = BuildingRun(building=Building(), start_ms=NOON_MS, ticks=3_000)
    write_json(run, out, Event())
    assert said(out.getvalue().splitlines()) == sent(log)


FAULTY: dict[str, Any] = {
    "faults": ("surge", "counter_reset", "gap", "rollover"),
    "faults_per_week": 7.0,
}
CHILD = """
import sys
from pathlib import Path
from threading import Event
from energyguard.log import open_log
from energyguard.domains.building.floors import Building, BuildingRun, new_counters
from energyguard.domains.building.feed import BuildingFeed
building = Building(**{building})
run = BuildingRun(building=building, start_ms={start}, ticks={ticks}, speedup=30_000.0)
feed = BuildingFeed(run, open_log(sys.argv[1]), Path(sys.argv[2]), Event())
print(flush=True)
feed.play()
"""


@pytest.mark.parametrize(
    "kills", [2, pytest.param(50, marks=pytest.mark.slow)], ids=lambda n: f"{n} kills"
)
def test_kill_9_neither_skips_a_tick_nor_moves_a_counter(
    log_url: str, tmp_path: Path, kills: int
) -> None:
    ticks = 500 * kills
    building = Building(**FAULTY)
    child = [
        "-c",
        CHILD.format(building=FAULTY, start=NOON_MS, ticks=ticks),
        log_url,
        str(tmp_path),
    ]
    moments = random.Random(kills)
    killed = 0
    for _ in range(kills):
        with Forked(child, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            with suppress(subprocess.TimeoutExpired):
                process.wait(moments.uniform(0.05, 0.4))
            killed += process.poll() is None
            process.kill()
    assert Forked(child, stdout=subprocess.DEVNULL).wait(120) == 0
    assert killed >= kills - 1
    log = open_log(log_url)
    found = sent(log)
    log.close()
    whole, _ = building.messages(NOON_MS + TICK_MS * np.arange(ticks), new_counters())
    assert found == said(whole)
    assert len(found) < 3 * ticks
    spans = building.spans(NOON_MS, NOON_MS + TICK_MS * (ticks - 1) + 1)
    assert sorted(read_truth(tmp_path / TRUTH)) == sorted(spans)
