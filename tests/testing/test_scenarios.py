"""Every scenario of tests/scenarios; what is wrong in one is said with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from energyguard.errors import ConfigError
from energyguard.testing import play_scenario, read_scenario

HERE = Path(__file__).parents[1] / "scenarios"
SCENARIOS = sorted(path.name for path in HERE.glob("*.txt"))


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str) -> None:
    assert play_scenario(read_scenario(HERE / name)) == []


def test_what_is_not_met_is_told_with_its_line_and_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "wrong.txt"
    path.write_text(
        "rule household-prod\n"
        "load 15s H001 energy_kwh from 17:00 0.05 x 60\n"
        "load 15s H002 energy_kwh from 17:00 0.01 x 60\n"
        "at 17:11 expect resolved H001\n"
        "at 17:11 expect firing H001 observed > 3.0\n"
        "at 17:11 expect firing H002\n"
        "at 17:11 expect no alert H001\n"
        "at 17:11 expect 3 late\n"
        "never firing H001\n"
    )
    failures = play_scenario(read_scenario(path))
    assert [failure.removeprefix(f"{path}:").split(":")[0] for failure in failures] == [
        *"456789",
    ]
    assert failures[0].endswith("it is firing, observed 2.05 kWh")
    assert failures[2].endswith("there is no alert")
    assert failures[4].endswith("0 late")


def test_every_fault_of_a_text_is_said_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "faults.txt"
    path.write_text(
        "lode 15s H001 energy_kwh from 17:00 0.05 x 60\n"
        "load 15s H001 energy from 17:00 0.05 x 60\n"
        "load 15s H001 energy_kwh from 17:00 much x 60\n"
        "load 15s H001 energy_kwh from 17:00 0.05 x 60 backwards\n"
        "load 15s H001 energy_kwh from 25 0.05 x 60\n"
        "at 17:11 expect burning H001\n"
        "at 17:11 expect 3 lost\n"
        "never H001\n"
        "lateness soon\n"
        "day tomorrow\n"
    )
    with pytest.raises(ConfigError) as caught:
        read_scenario(path)
    places = [fault.removeprefix(f"{path}:").split(":")[0] for fault in caught.value.faults]
    assert places == [str(line) for line in range(1, 11)]


def test_a_scenario_that_expects_nothing_proves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "idle.txt"
    path.write_text("load 15s H001 energy_kwh from 17:00 0.05 x 60\n")
    with pytest.raises(ConfigError, match="nothing is expected"):
        read_scenario(path)
