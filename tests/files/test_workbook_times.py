"""Workbooks as portals give them: times without a zone, date and time apart, a long day."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path

import openpyxl

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
