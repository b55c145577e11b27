"""``unusual``: alerts on stdout, rows that could not be taken on stderr."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.cli.conftest import Terminal


def file_of(folder: Path, quarters: int, step: int = 1) -> Path:
    chance = np.random.default_rng(1)
    kwh = 0.025 + 0.005 * chance.random(quarters)
    kwh[14 * 96 + 80 :] += 0.4  # something stays on
    kwh = kwh.reshape(-1, step).sum(axis=1)
    time = np.datetime64("2026-01-05T00:15:00") + np.arange(len(kwh)) * np.timedelta64(
        15 * step, "m"
    )
    lines = [f"{at}Z,a,{value:.4f}" for at, value in zip(time, kwh, strict=True)]
    path = folder / "meter.csv"
    path.write_text("\n".join(["timestamp,household_id,energy_kwh", "never,a,1", *lines]) + "\n")
    return path


def test_an_alert_is_a_line_and_a_refused_row_is_named(terminal: Terminal, tmp_path: Path) -> None:
    path = file_of(tmp_path, 16 * 96)
    said = terminal("unusual", "--json", path)
    assert said.code == 0
    assert {row["device"] for row in said.rows} == {"a"}
    assert said.err.startswith(f"energyguard: {path}:2: ")


def test_a_file_of_the_catalogue_says_what_is_fed_in(terminal: Terminal, tmp_path: Path) -> None:
    path, catalogue = file_of(tmp_path, 16 * 96, step=4), tmp_path / "solar.toml"
    catalogue.write_text('[device.a]\nchannels = { energy_kwh = { sign = "export" } }\n')
    said = terminal("unusual", "--json", path, "--catalogue", catalogue)
    assert (said.code, said.rows) == (0, [])
    tried = ("backtest", "--json", path, "--rule", "unusual")
    assert {row["device"] for row in terminal(*tried).json["alerts"]} == {"a"}
    assert terminal(*tried, "--catalogue", catalogue).json["alerts"] == []


def test_too_few_readings_are_an_error_and_refused_rows_are_named(
    terminal: Terminal, tmp_path: Path
) -> None:
    path = file_of(tmp_path, 2)
    said = terminal("unusual", path)
    assert (said.code, said.out) == (3, "")
    assert f"{path}:2: " in said.err and "nothing to watch" in said.err
