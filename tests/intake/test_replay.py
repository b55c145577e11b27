"""Files into the running system, or into a topic of their own."""

from __future__ import annotations

import gzip
import math
from collections.abc import Sequence
from pathlib import Path
from threading import Event

import msgspec
import numpy as np
import pytest

from energyguard.clock import ManualClock
from energyguard.domains.household.feed import HouseholdFeed
from energyguard.domains.household.homes import Homes
from energyguard.domains.household.simulate import Run, write_csv
from energyguard.intake.replay import Player, Replayed, ReplayRun, end_input
from energyguard.log import LATEST, Log
from tests.domains.conftest import StopAfter, readings, records

NOW_MS = 1_795_348_800_000
DATA = Path(__file__).parents[3] / "shared" / "data"


def csv(path: Path, first_ms: int, *homes: int, ticks: int = 40) -> Path:
    """A file with readings of some homes, gzipped if its name says so."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "wb") as out:
        run = Run(homes=Homes(count=max(homes), seed=homes[0]), start_ms=first_ms, ticks=ticks)
        write_csv(run, out, Event())  # type: ignore[arg-type]
    return path


def played(log: Log, replay: ReplayRun, wall_seconds: float = 1e9) -> Replayed:
    clock = ManualClock(NOW_MS)
    return Player(replay, log, StopAfter(clock, wall_seconds), clock).play()


def test_times_are_moved_onto_the_wall_clock_where_nothing_runs(log: Log, tmp_path: Path) -> None:
    path = csv(tmp_path / "old.csv", 1_757_116_805_000, 2)
    done = played(log, ReplayRun(paths=[path]))
    found = readings(log)
    assert (done.topic, done.readings, done.refused) == ("energy_readings", 80, 0)
    assert NOW_MS - 60_000 < found[0][0] <= NOW_MS
    assert found[0][0] % 60_000 == 5_000  # moved by whole minutes
    assert found[-1][0] - found[0][0] == 39 * 15_000


def test_times_are_moved_onto_the_clock_that_runs(log: Log, tmp_path: Path) -> None:
    clock = ManualClock(NOW_MS - 86_400_000)
    HouseholdFeed(Run(homes=Homes(count=1)), log, StopAfter(clock, 5), clock).play()
    newest = readings(log)[-1][0]
    path = csv(tmp_path / "old.csv", 1_757_116_800_000, 1)
    played(log, ReplayRun(paths=[path], prefix="old-"))
    old = [time_ms for time_ms, device, _ in readings(log) if device == "old-H001"]
    assert newest - 60_000 < old[0] <= newest


def test_the_pace_is_kept(log: Log, tmp_path: Path) -> None:
    path = csv(tmp_path / "a.csv", 1_757_116_800_000, 1, ticks=1000)
    done = played(log, ReplayRun(paths=[path], speedup=60), wall_seconds=20)
    assert 80 <= done.readings <= 88  # 20 s at 60 times, a reading each 15 s, and what came before


def appended(log: Log, topic: str) -> Sequence[int]:
    """The times of each record of a topic's partitions, in the order of the log."""
    from energyguard.codecs.records import unpack
    from energyguard.model.readings import times_of

    values = [value for _, value, _ in records(log, topic) if value]
    return [int(t) for value in values for t in times_of(unpack([value])[0])]


def test_files_are_merged_by_time_and_keep_their_own(log: Log, tmp_path: Path) -> None:
    start = 1_757_116_800_000
    later = csv(tmp_path / "later.csv.gz", start + 300_000, 1)
    sooner = csv(tmp_path / "sooner.csv", start, 2)
    done = played(log, ReplayRun(paths=[later, sooner], keep_time="two"))
    assert done == Replayed("replay.two", 120, 0, start, start + 300_000 + 39 * 15_000)
    assert {row[0] for row in readings(log, "replay.two")} >= {start, done.last_ms}
    times = appended(log, "replay.two")
    assert len(times) == 120
    falls = int((np.diff(times) < 0).sum())
    assert falls <= 1  # H001 and H002 may lie in two partitions, each in order


def test_refused_rows_are_kept_with_their_file(log: Log, tmp_path: Path) -> None:
    path = csv(tmp_path / "bad.csv", 1_757_116_800_000, 1)
    path.write_bytes(path.read_bytes() + b"2025-09-06T00:10:00Z,H001,-101\ngarbage\n")
    done = played(log, ReplayRun(paths=[path]))
    assert (done.readings, done.refused) == (40, 2)
    letters = records(log, "energyguard.dead-letters")
    assert [value for _, value, _ in letters] == [b"2025-09-06T00:10:00Z,H001,-101", b"garbage"]
    headers = [dict(headers) for _, _, headers in letters]
    assert headers[0]["source"] == b"file:bad.csv"
    assert headers[0]["topic"] == b"energy_readings"
    assert [header["row"] for header in headers] == [b"41", b"42"]
    assert all(header["reason"] and header["field"] for header in headers)
    assert headers[0]["verdict"] == b"out-of-range"


def test_the_end_of_an_input_is_written_for_every_partition(log: Log, tmp_path: Path) -> None:
    path = csv(tmp_path / "a.csv", 1_757_116_800_000, 9)
    done = played(log, ReplayRun(paths=[path], keep_time="nine"))
    end_input(log, done.topic, 1_757_120_000_000)
    found = records(log, "energyguard.time")
    ends = log.positions("replay.nine", LATEST)
    assert len(found) == len(ends) == 8
    for key, value, _ in found:
        decision = msgspec.json.decode(value or b"")
        assert key == f"replay.nine/{decision['partition']}".encode()
        assert decision["time"] == 1_757_120_000_000
        place = next(at for at in ends if at.partition == decision["partition"])
        assert decision["offset"] == ends[place]


def test_an_empty_file_is_no_fault(log: Log, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    assert played(log, ReplayRun(paths=[tmp_path / "empty.csv"])).readings == 0


@pytest.mark.data
@pytest.mark.parametrize(
    ("folder", "readings_at_least"), [("household_2s", 43_000), ("appliance_1min", 90_000)]
)
def test_real_files_replay_in_order(log: Log, folder: str, readings_at_least: int) -> None:
    files = sorted((DATA / folder).glob("*.csv.gz"))[:1]
    if not files:
        pytest.skip(f"no {folder} beside the checkout")
    done = played(log, ReplayRun(paths=files, keep_time="real", speedup=math.inf))
    assert done.readings >= readings_at_least
    assert len(readings(log, "replay.real")) == done.readings
