"""Exports as networks and programs write them, and what each row becomes: ``exports.txt``."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import openpyxl
import pytest

from energyguard.domains.charging.exports.importer import Export, read_exports
from energyguard.domains.charging.exports.lengths import seconds_of
from energyguard.errors import ConfigError, Malformed
from energyguard.files.found import FileAnswers
from energyguard.files.values.numbers import Numbers
from tests.files.made import read


class People(NamedTuple):
    """A file of ``exports.txt``: what people say of it, its text, and what it becomes."""

    name: str
    answers: dict[str, str]
    text: str
    rows: list[str]


def files() -> list[People]:
    """The files: each has a name, what people say, its lines, and a line for each row or doubt."""
    found = []
    for block in Path(__file__).with_name("exports.txt").read_text().split("=== ")[1:]:
        head, text, rows = block.split("\n---\n")
        name, _, answers = head.partition("\n")
        pairs = dict(answer.split("=") for answer in answers.split())
        found.append(People(name, pairs, f"{text}\n", rows.strip().split("\n")))
    return found


def rows(export: Export) -> list[str]:
    """What the rows of an export become; of one in doubt, its questions."""
    if export.doubts:
        return [f"? {doubt.sentence()}" for doubt in export.doubts]
    found = []
    for session in export.every:
        parts = ["repeated"] if session in export.repeated else [session.sentence()]
        if session.is_refused:
            parts = ["refused"]
        elif session.user:
            parts.append(session.user)
        parts += [f"{defect.defect}: {defect.detail}" for defect in session.defects]
        found.append(f"{session.row} {' | '.join(parts)}")
    return found


@pytest.mark.parametrize("file", files(), ids=lambda file: file.name)
def test_what_people_send_becomes_what_it_says_or_is_refused(file: People, tmp_path: Path) -> None:
    path = tmp_path / file.name
    path.write_text(file.text)
    assert rows(read_exports([path], FileAnswers(**file.answers))) == file.rows  # type: ignore[arg-type]


def test_what_is_open_is_answered_by_a_role(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Säule,Los,Schluss,Menge,Preis\nA,2024-05-19 10:00,2024-05-19 12:00,7500,0.4\n")
    with pytest.raises(Malformed, match="row 1: no column for a start, an end among Säule"):
        read_exports([path])
    roles = {"Säule": "charger", "Los": "start", "Schluss": "end", "Menge": "energy_wh",
             "Preis": "price_kwh"}  # fmt: skip
    (session,) = read_exports([path], FileAnswers(zone="UTC", columns=roles)).sessions
    assert session.sentence() == "A, 2024-05-19 10:00:00 to 2024-05-19 12:00:00 UTC, 7.5 kWh, 3.00"
    with pytest.raises(ConfigError, match="no such column; there are: Säule"):
        read_exports([path], FileAnswers(columns=roles | {"Ort": "site"}))
    with pytest.raises(ConfigError, match="--map Los=begin: it is one of"):
        read_exports([path], FileAnswers(columns={"Los": "begin"}))


def test_a_workbook_in_an_archive_and_utf_16(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Alle Ladevorgänge"])
    sheet = book.create_sheet("Mai")
    sheet.append(["Ladepunkt", "Start", "Ende", "Energie (kWh)", "Kosten (EUR)"])
    sheet.append(["LP1", datetime(2024, 5, 19, 10), datetime(2024, 5, 19, 12), 7.5, 2.25])
    book.save(tmp_path / "book.xlsx")
    with zipfile.ZipFile(out := io.BytesIO(), "w") as archive:
        archive.write(tmp_path / "book.xlsx", "book.xlsx")
    (tmp_path / "all.zip").write_bytes(out.getvalue())
    text = "Ladepunkt;Start;Ende;Energie (kWh);Kosten (EUR)\n"
    text += "LP1;19.05.2024 10:00;19.05.2024 12:00;7,5;2,25\n"
    (tmp_path / "utf16.csv").write_bytes(text.encode("utf-16"))
    for name in ("all.zip", "utf16.csv"):
        export = read_exports([tmp_path / name], FileAnswers(zone="UTC"))
        assert rows(export) == [
            "2 LP1, 2024-05-19 10:00:00 to 2024-05-19 12:00:00 UTC, 7.5 kWh, 2.25 EUR"
        ]


def test_sessions_are_told_from_readings(tmp_path: Path) -> None:
    by_name = {file.name: file for file in files()}
    for name in ("evbox_de.csv", "ocpi.json", "steve.csv", "polish.csv"):
        with pytest.raises(Malformed, match="energyguard import sessions"):
            read(tmp_path, by_name[name].text, name)
    intervals = "Station;Start;Ende;Verbrauch (kWh)\nA;01.03.2026 00:00;01.03.2026 00:15;0,5\n"
    assert read(tmp_path, intervals, zone="UTC").doubts == ()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1:23:45", 5_025), ("00:45", 2_700), ("1 day, 2:00:00", 93_600), ("2 h 15 min", 8_100),
     ("1h30m0s", 5_400), ("PT1H23M", 4_980), ("-0:05:00", -300), ("1.02:00:00", 93_600),
     ("1,5 h", 5_400), ("0.25h", 900), ("90,5 min", 5_430), ("1h30", 5_400), ("PT1.5H", 5_400),
     ("5400 s", 5_400), ("90 min", 5_400)],
)  # fmt: skip
def test_lengths_as_people_write_them(text: str, seconds: int) -> None:
    assert seconds_of(text, Numbers(), None) == seconds


@pytest.mark.parametrize("text", ["90", "h", "", "soon"])
def test_a_length_without_a_unit_is_none(text: str) -> None:
    with pytest.raises(Malformed, match="has no unit of time"):
        seconds_of(text, Numbers(), None)
