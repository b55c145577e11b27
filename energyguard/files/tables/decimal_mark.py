"""How a file writes its numbers: which mark is the decimal one, as all of them show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from energyguard.files.found import FileDoubt, FileFinding
from energyguard.files.tables.layout import DECIMAL_MARK, MARKS
from energyguard.files.values.numbers import Numbers, open_comma, open_point


class DecimalMark(NamedTuple):
    """How numbers are read, what shows it, and what is open."""

    reader: Numbers
    findings: tuple[FileFinding, ...] = ()
    doubts: tuple[FileDoubt, ...] = ()


def decimal_mark(cells: Sequence[str], delimiter: str, stated: str) -> DecimalMark:
    """How numbers are written.

    Args:
        cells: with numbers.
        delimiter: between cells.
        stated: ``point`` or ``comma``, as people say; empty: nobody says it.
    """
    if stated:
        return DecimalMark(Numbers(commas=stated == "comma", points=stated == "point"))
    reader = Numbers.shown_by(cells, delimiter)
    doubts: tuple[FileDoubt, ...] = ()
    if reader.commas and (either := open_point(cells)):
        question = f"{either!r} may have a decimal point, or one that parts thousands"
        doubts = (FileDoubt(question, "--map", MARKS, DECIMAL_MARK),)
        reader = Numbers(commas=False, points=True)
    elif not (reader.commas or reader.points) and (either := open_comma(cells)):
        question = f"{either!r} may have a decimal comma, or one that parts thousands"
        doubts = (FileDoubt(question, "--map", MARKS[::-1], DECIMAL_MARK),)
    marked = sum("," in cell or "." in cell for cell in cells)
    mark = "comma" if reader.commas else "point"
    finding = FileFinding(DECIMAL_MARK, mark, f"as its {marked:,} numbers show")
    return DecimalMark(reader, (finding,) if marked else (), doubts)
