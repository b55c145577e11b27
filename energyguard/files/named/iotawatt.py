"""IoTaWatt: series by its query API, whose answers do not say their units."""

from __future__ import annotations

from typing import Final

from energyguard.codecs.assembly import PlausibilityLimits
from energyguard.files.formats import FileFormat, begins_with
from energyguard.files.found import FileAnswers, FileReadings
from energyguard.files.json_table import json_as_csv
from energyguard.files.tables.delimited import read_delimited


def read_iotawatt(
    data: bytes, name: str, answers: FileAnswers, limits: PlausibilityLimits
) -> FileReadings:
    """Read an answer.

    Raises:
        Malformed: it cannot be read.
    """
    return read_delimited(json_as_csv(data, name), name, answers, limits, format_name="iotawatt")


FORMAT: Final = FileFormat(
    name="iotawatt",
    title="IoTaWatt, query API",
    source="docs.iotawatt.com, Query API, with `header=yes`; its firmware's CSVquery.cpp",
    becomes=(
        'what `--map "*=power_w"` (or `energy_wh`, as was asked of it) says: a device for each '
        "series, at the start of the group, by the local clock. As CSV it is read as a table"
    ),
    left_out="answers without a header",
    example=(
        b'{"range":[1772323200,1772330400],"labels":["Time","Main","Solar"],\r\n'
        b'"data":[["2026-03-01T00:00:00",412.5,0],["2026-03-01T01:00:00",380,null]]}\n'
    ),
    recognises=begins_with(r'\{\s*"range"\s*:\s*\[\d+,\s*\d+\],\s*"labels"'),
    read=read_iotawatt,
    answers=FileAnswers(device="home", zone="Europe/London", columns={"*": "power_w"}),
)
