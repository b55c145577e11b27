"""Emporia Vue: energies or powers of circuits, as its app exports them."""

from __future__ import annotations

from typing import Final

from energyguard.files.formats import FileFormat, headed_by, of_table
from energyguard.files.found import FileAnswers
from energyguard.files.tables.reading import KnownLayout

LAYOUT: Final = KnownLayout({"*": "interval"}, month_first=True)
FORMAT: Final = FileFormat(
    name="emporia",
    title="Emporia Vue, circuits",
    source="Emporia Energy app, Export Data",
    becomes=(
        "`energy_kwh` of each circuit, a device each, at the start of the bucket; of seconds and "
        "minutes `power_kw` (kWatts); the zone stands in the header"
    ),
    left_out="columns in other units",
    example=(
        b"Time Bucket (America/New_York),Home-Mains (kWhs),Home-Kitchen (kWhs)\n"
        b"03/01/2026 00:00:00,0.51,0.02\n"
        b"03/01/2026 00:15:00,0.47,No CT\n"
    ),
    recognises=headed_by("time bucket", "(kwhs)|(kwatts)"),
    read=of_table(LAYOUT, "emporia"),
    answers=FileAnswers(),
)
