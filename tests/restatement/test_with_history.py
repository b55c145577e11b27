"""Restated alerts beside the history itself, on a log on disk: what is asked, waited for, kept."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from energyguard.clock import ManualClock
from energyguard.history.chdb import ChdbHistory
from energyguard.history.people import People
from energyguard.log import EARLIEST, Log, Records
from energyguard.model.alerts import State
from energyguard.model.readings import BACKFILL
from energyguard.model.topics import CORRECTIONS, LATE
from energyguard.records.alerts import ALERTS_TABLE
from energyguard.records.corrections import CORRECTION, Correction
from energyguard.restatement.restater import Restater
from energyguard.rules.windowed import RESTATED
from energyguard.service.alerts.past import folded_alerts
from energyguard.sinks.archive import Archive
from tests.restatement.made import (
    MINUTE,
    SETTINGS,
    START,
    Row,
    alert_lines,
    alerts_of,
    append,
    book,
    restate,
    work,
)


def catch_up(archive: Archive) -> None:
    """Let the history have all that the log has."""
    for _ in range(8):
        archive.step(0.0)
    archive.settle()


def test_what_late_readings_change_is_told_once_and_is_in_the_history(
    log: Log, history: ChdbHistory, people: People
) -> None:
    clock, archive = ManualClock(START), Archive(history, log, 0.0, people)
    made: list[Row] = [("H1", m, 0.1) for m in range(90) if m != 30]
    step = [("H2", m, 0.02 * m) for m in range(60)]
    step += [("H2", m, 4.4 + 0.02 * (m - 80)) for m in range(80, 140)]
    append(log, made)
    append(log, step, "energy_register_kwh")
    append(log, [("H1", 30, 1.0)])
    append(log, [("H2", 60, 2.68), ("H2", 79, 2.8)], "energy_register_kwh")
    work(log)
    one = Restater(log, history, SETTINGS, book(), clock)
    restate(one, clock)
    assert all(not event.restated for event in alert_lines(log))  # nothing was counted yet
    catch_up(archive)
    restate(one, clock)
    restated = [event for event in alert_lines(log) if event.restated]
    assert sorted((e.device, e.state, e.reason) for e in restated) == [
        ("H1", State.RESOLVED, ""), ("H2", State.RESOLVED, RESTATED),
    ]  # fmt: skip
    catch_up(archive)
    kept = folded_alerts(history.query, [event.id for event in restated])
    for alert in alerts_of(log):
        assert kept.get(alert.id) == alert
    one.consumer.rewind(log.positions(LATE.name, EARLIEST))
    restate(one, clock)
    assert sum(event.restated > 0 for event in alert_lines(log)) == 2


def test_a_correction_takes_an_alert_back_and_its_undo_brings_it_again(
    log: Log, history: ChdbHistory, people: People
) -> None:
    clock, archive = ManualClock(START), Archive(history, log, 0.0, people)
    rows: list[Row] = [("H1", m, 1.0 if m == 30 else 0.1) for m in range(90)]
    append(log, rows)
    work(log)
    (raised,) = alerts_of(log)
    one = Restater(log, history, SETTINGS, book(), clock)
    wrong = Correction(
        id="c1", at_ms=1, by="mara", device="H1", channel="energy_kwh",
        start_ms=START + 30 * MINUTE, end_ms=START + 31 * MINUTE,
    )  # fmt: skip
    undone = Correction(id="c2", at_ms=2, by="mara", undoes="c1")
    for correction, number, reason in ((wrong, 1, RESTATED), (undone, 2, "")):
        log.append(CORRECTIONS.name, Records([b"H1"], [CORRECTION.encode(correction)]))
        restate(one, clock)
        catch_up(archive)
        restate(one, clock)
        catch_up(archive)
        (alert,) = alerts_of(log)
        assert (alert.id, alert.restated, alert.reason) == (raised.id, number, reason)
    assert (alert.peak, alert.window_end_ms) == (raised.peak, raised.window_end_ms)
    assert one.waiting == 0


@pytest.mark.parametrize("others", [[], [("H1", m, 0.1) for m in range(30)]])
def test_an_import_that_is_undone_takes_its_alerts_with_it(
    log: Log, history: ChdbHistory, people: People, others: list[Row]
) -> None:
    """Whether its devices have other readings, or none at all."""
    clock, archive = ManualClock(START), Archive(history, log, 0.0, people)
    imported: list[Row] = [("H1", 30, 1.0), *(("H1", m, 0.1) for m in range(31, 150))]
    append(log, sorted([*others, *imported]), headers=[("import", b"i1")])
    work(log)
    (raised,) = alerts_of(log)
    one = Restater(log, history, SETTINGS, book(), clock)
    wrong = Correction(id="c1", at_ms=1, by="mara", import_id="i1")
    again = Correction(id="c2", at_ms=2, by="mara", undoes="c1")
    for correction, number, reason in ((wrong, 1, RESTATED), (again, 2, "")):
        log.append(CORRECTIONS.name, Records([b"i1"], [CORRECTION.encode(correction)]))
        restate(one, clock)
        catch_up(archive)
        restate(one, clock)
        catch_up(archive)
        (alert,) = alerts_of(log)
        assert (alert.id, alert.restated, alert.reason) == (raised.id, number, reason)
    assert one.waiting == 1  # some of its windows are open, and are looked at until they are closed
    append(log, [("H1", m, 0.1) for m in range(150, 175)])
    work(log)
    catch_up(archive)
    restate(one, clock)
    assert (one.waiting, alerts_of(log)) == (0, [alert])


def test_an_import_of_the_past_that_counts_again_raises_nothing(
    log: Log, history: ChdbHistory, people: People
) -> None:
    clock, archive = ManualClock(START), Archive(history, log, 0.0, people)
    append(log, [("H1", 30, 1.0)], headers=[("import", b"i1"), *BACKFILL])
    append(log, [("H1", m, 0.1) for m in range(90) if m != 30])
    work(log)
    one = Restater(log, history, SETTINGS, book(), clock)
    undone = Correction(id="c1", at_ms=1, by="mara", import_id="i1")
    again = Correction(id="c2", at_ms=2, by="mara", undoes="c1")
    for correction in (undone, again):
        log.append(CORRECTIONS.name, Records([b"i1"], [CORRECTION.encode(correction)]))
        catch_up(archive)
        restate(one, clock)
    assert alerts_of(log) == []
    assert one.waiting == 0


def test_a_history_of_an_older_version_gets_the_columns(tmp_path: Path) -> None:
    first = ChdbHistory(tmp_path / "history")
    for name in ("reason", "restated", "offset"):
        first.run(f"ALTER TABLE alerts DROP COLUMN {name}")
    first.close()
    again = ChdbHistory(tmp_path / "history")
    row = {c.name: 0 if c.kind == "Int64" else "x" for c in ALERTS_TABLE.columns}
    again.insert("alerts", pa.Table.from_pylist([row]).cast(ALERTS_TABLE.schema))
    assert again.query("alert_changes", ids="x")["reason"].to_pylist() == ["x"]
    again.close()
