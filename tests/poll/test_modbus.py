"""Modbus against a real server: SunSpec's chains and scales, maps of registers, what goes wrong."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path

import pytest

from energyguard.errors import ConfigError
from energyguard.poll.registers import RegisterSpan, register_map, spans_of
from energyguard.poll.targets import read_targets
from tests.poll.devices import Row, asked, modbus_device, rows, target

COMMON = [1, 66, *[0x2020] * 66]
END = [0xFFFF, 0]
MARK = [0x5375, 0x6E53]


def i16(value: int) -> int:
    return value & 0xFFFF


def wide(value: int) -> list[int]:
    return [value >> 16, value & 0xFFFF]


def f32(value: float) -> list[int]:
    return list(struct.unpack(">2H", struct.pack(">f", value)))


def model(number: int, length: int, points: Mapping[int, Sequence[int]], fill: int) -> list[int]:
    words = [fill] * length
    for at, found in points.items():
        words[at : at + len(found)] = found
    return [number, length, *words]


def meter(number: int = 203, watts: int = -1234) -> list[int]:
    """After smdx_00203: W in 10 W, Wh in 0.1 kWh; phase C has no voltage."""
    points = {
        0: [30, 10, 11, 12, i16(-1)],  # A, of each phase, A_SF
        5: [2301, 2300, 2310, 0x8000],  # PhV, of each phase
        13: [i16(-1)],  # V_SF
        16: [i16(watts)],  # W
        20: [1],  # W_SF
        36: wide(500),  # TotWhExp
        44: wide(70_000),  # TotWhImp
        52: [2],  # TotWh_SF
    }
    return model(number, 105, points, 0x8000)


def inverter(number: int = 101) -> list[int]:
    """After smdx_00103: the power in W, the energy in Wh; one phase."""
    points = {
        1: [52, 0xFFFF, 0xFFFF, i16(-1)],  # AphA, B, C, A_SF
        8: [2295, 0xFFFF, 0xFFFF, i16(-1)],  # PhVphA, B, C, V_SF
        12: [1195, 0],  # W, W_SF
        22: [*wide(9_876_543), 0],  # WH, WH_SF
        31: [345],  # TmpCab
        35: [i16(-1)],  # Tmp_SF
    }
    return model(number, 50, points, 0x8000)


def meter_float() -> list[int]:
    nothing = 0x7FC0
    points = {
        2: f32(1.25) + f32(1.5) + f32(1.75),
        10: f32(230.1) + f32(230.2) + f32(float("nan")),
        26: f32(-1500.5),
        58: f32(0.0),
        66: f32(123_456.0),
    }
    return model(213, 124, points, nothing)


def inverter_float() -> list[int]:
    return model(113, 60, {20: f32(3000.25), 30: f32(2_000_000.0), 38: f32(41.5)}, 0x7FC0)


METER: list[Row] = [
    *(("m", "power_kw", "-12.34"), ("m", "energy_register_kwh", "7000")),
    *(("m/export", "energy_register_kwh", "50"), ("m/l1", "voltage_v", "230")),
    *(("m/l2", "voltage_v", "231"), ("m/l1", "current_a", "1")),
    *(("m/l2", "current_a", "1.1"), ("m/l3", "current_a", "1.2")),
]
INVERTER: list[Row] = [
    *(("m", "power_kw", "-1.195"), ("m/export", "energy_register_kwh", "9876.543")),
    *(("m", "voltage_v", "229.5"), ("m", "current_a", "5.2"), ("m", "temperature_c", "34.5")),
]
METER_FLOAT: list[Row] = [
    *(("m", "power_kw", "-1.5005"), ("m", "energy_register_kwh", "123.456")),
    *(("m/l1", "voltage_v", "230.1"), ("m/l2", "voltage_v", "230.2")),
    *(("m/l1", "current_a", "1.25"), ("m/l2", "current_a", "1.5"), ("m/l3", "current_a", "1.75")),
]
INVERTER_FLOAT: list[Row] = [
    *(("m", "power_kw", "-3.00025"), ("m/export", "energy_register_kwh", "2000")),
    ("m", "temperature_c", "41.5"),
]


@pytest.mark.parametrize(
    ("base", "models", "wanted"),
    [
        (40_000, [meter()], METER),
        (0, [inverter()], INVERTER),
        (50_000, [meter_float()], METER_FLOAT),
        (40_000, [model(120, 26, {}, 0), inverter_float()], INVERTER_FLOAT),
    ],
    ids=["meter", "inverter", "float meter", "float inverter"],
)
async def test_sunspec_s_models_are_found_and_scaled(
    base: int, models: list[list[int]], wanted: list[Row]
) -> None:
    words = [*MARK, *COMMON, *chain.from_iterable(models), *END]
    async with modbus_device({base: words}) as address:
        assert rows(await asked(target("sunspec", address))) == wanted


async def test_several_models_are_devices_below_the_target_and_a_meter_may_be_turned() -> None:
    words = [*MARK, *COMMON, *inverter(), *meter(201), *COMMON, *meter(204), *END]
    async with modbus_device({40_000: words}, unit=7) as address:
        found = await asked(target("sunspec", address, unit=7))
        turned = await asked(target("sunspec", address, unit=7, is_export=True))
        nobody = await asked(target("sunspec", address, unit=3, timeout_s=0.3))
    powers = [row for row in rows(found) if row[1] != "voltage_v" and row[1] != "current_a"]
    assert powers == [
        *(("m/inverter", "power_kw", "-1.195"),),
        *(("m/inverter/export", "energy_register_kwh", "9876.543"),),
        *(("m/inverter", "temperature_c", "34.5"), ("m/meter", "power_kw", "-12.34")),
        *(("m/meter", "energy_register_kwh", "7000"),),
        *(("m/meter/export", "energy_register_kwh", "50"), ("m/meter2", "power_kw", "-12.34")),
        *(("m/meter2", "energy_register_kwh", "7000"),),
        *(("m/meter2/export", "energy_register_kwh", "50"),),
    ]
    assert ("m/meter", "voltage_v", "230") in rows(found)  # of its one phase
    assert ("m/meter", "power_kw", "12.34") in rows(turned)
    assert ("m/meter/export", "energy_register_kwh", "7000") in rows(turned)
    assert ("m/inverter", "power_kw", "-1.195") in rows(turned)
    assert nobody.fault


async def test_what_is_no_sunspec_says_so() -> None:
    async with modbus_device({40_000: [1, 2, 3]}) as address:
        found = await asked(target("sunspec", address))
        assert found.fault.startswith("there is no SunSpec at 40000, 50000, 0")
    async with modbus_device({40_000: [*MARK, *COMMON, *END]}) as address:
        found = await asked(target("sunspec", address))
        assert found.fault == "none of its models is a meter or an inverter: 1"
    async with modbus_device({40_000: [*MARK, *[5, 0] * 70]}) as address:
        found = await asked(target("sunspec", address))
        assert found.fault == "its chain has more than 64 models"
    wrong = [*MARK, *model(203, 105, {20: [77]}, 0), *END]
    async with modbus_device({40_000: wrong}) as address:
        found = await asked(target("sunspec", address))
        assert found.fault == "the scale factor of W is 77"


MAP = """
[[register]]
address = 100
type = "i16"
channel = "power_kw"
unit = "W"
none = -32768

[[register]]
address = 101
type = "u32"
words = "little"
channel = "energy_register_kwh"
unit = "Wh"
scale = "10"

[[register]]
address = 103
type = "f32"
channel = "voltage_v"
name = "grid"

[[register]]
address = 300
table = "input"
type = "u64"
channel = "energy_register_kwh"
device = "{device}/export"
unit = "Wh"

[[register]]
address = 310
type = "u16"
channel = "temperature_c"
scale = "0.1"
"""


async def test_a_map_says_what_registers_mean(tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_text(MAP)
    held = {100: [i16(-2500), 0x4240, 0x000F, *f32(229.75)], 300: [0, 0, 1, 0], 310: [215]}
    async with modbus_device(held) as address:
        found = await asked(target("modbus", address, registers=path))
    assert rows(found) == [
        *(("m", "power_kw", "-2.5"), ("m", "energy_register_kwh", "10000")),
        *(("m", "voltage_v", "229.75"), ("m/export", "energy_register_kwh", "65.536")),
        ("m", "temperature_c", "21.5"),
    ]
    held[100] = [0x8000, 0, 0, *f32(float("nan"))]
    async with modbus_device(held) as address:
        found = await asked(target("modbus", address, registers=path))
    assert [left.name for left in found.left_out] == ["holding/100", "grid"]
    del held[310]
    async with modbus_device(held) as address:
        found = await asked(target("modbus", address, registers=path))
    assert found.fault == "holding registers 310 to 310: it has no such registers"


def test_registers_beside_each_other_are_asked_for_at_once(tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_text(MAP)
    assert spans_of(register_map(path)) == [
        RegisterSpan("holding", 100, 5),
        RegisterSpan("holding", 310, 1),
        RegisterSpan("input", 300, 4),
    ]
    many = tmp_path / "many.toml"
    many.write_text(
        "".join(
            f'[[register]]\naddress = {2 * n}\ntype = "u32"\nchannel = "power_kw"\n'
            f'device = "d{n}"\n'
            for n in range(70)
        )
    )
    assert spans_of(register_map(many)) == [
        RegisterSpan("holding", 0, 124),
        RegisterSpan("holding", 124, 16),
    ]


@pytest.mark.parametrize(
    ("line", "below", "reason"),
    [
        ('type = "u24"', 3, "Invalid enum value 'u24'"),
        ("addres = 1", 3, "unknown field `addres`"),
        ('unit = "V"', 3, "unit 'V' is none of power_kw"),
        ('scale = "0"', 3, "scale '0' is no number from 1e-9 to 1e9"),
        ('device = "a,b"', 3, "its device is not a name"),
        ('device = "{room}"', 3, "it has no label 'room'"),
        ('type = "f64"', 1, "a f64 does not fit there"),
    ],
)
def test_a_wrong_line_of_a_map_is_named(tmp_path: Path, line: str, below: int, reason: str) -> None:
    path = tmp_path / "map.toml"
    path.write_text(f'# a map\n\n[[register]]\naddress = 65535\nchannel = "power_kw"\n{line}\n')
    with pytest.raises(ConfigError) as caught:
        register_map(path)
    (fault,) = caught.value.faults
    assert fault.startswith(f"{path}:{3 + below}: ")
    assert reason in fault


def test_faults_of_a_map_are_said_with_those_of_the_targets(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(
        '[[register]]\naddress = 1\nchannel = "power"\n\n'
        '[[register]]\naddress = 2\nchannel = "power_kw"\n\n'
        '[[register]]\naddress = 3\nchannel = "power_kw"\n'
    )
    targets = tmp_path / "targets.toml"
    targets.write_text(
        '[[target]]\nname = "a"\nkind = "modbus"\naddress = "tcp://h"\nregisters = "map.toml"\n'
        '[[target]]\nname = "b"\nkind = "shally"\naddress = "http://h"\n'
    )
    with pytest.raises(ConfigError) as caught:
        read_targets(targets)
    first, second, third = caught.value.faults
    assert first.startswith(f"{tmp_path / 'map.toml'}:3: channel 'power': there are: ")
    assert second == (
        f"{tmp_path / 'map.toml'}:11: power_kw of the same device stands in line 5, too"
    )
    assert third.startswith(f"{targets}:8: there is no kind 'shally'; there are: shelly, ")
