"""Low Carbon London: half hours of 5,567 homes, 2011 to 2014."""

from __future__ import annotations

from typing import Final

from energyguard.files.formats import FileFormat, headed_by, of_table
from energyguard.files.found import FileAnswers
from energyguard.files.tables.reading import KnownLayout

LAYOUT: Final = KnownLayout(
    {
        "lclid": "device",
        "stdortou": "ignore",
        "datetime": "dmy",
        "kwh/hh (per half hour)": "energy_kwh",
        "tstp": "time",
        "energy(kwh/hh)": "energy_kwh",
        "acorn": "ignore",
        "acorn_grouped": "ignore",
    },
    zone="UTC",
)
FORMAT: Final = FileFormat(
    name="lcl",
    title="Low Carbon London, half hours of homes",
    source="London Datastore, SmartMeter Energy Consumption Data in London Households",
    becomes=(
        "`energy_kwh` of each home at the time that stands there, as UTC; blocks of it too, whose "
        "columns are `tstp` and `energy(kWh/hh)`"
    ),
    left_out="tariff and Acorn groups",
    example=(
        b"LCLid,stdorToU,DateTime,KWH/hh (per half hour) ,Acorn,Acorn_grouped\n"
        b"MAC000002,Std,12/10/2012 00:30:00, 0.25,ACORN-A,Affluent\n"
        b"MAC000002,Std,12/10/2012 01:00:00, Null,ACORN-A,Affluent\n"
    ),
    recognises=headed_by("lclid", "kwh/hh"),
    read=of_table(LAYOUT, "lcl"),
    answers=FileAnswers(),
)
