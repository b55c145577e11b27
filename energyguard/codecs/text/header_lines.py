"""Which lines of delimited text are headers, or stand above one, and which may hold readings."""

from __future__ import annotations

import re

from energyguard.codecs.columns import LONG_NUMBER, SPACES
from energyguard.codecs.headers import BOM, known

_WORD = re.compile(r"[^\x00-\x1f]{1,64}")
_DATE_OR_CLOCK = re.compile(r"\d{1,4}[-/.:]\d")
_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs"}


def header_of(line: bytes) -> tuple[str, ...] | None:
    """The names in a line of delimited text, in lower case; None: it is no header.

    A header has two words or more, and no cell that is a number or begins as a time does.
    """
    cells = _cells(line)
    words = [cell for cell in cells if cell]
    if len(words) < 2 or not all(_WORD.fullmatch(cell) and not _is_value(cell) for cell in words):
        return None
    return cells


def holds_values(line: bytes) -> bool:
    """Whether a line may be one of readings: some cell is a number or begins as a time does."""
    return any(map(_is_value, _cells(line)))


def _cells(line: bytes) -> tuple[str, ...]:
    """The cells of a line, in lower case; none where it is no text."""
    try:
        text = line.removeprefix(BOM).strip().decode()
    except UnicodeDecodeError:
        return ()
    separator = max(",;\t", key=text.count)
    cells = text.split(separator)
    return tuple(cell.strip(SPACES).strip('"').strip(SPACES).lower() for cell in cells)


def _is_value(cell: str) -> bool:
    """Whether a cell of a line of readings may be so: a number, or what begins as a time."""
    has_digits = any(letter.isdigit() for letter in cell)
    is_number = LONG_NUMBER.fullmatch(cell) or not any(letter.isalpha() for letter in cell)
    return has_digits and bool(is_number or _DATE_OR_CLOCK.match(cell))


def is_title(line: bytes) -> bool:
    """Whether a line stands above a header and says only what the file is."""
    return line.removeprefix(BOM).strip().lower() in known().titles


def separated_otherwise(line: bytes) -> str:
    """What separates the columns of a line, where it is no comma; else nothing."""
    text = line.decode(errors="replace")
    for separator, name in _OTHER_SEPARATORS.items():
        if text.count(separator) >= 2 and text.count(separator) > text.count(","):
            return name
    return ""
