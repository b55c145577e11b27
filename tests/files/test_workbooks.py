"""A workbook becomes the CSV that it would be, its times those of a zone's clock."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from datetime import datetime, time
from pathlib import Path

import openpyxl
import pytest

from energyguard.errors import Malformed
from energyguard.files.text import workbooks
from energyguard.files.text.workbooks import is_workbook, sheets_as_csv

HEAD = ["time", "device", "energy_kwh"]


def saved(folder: Path, *sheets: Sequence[Sequence[object]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for n, rows in enumerate(sheets):
        sheet = book.create_sheet(f"sheet {n}")
        for row in rows:
            sheet.append(row)
    path = folder / "march.xlsx"
    book.save(path)
    return path


def first_of(path: Path) -> str:
    return next(iter(sheets_as_csv(path).values())).decode()


def test_times_stand_there_by_their_own_clock(tmp_path: Path) -> None:
    winter, summer = datetime(2026, 3, 29, 1, 45), datetime(2026, 3, 29, 3, 0)
    rows: list[list[object]] = [[*HEAD], [winter, "H001", 0.25], [], [summer, "H001", 1]]
    path = saved(tmp_path, [], rows, [["another"]])
    assert is_workbook(path)
    assert first_of(path).splitlines() == [
        "time,device,energy_kwh",
        "2026-03-29T01:45:00,H001,0.25",
        "2026-03-29T03:00:00,H001,1",
    ]


def test_what_is_no_workbook_is_left_alone(tmp_path: Path) -> None:
    text, archive = tmp_path / "a.csv", tmp_path / "b.zip"
    text.write_text("PK")
    with zipfile.ZipFile(archive, "w") as parts:
        parts.writestr("a.csv", "time")
    assert not is_workbook(text)
    assert not is_workbook(archive)


def test_an_empty_one_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match=r"march\.xlsx has no rows: put the readings on its first"):
        sheets_as_csv(saved(tmp_path, []))


def test_one_that_unpacks_to_very_much_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbooks, "MAX_UNPACKED_BYTES", 2**10)
    with pytest.raises(Malformed, match="save it as CSV"):
        sheets_as_csv(saved(tmp_path, [HEAD]))


def test_a_broken_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.xlsx"
    with zipfile.ZipFile(path, "w") as parts:
        parts.writestr("xl/workbook.xml", "<nothing>")
    assert is_workbook(path)
    with pytest.raises(Malformed, match=r"broken\.xlsx is not a whole workbook"):
        sheets_as_csv(path)


def test_a_column_of_midnights_is_one_of_days(tmp_path: Path) -> None:
    day, last = datetime(2026, 3, 29), datetime(2026, 3, 29, 1)
    rows: list[list[object]] = [
        ["Day", "Clock", "Time"],
        [day, time(1, 45), day],
        [day, time(2, 0), last],
    ]
    assert first_of(saved(tmp_path, rows)).splitlines()[:2] == [
        "Day,Clock,Time",
        "2026-03-29,01:45:00,2026-03-29T00:00:00",
    ]


def test_the_last_moment_that_there_is_ends_in_a_sentence(tmp_path: Path) -> None:
    path = saved(tmp_path, [["Time"], [datetime(9999, 12, 31, 23, 59, 59, 900_000)]])
    with pytest.raises(Malformed, match="is not a whole workbook"):
        sheets_as_csv(path)
