"""A snapshot that does not hold is thrown away, and its partition is made anew from the log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from energyguard.durable.connections import connect
from energyguard.log import Log, open_log
from energyguard.log.sqlite.segments import first_id, last_id
from energyguard.model.topics import STATE
from energyguard.stream.runtime import stage as stream_task
from energyguard.stream.windows.stage import window_worker
from tests.stream.test_worker import SETTINGS, TOPICS, book, fill, read_all, undisturbed, work

ALERTS = "energy_alerts"


def worked(log: Log, ticks: int, start: int = 0) -> Any:
    fill(log, ticks, start)
    worker = window_worker(log, book(), SETTINGS, TOPICS)
    work(worker)
    worker.drain()
    return worker


def flip_state(path: Path, which: int) -> None:
    """Flip a byte in the body of an append of ``energyguard.state``."""
    file = connect(path)
    (number,) = file.execute("SELECT id FROM topic WHERE name = ?", (STATE.name,)).fetchone()
    ids = "SELECT id, body FROM segment WHERE id BETWEEN ? AND ? ORDER BY id"
    row, body = file.execute(ids, (first_id(number), last_id(number))).fetchall()[which]
    damaged = body[:200] + bytes([body[200] ^ 1]) + body[201:]
    file.execute("UPDATE segment SET body = ? WHERE id = ?", (damaged, row))
    file.close()


@pytest.mark.parametrize("which", [0, -1])
def test_a_damaged_append_of_the_state_changes_no_output(tmp_path: Path, which: int) -> None:
    path = tmp_path / "log.db"
    log = open_log(f"sqlite:///{path}")
    worked(log, 40)
    worked(log, 60, 40)
    log.close()
    flip_state(path, which)
    log = open_log(f"sqlite:///{path}")
    worked(log, 100, 60)
    found = read_all(log, ALERTS)
    log.close()
    assert found == undisturbed(tmp_path / "undisturbed.db", 100)
    assert sum(map(len, found.values())) > 100


def test_state_that_no_operator_understands_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = open_log(f"sqlite:///{tmp_path / 'log.db'}")
    worked(log, 60)
    whole = stream_task.Task.restore

    def broken(self: Any, log: Log, saved: Any, committed: int, decisions: Any) -> None:
        if saved is not None:
            saved = (saved[0], {**saved[1], "clock": b"\0" * 20})
        whole(self, log, saved, committed, decisions)

    monkeypatch.setattr(stream_task.Task, "restore", broken)
    worked(log, 100, 60)
    found = read_all(log, ALERTS)
    log.close()
    assert found == undisturbed(tmp_path / "undisturbed.db", 100)
