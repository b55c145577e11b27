"""UCI, Individual household electric power consumption: a minute each, 2006 to 2010."""

from __future__ import annotations

from typing import Final

from energyguard.files.formats import FileFormat, headed_by, of_table
from energyguard.files.found import FileAnswers
from energyguard.files.tables.reading import KnownLayout

LAYOUT: Final = KnownLayout(
    {
        "date": "dmy",
        "time": "clock",
        "global_active_power": "power_kw",
        "global_reactive_power": "ignore",
        "voltage": "voltage_v",
        "global_intensity": "current_a",
        "sub_metering_1": "energy_wh",
        "sub_metering_2": "energy_wh",
        "sub_metering_3": "energy_wh",
    }
)
FORMAT: Final = FileFormat(
    name="uci",
    title="UCI household, a minute each",
    source="UCI Machine Learning Repository, dataset 235",
    becomes=(
        "`power_kw`, `voltage_v`, `current_a`; the three sub-meterings, Wh a minute, are "
        "`energy_kwh` of `NAME/Sub_metering_1` and so on"
    ),
    left_out="reactive power; `?` is no value",
    example=(
        b"Date;Time;Global_active_power;Global_reactive_power;Voltage;Global_intensity;"
        b"Sub_metering_1;Sub_metering_2;Sub_metering_3\n"
        b"16/12/2006;17:24:00;4.216;0.418;234.840;18.400;0.000;1.000;17.000\n"
        b"16/12/2006;17:25:00;?;?;?;?;?;?;\n"
    ),
    recognises=headed_by("global_active_power", "sub_metering_1"),
    read=of_table(LAYOUT, "uci"),
    answers=FileAnswers(device="house", zone="Etc/GMT-1"),
)
