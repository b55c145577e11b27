"""The readings of a wide table: each cell is one, at its day and its column's time."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs import Decoded
from energyguard.codecs.assembly import TableRows, assemble
from energyguard.codecs.columns import TableReadings, nanos
from energyguard.files.cells import numbers_in
from energyguard.files.columns import number_reader
from energyguard.files.found import FileFinding
from energyguard.files.local_clock import utc_times
from energyguard.files.moments import FileMoments, Ints
from energyguard.files.reading import TableRead
from energyguard.files.table_times import codes_of, zone_of_table
from energyguard.files.words import ENERGY, Unit, units_beside


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
    devices, sign = _by_channel(read, devices)
    whose = codes_of(devices)
    midnight = utc_times(days, zone, whose, lambda: whose, False).ms
    time, value, row = [], [], []
    for number, column in enumerate(columns):
        cells = numbers_in(read.column(column.place), reader, units_beside(unit))
        read.refuse(cells.bad, column.name, "is no number", read.column(column.place))
        if slots.numbered:
            ms = midnight + slots.at[number].ms
            never = np.zeros(len(ms), bool)
        else:
            times = utc_times(slots.moments(days, number), zone, whose, lambda: whose, False)
            ms, never = times.ms, times.never
        nano = nanos(pa.chunked_array([cells.values.fill_null(0)]), unit.per) * unit.times * sign
        has = np.asarray(cells.values.is_valid()) & ~(never & (nano == 0))
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


def _by_channel(read: TableRead, devices: pa.Array) -> tuple[pa.Array, Ints]:
    """Devices with the channel of each line below them, and the signs of the lines' values."""
    if read.layout.channel is None:
        return devices, np.ones(len(devices), np.int64)
    channels = pc.utf8_trim_whitespace(read.column(read.layout.channel))
    names = pc.utf8_ltrim(pc.binary_join_element_wise(devices, channels, "/"), "/")
    fed_in = pc.is_in(pc.utf8_lower(channels), pa.array(sorted(read.known.fed_in), pa.string()))
    return names, np.where(np.asarray(fed_in), -1, 1)
