"""``import readings`` in a terminal: looked at, asked or refused, taken, undone."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from energyguard.cli.send import imports
from energyguard.service.intake.file_imports import FileImport
from tests.cli.conftest import Terminal

QUARTERS = "Zeit;Bezug [kWh]\n01.03.2026 12:00;1,5\n01.03.2026 12:15;0,5\n"


@pytest.fixture
def year(tmp_path: Path) -> Path:
    path = tmp_path / "year.csv"
    path.write_text(QUARTERS)
    return path


def test_a_dry_run_shows_and_takes_nothing(terminal: Terminal, year: Path) -> None:
    options = ("--device", "h", "--zone", "Europe/Berlin", "--json")
    seen = terminal("import", "readings", year, "--dry-run", *options)
    first, second, summary = seen.rows
    assert (first["device"], first["time"], first["value"]) == ("h", "2026-03-01T11:00:00Z", 1.5)
    assert second["value"] == 0.5
    assert (summary["format"], summary["readings"], summary["kwh"]) == ("table", 2, 2.0)
    assert terminal("log", "tail", "meter_readings", "--json").rows == []


def test_what_is_open_is_refused_with_the_option_that_answers_it(
    terminal: Terminal, year: Path
) -> None:
    no_device = terminal("import", "readings", year)
    assert "no column names the device: --device NAME" in no_device.err
    no_zone = terminal("import", "readings", year, "--device", "h")
    assert no_zone.code == 3
    assert "its times do not say their zone: --zone Europe/Berlin" in no_zone.err
    taken = terminal("import", "readings", year, "--device", "h", "--zone", "Europe/Berlin")
    assert (taken.code, "2 readings of year.csv, 0 rows refused" in taken.out) == (0, True)


def test_the_zone_that_is_set_is_assumed_and_said(terminal: Terminal, year: Path) -> None:
    zone = ("--set", "serve.zone=Europe/Berlin")
    seen = terminal("import", "readings", year, "--device", "h", "--dry-run", *zone)
    assert "zone: Europe/Berlin (nothing says it: the zone that is set here)" in seen.err


def test_in_a_terminal_it_is_asked(
    terminal: Terminal, year: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["h", "Europe/Berlin"])
    asked: list[str] = []

    def prompt(question: str, **_more: object) -> str:
        asked.append(question)
        return next(answers)

    monkeypatch.setattr(imports, "may_ask", lambda _call: True)
    monkeypatch.setattr("typer.prompt", prompt)
    assert terminal("import", "readings", year).code == 0
    assert asked == [
        "year.csv: whose readings are they?",
        "its times do not say their zone? (Europe/Berlin, Europe/London, UTC)",
    ]


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        (("--map", "Zeit"), "COLUMN=ROLE"),
        (("--map", "Preis=ignore"), "no such column; there are: Zeit, Bezug [kWh]"),
        (("--as", "nem99"), "no such format; there are: table, nem12"),
        (("--zone", "Berlin"), "no time zone of this name"),
    ],
)
def test_options_that_mean_nothing(
    terminal: Terminal, year: Path, option: tuple[str, str], reason: str
) -> None:
    seen = terminal("import", "readings", year, "--device", "h", *option)
    assert seen.code != 0
    assert reason in " ".join(seen.err.replace("│", " ").split())


@pytest.mark.parametrize("parts", [0, 1])
def test_who_stops_it_is_told_what_is_there(
    terminal: Terminal, year: Path, monkeypatch: pytest.MonkeyPatch, parts: int
) -> None:
    send, left = FileImport._send, iter(range(parts))

    def stopped(self: FileImport, *given: Any) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        send(self, *given)

    words = ("import", "readings", year, "--device", "h", "--zone", "Europe/Berlin")
    monkeypatch.setattr("energyguard.service.intake.file_imports.ROWS", 1)
    with monkeypatch.context() as patch:
        patch.setattr(FileImport, "_send", stopped)
        seen = terminal(*words)
    assert (seen.code, "Traceback" in seen.err) == (130, False)
    if not parts:
        assert "year.csv: stopped; nothing was taken" in seen.err
        return
    assert "year.csv: stopped; 1 of 2 readings were taken: the same command" in seen.err
    import_id = seen.err.split("`energyguard import undo ")[1].split("`")[0]
    assert f"{import_id}: 2 readings of year.csv" in terminal(*words).out


def test_a_disk_that_cannot_be_written_is_a_sentence(
    terminal: Terminal, year: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*_given: Any) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), "/data/log.db-bell")

    monkeypatch.setattr(FileImport, "_send", read_only)
    seen = terminal("import", "readings", year, "--device", "h", "--zone", "Europe/Berlin")
    assert seen.err.endswith(
        "energyguard: /data/log.db-bell: Read-only file system: choose another data folder with "
        "--data-dir\n"
    )


def test_stdin_is_a_file_too(
    terminal: Terminal, year: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with year.open() as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        taken = terminal("import", "readings", "-", "--device", "h", "--zone", "UTC")
    assert "2 readings of stdin, 0 rows refused" in taken.out
