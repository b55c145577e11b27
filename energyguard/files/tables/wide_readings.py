"""The readings of a wide table: each cell is one, at its day and its column's time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs import Decoded
from energyguard.codecs.assembly import TableRows, assemble
from energyguard.codecs.columns import TableReadings, nanos
from energyguard.errors import Malformed
from energyguard.files.found import FileFinding
from energyguard.files.tables.cells import numbers_in
from energyguard.files.tables.columns import number_reader
from energyguard.files.tables.reading import TableRead
from energyguard.files.tables.table_times import codes_of, zone_of_table
from energyguard.files.tables.wide import Slots
from energyguard.files.values.local_clock import UtcTimes, utc_times
from energyguard.files.values.moments import DAY_MS, Bools, FileMoments, Ints
from energyguard.files.values.obis_codes import words_of_obis
from energyguard.files.values.other_quantities import no_consumption, other_quantity
from energyguard.files.values.words import (
    ENERGY,
    Unit,
    header_of_text,
    unit_named,
    units_beside,
)


def wide_readings(read: TableRead, days: FileMoments, devices: pa.Array) -> Decoded:
    """The readings of a wide table.

    Args:
        read: the table.
        days: of each line, its midnight by the local clock.
        devices: of each line.
    """
    slots, columns = read.layout.slots, read.layout.values
    assert slots is not None
    read.findings.append(FileFinding("columns", f"{slots.step_ms // 60_000} min each", slots.why))
    zone, reader = zone_of_table(read, days), number_reader(read, columns)
    unit = columns[0].unit or Unit(ENERGY)
    if columns[0].unit is None and read.layout.unit is not None:
        unit, days, devices = _by_unit(read, days, devices)
    devices, sign = _by_channel(read, devices)
    whose = codes_of(devices)
    slot_cells = []
    for column in columns:
        cells = numbers_in(read.column(column.place), reader, units_beside(unit))
        read.refuse(cells.bad, column.name, "is no number", read.column(column.place))
        slot_cells.append(cells.values)
    by_clock = _by_clock(slots, days, zone, whose, slot_cells)
    midnight = _utc(days, zone, whose).ms
    time, value, row = [], [], []
    for number, (column, values) in enumerate(zip(columns, slot_cells, strict=True)):
        ms, never = midnight + slots.at[number].ms, np.zeros(len(midnight), bool)
        if by_clock.any():
            times = _utc(slots.moments(days, number), zone, whose)
            ms, never = np.where(by_clock, times.ms, ms), times.never & by_clock
        nano = nanos(pa.chunked_array([values.fill_null(0)]), unit.per) * unit.times * sign
        has = np.asarray(values.is_valid()) & ~(never & (nano == 0))
        read.refuse(has & never, column.name, "never was: the clocks were put forward",
                    read.column(column.place))  # fmt: skip
        place = np.flatnonzero(has & ~never)
        time.append(ms[place])
        value.append(nano[place])
        row.append(place)
    rows = np.concatenate([*row, np.empty(0, np.int64)]).astype(np.int64)
    order = np.argsort(rows, kind="stable")
    rows = rows[order]
    part = TableReadings(
        "value", devices.take(pa.array(rows)), unit.channel, np.concatenate(time)[order],
        np.concatenate(value)[order],
    )  # fmt: skip
    kept = TableRows(
        read.table.number[rows], lambda place: read.table.original(int(rows[place])),
        "time", read.limits,
    )  # fmt: skip
    return assemble([part], kept, read.refusals)


def _utc(found: FileMoments, zone: ZoneInfo, whose: Ints) -> UtcTimes:
    return utc_times(found, zone, whose, lambda: whose, False)


def _by_clock(
    slots: Slots, days: FileMoments, zone: ZoneInfo, whose: Ints, cells: Sequence[pa.Array]
) -> Bools:
    """On which days columns are meant by the clock, not by the time elapsed since midnight.

    Numbered ones are on days that have fewer intervals than cells with a number, so that the hour
    that never was is among them, and where there are fewer columns than the day has intervals.
    """
    n = len(days.ms)
    if not slots.numbered:
        return np.ones(n, bool)
    next_day = replace(days, ms=days.ms + DAY_MS)
    elapsed = _utc(next_day, zone, whose).ms - _utc(days, zone, whose).ms
    intervals = elapsed // slots.step_ms
    last = np.zeros(n, np.int64)
    for number, values in enumerate(cells, 1):
        last[np.asarray(values.is_valid())] = number
    return ((last > intervals) & (elapsed < DAY_MS)) | (intervals > len(cells))


def _by_channel(read: TableRead, devices: pa.Array) -> tuple[pa.Array, Ints]:
    """Devices with the channel of each line below them, and the signs of the lines' values."""
    if read.layout.channel is None:
        return devices, np.ones(len(devices), np.int64)
    channels = pc.utf8_trim_whitespace(read.column(read.layout.channel))
    names = pc.utf8_ltrim(pc.binary_join_element_wise(devices, channels, "/"), "/")
    encoded = pc.utf8_lower(channels).dictionary_encode()
    fed_in = [
        text in read.known.fed_in or header_of_text(words_of_obis(text)).is_export
        for text in encoded.dictionary.to_pylist()
    ]
    codes = np.asarray(encoded.indices, np.int64)
    return names, np.where(np.array(fed_in or [False])[codes], -1, 1)


def _by_unit(
    read: TableRead, days: FileMoments, devices: pa.Array
) -> tuple[Unit, FileMoments, pa.Array]:
    """The unit that a column says of each line; lines in units that are none of ours are left out.

    Raises:
        Malformed: the lines have several units of ours.
    """
    texts = pc.utf8_trim_whitespace(read.column(read.layout.unit))
    units = {text: unit_named(text) for text in pc.unique(texts).to_pylist()}
    found = {unit for unit in units.values() if unit is not None}
    names = ", ".join(repr(text) for text in units)
    if len(found) != 1:
        raise Malformed(
            f"{read.header(read.layout.unit)}: the lines have the units {names}: bring those of "
            "each unit by themselves",
            "file",
        )
    others = [text for text, unit in units.items() if unit is None]
    if others:
        none = np.asarray(pc.is_in(texts, pa.array(others, pa.string())))
        for text in others:
            what = other_quantity(text)
            why = no_consumption(what) if what else "no unit of ours"
            read.findings.append(FileFinding("not read", text, why))
        read.table, days = read.table.without(none), days.without(none)
        devices = devices.filter(pa.array(~none))
    unit = found.pop()
    read.findings.append(FileFinding("unit", names, "a column says it"))
    return unit, days, devices
