"""Files that commands read and write: from where, where to, and in which format."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Annotated, BinaryIO, Literal, get_args

import typer

FileFormat = Literal["csv", "xlsx", "parquet"]
SheetFormat = Literal["table", "csv", "xlsx", "parquet"]
ExportFormat = Literal["csv", "parquet"]

Output = Annotated[
    str,
    typer.Option(
        "--output", "-o", help="A file, or an address (`s3://BUCKET/FILE`); `-` is stdout."
    ),
]
SheetShape = Annotated[
    SheetFormat | None,
    typer.Option("--format", help="Its format.", show_default="by its name; on stdout a table"),
]
ExportShape = Annotated[
    ExportFormat | None,
    typer.Option("--format", help="Its format.", show_default="by its name, else csv"),
]


def sheet_format(output: str, given: SheetFormat | None) -> SheetFormat:
    """How a table is written: as it is said, else as its name ends; on stdout for people.

    Raises:
        typer.BadParameter: it cannot be written like that.
    """
    if output == "-":
        if given == "xlsx":
            raise typer.BadParameter("--format xlsx: give it a file with --output")
        return given or "table"
    if given == "table":
        raise typer.BadParameter("--format table: for stdout alone; a file is csv, xlsx or parquet")
    found = given or _by_name(output)
    if found is None:
        raise typer.BadParameter(f"{output}: --format says which it is: csv, xlsx or parquet")
    return found


def export_format(output: str, given: ExportFormat | None) -> ExportFormat:
    """How what is exported is written: as it is said, else as its name ends, else CSV.

    Raises:
        typer.BadParameter: its name ends as that of a workbook.
    """
    if given is not None:
        return given
    found = _by_name(output)
    if found == "xlsx":
        raise typer.BadParameter(
            f"{output}: this is written as csv or parquet; --format says which"
        )
    return found or "csv"


def _by_name(output: str) -> FileFormat | None:
    ending = PurePosixPath(output).suffix.removeprefix(".").lower()
    formats: tuple[FileFormat, ...] = get_args(FileFormat)
    return next((known for known in formats if known == ending), None)


@contextmanager
def writable(output: str) -> Iterator[BinaryIO]:
    """A file to write to, or an address such as ``s3://bucket/file``; ``-`` is stdout."""
    if output == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if "://" in output:
        from energyguard.history.alert_files import open_place

        system, path = open_place(output)
        with system.open_output_stream(path) as stream:
            yield stream
        return
    with Path(output).open("wb") as file:
        yield file


@contextmanager
def rereadable(path: Path) -> Iterator[Path]:
    """A file that can be read more than once: what comes through a pipe is kept meanwhile.

    ``-`` is stdin.
    """
    is_stdin = str(path) == "-"
    if not is_stdin and not path.is_fifo():
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="energyguard-") as folder:
        kept = Path(folder, "stdin" if is_stdin else path.name)
        with kept.open("wb") as file:
            if is_stdin:
                shutil.copyfileobj(sys.stdin.buffer, file)
            else:
                with path.open("rb") as pipe:
                    shutil.copyfileobj(pipe, file)
        yield kept
