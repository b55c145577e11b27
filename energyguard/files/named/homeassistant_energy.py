"""Home Assistant's energy dashboard: a line for each source, a column for each hour or day."""

from __future__ import annotations

import csv
from datetime import datetime
from typing import Final

from energyguard.codecs.assembly import PlausibilityLimits
from energyguard.errors import Malformed
from energyguard.files.collected import CollectedReadings, Series
from energyguard.files.formats import FileFormat, begins_with
from energyguard.files.found import OFFSET, FileAnswers, FileFinding, FileReadings
from energyguard.files.values.words import ENERGY, unit_named

_FED_IN: Final = "grid_return"
_FIXED: Final = 3


def read_homeassistant_energy(
    data: bytes, name: str, answers: FileAnswers, limits: PlausibilityLimits
) -> FileReadings:
    """Read a file.

    Raises:
        Malformed: a column of its header is no time.
    """
    lines = data.decode().split("\n")
    rows = list(csv.reader(lines))
    collected = CollectedReadings(limits, lambda row: lines[row - 1].encode())
    try:
        times = [_ms(cell) for cell in rows[0][_FIXED:]]
    except ValueError as error:
        raise Malformed(f"{name}: a column of the header is no time: {error}", "file") from error
    findings = [FileFinding("zone", "UTC", OFFSET)]
    for row, cells in enumerate(rows[1:], 2):
        if len(cells) < _FIXED:
            continue
        entity, kind, unit_text = (cell.strip() for cell in cells[:_FIXED])
        unit = unit_named(unit_text)
        if unit is None or unit.channel != ENERGY or not entity:
            findings.append(FileFinding("not read", entity or kind, unit_text or "no unit"))
            continue
        is_fed_in = kind == _FED_IN
        sign = -1 if is_fed_in else 1
        series = Series(
            f"{entity}/export" if is_fed_in else entity, ENERGY, unit.per, sign * unit.times
        )
        cells = cells[_FIXED : _FIXED + len(times)]
        given = [(time, cell) for time, cell in zip(times, cells, strict=False) if cell.strip()]
        collected.add(series, row, [time for time, _ in given], [cell for _, cell in given])
    head = tuple(line[:200] for line in lines[:6])
    return FileReadings(
        "homeassistant-energy", tuple(findings), (), collected.decoded(), True, head
    )


def _ms(text: str) -> int:
    """A time with its offset, in ms.

    Raises:
        ValueError: it is none.
    """
    found = datetime.fromisoformat(text.strip())
    if found.tzinfo is None:
        raise ValueError(f"{text!r} has no offset")
    return round(found.timestamp() * 1_000)


FORMAT: Final = FileFormat(
    name="homeassistant-energy",
    title="Home Assistant, download of the energy dashboard",
    source="Home Assistant, Energy, Download data",
    becomes=(
        "`energy_kwh` of each source at the start of the column; what returns to the grid is "
        "below 0, on `NAME/export`"
    ),
    left_out="costs, gas and water, sums that it has calculated",
    example=(
        b"entity_id,type,unit,2026-01-05T10:00:00.000Z,2026-01-05T11:00:00.000Z\n"
        b"sensor.import,grid_consumption,kWh,1.5,0.5\n"
        b"sensor.import_cost,grid_consumption_cost,EUR,0.4,0.1\n"
        b"sensor.return,grid_return,kWh,0,1\n"
        b",calculated_total_consumption,kWh,1.5,\n"
    ),
    recognises=begins_with(r'"?entity_id"?,"?type"?,"?unit"?,"?\d{4}-'),
    read=read_homeassistant_energy,
    answers=FileAnswers(),
)
