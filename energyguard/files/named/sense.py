"""Sense: energies of devices that it has found, as its web app exports them."""

from __future__ import annotations

from typing import Final

from energyguard.files.formats import FileFormat, headed_by, of_table
from energyguard.files.found import FileAnswers
from energyguard.files.tables.reading import KnownLayout

LAYOUT: Final = KnownLayout(
    {
        "datetime": "time",
        "device id": "ignore",
        "name": "device",
        "device type": "ignore",
        "device make": "ignore",
        "device model": "ignore",
        "device location": "ignore",
        "avg wattage": "ignore",
        "kwh": "energy_kwh",
    }
)
FORMAT: Final = FileFormat(
    name="sense",
    title="Sense, devices found",
    source="Sense web app, Export data",
    becomes="`energy_kwh` of each device by name, at the start of the hour",
    left_out="mean power, which the energy says; make, model, place",
    example=(
        b"DateTime,Device ID,Name,Device Type,Device Make,Device Model,Device Location,"
        b"Avg Wattage,kWh\n"
        b"2026-03-01 00:00:00,mains,Total Usage,,,,,412.5,0.4125\n"
        b"2026-03-01 00:00:00,x1,Fridge,Fridge,,,,80.1,0.0801\n"
    ),
    recognises=headed_by("device id", "avg wattage", "kwh"),
    read=of_table(LAYOUT, "sense"),
    answers=FileAnswers(zone="America/New_York"),
)
