"""Devices in a terminal, through the door of a real history."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from energyguard.log import Records, open_log
from energyguard.stream.windows.detector import detector_worker
from tests.cli.conftest import Terminal
from tests.history.made import readings, served
from tests.stream.test_worker import work
from tests.stream.windows.test_detector import book
from tests.stream.windows.test_learning import RULE, SETTINGS, TOPIC, fill

MINUTE, KWH = 60_000, 10**9
DAY = ("--since", "2025-09-06T00:00:00Z", "--until", "2025-09-06T03:00:00Z")


@pytest.fixture
def _history(data_dir: Path) -> Iterator[None]:
    """Two meters; one has half an hour missing."""
    data_dir.mkdir()
    log = open_log(f"sqlite:///{data_dir / 'log.db'}")
    log.append("energyguard.late", Records([None], [b""]))
    log.close()
    minutes = [minute for minute in range(120) if not 60 <= minute < 90]
    rows = [("H001", minute * MINUTE, KWH) for minute in minutes]
    table = readings([*rows, ("kitchen", 0, 200 * KWH)])
    with served(data_dir, table):
        yield


@pytest.mark.usefixtures("_history")
def test_the_devices_are_listed_sorted_and_searched(terminal: Terminal) -> None:
    said = terminal("devices", *DAY, "--json")
    assert said.err == ""
    rows = said.rows
    assert [(row["device"], row["kwh"], row["last"]) for row in rows] == [
        ("H001", 90.0, "2025-09-06T01:59:00Z"),
        ("kitchen", 200.0, "2025-09-06T00:00:00Z"),
    ]
    by_energy = terminal("devices", *DAY, "--sort", "kwh", "--limit", "1", "--json").rows
    assert [row["device"] for row in by_energy] == ["kitchen"]
    assert [row["device"] for row in terminal("devices", "--search", "h0", "--json").rows] == [
        "H001"
    ]
    nothing = terminal("devices", "--search", "Atlantis")
    assert (nothing.code, nothing.err) == (0, "no such device has sent anything yet\n")


@pytest.mark.usefixtures("_history")
def test_a_device_is_shown_closely(terminal: Terminal) -> None:
    detail = terminal("devices", "H001", *DAY, "--json").json
    assert detail["verdicts"] == {"kept": 90}
    (gap,) = detail["gaps"]
    assert (gap["start"], gap["end"]) == ("2025-09-06T01:00:00Z", "2025-09-06T01:30:00Z")
    words = terminal("devices", "H001", *DAY).out.split()
    assert words[:3] == ["channel", "unit", "topic"]
    assert words[-2:] == ["1", "1,800"]
    unknown = terminal("devices", "H002")
    assert (unknown.code, unknown.err.splitlines()) == (
        4, ["energyguard: no device 'H002' has sent anything yet"],
    )  # fmt: skip


def test_what_is_usual_for_a_device_is_shown(terminal: Terminal, data_dir: Path) -> None:
    data_dir.mkdir()
    log = open_log(f"sqlite:///{data_dir / 'log.db'}")
    fill(log, 0, 15)
    detector = detector_worker(log, book(RULE), SETTINGS, [TOPIC])
    work(detector, 2_000)
    detector.drain()
    log.close()
    first = terminal("devices", "H1", "--profile", "--json")
    assert first.err == ""
    found = first.json
    assert (found["channel"], found["rule"], found["unit"]) == ("power_kw", "usual", "kW")
    noon = found["half_hours"][24]
    assert (noon["half_hour"], noon["known_from"]) == ("Mon 12:00–12:30", 10)
    lines = terminal("devices", "H1", "--profile", "--channel", "power_kw").out.splitlines()
    assert lines[0].split() == [
        "half",
        "hour",
        "usual",
        "kW",
        "sigma",
        "low",
        "high",
        "known",
        "from",
    ]
    assert len(lines) == 1 + 336
    assert f"{noon['usual']:.3f}" in lines[25]
    unknown = terminal("devices", "H9", "--profile")
    assert (unknown.code, unknown.err) == (
        4, "energyguard: nothing is known of what is usual for 'H9'\n",
    )  # fmt: skip
    nobody = terminal("devices", "--profile")
    assert (nobody.code, nobody.err) == (
        2, "energyguard: --profile is of one device: energyguard devices NAME --profile\n",
    )  # fmt: skip
