"""Wiener Netze: quarters of an hour of a smart meter, from the web portal."""

from __future__ import annotations

from typing import Final

from energyguard.files.formats import FileFormat, headed_by, of_table
from energyguard.files.found import FileAnswers
from energyguard.files.tables.reading import KnownLayout

LAYOUT: Final = KnownLayout(
    {"datum": "date", "zeit von": "clock", "zeit bis": "ignore"}, zone="Europe/Vienna"
)
FORMAT: Final = FileFormat(
    name="wiener-netze",
    title="Wiener Netze (AT), quarters of a smart meter",
    source="Wiener Netze, smart meter web portal, CSV",
    becomes="`energy_kwh` at the start of each quarter, local time",
    left_out="whether a value is an estimate",
    example=(
        b"Datum;Zeit von;Zeit bis;Verbrauch [kWh]\n"
        b"01.03.2026;00:00:00;00:15:00;0,045\n"
        b"01.03.2026;00:15:00;00:30:00;0,051\n"
    ),
    recognises=headed_by("datum", "zeit von", "zeit bis", "kwh"),
    read=of_table(LAYOUT, "wiener-netze"),
    answers=FileAnswers(device="wohnung"),
)
