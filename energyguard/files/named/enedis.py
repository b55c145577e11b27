"""Enedis: what a Linky has counted, as the customer's account and the portal of data give it.

A file has blocks, each with two lines that say of what it is: a load curve in W, daily energies,
registers (``Index``), or greatest powers, which are no readings of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from energyguard.codecs.assembly import PlausibilityLimits
from energyguard.errors import Malformed
from energyguard.files.collected import CollectedReadings, Series
from energyguard.files.formats import FileFormat, headed_by
from energyguard.files.found import FileAnswers, FileFinding, FileReadings
from energyguard.files.values.times import LocalTimeReader, zone_named
from energyguard.files.values.words import (
    ENERGY,
    POWER,
    REGISTER,
    UNITS,
    header_of_text,
    plain_words,
)

ZONE: Final = "Europe/Paris"
PRODUCED: Final = ("production", "injection")
"""Words, in small letters, of what is fed in."""
_BEGINS: Final = "identifiant prm"
_TOTAL: Final = "eas t"


@dataclass(slots=True)
class _Block:
    """A block of a file.

    Attributes:
        about: what its two lines say, by their names in plain words.
        value: where the values stand; None: it has none that are read.
        times, values, rows: ms by UTC, texts, and numbers of lines.
    """

    about: dict[str, str]
    value: int | None = None
    times: list[int] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """What it has, in small letters: ``courbe de charge``, ``index``."""
        return self.about.get("type de donnees", "").lower()

    @property
    def series(self) -> Series | None:
        """What its readings are; None: none of ours."""
        unit = UNITS.get(self.about.get("unite", "").lower())
        if unit is None or unit.channel not in (POWER, ENERGY) or "maximale" in self.kind:
            return None
        channel = REGISTER if self.kind == "index" else unit.channel
        kind = f"{self.kind} {self.about.get('grandeur metier', '').lower()}"
        is_fed_in = any(word in kind for word in PRODUCED)
        device = self.about.get(_BEGINS, "")
        sign = -1 if is_fed_in and channel != REGISTER else 1
        return Series(f"{device}/export" if is_fed_in else device, channel, unit.per, sign)


def read_enedis(
    data: bytes, name: str, answers: FileAnswers, limits: PlausibilityLimits
) -> FileReadings:
    """Read a file.

    Raises:
        Malformed: no block of it has readings.
    """
    lines = data.decode().split("\n")
    collected = CollectedReadings(limits, lambda row: lines[row - 1].encode())
    blocks = _blocks(lines, collected)
    findings = [FileFinding("zone", ZONE, "its format has this one")]
    for block in blocks:
        series = block.series
        if series is None or block.value is None:
            unit = block.about.get("unite", "") or "no unit"
            findings.append(FileFinding("not read", block.kind or "a block", unit))
            continue
        back = _step_ms(block) if series.channel == POWER else 0
        for row, time_ms, value in zip(block.rows, block.times, block.values, strict=True):
            collected.add(series, row, [time_ms - back], [value])
    decoded = collected.decoded()
    if not decoded.batch.num_rows and not decoded.refused:
        raise Malformed(f"{name}: no block of the file has values in W, kW, Wh or kWh", "file")
    return FileReadings("enedis", tuple(findings), (), decoded, True, tuple(lines[:6]))


def _blocks(lines: Sequence[str], collected: CollectedReadings) -> list[_Block]:
    blocks: list[_Block] = []
    names: list[str] = []
    clock = LocalTimeReader(zone_named(ZONE), month_first=False)
    for row, line in enumerate(lines, 1):
        cells = [cell.strip().strip('"') for cell in line.split(";")]
        words = plain_words(cells[0])
        if words == _BEGINS:
            names = [plain_words(cell) for cell in cells]
        elif names:
            blocks.append(_Block(dict(zip(names, cells, strict=False))))
            names = []
        elif words in ("horodate", "date") and blocks:
            columns = [plain_words(cell) for cell in cells]
            total = columns.index(_TOTAL) if _TOTAL in columns else None
            blocks[-1].value = total if total is not None or len(columns) != 2 else 1
            unit = header_of_text(cells[-1]).unit_text
            blocks[-1].about |= {"unite": blocks[-1].about.get("unite") or unit}
        elif blocks and (value := blocks[-1].value) is not None and cells[0][:1].isdigit():
            _add(blocks[-1], row, cells, value, clock, collected)
    return blocks


def _add(
    block: _Block,
    row: int,
    cells: Sequence[str],
    value: int,
    clock: LocalTimeReader,
    collected: CollectedReadings,
) -> None:
    """Add a line to a block; one without a value is none."""
    text = cells[value] if value < len(cells) else ""
    if not text:
        return
    try:
        moment = clock.moment(cells[0] if ":" in cells[0] else f"{cells[0]} 00:00")
    except Malformed as error:
        collected.refuse(row, "Horodate", error.reason)
        return
    second = moment.second if moment.is_utc else clock.seconds(moment.second)
    block.times.append(second * 1_000)
    block.values.append(text.replace(",", "."))
    block.rows.append(row)


def _step_ms(block: _Block) -> int:
    """How long the intervals of a load curve are, whose times are their ends."""
    stated = block.about.get("pas en minutes", "")
    if stated.isdecimal():
        return int(stated) * 60_000
    times = sorted(set(block.times))
    steps = [b - a for a, b in pairwise(times)]
    return max(set(steps), key=steps.count) if steps else 30 * 60_000


FORMAT: Final = FileFormat(
    name="enedis",
    title="Enedis (FR), load curve, daily energies and registers of a Linky",
    source="Enedis, mon compte particulier and the portal of data, downloads as CSV",
    becomes=(
        "of a load curve the mean power of the time that ends at `Horodate`: `power_kw` at its "
        "start; daily energies: `energy_kwh`; of an index the total, `EAS T`: "
        "`energy_register_kwh`; the device is the PRM, what is fed in is below 0, on `PRM/export`"
    ),
    left_out="registers of single tariffs, greatest powers, calendars",
    example=(
        b"Identifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;"
        b"Grandeur metier;Etape metier;Unite\n"
        b"30001234567890;Courbe de charge;01/03/2026;02/03/2026;Energie active;Consommation;"
        b"Comptage Brut;W\n"
        b"Horodate;Valeur\n"
        b"2026-03-01T00:30:00+01:00;404\n"
        b"2026-03-01T01:00:00+01:00;380\n"
    ),
    recognises=headed_by("identifiant prm", "type de donnees"),
    read=read_enedis,
    answers=FileAnswers(),
)
