"""Opower: intervals of PG&E, SDG&E, Con Edison, PECO and others whose portals it makes."""

from __future__ import annotations

from typing import Final

from energyguard.files.formats import FileFormat, headed_by, of_table
from energyguard.files.found import FileAnswers
from energyguard.files.tables.reading import KnownLayout

LAYOUT: Final = KnownLayout(
    {
        "type": "ignore",
        "date": "date",
        "start time": "clock",
        "end time": "ignore",
        "usage": "value",
        "units": "unit",
        "cost": "ignore",
        "notes": "ignore",
    },
    month_first=True,
)
FORMAT: Final = FileFormat(
    name="opower",
    title="Opower portals (US: PG&E, Con Edison …)",
    source="the portals' Green Button CSV",
    becomes=(
        "`energy_kwh` at the start of each interval; of exports also what was fed in, below 0, on "
        "`NAME/export`"
    ),
    left_out="gas, costs",
    example=(
        b"Name,MARA\n"
        b"Address,1 MAIN ST\n"
        b"Account Number,123\n"
        b"Service,Service 1\n"
        b"\n"
        b"TYPE,DATE,START TIME,END TIME,USAGE,UNITS,COST,NOTES\n"
        b"Electric usage,2026-03-01,00:00,00:14,0.05,kWh,$0.01,\n"
        b"Electric usage,2026-03-01,00:15,00:29,0.07,kWh,$0.02,\n"
    ),
    recognises=headed_by("type", "start time", "end time", "usage|import ("),
    read=of_table(LAYOUT, "opower"),
    answers=FileAnswers(device="home", zone="America/Los_Angeles"),
)
