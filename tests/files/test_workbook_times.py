"""Workbooks as portals give them: times without a zone, date and time apart, a long day."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest

from energyguard.errors import Malformed
from tests.files.made import read, rows


def book(*lines: Sequence[object]) -> bytes:
    made, out = openpyxl.Workbook(), io.BytesIO()
    for line in lines:
        made.active.append(line)
    made.save(out)
    return out.getvalue()


def test_times_that_do_not_say_their_zone_are_a_doubt(tmp_path: Path) -> None:
    content = book(["Zeit", "Bezug (kWh)"], [datetime(2026, 7, 1, 10), 1.5])
    (doubt,) = read(tmp_path, content, "a.xlsx", device="h").doubts
    assert doubt.option == "--zone"
    found = rows(read(tmp_path, content, "a.xlsx", device="h", zone="Europe/Berlin"))
    assert [row.time for row in found] == ["2026-07-01T08:00:00"]


def test_the_hour_that_comes_twice_is_both_hours(tmp_path: Path) -> None:
    lines = [[datetime(2026, 10, 25, hour), at] for at, hour in enumerate((1, 2, 2, 3), 1)]
    content = book(["Zeit", "Bezug (kWh)"], *lines)
    found = rows(read(tmp_path, content, "a.xlsx", device="h", zone="Europe/Berlin"))
    assert [(row.time[11:13], row.value) for row in found] == [
        ("23", "1"), ("00", "2"), ("01", "3"), ("02", "4"),
    ]  # fmt: skip


def test_date_and_time_may_be_two_columns(tmp_path: Path) -> None:
    day = date(2026, 7, 1)
    content = book(
        ["Datum", "Uhrzeit", "Bezug (kWh)"], [day, time(10, 0), 1.5], [day, time(10, 15), 2]
    )
    found = rows(read(tmp_path, content, "a.xlsx", device="h", zone="Europe/Berlin"))
    assert [row.time[11:16] for row in found] == ["08:00", "08:15"]


def test_an_archive_may_have_workbooks(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for month in (6, 7):
            content = book(["Zeit", "Bezug (kWh)"], [datetime(2026, month, 1, 10), 1.5])
            archive.writestr(f"{month}.xlsx", content)
    found = rows(read(tmp_path, out.getvalue(), "all.zip", device="h", zone="UTC"))
    assert [row.time for row in found] == ["2026-06-01T10:00:00", "2026-07-01T10:00:00"]


def sheets(**tables: Sequence[Sequence[object]]) -> bytes:
    made, out = openpyxl.Workbook(), io.BytesIO()
    made.remove(made.active)
    for title, lines in tables.items():
        sheet = made.create_sheet(title)
        for line in lines:
            sheet.append(line)
    made.save(out)
    return out.getvalue()


HEAD = ["Zeit", "Verbrauch (kWh)"]


def test_all_sheets_of_one_table_are_read_and_a_cover_is_none(tmp_path: Path) -> None:
    content = sheets(
        Deckblatt=[["Ihre Daten"], ["Stand", "heute"]],
        Januar=[HEAD, ["01.01.2026 00:00", 1.5]],
        Februar=[HEAD, ["01.02.2026 00:00", 2.5]],
    )
    found = rows(read(tmp_path, content, "a.xlsx", device="h", zone="UTC"))
    assert [(row.time[:7], row.value) for row in found] == [("2026-01", "1.5"), ("2026-02", "2.5")]


def test_sheets_of_different_tables_are_refused(tmp_path: Path) -> None:
    content = sheets(
        Viertelstunden=[HEAD, ["01.01.2026 00:00", 1.5]],
        Tage=[["Tag", "Summe (kWh)"], ["01.01.2026", 8.5]],
    )
    with pytest.raises(Malformed, match="'Viertelstunden', 'Tage' have tables of different"):
        read(tmp_path, content, "a.xlsx", device="h", zone="UTC")


def test_workbooks_of_an_archive_unpack_to_so_much_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("energyguard.files.text.unpack.MAX_UNPACKED_BYTES", 1 << 16)
    lines = [[datetime(2026, 3, 1, hour), 1.5] for hour in range(24)]
    content, out = book(["Zeit", "Bezug (kWh)"], *lines * 10), io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(4):
            archive.writestr(f"{number}.xlsx", content)
    assert len(out.getvalue()) < 1 << 16
    with pytest.raises(Malformed, match="unpacked: bring it in parts"):
        read(tmp_path, out.getvalue(), "all.zip", device="h", zone="UTC")
