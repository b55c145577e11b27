"""Sessions that were imported under their files' names: once, after the upgrade."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from energyguard.domains.charging.exports import matched_imports
from energyguard.domains.charging.exports.matched_imports import match_old_imports
from energyguard.domains.charging.records.stations import Imported
from energyguard.domains.charging.topics import IMPORTED
from energyguard.errors import EnergyGuardError
from energyguard.history.chdb import ChdbHistory
from energyguard.history.people import People
from energyguard.log import Log, Records
from energyguard.sinks.archive import Archive
from tests.sinks.test_charging_archive import DAY, S

KWH = 10**9


def old(number: int, source: str) -> Imported:
    start = S + number * 3_600
    return Imported(
        id=f"{source}/{number}",
        source=source,
        charger="CP1/1",
        station="Lot",
        start_parking=start,
        end_parking=start + 1_800,
        start_recharging=start,
        end_recharging=start + 1_800,
        energy=5 * KWH,
        cents=150,
    )


def archived(history: ChdbHistory, log: Log, folder: Path, *sessions: Imported) -> None:
    values = [msgspec.json.encode(one) for one in sessions]
    log.append(IMPORTED.name, Records([b"CP1/1"] * len(values), values))
    people = People(folder)
    Archive(history, log, 0.1, people).close()
    people.close()


def count(history: ChdbHistory, table: str) -> int:
    return int(history.ask(f"SELECT count() FROM {table} FINAL", "TSV", {}))


@pytest.mark.parametrize("cut_off_at", ["", "charges", "stays"])
def test_old_imports_are_matched_once(
    history: ChdbHistory,
    log: Log,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cut_off_at: str,
) -> None:
    twice = [old(number, source) for source in ("council_2016", "copy") for number in (1, 2)]
    with monkeypatch.context() as before:  # as ids were made then
        before.setattr(Imported, "identity", property(lambda one: one.id))
        before.setattr(Imported, "whose", property(lambda one: one.source))
        archived(history, log, tmp_path, *twice)
    assert count(history, "stays") == count(history, "charges") == 4
    if cut_off_at:
        with monkeypatch.context() as crash, pytest.raises(EnergyGuardError):
            crash.setitem(matched_imports._ANEW, cut_off_at, "nothing")
            match_old_imports(history)
    for _ in range(2):
        match_old_imports(history)
    assert count(history, "stays") == count(history, "charges") == 2
    (day,) = history.query("station_charges", **DAY, station="").to_pylist()
    assert (day["charges"], day["mean_kwh"]) == (2, 5.0)
    archived(history, log, tmp_path, old(1, "council_2016"), old(2, "another"))  # still in the log
    assert count(history, "stays") == count(history, "charges") == 2
