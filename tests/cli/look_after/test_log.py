"""Looking into the log."""

from pathlib import Path

import pytest

from energyguard.intake.gateway import Gateway
from energyguard.log import Records
from energyguard.model.readings import batch_of
from energyguard.node import open_log
from energyguard.settings.tree import Settings
from tests.cli.conftest import Terminal

TIME_MS = 1_757_116_800_000  # 2025-09-06T00:00:00Z


@pytest.fixture(autouse=True)
def written(data_dir: Path) -> None:
    """Three readings of one home, and an alert of it."""
    with open_log(Settings(data_dir=data_dir)) as log:
        times = [TIME_MS, TIME_MS + 15_000, TIME_MS + 30_000]
        Gateway(log).submit(
            batch_of(["H001"] * 3, "energy_kwh", times, [15_000_000] * 3), "energy_readings"
        )
        log.append("energy_alerts", Records([b"H001"], [b'{"kwh": 2.1}'], [(("id", b"abc"),)]))


def test_topics(terminal: Terminal) -> None:
    rows = {row["topic"]: row for row in terminal("log", "topics", "--json").rows}
    assert rows["energy_alerts"]["records"] == 1
    assert rows["energy_readings"]["records"] == 1
    assert rows["energyguard.rules"]["kept"] == "the newest of each key"
    assert rows["energyguard.dead-letters"]["kept"] == "30 days"


def test_tail_spells_readings(terminal: Terminal) -> None:
    said = terminal("log", "tail", "energy_readings")
    assert said.code == 0
    assert len(said.out.splitlines()) == 3
    assert '"device": "H001", "channel": "energy_kwh", "time": "2025-09-06T00:00:00Z"' in said.out
    assert '"value": "0.015"' in said.out


def test_tail_as_json(terminal: Terminal) -> None:
    (row,) = terminal("log", "tail", "energy_alerts", "--json").rows
    assert (row["key"], row["value"], row["headers"]) == ("H001", {"kwh": 2.1}, {"id": "abc"})
    assert terminal("log", "tail", "energy_alerts", "-n", "0").out == ""


def test_tail_of_no_such_topic(terminal: Terminal) -> None:
    said = terminal("log", "tail", "energy_reading")
    assert said.code == 4
    assert "there are: energy_readings" in said.err


def test_lag_counts_what_nobody_has_read(terminal: Terminal) -> None:
    rows = terminal("log", "lag", "--json").rows
    behind = [(r["group"], r["topic"], r["lag"]) for r in rows if r["lag"]]
    assert sorted(behind) == [
        ("detector", "energy_readings", 1),
        ("history", "energy_alerts", 1),
        ("history", "energy_readings", 1),
        ("worker", "energy_readings", 1),
    ]


def test_lag_tells_of_an_ingestor_where_a_store_is_named(terminal: Terminal) -> None:
    rows = terminal("log", "lag", "--all", "--json", "--set", "store.url=sqlite:///x").rows
    behind = {r["topic"]: r["lag"] for r in rows if r["group"] == "ingestor" and r["lag"]}
    assert behind == {"energy_readings": 1}
    assert {r["topic"] for r in rows if r["group"] == "ingestor"} == {
        "energy_readings",
        "meter_readings",
        "energyguard.readings",
        "edge_readings",
        "energyguard.alerts",
    }
