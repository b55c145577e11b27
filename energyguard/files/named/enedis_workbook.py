"""Enedis: days or half hours of a Linky, as the account's workbook has them on its sheets."""

from __future__ import annotations

from typing import Final

from energyguard.files.formats import FileFormat, headed_by, of_table
from energyguard.files.found import FileAnswers
from energyguard.files.named.enedis import PRODUCED, ZONE
from energyguard.files.tables.reading import KnownLayout

LAYOUT: Final = KnownLayout(
    {
        "date": "dmy",
        "début": "time",
        "fin": "end",
        "valeur (en kwh)": "energy_kwh",
        "valeur (en wh)": "energy_wh",
        "valeur (en kw)": "power_kw",
        "valeur (en w)": "power_w",
    },
    zone=ZONE,
    device=r"(?i)(?:prm|identifiant)[^;,\d]*[;,]\"?(\d{14})\b",
    fed_in_above="|".join(PRODUCED),
)
FORMAT: Final = FileFormat(
    name="enedis-workbook",
    title="Enedis (FR), workbook of energies",
    source="Enedis, mon compte particulier, export of energy as XLSX",
    becomes=(
        "`energy_kwh` of each day, or `power_kw` from `Début` on; the device is the PRM, and "
        "what is produced is below 0, on `PRM/export`"
    ),
    left_out="the page before the tables",
    example=(
        "Point Référence Mesure (PRM) : ,30001234567890,Type de comptage : ,"
        "Consommation Quotidienne\n"
        "Date,Valeur (en kWh)\n"
        "01/01/2026,6.329\n"
        "02/01/2026,NA\n"
        "03/01/2026,7.5\n"
    ).encode(),
    recognises=headed_by("valeur (en "),
    read=of_table(LAYOUT, "enedis-workbook"),
    answers=FileAnswers(),
)
