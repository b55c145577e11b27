"""The columns of a table as readings: devices, channels, values, all rows at once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs import Decoded
from energyguard.codecs.assembly import TableRows, assemble
from energyguard.codecs.columns import MAX_DEVICE, TableReadings, all_named, nanos
from energyguard.files.found import FileFinding
from energyguard.files.tables.cells import NumberCells, numbers_in
from energyguard.files.tables.counted import counts_of
from energyguard.files.tables.decimal_mark import decimal_mark
from energyguard.files.tables.grid import MAX_CELL
from energyguard.files.tables.layout import DECIMAL_MARK, ValueColumn
from energyguard.files.tables.preamble import device_above
from energyguard.files.tables.reading import TableRead
from energyguard.files.values.moments import Bools, Ints
from energyguard.files.values.numbers import Numbers
from energyguard.files.values.words import ENERGY, POWER, REGISTER, Unit, units_beside
from energyguard.model.channels import FED_IN

_SAMPLE: Final = 2_000
_NOT_IN_NAMES: Final = r'[,"\x00-\x1f]+'


@dataclass(frozen=True, slots=True)
class ValueCells:
    """The numbers of one column, with what they are."""

    column: ValueColumn
    cells: NumberCells


def number_reader(read: TableRead, columns: Sequence[ValueColumn]) -> Numbers:
    """How the file writes its numbers."""
    texts = [read.column(column.place).slice(0, _SAMPLE) for column in columns]
    cells = pc.unique(pa.concat_arrays(texts)).to_pylist() if texts else []
    cells = [cell for cell in cells if len(cell) <= MAX_CELL]
    mark = read.answers.columns.get(DECIMAL_MARK, "")
    reader, findings, doubts = decimal_mark(cells, read.grid.delimiter, mark)
    read.findings += findings
    read.doubts += doubts
    return reader


def readings_in(read: TableRead, time: Ints, devices: pa.Array, whose: Ints) -> Decoded:
    """The readings of a table with a line for each time.

    Args:
        read: the table.
        time: of each line, in ms since 1970.
        devices: of each line.
        whose: the same as numbers.
    """
    columns = read.layout.values
    reader = number_reader(read, columns)
    found = [
        ValueCells(c, numbers_in(read.column(c.place), reader, units_beside(c.unit)))
        for c in columns
    ]
    bad = np.zeros(len(time), bool)
    for value in found:
        fresh = value.cells.bad & ~bad
        read.refuse(fresh, value.column.name, "is no number", read.column(value.column.place))
        bad |= fresh
    empty = np.logical_and.reduce([value.cells.empty for value in found]) & ~bad
    if empty.any():
        why = "their cells are empty, or say so"
        read.findings.append(FileFinding("without a value", f"{int(empty.sum()):,} lines", why))
    rows = np.flatnonzero(~(bad | empty))
    amounts = [_amounts(read, value, rows, time, whose) for value in found]
    names = _device_suffixes(columns, [channel for channel, _, _ in amounts])
    parts = []
    for value, suffix, (channel, nano, has) in zip(found, names, amounts, strict=True):
        place = np.flatnonzero(has)
        at = pa.array(rows[place])
        device = below(devices.take(at), suffix)
        parts.append(
            TableReadings(value.column.name, device, channel, time[rows[place]], nano, rows=place)
        )
    kept = TableRows(
        read.table.number[rows], lambda place: read.table.original(int(rows[place])),
        read.header(read.layout.start), read.limits,
    )  # fmt: skip
    return assemble(parts, kept, read.refusals)


def _amounts(
    read: TableRead, value: ValueCells, rows: Ints, time: Ints, whose: Ints
) -> tuple[str, Ints, Bools]:
    """The channel of a column, its values in 1e-9, and which of the rows have one."""
    column = value.column
    unit = column.unit or Unit(ENERGY)
    taken = value.cells.values.take(pa.array(rows))
    has = np.asarray(taken.is_valid())
    nano = nanos(pa.chunked_array([taken.drop_null()]), unit.per) * unit.times
    channel = unit.channel
    if channel == POWER and column.is_fed_in:
        nano = -np.abs(nano)
    if channel == ENERGY:
        at = rows[has]
        counts = counts_of(read, column, nano, time[at], whose[at])
        read.counted[column.place] = counts
        channel = REGISTER if counts == "register" else ENERGY
        if column.is_fed_in and channel == ENERGY:
            nano = -np.abs(nano)
    sign = "fed in, " if column.is_fed_in else ""
    read.findings.append(FileFinding("values", column.name, f"{sign}{channel}"))
    return channel, nano, has


def _device_suffixes(columns: Sequence[ValueColumn], channels: Sequence[str]) -> list[str]:
    """What stands below the device's name for each column; empty: nothing.

    Args:
        columns: of values.
        channels: of each, what tells it from others: the channel of its readings.
    """
    kinds = Counter((channels[at], column.is_fed_in) for at, column in enumerate(columns))
    suffixes = []
    for channel, column in zip(channels, columns, strict=True):
        several = kinds[channel, column.is_fed_in] > 1
        suffix = clean(column.label or column.name) if several else ""
        if column.is_fed_in:
            suffix = f"{suffix}/{FED_IN}" if suffix else FED_IN
        suffixes.append(suffix)
    return suffixes


def names_circuits(columns: Sequence[ValueColumn]) -> bool:
    """Whether columns are circuits, so that their headers say whose readings they are."""
    channels = [f"{c.unit.channel if c.unit else ''} {c.counts}" for c in columns]
    return (
        len(columns) > 1
        and all(_device_suffixes(columns, channels))
        and not any(column.is_fed_in for column in columns)
    )


def series_of(read: TableRead, devices: pa.Array) -> pa.Array:
    """Of each line, what its times follow one another of: a device, and a channel of it."""
    parts = [read.column(at) for at in (read.layout.channel, read.layout.unit) if at is not None]
    return pc.binary_join_element_wise(devices, *parts, "\t") if parts else devices


def below(devices: pa.Array, suffix: str) -> pa.Array:
    """Names below others; where there is no other, alone."""
    if not suffix:
        return devices
    joined = pc.binary_join_element_wise(devices, suffix, "/")
    return pc.utf8_ltrim(joined, "/")


def clean(name: str) -> str:
    """A text as a device may be called."""
    text = name.strip()
    for mark in ',"\t':
        text = text.replace(mark, " ")
    return " ".join(text.split())[:MAX_DEVICE]


def _device_above(read: TableRead) -> str:
    """The device that the lines above the header name, where nobody says another one."""
    if read.known.device:
        lines = (re.search(read.known.device, line) for line in read.grid.above)
        name = next((clean(found[1]) for found in lines if found is not None), "")
    elif read.answers.device:
        return ""
    else:
        name = clean(device_above(read.grid))
    if name:
        read.findings.append(FileFinding("device", name, "the lines above the header name it"))
    return name


def devices_of(read: TableRead) -> tuple[pa.Array, bool]:
    """Whose readings each line has, and whether the file says so; lines that do not are refused."""
    place = read.layout.device
    if place is None and (above := _device_above(read)):
        return all_named(above, len(read.table)), True
    if place is None:
        named = names_circuits(read.layout.values) and read.layout.slots is None
        return all_named(read.answers.device, len(read.table)), named
    names = pc.utf8_trim_whitespace(read.column(place))
    if pc.any(pc.match_substring_regex(names, _NOT_IN_NAMES)).as_py():
        names = pc.replace_substring_regex(names, _NOT_IN_NAMES, " ")
    bad = np.asarray(pc.or_(pc.equal(names, ""), pc.greater(pc.utf8_length(names), MAX_DEVICE)))
    many = f"{len(pc.unique(names)):,} of them"
    read.findings.append(FileFinding("device", read.header(place), many))
    if bad.any():
        read.refuse(bad, read.header(place), "is no name of a device", read.column(place))
    return names, True
