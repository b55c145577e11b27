"""A map of Modbus registers, in TOML: what stands where, and what it means.

[[register]]
address = 52                 # as the protocol counts, from 0
table = "input"              # optional: holding registers else
type = "f32"                 # optional: u16 else; u16 i16 u32 i32 u64 i64 f32 f64
words = "little"             # optional: the low word first; else the high one
channel = "power_kw"
unit = "W"                   # optional: as it is counted; else the channel's own
scale = "0.1"                # optional: what stands there times this is in that unit
sign = "export"              # optional: fed in, so below 0
device = "{device}/export"   # optional: {device} is the target
none = 0x8000                # optional: this stands there where there is nothing
name = "total power"         # optional: for people
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from math import isfinite
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
import numpy as np

from energyguard.dialects.mapping import MappingRule
from energyguard.dialects.names import NotPlaced, ValueName
from energyguard.errors import ConfigError
from energyguard.mqtt.dialect import NamedPlace, SentValue
from energyguard.settings.toml import TomlTable, tables_in

Table = Literal["holding", "input"]
RegisterType = Literal["u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64"]
MAX_REGISTERS: Final = 1_000
MAX_AT_ONCE: Final = 125
"""Registers that one request of the protocol may ask for."""
_LAST: Final = 65_535
_FORMATS: Final[dict[RegisterType, str]] = {
    "u16": ">H", "i16": ">h", "u32": ">I", "i32": ">i",
    "u64": ">Q", "i64": ">q", "f32": ">f", "f64": ">d",
}  # fmt: skip
_Address = Annotated[int, msgspec.Meta(ge=0, le=_LAST)]


class RegisterRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A register as a map has it."""

    address: _Address
    channel: str
    table: Table = "holding"
    type: RegisterType = "u16"
    words: Literal["big", "little"] = "big"
    unit: str = ""
    scale: str = "1"
    sign: Literal["import", "export"] = "import"
    device: str = ""
    none: int | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Register:
    """A register of a map, and what its value means."""

    row: RegisterRow
    rule: MappingRule

    @property
    def name(self) -> str:
        """What people know it by."""
        return self.row.name or f"{self.row.table}/{self.row.address}"

    @property
    def words(self) -> int:
        """How many registers it takes."""
        return struct.calcsize(_FORMATS[self.row.type]) // 2

    def number(self, words: Sequence[int]) -> Decimal | None:
        """What stands there; None: nothing does."""
        ordered = words if self.row.words == "big" else words[::-1]
        number = number_in_words(ordered, self.row.type)
        return None if number == self.row.none else number

    def value(self, device: str, number: Decimal) -> SentValue:
        """It as a value of a device."""
        name = ValueName(self.name, device)
        return SentValue(NamedPlace(name, self.rule.place(name)), number)


@dataclass(frozen=True, slots=True)
class RegisterSpan:
    """Registers that one request asks for."""

    table: Table
    address: int
    count: int


def number_in_words(words: Sequence[int], kind: RegisterType) -> Decimal | None:
    """The number that registers are, the high one first; None: it is not a number."""
    data = struct.pack(f">{len(words)}H", *words)
    (number,) = struct.unpack(_FORMATS[kind], data)
    if not isfinite(number):
        return None
    return Decimal(str(np.float32(number))) if kind == "f32" else Decimal(str(number))


def register_map(path: Path) -> tuple[Register, ...]:
    """The registers of a map.

    Raises:
        ConfigError: with every fault of the map as ``file:line: reason``.
    """
    found: list[Register] = []
    faults: list[str] = []
    lines: dict[tuple[str, str], int] = {}
    tables = tables_in(path, "register")
    if len(tables) > MAX_REGISTERS:
        raise ConfigError(f"{path}:1: {len(tables):,} registers; there may be {MAX_REGISTERS:,}")
    for table in tables:
        try:
            register = _register(table)
        except ConfigError as error:
            faults += error.faults
            continue
        place = (register.rule.device, register.row.channel)
        if place in lines:
            first = lines[place]
            reason = f"{register.row.channel} of the same device stands in line {first}, too"
            faults.append(table.fault(reason, "channel"))
        lines.setdefault(place, table.line)
        found.append(register)
    if faults:
        raise ConfigError(*faults)
    return tuple(found)


def spans_of(registers: Sequence[Register]) -> list[RegisterSpan]:
    """What to ask for: registers beside each other at once, what lies between none of ours not."""
    return list(_joined(sorted(registers, key=lambda one: (one.row.table, one.row.address))))


def _joined(registers: Sequence[Register]) -> Iterator[RegisterSpan]:
    if not registers:
        return
    first, end = registers[0].row, registers[0].row.address + registers[0].words
    for before, register in pairwise(registers):
        row = register.row
        ends = max(end, row.address + register.words)
        if row.table != before.row.table or row.address > end or ends - first.address > MAX_AT_ONCE:
            yield RegisterSpan(first.table, first.address, end - first.address)
            first, ends = row, row.address + register.words
        end = ends
    yield RegisterSpan(first.table, first.address, end - first.address)


def _register(table: TomlTable) -> Register:
    row = table.read_as(RegisterRow)
    rule = MappingRule(
        name="*",
        device=row.device,
        channel=row.channel,
        unit=row.unit,
        scale=row.scale,
        sign=row.sign,
    )
    try:
        assert rule.factor
    except ValueError as error:
        raise ConfigError(table.fault(str(error), str(error).split(" ", 1)[0])) from None
    register = Register(row, rule)
    if row.address + register.words > _LAST + 1:
        raise ConfigError(table.fault(f"a {row.type} does not fit there", "address"))
    place = rule.place(ValueName("x", "x"))
    if isinstance(place, NotPlaced):
        raise ConfigError(table.fault(f"device: {place.reason}", "device"))
    return register
