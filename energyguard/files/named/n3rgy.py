"""n3rgy: half hours of British smart meters, as the consumer's page gives them to download."""

from __future__ import annotations

from typing import Final

from energyguard.files.formats import FileFormat, headed_by, of_table
from energyguard.files.found import FileAnswers
from energyguard.files.tables.reading import KnownLayout

LAYOUT: Final = KnownLayout(
    {"timestamp (utc)": "time", "energyconsumption (kwh)": "energy_kwh"}, zone="UTC"
)
FORMAT: Final = FileFormat(
    name="n3rgy",
    title="n3rgy (UK), CSV of half hours",
    source="data.n3rgy.com, consumer, download of electricity consumption",
    becomes="`energy_kwh` at the time that stands there, UTC",
    left_out="gas, tariffs",
    example=(
        b"timestamp (UTC),energyConsumption (kWh)\n2026-07-15 00:00,0.3\n2026-07-15 00:30,0.4\n"
    ),
    recognises=headed_by("timestamp (utc)", "energyconsumption (kwh)"),
    read=of_table(LAYOUT, "n3rgy"),
    answers=FileAnswers(device="home"),
)
