"""Octopus Energy's CSV of half hours, as the account's page gives it."""

from __future__ import annotations

from typing import Final

from energyguard.files.formats import FileFormat, headed_by, of_table
from energyguard.files.found import FileAnswers
from energyguard.files.tables.reading import KnownLayout

LAYOUT: Final = KnownLayout({"consumption (kwh)": "energy_kwh", "start": "time", "end": "end"})
FORMAT: Final = FileFormat(
    name="octopus",
    title="Octopus Energy (UK), CSV of half hours",
    source="octopus.energy, account page, download of consumption",
    becomes="`energy_kwh` at the start of each half hour; times have their offset",
    left_out="cost columns",
    example=(
        b"Consumption (kwh), Start, End\n"
        b"0.081, 2026-03-01T00:00:00+00:00, 2026-03-01T00:30:00+00:00\n"
        b"0.1, 2026-03-01T00:30:00+00:00, 2026-03-01T01:00:00+00:00\n"
    ),
    recognises=headed_by("consumption (kwh)", "start", "end"),
    read=of_table(LAYOUT, "octopus"),
    answers=FileAnswers(device="home"),
)
