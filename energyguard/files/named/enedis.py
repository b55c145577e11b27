"""Enedis: a load curve of a Linky, as the customer's account gives it."""

from __future__ import annotations

from typing import Final

from energyguard.files.formats import FileFormat, headed_by, of_table
from energyguard.files.found import FileAnswers
from energyguard.files.reading import KnownLayout

LAYOUT: Final = KnownLayout(
    {"horodate": "time", "valeur": "power_w"}, zone="Europe/Paris", ends=True, device=r"^(\d{14});"
)
FORMAT: Final = FileFormat(
    name="enedis",
    title="Enedis (FR), load curve of a Linky",
    source="Enedis, mon compte particulier, download of the courbe de charge",
    becomes=(
        "the mean power of the half hour that ends at `Horodate`: `power_kw` at its start; the "
        "device is the PRM"
    ),
    left_out="daily files and registers in other layouts go as tables",
    example=(
        b"Identifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;"
        b"Grandeur metier;Etape metier;Unite\n"
        b"30001234567890;Courbe de charge;01/03/2026;02/03/2026;Energie active;Consommation;"
        b"Comptage Brut;W\n"
        b"Horodate;Valeur\n"
        b"2026-03-01T00:30:00+01:00;404\n"
        b"2026-03-01T01:00:00+01:00;380\n"
    ),
    recognises=headed_by("identifiant prm", "unite"),
    read=of_table(LAYOUT, "enedis"),
    answers=FileAnswers(),
)
