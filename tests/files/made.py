"""Files as text, and what they become, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from energyguard.codecs.assembly import DEFAULT
from energyguard.files.found import FileAnswers, FileReadings
from energyguard.files.read import read_file
from energyguard.model.quantities import from_nano


class Row(NamedTuple):
    """A reading as tests write it: the time in UTC, the value exact."""

    device: str
    channel: str
    time: str
    value: str


def read(
    folder: Path, content: str | bytes, name: str = "file.csv", **said: object
) -> FileReadings:
    """A file's readings."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = read_file(path, FileAnswers(**said), DEFAULT)  # type: ignore[arg-type]
    assert found is not None, "the border reads it"
    return found


def rows(found: FileReadings) -> list[Row]:
    """The readings of a file, in its order; there must be no doubt."""
    assert found.doubts == ()
    return rows_in_doubt(found)


def rows_in_doubt(found: FileReadings) -> list[Row]:
    """The readings of a file that leaves something open."""
    return [
        Row(r["device"], r["channel"], f"{r['time']:%Y-%m-%dT%H:%M:%S}", from_nano(r["value"]))
        for r in found.decoded.batch.to_pylist()
    ]


def refused(found: FileReadings) -> list[tuple[int, str]]:
    """The rows that were refused, with the reasons."""
    return [(row.row, row.reason) for row in found.decoded.refused]
