"""What a register shows under the name of intervals' energies: refused, or taken with a hint."""

from __future__ import annotations

from io import BytesIO
from itertools import accumulate
from pathlib import Path

import pytest

from energyguard.codecs.formats import decode
from energyguard.codecs.value_kinds import registers_among, value_hint
from energyguard.model.readings import batch_of
from energyguard.offline.evaluate import evaluate
from energyguard.rules.kinds.threshold import ThresholdRule

QUARTER_MS, START = 900_000, 1_772_409_600_000
RULE = ThresholdRule(
    id="quarter",
    channels=("energy_kwh",),
    window_ms=QUARTER_MS,
    slide_ms=QUARTER_MS,
    raise_above=0,
    clear_at=0,
)
BODY = b"timestamp,device,%b\n2026-03-01T00:00:00Z,A,%b\n2026-03-01T01:00:00Z,A,%b\n"


@pytest.mark.parametrize(
    ("column", "values", "hint"),
    [
        (
            b"energy_wh",
            (b"5012000", b"5012400"),
            "what a meter's register shows is energy_register_wh",
        ),
        (b"energy_kwh", (b"5012", b"1"), "what a meter's register shows is energy_register_kwh"),
        (
            b"energy_register_kwh",
            (b"-0.5", b"1"),
            "a register is never negative: the energy of intervals is energy_kwh",
        ),
        (b"power_kw", (b"20000", b"1"), ""),
        (b"energy_kwh", (b"x", b"1"), ""),
        (b"energy_kwh", (b"0.5", b"1"), ""),
    ],
)
def test_a_body_is_told_what_its_refused_values_are_called(
    column: bytes, values: tuple[bytes, bytes], hint: str
) -> None:
    _, decoded = decode(BODY % (column, *values))
    assert value_hint(decoded) == hint


def energies(values: list[float], step_ms: int = QUARTER_MS) -> list[str]:
    """Who looks like a register, of a device of these beside others in no order."""
    rows = [("A", START + n * step_ms, round(v * 10**9)) for n, v in enumerate(values)]
    rows += [("B", START + n * step_ms, (n * 7 % 5) * 10**8) for n in range(len(values))]
    rows = rows[::2] + rows[1::2][::-1]
    device, time, value = map(list, zip(*rows, strict=True))
    return registers_among([batch_of(device, "energy_kwh", time, value)])


@pytest.mark.parametrize(
    ("values", "step_ms", "found"),
    [
        ([12.0 + 0.1 * n for n in range(8)], QUARTER_MS, ["A"]),
        ([12.0 + 0.1 * (n - n % 2) for n in range(16)], QUARTER_MS, ["A"]),  # its last digit
        ([0.1 * n for n in range(24)], 4 * QUARTER_MS, ["A"]),  # from nothing, for a day
        ([12.0 + 0.1 * n for n in range(7)], QUARTER_MS, []),  # few
        ([0.01 * n * n for n in range(24)], QUARTER_MS, []),  # the sun rises
        ([0.25] * 30, QUARTER_MS, []),
        ([-3.0 + 0.01 * n for n in range(10)], QUARTER_MS, []),
        ([*(12.0 + 0.1 * n for n in range(9)), 12.0], QUARTER_MS, []),
    ],
)
def test_energies_that_only_rise_look_like_a_register(
    values: list[float], step_ms: int, found: list[str]
) -> None:
    assert energies(values, step_ms) == found


def test_evaluate_tells_of_it(tmp_path: Path) -> None:
    shown = [*accumulate([1200, 10, 20, 30, 20, 10, 20, 30, 10, 20])]
    lines = [f"2026-03-01T{n:02d}:00:00Z,A,{wh}\n" for n, wh in enumerate(shown)]
    path = tmp_path / "register.csv"
    path.write_text("timestamp,device,energy_wh\n" + "".join(lines))
    hint = evaluate(RULE, [path], BytesIO()).hint
    assert hint.startswith("A: the energies only rise")
    assert "energy_register_wh" in hint


def test_a_last_row_that_is_refused_among_several_files(tmp_path: Path) -> None:
    """What is left of a file is a refused row and no reading."""
    for name in "AB":
        text = f"timestamp,device,energy_kwh\n2026-03-01T00:00:00Z,{name},1\n"
        (tmp_path / name).write_text(text + ("2026-03-01T01:00:00Z,A,\n" if name == "A" else ""))
    result = evaluate(RULE, [tmp_path / "A", tmp_path / "B"], BytesIO())
    assert (result.readings, len(result.refused)) == (3, 1)
