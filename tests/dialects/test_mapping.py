"""Mappings: the first rule that fits counts; every fault is said with its line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from energyguard.clock import ManualClock
from energyguard.dialects.mapping import MappingFiles, mapping_of
from energyguard.dialects.names import NotPlaced, Placed, ValueName
from energyguard.errors import ConfigError

MAPPING = """
[[value]]
name = "go_*"
skip = true

[[value]]
name = "ac.power"
dialect = "json"
labels = { room = "attic*" }
device = "{room}/{serial}"
channel = "power_kw"
unit = "W"
scale = "0.1"
sign = "export"

[[value]]
name = "joules"
channel = "energy_register_kwh"
unit = "joules"
"""


def test_the_first_rule_that_fits_says_device_channel_and_scale(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(MAPPING)
    mapping = mapping_of((path,))
    labels = (("room", "attic 2"), ("serial", "77"))
    there = ValueName("ac.power", labels=labels)
    assert mapping.place(there, "json") == Placed("attic 2/77", "power_kw", -1, 10_000)
    elsewhere = mapping.place(there, "influx")  # goes by its name, which says no unit
    assert isinstance(elsewhere, NotPlaced)
    assert "nothing says its unit" in elsewhere.reason
    assert mapping.place(ValueName("go_threads"), "prometheus") == NotPlaced("", skipped=True)
    joules = mapping.place(ValueName("joules", "meter"), "json")
    assert joules == Placed("meter", "energy_register_kwh", 1, 3_600_000)
    without = mapping.place(ValueName("ac.power", labels=labels[:1]), "json")
    assert isinstance(without, NotPlaced)
    assert "no label 'serial'" in without.reason


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('channel = "watts"', "there are: energy_kwh"),
        ('channel = "power_kw"\nunit = "kWh"', "unit 'kWh' is none of power_kw"),
        ('channel = "power_kw"\nscale = "0"', "scale '0' is no number"),
        ('channel = "power_kw"\nscale = "nan"', "scale 'nan' is no number"),
        ('channel = "energy_register_kwh"\nsign = "export"', "never below 0"),
        ('chanel = "power_kw"', "unknown field `chanel`"),
    ],
)
def test_a_fault_is_said_with_its_line(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(f'{MAPPING}\n[[value]]\nname = "x"\n{line}\n')
    with pytest.raises(ConfigError) as caught:
        mapping_of((path,))
    (fault,) = caught.value.faults
    below = 2 if "unknown field" in reason else 0  # of its own line, where one field is at fault
    assert fault.startswith(f"{path}:{MAPPING.count(chr(10)) + 2 + below}: ")
    assert reason in fault


@pytest.mark.parametrize(("text", "reason"), [("", "no [[value]]"), ("[[rule]]\n", "no 'rule'")])
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"mapping\.toml:1") as caught:
        mapping_of((path,))
    assert reason in str(caught.value)


def test_a_change_is_read_once_it_rests_and_a_fault_changes_nothing(tmp_path: Path) -> None:
    path, clock = tmp_path / "mapping.toml", ManualClock(1_800_000_000_000)

    def written(device: str) -> None:
        path.write_text(f'[[value]]\nname = "x"\nchannel = "power_kw"\ndevice = {device}\n')
        os.utime(path, (clock.now_ms() / 1000,) * 2)

    def device() -> str:
        place = files.mapping().place(ValueName("x"), "influx")
        assert isinstance(place, Placed)
        return place.device

    written('"cellar"')
    files = MappingFiles((path,), clock)
    assert device() == "cellar"
    clock.sleep(10)
    written('"attic"')
    assert device() == "cellar"  # it has not rested
    clock.sleep(1)
    assert device() == "attic"
    assert files.mapping() is files.mapping()
    written('"roof" no')
    clock.sleep(5)
    assert device() == "attic"
    path.unlink()
    clock.sleep(5)
    assert device() == "attic"
    written('"roof"')
    clock.sleep(5)
    assert device() == "roof"
