"""Numbers as people write them: decimal commas, thousands, units and currencies.

Where one mark with three digits behind it may be a decimal point or part thousands (``1.234``), the
other cells of the file decide; where they do not, a point is a decimal one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from energyguard.errors import Malformed

_CELL = re.compile(
    r"(?P<sign>[-+\u2212]?)\s*(?P<before>[^\W\d_]*|[£€$¥₹₺])\s*(?P<inner>[-+\u2212]?)"
    r"(?P<number>[0-9](?:[0-9.,'\u2019 \u00a0\u202f]*[0-9])?|[.,][0-9]+)"
    r"\s*(?P<after>[^\W\d_]*|[£€$¥₹₺])"
)
_SPACED = re.compile(r"[0-9]{1,3}(?:[ '\u2019\u00a0\u202f][0-9]{3})+(?:[.,][0-9]+)?")
_SPACES = re.compile(r"[ '\u2019\u00a0\u202f]")
_GROUPS = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{3})+")
_NO_VALUES = (
    "- -- --- -/- ? null none nil nan n/a na n.a. n.a n.d. nd n.v. nv k.a. k.a fehlt fehlend",
    "missing unknown unavailable invalid brak geen #nv #n/a #n/v #na #value! #wert! #valeur!",
    "#ref! #bezug! #div/0!",
)
NO_VALUES = frozenset(word for line in _NO_VALUES for word in line.split()) | {
    "no ct", "no data", "no value", "kein wert", "keine angabe", "k. a.", "geen data",
}  # fmt: skip
"""What stands in a cell, in small letters, where there is no value."""
_ONCE = (("before", "after"), ("sign", "inner"))
MAX_NUMBER = 10**9

Units = Mapping[str, Decimal]
"""By a unit in small letters: how many of the column's unit it is."""

ENERGY: Units = {"kwh": Decimal(1), "wh": Decimal("0.001"), "mwh": Decimal(1_000)}
POWER: Units = {"w": Decimal(1), "kw": Decimal(1_000)}
HOURS: Units = {
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), Decimal(1)),
    **dict.fromkeys(("min", "mins", "minutes"), Decimal(1) / 60),
}


@dataclass
class Numbers:
    """Reads the numbers of one file.

    Attributes:
        commas: whether its cells show decimal commas.
        points: whether they show decimal points.
    """

    commas: bool = False
    points: bool = False
    _known: dict[tuple[str, int, Decimal], Decimal] = field(default_factory=dict)

    @classmethod
    def shown_by(cls, cells: Iterable[str], delimiter: str) -> Numbers:
        """As these cells show; where they show nothing, as the delimiter lets think."""
        marks = {mark for cell in cells if (mark := _decimal_mark(cell))}
        return cls("," in marks or (not marks and delimiter == ";"), "." in marks)

    def number(self, text: str, units: Units, unit: Decimal = Decimal(1)) -> Decimal:
        """The number of a cell in the column's unit.

        Args:
            text: the cell.
            units: what may stand beside the number.
            unit: what it is multiplied with where nothing does.

        Raises:
            Malformed: it is no number.
        """
        key = text, id(units), unit
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._number(text, units, unit)
        return known

    def _number(self, text: str, units: Units, unit: Decimal) -> Decimal:
        found = _CELL.fullmatch(_sign_first(text.strip()))
        if found is None or any(found[a] and found[b] for a, b in _ONCE):
            raise Malformed(f"{text!r} is no number", "number")
        beside = (found["before"] or found["after"]).lower()
        if beside and beside not in units:
            raise Malformed(f"{text!r} is no number: {beside!r} is not a unit of it", "number")
        number = Decimal(self._digits(found["number"], text))
        if number >= MAX_NUMBER:
            raise Malformed(f"{text!r} is no number that can be", "number")
        sign = -1 if (found["sign"] or found["inner"]) in ("-", "\u2212") else 1
        return sign * number * (units[beside] if beside else unit)

    def _digits(self, number: str, text: str) -> str:
        """The number with a point for its decimal mark and nothing else."""
        if _SPACES.search(number):
            if not _SPACED.fullmatch(number):
                raise Malformed(f"{text!r} is no number", "number")
            return _SPACES.sub("", number).replace(",", ".")
        mark = _decimal_mark(number)
        if not mark and _GROUPS.fullmatch(number):
            mark = self._mark_of(number)
        whole, _, part = number.rpartition(mark) if mark else (number, "", "")
        if not (whole.isdigit() or not whole or _GROUPS.fullmatch(whole)) or "," in part:
            raise Malformed(f"{text!r} is no number", "number")
        return f"{re.sub('[.,]', '', whole) or '0'}.{part or '0'}"

    def _mark_of(self, number: str) -> str:
        """Of one mark or several with three digits behind each: the decimal mark; empty: none."""
        mark = "," if "," in number else "."
        if number.count(mark) > 1:
            return ""
        if mark == ",":
            return "," if self.commas else ""
        return "" if self.commas and not self.points else "."


def _sign_first(text: str) -> str:
    """A number with its sign before it: ``12,5-`` and ``(12,5)`` are below 0."""
    if text[-1:] in ("-", "\u2212") and text[:1].isdigit():
        return f"-{text[:-1].rstrip()}"
    if text[:1] == "(" and text[-1:] == ")" and text[1:2].isdigit():
        return f"-{text[1:-1]}"
    return text


def open_comma(cells: Iterable[str]) -> str:
    """A number whose comma may be a decimal one or part thousands; empty: another one decides.

    Where all have three digits behind it, nothing is above or below what parts thousands.
    """
    found = [cell for cell in cells if re.search(r"[0-9]", cell)]
    is_open = all(re.search(r"(?<![0-9,.])[1-9][0-9]{0,2},[0-9]{3}(?![0-9,.])", c) for c in found)
    return found[0] if found and is_open else ""


def open_point(cells: Iterable[str]) -> str:
    """A number whose point may be a decimal one or part thousands; empty: another one decides."""
    found = ""
    for cell in cells:
        if _decimal_mark(cell):
            return ""
        if not found and re.search(r"[0-9]\.[0-9]", cell):
            found = cell
    return found


def _decimal_mark(cell: str) -> str:
    """The mark that can only be a decimal one; empty: none, or it may be part thousands."""
    marks = re.findall(r"[.,]", cell)
    if not marks:
        return ""
    last = str(marks[-1])
    digits = re.search(r"([0-9]*)[.,]([0-9]+)[^0-9.,]*$", cell)
    if digits is None:
        return ""
    if len(set(marks)) > 1:
        return last
    if len(marks) > 1:
        return ""
    is_open = len(digits[2]) == 3 and 1 <= len(digits[1]) <= 3 and digits[1][0] != "0"
    return "" if is_open else last
