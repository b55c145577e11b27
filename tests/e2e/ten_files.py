"""Ten files of the kinds that people have, and what each comes to when it is taken right."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

import openpyxl

from energyguard.files.formats import formats

CASES: Final = Path(__file__).parents[1] / "cases/meters"


@dataclass(frozen=True, slots=True)
class BroughtFile:
    """A file, what is said of it on the page, and what must come of it.

    Attributes:
        name: the file's.
        content: its bytes.
        says: the menus and fields that are answered in turn, by their marks' ends, and how.
        device: whose it is called; empty: the file says it.
        sums: kWh of devices by id, in the days of ``span``.
        span: as the API takes it.
        zone: of its days.
    """

    name: str
    content: bytes
    device: str
    sums: Mapping[str, Decimal]
    span: str
    zone: str = "UTC"
    says: Mapping[str, str] = field(default_factory=dict)


def _newest_first() -> bytes:
    """As portals write it: semicolons, decimal commas, and the newest line above."""
    start = datetime(2026, 3, 13)
    times = [start + timedelta(minutes=15 * n) for n in range(96)]
    lines = [f"{at:%d.%m.%Y %H:%M};0,{n + 100}" for n, at in enumerate(times)]
    return "\r\n".join(("Zeitpunkt;Verbrauch (kWh)", *lines[::-1], "")).encode("latin-1")


def _wide() -> bytes:
    """A day a line, a column for each half-hour."""
    halves = [f"{n // 2:02}:{n % 2 * 30:02}" for n in range(48)]
    days = [date(2026, 3, 14) + timedelta(days=n) for n in range(3)]
    lines = [f"{day}," + ",".join(["0.125"] * 48) for day in days]
    return "\n".join((f"Date,{','.join(halves)}", *lines, "")).encode()


def _workbook() -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["Time", "Energy (kWh)"])
    for hour in range(24):
        book.active.append([datetime(2026, 3, 15, hour), 0.5])
    book.save(out)
    return out.getvalue()


def _archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for day in (16, 17):
            lines = [f"2026-03-{day}T{hour:02}:00:00Z,0.2" for hour in range(24)]
            archive.writestr(f"day-{day}.csv", "\n".join(("time,energy_kwh", *lines, "")))
    return out.getvalue()


def _autumn() -> bytes:
    """The day on which two o'clock comes twice, in local time without letters."""
    hours = [0, 1, 2, 2, *range(3, 24)]
    lines = [f"26.10.2025 {hour:02}:00;1,0" for hour in hours]
    return "\n".join(("Zeit;Verbrauch (kWh)", *lines, "")).encode()


def _utf16() -> bytes:
    lines = [f"2026-03-18 {hour:02}:00\t0,25" for hour in range(24)]
    return "\r\n".join(("Zeit\tZählung Energie [kWh]", *lines, "")).encode("utf-16")


def ten_files() -> list[BroughtFile]:
    """The ten, each with a device of its own."""
    known = formats()
    newest = sum((Decimal(n + 100) / 1000 for n in range(96)), Decimal())
    return [
        BroughtFile(
            "verbrauch.csv",
            _newest_first(),
            "Portal meter",
            {"portal-meter": newest},
            "2026-03-13",
            says={"doubt-0": "interval"},  # its values only grow
        ),
        BroughtFile("utf16.csv", _utf16(), "Utf meter", {"utf-meter": Decimal(6)}, "2026-03-18"),
        BroughtFile(
            "halfhours.csv",
            _wide(),
            "Wide meter",
            {"wide-meter": Decimal(18)},
            "2026-03-14..2026-03-16",
            says={"doubt-0": "energy_kwh"},
        ),
        BroughtFile(
            "nem12.csv",
            known["nem12"].example,
            "",
            {"6102000001/E1": Decimal("24.25")},
            "2026-02-28..2026-03-01",
        ),
        BroughtFile(
            "greenbutton.xml",
            known["espi"].example,
            "Green meter",
            {"green-meter": Decimal("0.8")},
            "2026-03-01",
        ),
        BroughtFile(
            "octopus.csv",
            known["octopus"].example,
            "Octopus meter",
            {"octopus-meter": Decimal("0.181")},
            "2026-03-01",
        ),
        BroughtFile(
            "strom.xlsx", _workbook(), "Book meter", {"book-meter": Decimal(12)}, "2026-03-15"
        ),
        BroughtFile(
            "march.zip",
            _archive(),
            "Zip meter",
            {"zip-meter": Decimal("9.6")},
            "2026-03-16..2026-03-17",
        ),
        BroughtFile(
            "autumn.csv",
            _autumn(),
            "Autumn meter",
            {"autumn-meter": Decimal(25)},
            "2025-10-26",
            "Europe/Berlin",
            says={"zone": "Europe/Berlin"},
        ),
        BroughtFile(
            "case09_semicolon_comma.csv",
            (CASES / "case09_semicolon_comma.csv").read_bytes(),
            "",
            {"m1": Decimal("1.1")},
            "2026-03-02",
        ),
    ]
