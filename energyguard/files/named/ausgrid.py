"""Ausgrid, solar home electricity data: half hours of 300 homes, 2010 to 2013."""

from __future__ import annotations

from typing import Final

from energyguard.files.formats import FileFormat, headed_by, of_table
from energyguard.files.found import FileAnswers
from energyguard.files.tables.reading import KnownLayout

LAYOUT: Final = KnownLayout(
    {
        "customer": "device",
        "generator capacity": "ignore",
        "postcode": "ignore",
        "consumption category": "channel",
        "date": "dmy",
        "row quality": "ignore",
        "*": "energy_kwh",
    },
    fed_in=frozenset({"gg"}),
)
_TIMES: Final = [f"{half // 2}:{half % 2 * 30:02}" for half in (*range(1, 48), 0)]
EXAMPLE: Final = (
    "Solar home half-hour data\n"
    "Customer,Generator Capacity,Postcode,Consumption Category,date,"
    f"{','.join(_TIMES)},Row Quality\n"
    f"1,3.78,2076,GC,1/07/2012,{'0.25,' * 48}\n"
    f"1,3.78,2076,GG,1/07/2012,{'0.5,' * 48}\n"
).encode()
FORMAT: Final = FileFormat(
    name="ausgrid",
    title="Ausgrid solar homes, half hours",
    source="Ausgrid, Solar home electricity data",
    becomes=(
        "`energy_kwh` at the start of each half hour, of `CUSTOMER/GC`, `/CL` and `/GG`; gross "
        "generation, GG, is below 0"
    ),
    left_out="capacity, postcode, quality",
    example=EXAMPLE,
    recognises=headed_by("customer", "generator capacity", "consumption category"),
    read=of_table(LAYOUT, "ausgrid"),
    answers=FileAnswers(zone="Australia/Sydney"),
)
