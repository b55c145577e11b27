"""Chargers in a terminal: signals from the simulator, results from a file."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.conftest import Terminal

DAY = ("simulate", "chargers", "--start", "2024-05-19T00:00:00Z", "--seed", "3")


@pytest.fixture
def day(terminal: Terminal, tmp_path: Path) -> Path:
    file = tmp_path / "signals.jsonl"
    assert terminal(*DAY, "--seconds", "1440", "-o", file).code == 0
    return file


def test_a_simulated_day_has_every_kind_of_violation(terminal: Terminal, day: Path) -> None:
    said = terminal("evaluate", "--rule", "charging", "--output", "violations", day)
    kinds = Counter(row["violation"] for row in said.rows)
    assert said.code == 0
    assert len(kinds) == 3
    assert all(n > 50 for n in kinds.values())


def test_the_results_agree_with_each_other(terminal: Terminal, day: Path) -> None:
    results = {
        name: terminal("evaluate", "--rule", "charging", "--output", name, day).rows
        for name in ("full-sessions", "transaction-profit", "total-occupied")
    }
    charged = [row for row in results["full-sessions"] if row["start_recharging"]]
    paid = {(row["charger_id"], row["start_recharging"]) for row in results["transaction-profit"]}
    assert {(row["charger_id"], row["start_recharging"]) for row in charged} <= paid
    assert len(results["total-occupied"]) == 1_440
    assert max(row["occupied"] for row in results["total-occupied"]) <= 100
    default = terminal("evaluate", "--rule", "charging", day)
    assert default.rows == results["full-sessions"]
    assert "signals, 3,494 rows written; stays: 3,494 complete" in default.err


def test_limits_are_settings(terminal: Terminal, day: Path) -> None:
    words = ("evaluate", "--rule", "charging", "--output", "violations", day)
    lax = terminal(*words, "--set", "charging.before=1h", "--set", "charging.after=1h")
    assert {row["violation"] for row in lax.rows} == {"Parking without charging"}


def test_bad_lines_are_told_and_cost_nothing_else(terminal: Terminal, day: Path) -> None:
    good = terminal("evaluate", "--rule", "charging", day).out
    lines = day.read_text().splitlines()
    lines[100:100] = ['{"timestamp": "yesterday"}', json.dumps({"station_state": 1})]
    day.write_text("\n".join(lines) + "\n")
    said = terminal("evaluate", "--rule", "charging", day)
    assert said.out == good
    assert f"{day}:101: " in said.err
    assert f"{day}:102: station_state: superseded" in said.err


def test_another_rule_has_no_such_output(terminal: Terminal, day: Path) -> None:
    said = terminal("evaluate", "--output", "violations", day)
    assert (said.code, said.out) == (2, "")
    assert "only --rule charging has it" in said.err


def test_more_chargers_change_nothing_at_those_there_were(terminal: Terminal) -> None:
    few, many = (
        terminal(*DAY, "--seconds", "300", "--chargers", n, "-o", "-").out.splitlines()
        for n in (5, 50)
    )
    names = {f"charger-{n}" for n in range(5)}
    assert [line for line in many if json.loads(line)["charger_id"] in names] == few
