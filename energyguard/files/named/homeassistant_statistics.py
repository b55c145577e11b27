"""Home Assistant's statistics: hours of entities with their sums and means, as the integration
*Import Statistics* writes and reads them.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import pyarrow as pa

from energyguard.codecs.assembly import PlausibilityLimits
from energyguard.errors import ConfigError
from energyguard.files.collected import CollectedReadings, Series
from energyguard.files.formats import FileFormat, begins_with
from energyguard.files.found import OFFSET, FileAnswers, FileDoubt, FileFinding, FileReadings
from energyguard.files.tables.table_times import codes_of
from energyguard.files.values.dates import leaves_order_open, month_first
from energyguard.files.values.local_clock import utc_times
from energyguard.files.values.moments import Bools, Ints, moments
from energyguard.files.values.times import zone_named
from energyguard.files.values.words import ENERGY, REGISTER, header_of_text, unit_named

_HOUR_MS: Final = 3_600_000
_ID, _UNIT = "statistic_id", "unit"
_ORDERS: Final = ("dmy", "mdy")
_ZONES: Final = ("Europe/Berlin", "Europe/London", "UTC")


class _Row(NamedTuple):
    """A line: its number, and its cells by the names of their columns."""

    number: int
    cells: Mapping[str, str]


def read_homeassistant_statistics(
    data: bytes, name: str, answers: FileAnswers, limits: PlausibilityLimits
) -> FileReadings:
    """Read a file.

    Raises:
        ConfigError: an answer is about no column of it.
        Malformed: its dates are of two orders.
    """
    lines = data.decode().split("\n")
    delimiter = max(";\t,", key=lines[0].count)
    first, *others = csv.reader(lines, delimiter=delimiter)
    header = [cell.strip().lower() for cell in first]
    start = next(cell for cell in header if cell.startswith("start"))
    if unknown := answers.columns.keys() - {start}:
        raise ConfigError(f"--map {min(unknown)}: only the order of dates in {start!r} is asked")
    collected = CollectedReadings(limits, lambda row: lines[row - 1].encode())
    rows = []
    for number, cells in enumerate(others, 2):
        if len(cells) == len(header):
            named = dict(zip(header, (cell.strip() for cell in cells), strict=True))
            rows.append(_Row(number, named))
        elif cells:
            collected.refuse(number, "row", f"{len(cells)} columns instead of {len(header)}")
    findings: list[FileFinding] = []
    doubts: list[FileDoubt] = []
    time, unfit = _times(rows, start, name, answers, findings, doubts)
    found_of: dict[tuple[str, str], FileFinding] = {}
    for row, time_ms, is_unfit in zip(rows, time.tolist(), unfit.tolist(), strict=True):
        if is_unfit:
            collected.refuse(row.number, start, f"{start} is no time: {row.cells[start][:40]!r}")
            continue
        for series, shift_ms, column in _series(row.cells):
            collected.add(series, row.number, [time_ms + shift_ms], [_plain(row.cells[column])])
        key = row.cells[_ID], row.cells[_UNIT]
        if key not in found_of:
            found_of[key] = _finding(row.cells)
    findings += found_of.values()
    head = tuple(line[:200] for line in lines[:6])
    return FileReadings(
        "homeassistant-statistics", tuple(findings), tuple(doubts), collected.decoded(), True, head
    )


def _times(
    rows: Sequence[_Row],
    start: str,
    name: str,
    answers: FileAnswers,
    findings: list[FileFinding],
    doubts: list[FileDoubt],
) -> tuple[Ints, Bools]:
    """The beginnings of hours in ms by UTC, and which cannot be read or never were."""
    texts = [row.cells[start] for row in rows]
    order = answers.columns.get(start, "")
    if order and order not in _ORDERS:
        raise ConfigError(f"--map {start}={order}: it is one of {', '.join(_ORDERS)}")
    if not order and leaves_order_open(text for text in texts if "." not in text):
        doubts.append(
            FileDoubt(f"{texts[0]!r}: is the day or the month first", "--map", _ORDERS, start)
        )
    found = moments(pa.array(texts, pa.string()), order == "mdy" or month_first(texts, name))
    whose = codes_of(pa.array([row.cells[_ID] for row in rows], pa.string()))
    zone = answers.zone or answers.usual_zone
    if found.is_utc.all():
        findings.append(FileFinding("zone", "UTC", OFFSET))
    elif zone:
        findings.append(FileFinding("zone", zone, "you say so" if answers.zone else "set here"))
    else:
        doubts.append(FileDoubt("its times do not say their zone", "--zone", _ZONES))
    clock = zone_named(zone) if zone else ZoneInfo("UTC")
    times = utc_times(found, clock, whose, lambda: whose, False)
    return times.ms, found.bad | times.never


def _series(cells: Mapping[str, str]) -> list[tuple[Series, int, str]]:
    """What a line has: series, by how much its time is later, the column. Sums are of the end."""
    unit, entity = unit_named(cells[_UNIT]), cells[_ID]
    if unit is None or not entity:
        return []
    is_fed_in = header_of_text(entity).is_export
    device = f"{entity}/export" if is_fed_in else entity
    if unit.channel != ENERGY:
        level = Series(entity, unit.channel, unit.per, unit.times)
        return [(level, 0, "mean")] if cells.get("mean") else []
    if cells.get("sum"):
        return [(Series(device, REGISTER, unit.per, unit.times), _HOUR_MS, "sum")]
    sign = -1 if is_fed_in else 1
    interval = Series(device, ENERGY, unit.per, sign * unit.times)
    return [(interval, 0, "delta")] if cells.get("delta") else []


def _plain(cell: str) -> str:
    """A number with a decimal point."""
    return cell.replace(",", ".")


def _finding(cells: Mapping[str, str]) -> FileFinding:
    entity = cells[_ID]
    if found := _series(cells):
        series, _, column = found[0]
        return FileFinding("values", entity, f"{column}: {series.channel}")
    why = f"no sum, delta or mean in a unit of ours: {cells[_UNIT]}"
    return FileFinding("not read", entity, why)


FORMAT: Final = FileFormat(
    name="homeassistant-statistics",
    title="Home Assistant, export of statistics",
    source="github.com/klausj1/homeassistant-statistics, Import Statistics, export",
    becomes=(
        "`energy_register_kwh` of each entity from its sum, at the end of the hour; else "
        "`energy_kwh` from `delta`, and levels from `mean`, at its start. What is called an export "
        "is on `ENTITY/export`"
    ),
    left_out="states, least and greatest values, other units",
    example=(
        b"statistic_id;unit;start;min;max;mean;sum;state\n"
        b"sensor.oven_power;W;26.01.2024 12:00;20;21;20,5;;\n"
        b"sensor.energy;kWh;26.01.2024 12:00;;;;10,5;100\n"
        b"sensor.energy;kWh;26.01.2024 13:00;;;;11,5;101\n"
    ),
    recognises=begins_with(r'"?statistic_id"?[,;\t]"?unit"?[,;\t]"?start'),
    read=read_homeassistant_statistics,
    answers=FileAnswers(zone="Europe/Vienna"),
)
