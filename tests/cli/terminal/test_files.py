"""A file is written as its name ends; one that is read twice may come through a pipe."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Thread

import pytest
import typer

from energyguard.cli.terminal.files import (
    ExportFormat,
    SheetFormat,
    export_format,
    rereadable,
    sheet_format,
)


@pytest.mark.parametrize(
    ("output", "given", "written"),
    [
        ("-", None, "table"),
        ("-", "csv", "csv"),
        ("year.XLSX", None, "xlsx"),
        ("s3://bucket/year.parquet", None, "parquet"),
        ("year.txt", "csv", "csv"),
    ],
)
def test_a_table(output: str, given: SheetFormat | None, written: str) -> None:
    assert sheet_format(output, given) == written


@pytest.mark.parametrize(
    ("output", "given", "reason"),
    [
        ("-", "xlsx", "--output"),
        ("year.txt", None, "--format says which"),
        ("year.csv", "table", "for stdout alone"),
    ],
)
def test_a_table_that_cannot_be_written(
    output: str, given: SheetFormat | None, reason: str
) -> None:
    with pytest.raises(typer.BadParameter, match=reason):
        sheet_format(output, given)


@pytest.mark.parametrize(
    ("output", "given", "written"),
    [("-", None, "csv"), ("all", None, "csv"), ("a.parquet", None, "parquet"),
     ("a.parquet", "csv", "csv")],
)  # fmt: skip
def test_an_export(output: str, given: ExportFormat | None, written: str) -> None:
    assert export_format(output, given) == written


def test_an_export_is_no_workbook() -> None:
    with pytest.raises(typer.BadParameter, match="csv or parquet"):
        export_format("year.xlsx", None)


def test_what_comes_through_a_pipe_can_be_read_twice(tmp_path: Path) -> None:
    pipe = tmp_path / "year.csv"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_bytes, args=(b"time,kwh\n",))
    writer.start()
    with rereadable(pipe) as path:
        assert path.name == "year.csv"
        assert [path.read_bytes() for _ in range(2)] == [b"time,kwh\n"] * 2
    writer.join()
    assert not path.exists()
