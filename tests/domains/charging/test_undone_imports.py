"""Imports of sessions are undone as a whole: what only they brought goes, and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from energyguard.audit import AuditTrail
from energyguard.clock import SYSTEM
from energyguard.domains.charging.exports.counting import settle
from energyguard.domains.charging.exports.importer import Importer, read_exports
from energyguard.domains.charging.exports.known import Known
from energyguard.domains.charging.records.stations import Imported
from energyguard.domains.charging.topics import IMPORTED
from energyguard.errors import BehindRetention, Conflict
from energyguard.files.found import FileAnswers
from energyguard.history.chdb import ChdbHistory
from energyguard.history.people import People
from energyguard.log import LATEST, Log, Records
from energyguard.service.intake.file_imports import FileImport, ImportState
from energyguard.service.intake.file_previews import preview
from energyguard.service.intake.table_files import NO_IMPORT, TableImport
from energyguard.service.service import EnergyService
from energyguard.settings.tree import Settings
from energyguard.sinks.archive import Archive
from energyguard.testing import MemoryLog
from tests.history.charging import EUR
from tests.waiting import until

HEAD = "transaction id,charger id,connector id,start,end,kwh,cost,location"
ROWS = [f"{n},CP{n},1,2024-05-0{n} 10:00,2024-05-0{n} 11:00,{n},{n}.00,Lot{n}" for n in (1, 2, 3)]
BETTER = ROWS[1].replace(",2,2.00", ",5,5.00")
MOVED = ROWS[1].replace(" 10:00", " 10:20").replace(",2,2.00", ",1.5,1.50")
UTC_TIMES = FileAnswers(zone="UTC")
MAY: dict[str, Any] = {"start_ms": 1_714_521_600_000, "end_ms": 1_717_200_000_000}
A, B = TableImport("a", "a.csv", "mara", 1), TableImport("b", "b.csv", "joe", 2)


def file(folder: Path, name: str, *rows: str) -> Path:
    path = folder / name
    path.write_text("\n".join([HEAD, *rows]) + "\n")
    return path


def put(log: Log, folder: Path, of: TableImport, *rows: str) -> tuple[int, int]:
    export = read_exports([file(folder, "some.csv", *rows)], UTC_TIMES)
    Importer(log, of=of).put(export)
    return len(export.sessions), len(export.repeated)


def kwh(log: Log) -> list[float]:
    """The energy of each session that counts, as the log tells it."""
    now = [known.now for known in Known(log)._sessions.values()]
    return sorted(one.energy / 1e9 for one in now if not one.withdrawn)


def records(log: Log) -> int:
    return sum(log.positions(IMPORTED.name, LATEST).values())


def test_what_only_an_undone_import_brought_is_withdrawn_and_comes_back(tmp_path: Path) -> None:
    log = MemoryLog()
    assert put(log, tmp_path, A, *ROWS[:2]) == (2, 0)
    assert put(log, tmp_path, B, *ROWS[1:]) == (1, 1)
    settle(log, "a", {"a"})
    assert kwh(log) == [2, 3]
    many = records(log)
    settle(log, "a", {"a"})
    assert records(log) == many
    settle(log, "b", {"a", "b"})
    assert kwh(log) == []
    settle(log, "a", {"b"})
    assert kwh(log) == [1, 2]
    assert put(log, tmp_path, B, *ROWS[1:]) == (1, 1)
    assert kwh(log) == [1, 2, 3]
    assert max(known.now.revision for known in Known(log)._sessions.values()) == 2
    assert put(log, tmp_path, B, *ROWS[1:]) == (0, 2)


@pytest.mark.parametrize(("first", "second"), [(ROWS[1], BETTER), (BETTER, ROWS[1])])
def test_a_session_is_as_the_imports_that_count_tell_it(
    tmp_path: Path, first: str, second: str
) -> None:
    log = MemoryLog()
    put(log, tmp_path, A, first)
    put(log, tmp_path, B, second)
    energy = {ROWS[1]: 2, BETTER: 5}
    assert kwh(log) == [energy[second]]  # of two that are as good the later
    settle(log, "b", {"b"})
    assert kwh(log) == [energy[first]]
    settle(log, "b", ())
    assert kwh(log) == [energy[second]]


def test_a_worse_telling_is_kept_for_when_the_better_one_is_undone(tmp_path: Path) -> None:
    log, poor = MemoryLog(), ROWS[1].replace(",2,2.00", ",2,")
    put(log, tmp_path, A, BETTER)
    assert put(log, tmp_path, B, poor) == (0, 1)
    assert kwh(log) == [5]
    settle(log, "a", {"a"})
    assert kwh(log) == [2]


def test_a_corrected_start_goes_and_comes_with_its_import(tmp_path: Path) -> None:
    log = MemoryLog()
    put(log, tmp_path, A, ROWS[1])
    assert put(log, tmp_path, B, MOVED) == (1, 0)
    assert put(log, tmp_path, B, MOVED) == (0, 1)
    assert kwh(log) == [1.5]
    settle(log, "b", {"b"})
    assert kwh(log) == [2]
    settle(log, "b", ())
    assert kwh(log) == [1.5]
    settle(log, "a", {"a"})
    assert kwh(log) == [1.5]
    settle(log, "b", {"a", "b"})
    assert kwh(log) == []
    assert put(log, tmp_path, A, MOVED.replace(",1.5,1.50", ",1.5,")) == (1, 0)
    assert kwh(log) == [1.5]


def test_what_an_import_without_an_id_brought_stays(tmp_path: Path) -> None:
    log = MemoryLog()
    put(log, tmp_path, NO_IMPORT, ROWS[0])
    put(log, tmp_path, A, *ROWS[:2])
    settle(log, "a", {"a"})
    assert kwh(log) == [1]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[tuple[EnergyService, Archive, Log]]:
    """A service over a history in which a session of an older version stands."""
    log, history, people = MemoryLog(), ChdbHistory(tmp_path / "history"), People(tmp_path)
    archive = Archive(history, log, 0.0, people)
    put(log, tmp_path, NO_IMPORT, ROWS[2])
    known = next(iter(Known(log)._sessions.values())).now
    log.append(IMPORTED.name, Records([b"CP3/1"], [_of_before(known)]))
    with EnergyService(log, history, Settings(data_dir=tmp_path), SYSTEM) as service:
        settled(archive)
        yield service, archive, log
    archive.close()
    people.close()
    history.close()


def _of_before(session: Imported) -> bytes:
    """A record as it was written before revisions: none of the new fields is in it."""
    from energyguard.domains.charging.records.stations import IMPORTED_SESSION

    data = IMPORTED_SESSION.encode(session)
    assert b"revision" not in data and b"import_" not in data
    return data


def settled(archive: Archive) -> None:
    for _ in range(4):
        archive.step(0.0)
    archive.settle()


def taken(service: EnergyService, archive: Archive, path: Path) -> FileImport:
    job = FileImport(path.name, "mara", 3, 0)
    job.run(service, path, UTC_TIMES, preview(path, service, UTC_TIMES))
    assert job.state is ImportState.DONE, job.fault
    settled(archive)
    return job


def seen(service: EnergyService) -> tuple[int, int, float, int]:
    """Stays, charges, their money by the list, and seconds in which a car stood; of May."""
    ask = service.query
    every = ask("station_charge_list", station="", limit=10, **EUR, **MAY).to_pylist()
    of = [ask(name, station="", **MAY).to_pylist() for name in ("station_stays", "station_charges")]
    [span] = ask("station_span").to_pylist()
    assert f"{span['first']:%d}" == ("01" if len(every) == 3 else "03")
    stood = ask("station_occupancy", station="", **MAY).to_pylist()
    return (
        sum(row["sessions"] for row in of[0]),
        sum(row["charges"] for row in of[1]),
        sum(row["eur"] for row in every),
        sum(row["occupied_s"] for row in stood),
    )


def test_the_history_leaves_out_what_is_undone_until_it_comes_again(
    kept: tuple[EnergyService, Archive, Log], tmp_path: Path
) -> None:
    service, archive, log = kept
    assert seen(service) == (1, 1, 3.0, 3_600)
    path = file(tmp_path, "may.csv", *ROWS)
    job = taken(service, archive, path)
    assert (job.done, seen(service)) == (2, (3, 3, 6.0, 10_800))
    [view] = service.corrections.imports()
    assert view[:3] == (job.id, "may.csv", "mara")
    assert (view.readings, view.is_table, view.undone_by) == (3, True, "")
    undone = service.corrections.undo_import(job.id, "ole", "of another lot")
    settled(archive)
    assert seen(service) == (1, 1, 3.0, 3_600)
    assert service.corrections.imports()[0].undone_by == undone.id
    assert (AuditTrail(log, SYSTEM).newest(1)[0].act) == "undo of an import"
    with pytest.raises(Conflict):
        service.corrections.undo_import(job.id, "ole")
    assert taken(service, archive, path).done == 2
    assert seen(service) == (3, 3, 6.0, 10_800)
    until(lambda: not service.corrections.import_undone_by(job.id))
    assert service.corrections.imports()[0].readings == 3
    undone = service.corrections.undo_import(job.id, "ole")
    settled(archive)
    assert seen(service) == (1, 1, 3.0, 3_600)
    service.corrections.undo(undone.id, "mara")
    settled(archive)
    assert seen(service) == (3, 3, 6.0, 10_800)


def test_a_session_with_a_corrected_start_is_one_in_the_history(
    kept: tuple[EnergyService, Archive, Log], tmp_path: Path
) -> None:
    service, archive, _log = kept
    taken(service, archive, file(tmp_path, "may.csv", *ROWS))
    worse = MOVED.replace(",1.5,1.50", ",1.5,")
    assert taken(service, archive, file(tmp_path, "worse.csv", worse)).done == 0
    assert seen(service) == (3, 3, 6.0, 10_800)
    job = taken(service, archive, file(tmp_path, "corrected.csv", MOVED))
    assert seen(service) == (3, 3, 5.5, 9_600)
    service.corrections.undo_import(job.id, "ole")
    settled(archive)
    assert seen(service) == (3, 3, 6.0, 10_800)


def test_an_import_that_the_log_has_lost_is_not_undone(
    kept: tuple[EnergyService, Archive, Log], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, archive, log = kept
    job = taken(service, archive, file(tmp_path, "may.csv", *ROWS))
    ends, before = log.positions(IMPORTED.name, LATEST), seen(service)
    monkeypatch.setattr(log, "positions", lambda _topic, _at: ends)
    with pytest.raises(BehindRetention, match=r"energyguard\.sessions"):
        service.corrections.undo_import(job.id, "ole")
    assert not service.corrections.import_undone_by(job.id)
    settled(archive)
    assert seen(service) == before
