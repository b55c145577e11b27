"""The operator's file of places: CSV `device,postal_code[,city][,region]`; faults by line."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from energyguard.domains.regions.states import NAMES, region_of
from energyguard.errors import ConfigError

NOT_COUNTED = "-"
"""In place of a postal code: the home is in no region."""
_COLUMNS = ("device", "postal_code", "city", "region")
_NEEDED = 2


class Where(NamedTuple):
    """Where a home stands; without a region it is counted in none."""

    postal_code: str
    city: str
    region: str


def read_places(path: Path) -> dict[str, Where]:
    """The places in a file, by device.

    Raises:
        ConfigError: ``file:line: reason`` of every line that cannot be used, at most 20.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: the places cannot be read: {error}") from error
    faults: list[str] = []
    places: dict[str, Where] = {}
    lines: dict[str, int] = {}
    for number, row in _rows(text):
        try:
            device, where = _place(row)
            if device in places:
                raise ValueError(f"{device!r} is already in line {lines[device]}")
        except ValueError as error:
            faults.append(f"{path}:{number}: {error}")
            continue
        places[device], lines[device] = where, number
    if faults:
        more = len(faults) - 20
        raise ConfigError(*faults[:20], *([f"{path}: and {more} more"] if more > 0 else []))
    return places


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Lines with their numbers: no title, no comments, no empty ones."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        row = [cell.strip() for cell in next(csv.reader([line]))]
        if row[0].lower() != _COLUMNS[0]:
            yield number, row


def _place(row: Sequence[str]) -> tuple[str, Where]:
    if not _NEEDED <= len(row) <= len(_COLUMNS):
        raise ValueError(f"a line is device,postal_code[,city][,region], not {','.join(row)!r}")
    device, code, city, region = (*row, "", "")[: len(_COLUMNS)]
    if not device:
        raise ValueError("the device is missing")
    if code == NOT_COUNTED:
        return device, Where("", city, "")
    found = region_of(code)
    if found is None:
        raise ValueError(
            f"{code!r} is no German postal code: five digits, such as 10115, or `-` for a home "
            "that is not counted"
        )
    if region and region not in NAMES:
        raise ValueError(f"{region!r} is no federal state: one of {', '.join(NAMES)}")
    return device, Where(code, city, region or found)
