"""San Diego Gas & Electric: quarters of an hour with what was generated."""

from __future__ import annotations

from typing import Final

from energyguard.files.formats import FileFormat, headed_by, of_table
from energyguard.files.found import FileAnswers
from energyguard.files.tables.reading import KnownLayout

LAYOUT: Final = KnownLayout(
    {
        "meter number": "device",
        "date": "mdy",
        "start time": "clock",
        "duration": "ignore",
        "consumption": "energy_kwh",
        "generation": "export_kwh",
        "net": "ignore",
    },
    zone="America/Los_Angeles",
)
FORMAT: Final = FileFormat(
    name="sdge",
    title="SDG&E (US), intervals with generation",
    source="San Diego Gas & Electric, My Energy, Green Button CSV",
    becomes="`energy_kwh` at the start; generation is below 0, on `METER/export`",
    left_out="the net, which both say",
    example=(
        b"Name,MARA\n"
        b"Meter Number,Date,Start Time,Duration,Consumption,Generation,Net\n"
        b"6042,3/1/2026,12:00 AM,15,0.36,0.0,0.36\n"
        b"6042,3/1/2026,12:15 AM,15,0.0,0.2,-0.2\n"
    ),
    recognises=headed_by("meter number", "start time", "duration", "generation"),
    read=of_table(LAYOUT, "sdge"),
    answers=FileAnswers(),
)
