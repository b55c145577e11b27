"""REFIT: powers of 20 homes and nine appliances each, about every 8 s, 2013 to 2015."""

from __future__ import annotations

from typing import Final

from energyguard.files.formats import FileFormat, headed_by, of_table
from energyguard.files.found import FileAnswers
from energyguard.files.tables.reading import KnownLayout

LAYOUT: Final = KnownLayout(
    {
        "time": "ignore",
        "unix": "time",
        "aggregate": "power_w",
        **{f"appliance{n}": "power_w" for n in range(1, 10)},
        "issues": "ignore",
    }
)
FORMAT: Final = FileFormat(
    name="refit",
    title="REFIT, homes and appliances",
    source="University of Strathclyde, REFIT Electrical Load Measurements (Cleaned)",
    becomes="`power_kw` of `NAME/Aggregate`, `NAME/Appliance1` … at the Unix time",
    left_out="the local time, which the Unix time says; issues",
    example=(
        b"Time,Unix,Aggregate,Appliance1,Appliance2,Appliance3,Appliance4,Appliance5,"
        b"Appliance6,Appliance7,Appliance8,Appliance9,Issues\n"
        b"2013-10-09 13:06:17,1381323977,523,74,0,69,0,0,0,0,0,1,0\n"
        b"2013-10-09 13:06:31,1381323991,526,75,0,69,0,0,0,0,0,1,0\n"
    ),
    recognises=headed_by("unix", "aggregate", "appliance1"),
    read=of_table(LAYOUT, "refit"),
    answers=FileAnswers(device="house1"),
)
