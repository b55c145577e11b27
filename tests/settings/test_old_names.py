"""Older systems' variables: taken as ours, or refused by their successor's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from energyguard.errors import ConfigError
from energyguard.settings.layers import load
from energyguard.settings.old_names import ALIASES, Alias, apply

DOCS = Path(__file__).parents[2] / "docs" / "moving-over.md"


def test_every_variable_of_the_household_windows_and_the_building_monitor_is_known() -> None:
    theirs = (
        "HOUSEHOLDS TICK_SECONDS SPEEDUP JITTER_PCT BOOTSTRAP_SERVERS TOPIC RUN_MODE THRESHOLD_KWH "
        "WINDOW_DURATION SLIDE_DURATION CHECKPOINT_ROOT READINGS_TOPIC ALERTS_TOPIC MAX_ROWS "
        "SQLITE_PATH KAFKA_BOOTSTRAP SOURCE_TOPIC REPLICATION_RATIO THRESHOLDS_PATH "
        "ADMIN_TOKEN EDGE_COOLDOWN_SECS NOTIFY_* ANOM_*"
    )
    assert {alias.name for alias in ALIASES} == set(theirs.split())


@pytest.mark.parametrize("alias", ALIASES, ids=lambda alias: alias.name)
def test_every_variable_has_its_line_in_the_docs(alias: Alias) -> None:
    name = alias.name
    line = next(text for text in DOCS.read_text().splitlines() if f"`{name}`" in text)
    setting = alias.setting
    assert setting is None or f"`{setting}`" in line


def test_settings_are_taken(tmp_path: Path) -> None:
    environ = {"HOUSEHOLDS": "7", "TICK_SECONDS": "30", "SPEEDUP": "2.5", "JITTER_PCT": "0"}
    settings = load(environ=environ | {"RUN_MODE": "demo"}, cwd=tmp_path).settings
    assert settings.simulate.households == 7
    assert settings.simulate.tick_seconds == 30
    assert settings.simulate.speedup == 2.5
    assert settings.simulate.jitter_pct == 0
    assert settings.rules.use == ("household-demo",)


def test_the_building_monitor_s_broker_is_the_log(tmp_path: Path) -> None:
    environ = {"KAFKA_BOOTSTRAP": "kafka:9092", "SOURCE_TOPIC": "energyguard.readings"}
    loaded = load(environ=environ, cwd=tmp_path)
    assert loaded.settings.log.url == "kafka://kafka:9092"
    assert loaded.origins["log.url"] == "an older system's variables"
    with pytest.raises(ConfigError) as refused:
        load(environ={"SOURCE_TOPIC": "mine", "SQLITE_PATH": "/data/shard.db"}, cwd=tmp_path)
    assert [fault.partition(":")[0] for fault in refused.value.faults] == [
        "SOURCE_TOPIC=mine",
        "SQLITE_PATH=/data/shard.db",
    ]
    assert "--data-dir" in refused.value.faults[1]


def test_ours_win_over_theirs(tmp_path: Path) -> None:
    environ = {"HOUSEHOLDS": "7", "ENERGYGUARD_SIMULATE__HOUSEHOLDS": "9"}
    assert load(environ=environ, cwd=tmp_path).settings.simulate.households == 9


@pytest.mark.parametrize("alias", [a for a in ALIASES if a.successor], ids=lambda a: a.name)
def test_what_cannot_be_taken_is_refused_with_its_successor(alias: Alias) -> None:
    name = alias.name.replace("*", "LIMIT")
    overrides, faults = apply({name: "something else"})
    assert not overrides
    shown = "…" if name == "ADMIN_TOKEN" else "something else"
    assert faults == [f"{name}={shown}: {alias.successor}"]
    assert "`" in faults[0]


def test_all_refusals_come_at_once_and_what_is_so_anyway_is_none() -> None:
    _, faults = apply({"THRESHOLD_KWH": "1", "CHECKPOINT_ROOT": "/x", "TOPIC": "energy_readings"})
    assert [fault.split("=")[0] for fault in faults] == ["THRESHOLD_KWH", "CHECKPOINT_ROOT"]


def test_an_empty_variable_is_not_set() -> None:
    assert apply(dict.fromkeys((alias.name for alias in ALIASES), "")) == ({}, [])


def test_the_time_between_broadcasts_is_theirs(tmp_path: Path) -> None:
    settings = load(environ={"EDGE_COOLDOWN_SECS": "90"}, cwd=tmp_path).settings
    assert settings.notify.cooldown == "90s"
    with pytest.raises(ConfigError, match=r"notify\.cooldown"):
        load(environ={"EDGE_COOLDOWN_SECS": "soon"}, cwd=tmp_path)


def test_variables_that_begin_alike_are_refused_by_name_and_systemd_s_is_not() -> None:
    overrides, faults = apply({"NOTIFY_SOCKET": "/run/x", "NOTIFY_MAX": "9", "ANOM_K": "3"})
    assert not overrides
    assert [fault.partition(":")[0] for fault in faults] == ["NOTIFY_MAX=9", "ANOM_K=3"]
