"""Homes into the log: on the running clock, and after a restart as if nothing had happened."""

from __future__ import annotations

import math
import random
import subprocess
from contextlib import suppress
from itertools import pairwise
from threading import Event

import msgspec
import numpy as np
import pytest

from energyguard.clock import ManualClock
from energyguard.domains.household.feed import HouseholdFeed
from energyguard.domains.household.homes import Homes
from energyguard.domains.household.sample import Sample
from energyguard.domains.household.simulate import Run, this_evening_ms
from energyguard.intake.gateway import Gateway
from energyguard.log import Log, Records, open_log
from energyguard.model.topics import PROGRESS
from tests.domains.conftest import StopAfter, readings
from tests.forking import Forked

NOON_MS = 1_757_160_000_000  # 2025-09-06T12:00:00Z
MINUTE_MS = 60_000


def play(log: Log, run: Run, wall_seconds: float) -> None:
    clock = ManualClock(NOON_MS)
    HouseholdFeed(run, log, StopAfter(clock, wall_seconds), clock).play()


def newest(log: Log) -> int:
    return readings(log)[-1][0]


def test_the_first_start_is_shortly_before_the_evening_peak(log: Log) -> None:
    play(log, Run(homes=Homes(count=5)), 10)
    evening = this_evening_ms(ManualClock(NOON_MS))
    assert evening == NOON_MS + (4 * 60 + 58) * MINUTE_MS
    found = readings(log)
    assert found[0][0] == evening - 28 * MINUTE_MS  # charts are not empty
    assert evening + 4 * MINUTE_MS < found[-1][0] <= evening + 6 * MINUTE_MS  # 30 times 10 s


def test_a_second_start_goes_on_with_the_same_readings(log: Log, log_url: str) -> None:
    run = Run(homes=Homes(count=5, seed=7), sample=Sample())
    for wall_seconds in (3.2, 1.7, 6.1):
        play(log, run, wall_seconds)
    whole = open_log(log_url.replace("log.db", "whole.db"))
    play(whole, run, 20)
    interrupted, undisturbed = readings(log), readings(whole)
    whole.close()
    last = interrupted[-1][0]
    assert interrupted == [row for row in undisturbed if row[0] <= last]
    assert last > interrupted[0][0] + 30 * MINUTE_MS


def test_the_position_is_found_below_what_others_wrote_later(log: Log) -> None:
    run = Run(homes=Homes(count=2))
    play(log, run, 1)
    before = newest(log)
    stranger = Homes(count=1).readings(np.array([before - 1000]))
    for _ in range(100):
        Gateway(log).submit(stranger, "energy_readings")
    play(log, run, 1)
    times = {time_ms for time_ms, _, _ in readings(log) if time_ms > before}
    assert min(times) == before + 15_000


def test_a_given_start_and_number_of_ticks_are_kept_to(log: Log) -> None:
    run = Run(homes=Homes(count=3), start_ms=NOON_MS, ticks=500, speedup=math.inf)
    for _ in range(2):  # the second finds everything there
        HouseholdFeed(run, log, Event(), ManualClock(NOON_MS)).play()
    found = readings(log)
    assert len(found) == 1500
    assert (found[0][0], found[-1][0]) == (NOON_MS, NOON_MS + 499 * 15_000)


def progress(log: Log, newest_ms: int) -> None:
    value = msgspec.json.encode(
        {"topic": "energy_readings", "partition": 0, "newest_ms": newest_ms}
    )
    log.append(PROGRESS.name, Records([b"energy_readings/0"], [value]))


def test_a_faster_source_takes_the_homes_along(log: Log) -> None:
    run = Run(homes=Homes(count=2))
    play(log, run, 1)
    there = newest(log)
    progress(log, there + 4 * MINUTE_MS)
    play(log, run, 1)
    times = sorted({time_ms for time_ms, _, _ in readings(log)})
    assert times[-1] >= there + 4 * MINUTE_MS
    assert {later - sooner for sooner, later in pairwise(times)} == {15_000}


def test_ticks_that_another_source_made_late_are_left_out(log: Log) -> None:
    run = Run(homes=Homes(count=2))
    play(log, run, 1)
    there = newest(log)
    progress(log, there + 24 * 60 * MINUTE_MS)
    play(log, run, 1)
    after = sorted({time_ms for time_ms, _, _ in readings(log) if time_ms > there})
    assert after[0] >= there + 24 * 60 * MINUTE_MS - MINUTE_MS
    assert (after[0] - there) % 15_000 == 0


CHILD = """
import sys
from threading import Event
from energyguard.log import open_log
from energyguard.domains.household.feed import HouseholdFeed
from energyguard.domains.household.homes import Homes
from energyguard.domains.household.simulate import Run
run = Run(homes=Homes(count=10), start_ms={start}, ticks={ticks}, speedup=15_000.0)
feed = HouseholdFeed(run, open_log(sys.argv[1]), Event())
print(flush=True)
feed.play()
"""


def killed_at_random(log_url: str, kills: int, ticks: int) -> int:
    """Start the simulator, kill it while it sends, again and again; then let it end."""
    child = ["-c", CHILD.format(start=NOON_MS, ticks=ticks), log_url]
    done = 0
    for _ in range(kills):
        with Forked(child, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            with suppress(subprocess.TimeoutExpired):
                process.wait(random.uniform(0.05, 0.6))
            done += process.poll() is None
            process.kill()
    assert Forked(child, stdout=subprocess.DEVNULL).wait(120) == 0
    return done


@pytest.mark.parametrize(
    "kills", [2, pytest.param(50, marks=pytest.mark.slow)], ids=lambda n: f"{n} kills"
)
def test_kill_9_neither_skips_nor_doubles_a_tick(log_url: str, kills: int) -> None:
    ticks = 500 * kills
    assert killed_at_random(log_url, kills, ticks) >= kills - 1
    log = open_log(log_url)
    whole = open_log(log_url.replace("log.db", "whole.db"))
    run = Run(homes=Homes(count=10), start_ms=NOON_MS, ticks=ticks, speedup=math.inf)
    HouseholdFeed(run, whole, Event(), ManualClock(NOON_MS)).play()
    found, undisturbed = readings(log), readings(whole)
    log.close()
    whole.close()
    assert found == undisturbed
