"""Rules of every kind in a terminal: checked, listed, changed, and held against files."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.conftest import Terminal
from tests.rules.test_kinds import ALL


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "all.toml"
    path.write_text(ALL)
    monkeypatch.setenv("ENERGYGUARD_RULES_FILES", str(path))
    return path


def test_kinds_are_checked_listed_and_changed(rules: Path, terminal: Terminal) -> None:
    assert terminal("check", "rules", rules).out.startswith("4 rules, no faults: little, fast")
    rows = {row["id"]: row for row in terminal("rules", "list", "--json").rows}
    assert "kind" not in rows["household-prod"]
    assert rows["gone"]["kind"] == "silence"
    assert rows["little"]["raise_below"] == "0.1"
    assert rows["fast"]["about"].startswith("Raises if it rises by more than 60 °C per hour")
    assert rows["gone"]["about"] == "Raises when a device has sent nothing for 4 minutes."
    assert "gone" in terminal("rules", "list").out
    changed = terminal("rules", "set", "gone", "longer_than=10 minutes", "rhythms=5")
    assert changed.out.startswith("gone: silent for 10 minutes and 5 usual steps")
    shown = terminal("rules", "show", "gone", "--json").rows[0]
    assert (shown["longer_than"], shown["rhythms"]) == ("10 minutes", "5")
    wrong = terminal("rules", "set", "gone", "raise_above=1")
    assert "gone: cannot change 'raise_above'; can: longer_than, rhythms" in wrong.err


def test_kinds_over_files(rules: Path, tmp_path: Path, terminal: Terminal) -> None:
    rows = ["time,device,energy_kwh"]
    for second in range(0, 1200, 15):
        kwh = 0.01 if 300 <= second < 600 else 0.06
        time = f"2025-09-06T00:{second // 60:02}:{second % 60:02}Z"
        rows += [f"{time},H,{kwh}", *([f"{time},G,0.06"] if second < 700 else [])]
    file = tmp_path / "meters.csv"
    file.write_text("\n".join(rows))
    found = terminal("evaluate", "--rule", "little", file).rows
    mine = [(row["device"], row["state"]) for row in found if row["rule"] == "little"]
    assert mine == [("H", "firing"), ("H", "resolved")]
    found = terminal("evaluate", "--rule", "gone", file).rows
    assert [(r["device"], r["state"]) for r in found if r["rule"] == "gone"] == [("G", "firing")]


@pytest.mark.parametrize("table", ["Time|Use (kWh)\n2026-03-01 00:00|1\n", "Zeit;kWh\n1;1\n"])
def test_a_table_that_is_not_known_is_refused_with_what_may_take_it(
    table: str, terminal: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "table.csv"
    file.write_text(table)
    refused = terminal("evaluate", file)
    assert (refused.code, refused.err.count("energyguard import readings FILE")) == (3, 1)


def test_a_device_has_a_limit_of_its_own_until_it_is_reset(terminal: Terminal) -> None:
    changed = terminal("rules", "set", "floor-kw", "--device", "p2", "raise_above=7.5")
    assert changed.out.startswith("floor-kw for p2: kW>7.5")
    shown = terminal("rules", "show", "floor-kw", "--json").rows[0]
    assert (shown["raise_above"], shown["devices"]) == ("11", {"p2": {"raise_above": "7.5"}})
    (change,) = shown["changes"]
    assert (change["device"], change["by"]) == ("p2", getpass.getuser())
    assert change["at"].startswith(f"{datetime.now(UTC):%Y-%m-%dT}")
    assert getpass.getuser() in terminal("rules", "show", "floor-kw").out
    assert terminal("rules", "set", "floor-kw", "--device", "p2", "clear_at=8").code == 2
    assert terminal("rules", "set", "pattern-kw", "--device", "p2", "sigmas=5").code == 2
    assert terminal("rules", "reset", "floor-kw", "--device", "p2").out.startswith(
        "floor-kw for p2: kW>11"
    )
    assert "devices" not in terminal("rules", "show", "floor-kw", "--json").rows[0]
    terminal("rules", "set", "floor-kw", "raise_above=9")
    assert terminal("rules", "reset", "floor-kw").out.startswith("floor-kw: kW>11")


def test_a_rule_is_added_changed_taken_back_and_removed(tmp_path: Path, terminal: Terminal) -> None:
    file = tmp_path / "campus.toml"
    file.write_text(CAMPUS)
    assert terminal("rules", "add", file).out == "runs now: campus\n"
    terminal("rules", "set", "campus", "--device", "H002", "raise_above=3")
    shown = terminal("rules", "show", "campus", "--json").rows[0]
    assert (shown["selector"], shown["devices"]) == (
        "site=campus kind=meter", {"H002": {"raise_above": "3"}},
    )  # fmt: skip
    (change,) = shown["history"]
    assert (change["device"], change["what"]) == ("H002", "raise_above 2 → 3, clear_at 2 → 3")
    assert terminal("rules", "undo", "campus").out == "campus: kwh>2 over 15 minutes\n"
    assert terminal("rules", "undo", "campus").code == 6
    terminal("rules", "set", "campus", "selector=site=lawn", "severity=critical")
    shown = terminal("rules", "show", "campus", "--json").rows[0]
    assert (shown["selector"], shown["severity"]) == ("site=lawn", "critical")
    assert terminal("rules", "set", "campus", "selector=lawn").code == 2
    assert terminal("rules", "remove", "campus").out == "campus: removed\n"


CAMPUS = """
[[rule]]
id = "campus"
channels = ["energy_kwh"]
window = "15 minutes"
slide = "15 seconds"
raise_above = "2"
selector = "site=campus kind=meter"
"""
