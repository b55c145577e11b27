"""Files that are made to cost much, or to end in an error that nobody expects."""

from __future__ import annotations

import gzip
import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from energyguard.errors import Malformed
from energyguard.files.formats import formats
from tests.files.made import read, refused, rows

ZONE = {"device": "h", "zone": "UTC"}
HOURS = "Time;Usage (kWh)\n2026-03-01 00:00;1\n2026-03-01 01:00;2\n"


def archive(method: int, damage: Callable[[bytearray], None]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as packed:
        packed.writestr("a.csv", HOURS * 1_000)
    content = bytearray(file.getvalue())
    damage(content)
    return bytes(content)


def spoil_data(content: bytearray) -> None:
    for place in range(50, 90):
        content[place] ^= 0x55


def spoil_name(content: bytearray) -> None:
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 9] |= 0x08  # the name is UTF-8
    content[content.index(b"a.csv", entry)] = 0xFF


@pytest.mark.parametrize(
    ("method", "damage"),
    [
        (zipfile.ZIP_LZMA, spoil_data),
        (zipfile.ZIP_BZIP2, spoil_data),
        (zipfile.ZIP_DEFLATED, spoil_data),
        (zipfile.ZIP_STORED, spoil_name),
    ],
    ids=["lzma", "bzip2", "deflate", "name"],
)
def test_a_damaged_archive_is_refused_in_one_sentence(
    tmp_path: Path, method: int, damage: Callable[[bytearray], None]
) -> None:
    with pytest.raises(Malformed, match="the archive cannot be read"):
        read(tmp_path, archive(method, damage), "a.zip", **ZONE)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "save it as .xlsx or CSV"),
        (b"%PDF-1.7\n%\xe2\xe3", "ask its sender for CSV or XLSX"),
        (b"\x89PNG\r\n\x1a\n" + bytes(60), "is a picture"),
        (b"\xef\xbb\xbf\n<!DOCTYPE HTML><title>Login</title>", "save its table as CSV or XLSX"),
    ],
    ids=["xls", "pdf", "png", "html"],
)
def test_what_is_no_table_is_refused_with_what_to_do(
    tmp_path: Path, content: bytes, what: str
) -> None:
    with pytest.raises(Malformed, match=what):
        read(tmp_path, content, "report.csv", **ZONE)


def seconds(work: Callable[[], object]) -> float:
    """Processor time."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def test_a_stream_of_very_many_members_costs_as_its_bytes(tmp_path: Path) -> None:
    nothing = gzip.compress(b"")
    content = nothing * 100_000 + gzip.compress(HOURS.encode())
    assert seconds(lambda: read(tmp_path, content, "a.csv.gz", **ZONE)) < 3


@pytest.mark.parametrize(
    "content",
    [
        "Time;kWh\n2026-03-01 00:00;" + "1" * 20_000 + "!\n2026-03-01 01:00;2\n",
        "Time;kWh\n2026-03-01 00:00;1\n2026-03-01 01:00;" + "1" * 40_000 + ",5x\n",
        "Time;" + "a-" * 20_000 + " b;kWh\n2026-03-01 00:00;x;1\n2026-03-01 01:00;x;2\n",
        "Time;OBIS;Value;Unit\n2026-03-01 00:00;" + "1" * 20_000 + ";1;kWh\n"
        "2026-03-01 01:00;1.8.0;2;kWh\n",
    ],
    ids=["digits", "decimals", "header", "obis"],
)
def test_very_long_cells_cost_as_their_bytes(tmp_path: Path, content: str) -> None:
    assert seconds(lambda: read(tmp_path, content, **ZONE)) < 1


def test_a_very_long_number_is_refused_by_itself(tmp_path: Path) -> None:
    content = HOURS + "2026-03-01 02:00;" + "1" * 40_000 + ",5x\n"
    ((row, reason),) = refused(read(tmp_path, content, **ZONE))
    assert (row, reason.startswith("Usage (kWh) is no number: '1111")) == (4, True)


def test_a_channel_that_is_another_in_each_line_is_refused(tmp_path: Path) -> None:
    lines = "".join(f"2026-03-01 00:{n % 60:02};c{n};1;kWh\n" for n in range(1_001))
    with pytest.raises(Malformed, match="OBIS: 1,001 different texts"):
        read(tmp_path, "Time;OBIS;Value;Unit\n" + lines, **ZONE)


@pytest.mark.parametrize("power", ["x", "-999999", "1e3", "²"])
def test_a_multiplier_that_cannot_be_is_a_sentence(tmp_path: Path, power: str) -> None:
    text = formats()["espi"].example.decode().replace(
        "<powerOfTenMultiplier>0<", f"<powerOfTenMultiplier>{power}<"
    )  # fmt: skip
    with pytest.raises(Malformed, match=r"powerOfTenMultiplier .* is none that can be"):
        read(tmp_path, text, "usage.xml", device="h")


def test_digits_that_are_no_numbers_are_no_times(tmp_path: Path) -> None:
    text = "Time;Unix;Usage (kWh)\n" + "".join(
        f"2026-03-01 0{hour}:00;{'²' * 10};1\n" for hour in range(3)
    )
    assert len(read(tmp_path, text, **ZONE).decoded.rows) == 3


def test_a_year_that_no_calendar_has_is_refused_alone(tmp_path: Path) -> None:
    text = "time,kwh used\n0001-01-01 00:00,1\n2024-06-01 00:15,2\n2024-06-01 00:30,3\n"
    found = read(tmp_path, text, zone="Europe/Berlin", device="h")
    assert [row.value for row in rows(found)] == ["2", "3"]
    assert [bad.row for bad in found.decoded.refused] == [2]
