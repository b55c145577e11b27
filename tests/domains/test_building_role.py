"""A simulated building as a role: what settings make of it, and that its counters are one's."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Event, Timer

import pytest

from energyguard.domains.building.counters import FILE
from energyguard.domains.building.feed import TRUTH
from energyguard.domains.building.floors import Building
from energyguard.domains.building.role import ROLE, building_of, run
from energyguard.errors import ConfigError, Conflict
from energyguard.processes.registry import Present
from energyguard.settings.tree import Settings, SimulateSettings


def settings_of(folder: Path, **simulate: object) -> Settings:
    return Settings(data_dir=folder, simulate=SimulateSettings.model_validate(simulate))


def test_settings_describe_the_building(tmp_path: Path) -> None:
    assert building_of(settings_of(tmp_path)) == Building()
    wanted = settings_of(
        tmp_path,
        floors=7,
        floor_seconds=10,
        seed=3,
        holidays="FR",
        floor_faults="gap,surge",
        floor_faults_per_week=2,
        floor_delta=True,
    )
    assert building_of(wanted) == Building(
        floors=7,
        tick_seconds=10,
        seed=3,
        country="FR",
        faults=("gap", "surge"),
        faults_per_week=2,
        has_delta=True,
    )
    assert building_of(settings_of(tmp_path, floor_shape="plain")) == Building(shape="plain")
    with pytest.raises(ConfigError, match="plain"):
        building_of(settings_of(tmp_path, floor_shape="plain", floor_faults="gap"))


def test_it_plays_until_it_is_stopped_and_leaves_counters_and_truth(tmp_path: Path) -> None:
    stop = Event()
    Timer(2.0, stop.set).start()
    faults = {"floor_faults": "leak", "floor_faults_per_week": 7}
    run(settings_of(tmp_path, floors=4, speedup=100_000, **faults), stop)
    assert len(json.loads((tmp_path / FILE).read_bytes())["wh"]) == 4
    assert (tmp_path / TRUTH).read_text().startswith("device,kind,from,to\np")


def test_two_do_not_share_the_counters_of_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    another = [Present(ROLE, 1), Present("worker", 2)]
    monkeypatch.setattr("energyguard.domains.building.role.living", lambda _: another)
    with pytest.raises(Conflict, match="process 1 simulates a building here"):
        run(settings_of(tmp_path), Event())
    assert not (tmp_path / FILE).exists()
