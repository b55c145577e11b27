"""NEM13: accumulated energy of Australian meters: two register reads a line (AEMO, MDFF)."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final

from energyguard.codecs.assembly import PlausibilityLimits
from energyguard.errors import Malformed
from energyguard.files.collected import CollectedReadings, Series
from energyguard.files.formats import FileFormat, begins_with
from energyguard.files.found import MARKET_TIME, FileAnswers, FileFinding, FileReadings
from energyguard.files.named.nem12 import UNITS, market_ms

_WIDTH: Final = 20
_ROUNDED: Final = Decimal(1)


def read_nem13(
    data: bytes, name: str, answers: FileAnswers, limits: PlausibilityLimits
) -> FileReadings:
    """Read a file: the previous and the current read of each 250 record."""
    lines = data.split(b"\n")
    collected = CollectedReadings(limits, lambda row: lines[row - 1])
    for row, line in enumerate(lines, 1):
        cells = line.decode().strip().split(",")
        if cells[0] != "250":
            continue
        if len(cells) < _WIDTH:
            collected.refuse(
                row, "record", f"{len(cells)} cells, a 250 record has {_WIDTH} or more"
            )
            continue
        unit = cells[19].upper()
        if unit not in UNITS:
            continue
        try:
            times = [market_ms(cells[9]), market_ms(cells[14])]
            _check(cells[8], cells[13], cells[18])
        except Malformed as error:
            collected.refuse(row, "record", error.reason)
            continue
        per, by = UNITS[unit]
        series = Series(f"{cells[1]}/{cells[4].upper()}", "energy_register_kwh", per, by)
        collected.add(series, row, times, [cells[8], cells[13]])
    findings = (FileFinding("zone", "UTC+10", MARKET_TIME),)
    head = tuple(line.decode()[:200] for line in lines[:6])
    return FileReadings("nem13", findings, (), collected.decoded(), True, head)


def _check(previous: str, current: str, quantity: str) -> None:
    """Refuse reads of which the quantity is not the difference: the meter has a factor."""
    try:
        difference = Decimal(current) - Decimal(previous)
        differs = abs(difference - Decimal(quantity)) > _ROUNDED
    except InvalidOperation as error:
        raise Malformed("a read or the quantity is no number", "record") from error
    if differs and difference >= 0:
        raise Malformed(
            f"the quantity {quantity} is not the difference of its reads, {difference}", "Quantity"
        )


EXAMPLE: Final = (
    b"100,NEM13,202603020815,MDP1,Retailer1\n"
    b"250,6102000002,11,1,11,11,METSER66,E,1000,20260101000000,A,,,1180.5,20260401000000,A,,,180.5,"
    b"KWH,20260701,20260402081500,\n"
    b"900\n"
)
FORMAT: Final = FileFormat(
    name="nem13",
    title="NEM13, register reads of Australian meters",
    source="AEMO, Meter Data File Format Specification NEM12 & NEM13",
    becomes="`energy_register_kwh` at the previous and the current read; the device is "
    "`NMI/suffix`. Market time, UTC+10",
    left_out="reactive registers; reads of which the quantity is not the difference are refused",
    example=EXAMPLE,
    recognises=begins_with(r"100,NEM13\b"),
    read=read_nem13,
)
