"""Smart Meter Texas: quarters of an hour, what was used and what was fed in line by line."""

from __future__ import annotations

from typing import Final

from energyguard.files.formats import FileFormat, headed_by, of_table
from energyguard.files.found import FileAnswers
from energyguard.files.tables.reading import KnownLayout

LAYOUT: Final = KnownLayout(
    {
        "esiid": "device",
        "usage_date": "mdy",
        "revision_date": "ignore",
        "usage_start_time": "clock",
        "usage_end_time": "ignore",
        "usage_kwh": "value",
        "estimated_actual": "ignore",
        "consumption_surplusgeneration": "channel",
    },
    zone="America/Chicago",
)
FORMAT: Final = FileFormat(
    name="smt",
    title="Smart Meter Texas (US), quarters of an hour",
    source="Smart Meter Texas portal, Energy Data 15 Min Interval, CSV",
    becomes="`energy_kwh` of `ESIID` at the start; surplus is below 0, on `ESIID/export`",
    left_out="when it was revised, whether a value is an estimate",
    example=(
        b"ESIID,USAGE_DATE,REVISION_DATE,USAGE_START_TIME,USAGE_END_TIME,USAGE_KWH,"
        b"ESTIMATED_ACTUAL,CONSUMPTION_SURPLUSGENERATION\n"
        b"'10443720000000001,05/06/2026,05/07/2026 07:40:29, 00:00, 00:15,0.859,A,Consumption\n"
        b"'10443720000000001,05/06/2026,05/07/2026 07:40:29, 00:00, 00:15,0.1,A,"
        b"Surplus Generation\n"
        b"'10443720000000001,05/06/2026,05/07/2026 07:40:29, 00:15, 00:30,0.151,E,Consumption\n"
    ),
    recognises=headed_by("esiid", "usage_date", "usage_start_time", "usage_kwh"),
    read=of_table(LAYOUT, "smt"),
    answers=FileAnswers(),
)
