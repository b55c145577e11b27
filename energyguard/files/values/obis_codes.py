"""OBIS codes in headers and cells: what they count, and for which tariff."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

MAX_CODE: Final = 64
OBIS: Final = re.compile(r"(?:1-\d+:)?(\d+)\.(\d+)\.(\d+)(?:[*.]\d+)?")
OBIS_CODE: Final = re.compile(r"(?:1-\d+:)?\d{1,2}\.\d{1,2}\.\d(?:\*\d+)?")
"""A code and nothing else, ``1.8.1``: no date has a year of one digit."""
_OBIS_WORDS: Final[Mapping[tuple[str, str], str]] = {
    ("1", "8"): "register kwh", ("2", "8"): "export register kwh",
    ("1", "29"): "import kwh", ("2", "29"): "export interval kwh",
    ("1", "9"): "import kwh", ("2", "9"): "export interval kwh",
    ("1", "7"): "power kw", ("16", "7"): "power kw", ("1", "5"): "power kw",
}  # fmt: skip


def words_of_obis(text: str) -> str:
    """An OBIS code in words: ``1-0:1.8.0`` is a register; any other text as it is."""
    found = OBIS.search(text[:MAX_CODE])
    return _OBIS_WORDS.get((found[1], found[2]), text) if found else text


def tariff_of_obis(text: str) -> tuple[str, int] | None:
    """What an OBIS code in a text counts, and for which tariff: ``1.8.2`` is (``1.8``, 2).

    Tariff 0 is the sum of all.
    """
    found = OBIS.search(text[:MAX_CODE])
    return (f"{found[1]}.{found[2]}", int(found[3])) if found else None
