"""Corrections as people make them: checked, audited, undone; denied to who may not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from energyguard.clock import SYSTEM
from energyguard.errors import (
    Conflict,
    EnergyGuardError,
    Forbidden,
    Malformed,
    NotFound,
    OutOfRange,
)
from energyguard.history.chdb import ChdbHistory
from energyguard.history.people import People
from energyguard.model.access import AccessRole, Caller
from energyguard.service.corrections.contract import WantedCorrection
from energyguard.service.intake.file_imports import FileImport, ImportState
from energyguard.service.limited.service import LimitedService
from energyguard.service.service import EnergyService
from energyguard.settings.tree import Settings
from energyguard.sinks.archive import Archive
from energyguard.testing import MemoryLog
from tests.history.made import DAY, T0
from tests.waiting import until

MINUTE = 60_000
CSV = b"timestamp,household_id,energy_kwh\n" + b"".join(
    b"2025-09-06T00:%02d:00Z,H1,0.05\n" % minute for minute in range(10)
)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EnergyService, Archive]]:
    """A service over a history with ten readings of H1 that an import brought."""
    folder: Path = tmp_path_factory.mktemp("corrections")
    log, history, people = MemoryLog(), ChdbHistory(folder / "history"), People(folder)
    archive = Archive(history, log, 0.0, people)
    with EnergyService(log, history, Settings(data_dir=folder), SYSTEM) as service:
        (folder / "h1.csv").write_bytes(CSV)
        job = FileImport("h1.csv", "mara", 10, 0)
        job.run(service, folder / "h1.csv")
        assert (job.state, job.done) == (ImportState.DONE, 10), job.fault
        settle(archive)
        yield service, archive
    archive.close()
    people.close()
    history.close()


def settle(archive: Archive) -> None:
    for _ in range(4):
        archive.step(0.0)
    archive.settle()


def day_kwh(service: EnergyService) -> float:
    [row] = service.query("totals", **DAY).to_pylist()
    return float(row["kwh"] or 0.0)


def test_a_correction_is_previewed_made_audited_and_undone(
    kept: tuple[EnergyService, Archive],
) -> None:
    service, archive = kept
    wanted = WantedCorrection("H1", T0 + 3 * MINUTE, value="0.25")
    seen = service.corrections.preview(wanted)
    assert (seen.channel, seen.readings, seen.value) == ("energy_kwh", 1, 0.05)
    assert [seen.kwh, seen.would_kwh] == pytest.approx([0.5, 0.7])
    until(lambda: service.live.past_changes)  # of the import: pages ask again
    changes = service.live.past_changes
    view = service.corrections.put(wanted, "mara", "read from the display")
    until(lambda: service.live.past_changes > changes)
    settle(archive)
    assert day_kwh(service) == pytest.approx(0.7)
    assert service.audit.newest(1)[0].act == "correct"
    assert service.corrections.all("H1") == [view]
    entries = service.query("entries", device="H1", **DAY).to_pylist()
    [entry] = [row for row in entries if row["kind"] == "correction"]
    assert entry["why"] == "set from 0.05 to 0.25 by mara: read from the display"
    wrong = service.corrections.put(
        WantedCorrection("H1", T0 + 5 * MINUTE, T0 + 7 * MINUTE), "ole", "meter was open"
    )
    settle(archive)
    entries = service.query("entries", device="H1", **DAY).to_pylist()
    whys = {row["why"]: row["inside"] for row in entries if row["kind"] == "correction"}
    assert whys["wrong: 0.05 counts as never sent by ole: meter was open"] == 0.0
    assert sum(row["inside"] for row in entries) == pytest.approx(0.6)
    assert day_kwh(service) == pytest.approx(0.6)
    seen = service.corrections.preview(WantedCorrection("H1", T0 + 5 * MINUTE, value="0.15"))
    assert (seen.readings, seen.value) == (1, None)  # it counts as none now
    assert [seen.kwh, seen.would_kwh] == pytest.approx([0.6, 0.75])
    service.corrections.undo(wrong.id, "ole")
    back = service.corrections.undo(view.id, "ole")
    settle(archive)
    assert day_kwh(service) == pytest.approx(0.5)
    assert (back.device, back.undoes) == ("H1", view.id)
    assert service.corrections.get(view.id).undone_by == back.id
    with pytest.raises(Conflict, match="taken back already"):
        service.corrections.undo(view.id, "ole")


@pytest.mark.parametrize(
    ("wanted", "kind", "words"),
    [
        (WantedCorrection("", T0), Malformed, "whose"),
        (WantedCorrection("H1", T0, T0), Malformed, "after the start"),
        (WantedCorrection("H1", T0, T0 + MINUTE, "1"), Malformed, "one reading"),
        (WantedCorrection("H1", T0, value="1", channel="volts"), Malformed, "there is none"),
        (WantedCorrection("H1", T0, value="much"), Malformed, "value"),
        (WantedCorrection("H1", T0, value="1001"), OutOfRange, "between -1,000 and 1,000"),
        (WantedCorrection("H1", T0 + 1), NotFound, "no reading of 'H1' at 2025-09-06"),
        (WantedCorrection("H1", T0, sequence=3, channel="energy_kwh"), NotFound, "no energy_kwh"),
        (WantedCorrection("H1", 4_000_000_000_000), OutOfRange, "still to come"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(
    kept: tuple[EnergyService, Archive],
    wanted: WantedCorrection,
    kind: type[EnergyGuardError],
    words: str,
) -> None:
    service, _ = kept
    before = service.corrections.all()
    with pytest.raises(kind, match=words):
        service.corrections.put(wanted, "mara")
    assert service.corrections.all() == before


def test_who_may_not_operate_or_sees_other_sites_corrects_nothing(
    kept: tuple[EnergyService, Archive],
) -> None:
    service, _ = kept
    wanted = WantedCorrection("H1", T0, value="0.1")
    reader = LimitedService(service, Caller("rea", AccessRole.READ))
    elsewhere = LimitedService(service, Caller("eli", AccessRole.OPERATE, ("lindenhof",)))
    for limited in (reader, elsewhere):
        with pytest.raises(Forbidden):
            limited.corrections.put(wanted, "x")
        with pytest.raises(Forbidden):
            limited.corrections.undo_import("abc", "x")
    assert not elsewhere.corrections.all()
    assert not elsewhere.corrections.imports()
    with pytest.raises(Forbidden):
        reader.corrections.undo("abc", "x")


def test_an_import_is_undone_and_brought_back(
    kept: tuple[EnergyService, Archive], tmp_path: Path
) -> None:
    service, archive = kept
    [view] = service.corrections.imports()
    assert (view.file, view.by, view.readings, view.undone_by) == ("h1.csv", "mara", 10, "")
    undone = service.corrections.undo_import(view.id, "ole", "of another house")
    settle(archive)
    assert day_kwh(service) == 0.0
    assert service.corrections.imports()[0].undone_by == undone.id
    with pytest.raises(Conflict):
        service.corrections.undo_import(view.id, "ole")
    (tmp_path / "h1.csv").write_bytes(CSV)
    again = FileImport("h1.csv", "mara", 10, 0)
    again.run(service, tmp_path / "h1.csv")
    assert again.state is ImportState.FAILED and undone.id in again.fault
    service.corrections.undo(undone.id, "mara")
    settle(archive)
    assert day_kwh(service) == pytest.approx(0.5)
    with pytest.raises(NotFound):
        service.corrections.undo_import("nothing", "ole")
