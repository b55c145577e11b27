"""Homes that are played: again and again, as of now, over restarts."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from threading import Event, Timer

import numpy as np
import pytest

from energyguard.clock import ManualClock
from energyguard.codecs.records import read_records
from energyguard.domains.regions.simulator.generated import (
    FIRST_DAY_MS,
    STEP_MS,
    lines_of,
    simulated,
)
from energyguard.domains.regions.simulator.homes import HomesFeed, HomesRun, homes_of, run
from energyguard.domains.regions.simulator.recordings import Loop, files_of, node_of, read_recording
from energyguard.domains.regions.topics import POWER
from energyguard.errors import ConfigError, NotFound, Rejected
from energyguard.log import Log, open_log
from energyguard.model.topics import DAY_MS
from energyguard.settings.tree import Settings, SimulateSettings
from tests.domains.conftest import StopAfter, records
from tests.domains.regions.files import REAL, cut, homes, write

NOON_MS = 1_796_040_000_000
Sent = dict[str, list[tuple[int, int, int]]]


def sent(log: Log) -> Sent:
    """By home: (time, power, register) of its messages."""
    found: Sent = defaultdict(list)
    for _, value, _ in records(log, POWER.name):
        row = json.loads(value or b"")
        found[row["node_id"]].append((row["timestamp"], row["power_value"], row["energy"]))
    return found


def played(log: Log, from_ms: int, seconds: float) -> None:
    """Play for some seconds of wall time from then on."""
    clock = ManualClock(from_ms)
    HomesFeed(HomesRun(homes=homes()), log, StopAfter(clock, seconds), clock).play()


def test_a_simulated_day_has_the_form_of_system_e_s() -> None:
    day = simulated(9, 4)
    for home in day:
        assert len(home.time_ms) == 43_200
        assert set(np.diff(home.time_ms).tolist()) == {STEP_MS}
        assert (np.diff(home.energy) >= 0).all()
        drawn = np.maximum(home.power_mw[:-1], 0, dtype=np.int64).sum() * 2 / 3600 / 1e6
        assert (home.energy[-1] - home.energy[0]) / 1e10 == pytest.approx(drawn, rel=1e-6)
    noon = [int(home.power_mw[21_000:22_000].mean()) for home in day]
    with_panels = [place for place, power in enumerate(noon) if power < 0]
    assert with_panels == [1, 4, 7]
    without = np.mean([home.power_mw for place, home in enumerate(day) if place % 3 != 1], axis=0)
    night, morning, evening = (
        without[hour * 1800 : (hour + 1) * 1800].mean() for hour in (3, 7, 19)
    )
    assert night < morning < evening
    again = simulated(9, 4)
    assert all((a.power_mw == b.power_mw).all() for a, b in zip(day, again, strict=True))
    assert (simulated(9, 5)[0].power_mw != day[0].power_mw).any()


def test_phases_add_up_to_the_power() -> None:
    for line in list(lines_of(cut(homes()[1], 43_000, 43_100)))[2:]:
        power, *phases = map(int, line.split(",")[3:])
        assert sum(phases) == power < 0


def test_a_recording_goes_on_for_ever_at_its_hours() -> None:
    loop = Loop(homes()[0])
    assert loop.period_ms == DAY_MS
    start_ms = FIRST_DAY_MS + 2_500 * DAY_MS - 3 * STEP_MS
    rows = loop.rows(start_ms - 1, start_ms + 6 * STEP_MS - 1)
    assert rows.power_mw.tolist() == [
        *homes()[0].power_mw[-3:].tolist(),
        *homes()[0].power_mw[:3].tolist(),
    ]
    assert np.diff(rows.time_ms).tolist() == [STEP_MS] * 5
    assert (np.diff(rows.energy) >= 0).all()
    gain = int(homes()[0].energy[-1] - homes()[0].energy[0])
    assert rows.energy[0] == homes()[0].energy[-3] + 2_499 * gain


def test_what_is_played_in_pieces_is_what_is_played_at_once() -> None:
    hour = cut(homes()[1], 61_200, 64_800)
    assert Loop(hour).period_ms == 3_600_000
    loop = Loop(replace(hour, time_ms=hour.time_ms + (np.arange(1800) % 7 - 3) * 30))
    whole = loop.rows(NOON_MS, NOON_MS + 9_000_000)
    edges = np.linspace(NOON_MS, NOON_MS + 9_000_000, 1_234).astype(int).tolist()
    edges = sorted({*edges, *whole.time_ms[::97].tolist()})
    parts = [loop.rows(a, b) for a, b in pairwise(edges)]
    for column, expected in zip(zip(*parts, strict=True), whole, strict=True):
        assert np.concatenate(column).tolist() == expected.tolist()
    assert len(whole.time_ms) == 4_500
    assert (np.diff(whole.energy) >= 0).all()


def test_homes_are_played_as_of_now(log: Log) -> None:
    played(log, NOON_MS + 700, 60)
    for home in homes():
        loop = Loop(home).rows(NOON_MS, NOON_MS + 60_700)
        rows = list(zip(*(c.tolist() for c in loop), strict=True))
        assert sent(log)[home.node] == rows[: len(sent(log)[home.node])]
        assert len(rows) - len(sent(log)[home.node]) <= 1
    values = [value for _, value, _ in records(log, POWER.name)]
    found = read_records(values, topic=POWER.name)
    assert (found.bad, found.readings.num_rows) == ([], 2 * len(values))


def test_a_restart_sends_nothing_twice_and_no_register_steps_back(log: Log) -> None:
    played(log, NOON_MS, 30)
    before = sent(log)
    played(log, NOON_MS + 20_000, 30)  # the clock was set back
    played(log, NOON_MS + 3_600_000, 30)
    for node, rows in sent(log).items():
        times, _, energies = zip(*rows, strict=True)
        assert len(set(times)) == len(times)
        assert list(times) == sorted(times)
        assert list(energies) == sorted(energies)
        assert rows[: len(before[node])] == before[node]
        gap = max(b - a for a, b in pairwise(times))
        assert 3_400_000 < gap < 3_600_000  # what was not sent is left out


def test_the_folder_of_a_setting_is_played(tmp_path: Path) -> None:
    folder = tmp_path / "homes"
    folder.mkdir()
    write(folder, homes()[0], packed=True)
    (folder / "x.csv").write_text("no,household,file\n1,2,3\n")
    (folder / "notes.txt").write_text("ignored")
    settings = Settings(simulate=SimulateSettings(homes=folder))
    assert [home.node for home in homes_of(settings)] == ["household_001"]
    (folder / "household_001.csv.gz").unlink()
    with pytest.raises(Rejected, match=r"x\.csv"):
        homes_of(settings)
    with pytest.raises(NotFound, match="nowhere: no such folder"):
        homes_of(Settings(simulate=SimulateSettings(homes=Path("nowhere"))))
    assert len(homes_of(Settings(simulate=SimulateSettings(region_homes=4)))) == 4


def test_the_role_writes_into_the_edge_s_own_log(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, simulate=SimulateSettings(region_homes=2))
    stop = Event()
    timer = Timer(5, stop.set)
    timer.start()
    run(settings, stop)
    timer.join()
    log = open_log(f"sqlite:///{tmp_path / 'edge' / 'log.db'}")
    assert set(sent(log)) == {"household_001", "household_002"}
    log.close()
    assert not (tmp_path / "log.db").exists()


def test_a_file_names_its_home() -> None:
    assert node_of(Path("data/00effd.csv")) == "household_00effd"
    assert node_of(Path("data/household_00effd.csv.gz")) == "household_00effd"
    with pytest.raises(ConfigError, match="cannot name a home"):
        node_of(Path("a,b.csv"))


@pytest.mark.skipif(not REAL.exists(), reason="the real measurements are not beside the checkout")
def test_real_homes_are_played_once_a_day() -> None:
    for path in files_of(REAL):
        home = read_recording(path)
        assert Loop(home).period_ms == DAY_MS
        assert home.broken == ()
