"""Signals and exports as people have them: small inputs, and what is right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Terminal

CASES = Path(__file__).parents[1] / "cases" / "charging"
REAL = tuple(
    word
    for setting in ("hour=1h", "before=10m", "after=6m")
    for word in ("--set", f"charging.{setting}")
)


def results(terminal: Terminal, case: str, output: str, *words: str) -> list[dict[str, Any]]:
    said = terminal(
        "evaluate", "--rule", "charging", "--output", output, *words, CASES / f"{case}.jsonl"
    )
    assert said.code == 0
    return said.rows


def bills(terminal: Terminal, case: str, *words: str) -> list[tuple[float, float]]:
    rows = results(terminal, case, "transaction-profit", *words)
    return [(row["total_energy_delivered"], row["profit"]) for row in rows]


def test_a_plain_charge(terminal: Terminal) -> None:
    assert bills(terminal, "s00_base") == [(11.0, 5.5)]


def test_a_register_that_began_at_zero_is_not_what_is_paid(terminal: Terminal) -> None:
    assert bills(terminal, "s02_register_zero_at_start", *REAL) == [(7.0, 3.5)]
    file = CASES / "s02_register_zero_at_start.jsonl"
    said = terminal("evaluate", "--rule", "charging", *REAL, file)
    assert "energy from power and time: the registers tell more than can be" in said.err


def test_two_stops_of_one_second_come_to_the_same_in_any_order(terminal: Terminal) -> None:
    first, second = (bills(terminal, f"s04_two_stops_{order}", *REAL) for order in "ab")
    assert first == second == [(7.0, 3.5)]


def test_a_charge_of_years_is_not_billed(terminal: Terminal) -> None:
    assert bills(terminal, "s05_2000", *REAL) == []
    said = terminal("evaluate", "--rule", "charging", *REAL, CASES / "s05_2000.jsonl")
    assert "longer than a charge can be: not billed" in said.err


@pytest.mark.parametrize("case", ["s07_offline_queue", "s10_rfid", "s13_7_4kw", "s22_iso"])
def test_what_cannot_be_understood_yet_is_never_billed_wrong(terminal: Terminal, case: str) -> None:
    assert bills(terminal, case, *REAL) == []
