"""Edges in a terminal: the list, and what ``doctor`` says of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from energyguard.clock import SYSTEM
from energyguard.edge.link.identity import joined
from energyguard.log import Log, open_log
from tests.cli.conftest import Terminal
from tests.edge.lines import entry, let_in, link, report
from tests.forking import run


@pytest.fixture
def log(data_dir: Path) -> Iterator[Log]:
    data_dir.mkdir()
    opened = open_log(f"sqlite:///{data_dir / 'log.db'}")
    yield opened
    opened.close()


def test_without_edges_it_says_how_to_let_one_in(terminal: Terminal) -> None:
    said = terminal("edges")
    assert (said.code, said.out) == (0, "")
    assert said.err == "no edge was let in yet: energyguard edge enroll NAME\n"


def test_edges_are_listed(terminal: Terminal, log: Log) -> None:
    now = SYSTEM.now_ms()
    let_in(log, "roof", entry(at_ms=now - 60_000))
    report(log, "roof", link(now - 1_000, at_ms=now, offset_ms=-7_000, queued=12))
    let_in(log, "barn", entry())
    (barn, roof) = terminal("edges", "--json").rows
    assert (barn["edge"], barn["state"], barn["heartbeat_ms"]) == ("barn", "never-heard", None)
    assert (roof["edge"], roof["state"], roof["queued"]) == ("roof", "connected", 12)
    assert (roof["heartbeat_ms"], roof["offset_ms"]) == (now - 1_000, -7_000)
    lines = terminal("edges").out.splitlines()
    assert "connected" in lines[2]
    assert " -7" in lines[2]


def finding(terminal: Terminal) -> tuple[bool, str, str]:
    """What ``doctor`` says of edges."""
    (row,) = [row for row in terminal("doctor", "--json").rows if row["check"] == "edges"]
    return row["ok"], row["found"], row["to_do"]


def test_doctor_knows_of_silent_edges(terminal: Terminal, log: Log) -> None:
    assert finding(terminal) == (True, "none yet", "")
    now = SYSTEM.now_ms()
    let_in(log, "roof", entry())
    report(log, "roof", link(now, at_ms=now))
    assert finding(terminal) == (True, "1 known", "")
    let_in(log, "barn", entry())
    report(log, "barn", link(now - 600_000, at_ms=now, offset_ms=90_000))
    assert finding(terminal) == (
        False,
        "silent: barn (power? network?); a clock that is off: barn (timedatectl set-ntp true, "
        "there)",
        "`energyguard edges` shows each; docs/edge.md says what to do",
    )


def test_a_bundle_goes_through_a_pipe(terminal: Terminal, data_dir: Path, tmp_path: Path) -> None:
    """As between two containers: the key lies in no file but those of the two ends."""
    data_dir.mkdir()
    made = terminal("edge", "enroll", "home-1", "--host", "cloud", "--out", "-")
    assert (made.code, made.err) == (0, "")
    settings = {**os.environ, "ENERGYGUARD_EDGE_DATA_DIR": str(tmp_path / "edge")}
    done = run("edge", "join", "-", given=made.out, env=settings)
    assert done.returncode == 0, done.stderr
    assert "tls+tcp://cloud:5556" in done.stdout
    assert joined(tmp_path / "edge").edge == "home-1"
    assert list(tmp_path.rglob("*.edge.json")) == []
    assert [row["edge"] for row in terminal("edges", "--json").rows] == ["home-1"]
