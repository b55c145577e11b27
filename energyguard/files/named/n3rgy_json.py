"""n3rgy's REST answers: half hours of British smart meters."""

from __future__ import annotations

import re
from typing import Final

from energyguard.codecs.assembly import PlausibilityLimits
from energyguard.errors import Malformed
from energyguard.files.formats import HEAD_BYTES, FileFormat
from energyguard.files.found import FileAnswers, FileReadings
from energyguard.files.json_table import json_as_csv
from energyguard.files.tables.delimited import read_delimited
from energyguard.files.tables.reading import KnownLayout

LAYOUT: Final = KnownLayout(
    {
        "timestamp": "time",
        "value": "energy_kwh",
        "primaryvalue": "energy_kwh",
        "secondaryvalue": "ignore",
        "deviceid": "ignore",
    },
    zone="UTC",
    device=r"resource: \D*(\d{10,13})\b",
    fed_in_above=r"resource: .*\bproduction\b",
)


def read_n3rgy(
    data: bytes, name: str, answers: FileAnswers, limits: PlausibilityLimits
) -> FileReadings:
    """Read an answer.

    Raises:
        Malformed: it cannot be read, or is not of electricity in kWh.
    """
    text = json_as_csv(data, name)
    unit = re.search(rb"(?m)^unit: (.*)$", text)
    if unit is not None and unit[1].strip().lower() != b"kwh":
        raise Malformed(f"{name}: it is in {unit[1].decode()}, and only kWh are read", "file")
    return read_delimited(text, name, answers, limits, LAYOUT, "n3rgy-json")


def _recognises(head: bytes) -> bool:
    head = head[:HEAD_BYTES]
    fields = (b'"granularity"', b'"timestamp"', b'"resource"')
    return head.lstrip()[:1] == b"{" and all(field in head for field in fields)


FORMAT: Final = FileFormat(
    name="n3rgy-json",
    title="n3rgy (UK), REST",
    source="data.n3rgy.com, API, consumption and production of electricity",
    becomes=(
        "`energy_kwh` at the time that stands there, UTC; the device is the MPAN, and production "
        "is below 0, on `MPAN/export`"
    ),
    left_out="gas, tariffs, secondary values",
    example=(
        b'{"resource":"/1234567891234/electricity/consumption/1",'
        b'"responseTimestamp":"2026-02-04T16:36:14.801Z","start":"202601010000",'
        b'"end":"202601012359","granularity":"halfhour","values":['
        b'{"timestamp":"2026-01-01 00:30","value":0.671},'
        b'{"timestamp":"2026-01-01 01:00","value":1.212}],"unit":"kWh"}\n'
    ),
    recognises=_recognises,
    read=read_n3rgy,
    answers=FileAnswers(),
)
