"""A file: what it would become, and that it is taken once, however often it is brought."""

from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from energyguard.codecs.records import read_records
from energyguard.errors import Malformed
from energyguard.files.found import FileAnswers
from energyguard.log import EARLIEST, Log
from energyguard.model.quantities import NANO
from energyguard.service.intake import file_imports
from energyguard.service.intake.file_imports import FileImport, ImportState
from energyguard.service.intake.file_previews import preview
from energyguard.service.service import EnergyService
from energyguard.service.views import Receipt
from energyguard.testing import MemoryLog

ROWS = "".join(f"2026-03-02T{h:02}:00:00Z,H001,0.25\n" for h in range(20))
GOOD = f"timestamp,household_id,energy_kwh\n{ROWS}"


def brought(folder: Path, text: str, name: str = "march.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def taken(log: Log) -> list[tuple[str, int]]:
    """Device and time of what is in the log; each record's headers say that it is of the past."""
    found: list[tuple[str, int]] = []
    for at in log.positions("meter_readings", EARLIEST):
        for fetched in log.read({at: 0}, 1_000, wait=0.0):
            assert all(("backfill", b"1") in headers for headers in fetched.headers)
            batch = read_records(fetched.values).readings
            found += zip(
                batch.column("device").to_pylist(), batch.column("value").to_pylist(), strict=True
            )
    return found


def run(service: EnergyService, path: Path, device: str = "") -> FileImport:
    job = FileImport(path.name, "mara", 0, 0)
    job.run(service, path, FileAnswers(device=device))
    return job


def test_an_import_is_in_the_audit(service: EnergyService, tmp_path: Path) -> None:
    run(service, brought(tmp_path, GOOD + "yesterday,H002,0.1\n"))
    run(service, brought(tmp_path, "nothing that is known\n", "odd.csv"))
    failed, done = service.audit.newest()
    assert (done.act, done.by, done.about) == ("import", "mara", "march.csv")
    assert done.note == "20 readings, 1 rows refused"
    assert failed.note.startswith(
        "0 readings, 0 rows refused; stopped: odd.csv: no line has a time"
    )


def test_a_file_is_looked_at_and_nothing_stored(
    service: EnergyService, log: MemoryLog, tmp_path: Path
) -> None:
    seen = preview(brought(tmp_path, GOOD + "yesterday,H002,0.1\n"), service)
    assert (seen.readings, seen.devices, seen.refused_rows) == (20, ("H001",), 1)
    assert seen.kwh == pytest.approx(5.0)
    assert (seen.last_ms or 0) - (seen.first_ms or 0) == 19 * 3_600_000
    assert seen.names_device
    assert (seen.refused[0].row, seen.refused[0].field) == (22, "timestamp")
    assert seen.head[0] == "timestamp,household_id,energy_kwh"
    assert taken(log) == []
    assert service.dead_letters() == []


def test_a_file_comes_in_once_and_says_what_was_refused(
    service: EnergyService, log: MemoryLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_imports, "ROWS", 6)
    path = brought(tmp_path, GOOD + "yesterday,H002,0.1\n")
    job = run(service, path)
    assert (job.state, job.done, job.refused, job.fault) == (ImportState.DONE, 20, 1, "")
    assert taken(log) == [("H001", NANO // 4)] * 20
    assert [letter.original for letter in service.dead_letters()] == ["yesterday,H002,0.1"]
    assert run(service, path).done == 20
    assert len(taken(log)) == 20  # the same bytes again: answered, not taken
    assert len(service.dead_letters()) == 1


def test_an_import_that_broke_off_goes_on_where_it_stopped(
    service: EnergyService, log: MemoryLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_imports, "ROWS", 6)
    path, real = brought(tmp_path, GOOD), service.take_readings
    parts: list[int] = []

    def breaks(*given: object, **more: object) -> Receipt:
        if len(parts) == 2:
            raise Malformed("the disk is gone", "body")
        parts.append(1)
        return real(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(service, "take_readings", breaks)
    job = run(service, path)
    assert (job.state, job.done) == (ImportState.FAILED, 12)
    assert "the disk is gone" in job.fault
    monkeypatch.setattr(service, "take_readings", real)
    assert run(service, path).state is ImportState.DONE
    assert len(taken(log)) == 20


def test_a_file_that_names_no_device_is_whose_one_says(
    service: EnergyService, log: MemoryLog, tmp_path: Path
) -> None:
    path = tmp_path / "garage.csv.gz"
    path.write_bytes(gzip.compress(b"timestamp,power_w\n2026-03-02T10:00:00Z,45\n"))
    plain = brought(tmp_path, "timestamp,power_w\n2026-03-02T10:00:00Z,45\n", "garage.csv")
    assert not preview(plain, service).names_device
    assert not preview(path, service).names_device
    run(service, plain, "house/garage")
    run(service, path)
    assert sorted(device for device, _ in taken(log)) == ["garage", "house/garage"]


def test_a_workbook_is_taken_with_the_zone_that_is_said(
    service: EnergyService, log: MemoryLog, tmp_path: Path
) -> None:
    book = Workbook()
    book.active.append(["Datum", "Verbrauch [kWh]"])
    book.active.append([datetime(2026, 3, 2, 1, 0), 0.5])
    path = tmp_path / "book.xlsx"
    book.save(path)
    answers = FileAnswers(device="house", zone="Europe/Berlin")
    seen = preview(path, service, answers)
    assert (seen.readings, seen.first_ms) == (1, 1_772_409_600_000)
    job = FileImport(path.name, "mara", 0, 0)
    job.run(service, path, answers)
    assert taken(log) == [("house", NANO // 2)]


def test_a_damaged_archive_is_refused_in_one_sentence(
    service: EnergyService, tmp_path: Path
) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(b"PK\x03\x04" + b"\0" * 50)
    with pytest.raises(Malformed, match=r"book\.xlsx: the archive cannot be read"):
        preview(path, service)


FOREIGN = "Zeit;Zähler;Verbrauch [kWh]\n" + "".join(
    f"02.03.2026 {h:02}:00;H001;0,25\n" for h in range(20)
)


def test_a_foreign_file_is_taken_once_under_any_name(
    service: EnergyService, log: MemoryLog, tmp_path: Path
) -> None:
    answers = FileAnswers(zone="Europe/Berlin")
    bad = "gestern;H001;0,1\n"
    for name in ("year.csv", "copy of year.csv"):
        job = FileImport(name, "mara", 0, 0)
        job.run(service, brought(tmp_path, FOREIGN + bad, name), answers)
        assert (job.state, job.done, job.refused) == (ImportState.DONE, 20, 1)
    assert taken(log) == [("H001", NANO // 4)] * 20
    (letter,) = service.dead_letters()
    assert (letter.original, letter.shape) == ("gestern;H001;0,1", "file")
    assert letter.reason == "Zeit is no time: 'gestern'"
    assert service.replay_dead_letters().left == 1


def test_a_file_with_a_doubt_is_not_taken(
    service: EnergyService, log: MemoryLog, tmp_path: Path
) -> None:
    job = FileImport("year.csv", "mara", 0, 0)
    job.run(service, brought(tmp_path, FOREIGN))
    assert job.fault == (
        "march.csv: its times do not say their zone: --zone Europe/Berlin (or Europe/London, UTC)"
    )
    assert taken(log) == []


def test_a_domains_table_is_taken_by_the_domain_and_once(
    service: EnergyService, tmp_path: Path
) -> None:
    text = "Charger,Start,End,kWh,Cost (EUR)\nCP1,2024-05-19 10:00,2024-05-19 12:00,7.5,2.25\n"
    path = brought(tmp_path, f"{text}CP1,2024-05-20 10:00,,,\n", "sessions.csv")
    answers = FileAnswers(zone="UTC")
    for taken in (1, 0):
        seen = preview(path, service, answers)
        assert (seen.readings, seen.refused_rows, seen.kwh) == (1, 1, 7.5)
        job = FileImport(path.name, "mara", 0, 0)
        job.run(service, path, answers, seen)
        assert (job.state, job.done, job.refused) == (ImportState.DONE, taken, 1)
    assert preview(path, service).doubts[0].option == "--zone"
