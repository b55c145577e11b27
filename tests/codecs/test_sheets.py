"""Tables for people: what is written is what a spreadsheet shows, and no formula runs in one."""

from __future__ import annotations

import io
from datetime import datetime

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from energyguard.codecs import sheets
from energyguard.codecs.sheets import SheetFormat, as_text, sheet_bytes

NAMES = ["=1+1", "+49", "-x", "@x", "\tx", 'Oven, "new"', "läuft", "a-b", "bell\x07"]
TABLE = pa.table(
    {
        "name": NAMES,
        "start": pa.array([1_792_883_700_000 + n * 3_600_000 for n in range(9)],
                          pa.timestamp("ms", "Europe/Berlin")),
        "kwh": pa.array([-1.5, None, *map(float, range(7))]),
    }
)  # fmt: skip


def test_csv_has_offsets_and_no_formula() -> None:
    lines = sheet_bytes(TABLE, "csv").decode().splitlines()
    assert lines[:4] == [
        "name,start,kwh",
        "'=1+1,2026-10-25T01:15:00+02:00,-1.5",
        "'+49,2026-10-25T02:15:00+02:00,",
        "'-x,2026-10-25T02:15:00+01:00,0.0",
    ]
    assert lines[6] == '"Oven, ""new""",2026-10-25T05:15:00+01:00,3.0'
    assert [as_text(name)[0] for name in NAMES[:5]] == ["'"] * 5


def test_a_workbook_has_the_clock_of_the_zone_and_no_formula() -> None:
    book = openpyxl.load_workbook(io.BytesIO(sheet_bytes(TABLE, "xlsx", "2026-10")))
    sheet = book["2026-10"]
    rows = list(sheet.iter_rows())
    assert [cell.value for cell in rows[0]] == ["name", "start", "kwh"]
    assert all(row[0].data_type == "s" for row in rows)
    assert [row[0].value for row in rows[1:]] == [*NAMES[:8], "bell"]
    assert rows[1][1].value == datetime(2026, 10, 25, 1, 15)
    assert [row[2].value for row in rows[1:3]] == [-1.5, None]


def test_parquet_is_the_table() -> None:
    assert pq.read_table(io.BytesIO(sheet_bytes(TABLE, "parquet"))).equals(TABLE)


@pytest.mark.parametrize("shape", sheets.FORMATS)
def test_an_empty_table_has_its_heading(shape: SheetFormat) -> None:
    assert b"kwh" in sheet_bytes(TABLE.slice(0, 0), shape) or shape == "xlsx"


def test_a_workbook_has_room_for_so_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MAX_SHEET_ROWS", 8)
    with pytest.raises(ValueError, match="9 rows: a workbook has room for 8; take CSV"):
        sheet_bytes(TABLE, "xlsx")
