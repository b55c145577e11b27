"""Any delimited table: its layout is found, then its columns become readings at once."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa

from energyguard.codecs import Decoded
from energyguard.codecs.assembly import PlausibilityLimits
from energyguard.codecs.refusals import FILE_SHAPE, MAX_REFUSED, Refusals
from energyguard.files.distinct import check_distinct
from energyguard.files.found import FileAnswers, FileFinding, FileReadings
from energyguard.files.tables.column_roles import columns_of
from energyguard.files.tables.columns import devices_of, readings_in, series_of
from energyguard.files.tables.grid import Grid, grid_of
from energyguard.files.tables.reading import ANY_LAYOUT, KnownLayout, TableRead
from energyguard.files.tables.roles import layout_of
from energyguard.files.tables.table import table_of
from energyguard.files.tables.table_times import by_utc, codes_of, local_moments, starts_of
from energyguard.files.tables.tall import tall_readings
from energyguard.files.tables.wide_readings import wide_readings
from energyguard.model.readings import Verdict

_SHOWN_LINES: Final = 6
_GUARDS: Final = re.compile(rb"""(^|[;,\t|]"?)(?:=(?=")|'(?=[0-9]))""", re.MULTILINE)


def read_delimited(
    data: bytes,
    name: str,
    answers: FileAnswers,
    limits: PlausibilityLimits,
    known: KnownLayout = ANY_LAYOUT,
    format_name: str = "table",
) -> FileReadings:
    """Read a table.

    Args:
        data: UTF-8 with line feeds.
        name: the file's.
        answers: what people say of it.
        limits: what is plausible.
        known: what its format says of it.
        format_name: the format's.

    Raises:
        Malformed: no line has a time and a number, or many readings of one device and channel
            have the same time.
        ConfigError: an answer is about nothing that there is.
    """
    data = _unguarded(data)
    grid = grid_of(data, name)
    layout = layout_of(grid, answers, known.columns)
    if known.fed_in_above and re.search(known.fed_in_above, "\n".join(grid.above), re.IGNORECASE):
        layout.values = tuple(replace(column, is_fed_in=True) for column in layout.values)
    read = TableRead(
        grid, layout, table_of(data, grid, name), answers, known, limits,
        Refusals(MAX_REFUSED, FILE_SHAPE), [*_about(grid), *layout.findings], list(layout.doubts),
    )  # fmt: skip
    for number, line in read.table.wrong:
        cells = line.count(grid.delimiter.encode()) + 1
        reason = f"{cells} columns instead of {grid.width}"
        read.refusals.refuse(number, Verdict.MALFORMED, "row", reason, line)
    decoded, names_device = _decoded(read)
    check_distinct(read, decoded.batch, name)
    decoded = replace(decoded, refused=read.refusals.rows())
    head = tuple(data[:4_096].decode(errors="replace").split("\n")[:_SHOWN_LINES])
    return FileReadings(
        format_name, tuple(read.findings), tuple(read.doubts), decoded, names_device, head,
        columns_of(read),
    )  # fmt: skip


def _unguarded(data: bytes) -> bytes:
    """The same, without the marks that keep a workbook from changing cells: ``="0012"``, ``'1``."""
    if b'="' not in data and b"'" not in data:
        return data
    return _GUARDS.sub(rb"\1", data)


def _decoded(read: TableRead) -> tuple[Decoded, bool]:
    """The readings, and whether the file says whose they are."""
    found = local_moments(read)
    devices, names_device = devices_of(read)
    empty = np.asarray(pa.compute.equal(devices, "")) & (read.layout.device is not None)
    if empty.any():
        read.table, found = read.table.without(empty), found.without(empty)
        devices = devices.filter(pa.array(~empty))
    whose = codes_of(devices)
    if read.layout.slots is not None:
        return wide_readings(read, found, devices), names_device
    found, taken_off = starts_of(read, found, whose)
    time, never = by_utc(read, found, codes_of(series_of(read, devices)))
    time = time - taken_off
    if never.any():
        place = read.layout.in_day if read.layout.in_day is not None else read.layout.start
        reason = "never was: the clocks were put forward (of a clock that was not, say --zone "
        read.refuse(never, read.header(place), reason + "Etc/GMT-1, say)", read.column(place))
        read.table, time, whose = read.table.without(never), time[~never], whose[~never]
        devices = devices.filter(pa.array(~never))
    if read.layout.value is not None:
        return tall_readings(read, time, devices, whose), names_device
    return readings_in(read, time, devices, whose), names_device


def _about(grid: Grid) -> list[FileFinding]:
    """What was found of the cells."""
    found = [FileFinding("delimiter", grid.delimiter_name, f"{grid.width} cells a line")]
    if grid.has_header:
        line = grid.first_row - 1 - bool(grid.units)
        found.append(FileFinding("header", f"line {line}", ", ".join(grid.header[:8])))
    else:
        found.append(FileFinding("header", "none", "its first line has a time and a number"))
    found += [FileFinding("spelled", grid.header[place], spelling.name)
              for place, spelling in grid.spelled.items()]  # fmt: skip
    return found
