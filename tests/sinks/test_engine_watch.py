"""A question that never comes back: who asked is told, the process ends itself, nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import httpx

from energyguard.errors import Unavailable
from energyguard.history.client import CARD, HistoryClient
from energyguard.history.engine_watch import GRACE_S, EngineWatch, RunningStatements
from energyguard.log import open_log
from tests.history.made import T0
from tests.sinks.test_archive import append
from tests.waiting import until

ROLE = """
import pathlib, sys, threading
from energyguard.history import chdb, door, engine_watch
from energyguard.settings.tree import HistorySettings, Settings
from energyguard.sinks.history_role import run
chdb.QUESTION_S, door.ANSWER_S, engine_watch.GRACE_S = 1, 1.5, 1
run(Settings(data_dir=pathlib.Path(sys.argv[1]), history=HistorySettings(port=0, flush="50ms")),
    threading.Event())
"""
HANG = (
    "SELECT sum(editDistance(repeat('a', 20000), materialize(repeat('b', 20000)))) "
    "FROM numbers(10000)"
)
"""One block, in which the engine does not look at the time: hours."""


def start(folder: Path) -> subprocess.Popen[str]:
    here = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", ROLE, str(folder)],
        env=os.environ | {"PYTHONPATH": str(here)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def ask(folder: Path, sql: str) -> httpx.Response:
    card = json.loads((folder / CARD).read_bytes())
    url, auth = f"http://{card['host']}:{card['port']}/", (card["user"], card["password"])
    return httpx.post(url, content=sql, auth=auth, trust_env=False, timeout=20)


def readings(client: HistoryClient) -> int:
    try:
        rows = client.query("totals", start_ms=T0, end_ms=T0 + 600_000)
    except Unavailable:
        return 0
    return int(rows["readings"][0].as_py())


def test_a_question_that_never_comes_back_ends_the_process_and_nothing_is_lost(
    tmp_path: Path,
) -> None:
    log, client = open_log(f"sqlite:///{tmp_path / 'log.db'}"), HistoryClient(tmp_path)
    append(log, 0)
    role = start(tmp_path)
    try:
        assert until(lambda: readings(client) == 20, "the role", 60)
        answer = ask(tmp_path, HANG)
        assert answer.status_code == 504
        assert "takes longer than 60 s: ask for a shorter range" in answer.text
        append(log, 1)
        logged, _ = role.communicate(timeout=20)
        assert role.returncode == 1
        assert "the engine does not come back" in logged
        assert "editDistance" in logged
        role = start(tmp_path)
        assert until(lambda: readings(client) == 40, "all of it", 60)
    finally:
        role.kill()
        role.communicate()
        client.close()
        log.close()


def test_what_is_over_its_time_and_the_grace_is_seen_and_what_came_back_is_not() -> None:
    statements = RunningStatements()
    with statements.running("short", 2), statements.running("long", 100):
        with statements.running("came back", 0):
            assert statements.seen(3, 5) is None
        assert statements.seen(4, 5) is None
        late = statements.seen(1, 5)
        assert late is not None
        assert (late.sql, late.seen_s) == ("short", 8)
    assert statements.seen(1_000, 5) is None


def test_the_watch_ends_the_process_once_and_only_for_what_hangs() -> None:
    statements, ended, over = RunningStatements(), list[int](), threading.Event()

    def end(code: int) -> None:
        ended.append(code)
        over.set()

    watch = EngineWatch(statements, end, look_s=0.001)
    watch.start()
    with statements.running("SELECT 1", 60):
        assert not over.wait(0.05)
    with statements.running("SELECT 2", -GRACE_S):
        assert over.wait(60)
    watch.close()
    assert ended == [1]
