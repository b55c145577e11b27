"""`client`: the measurement store's verbs in a terminal, against a door that listens."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from unittest.mock import Mock

import pytest

from energyguard.compat.measurements.alarms import AlertBody
from energyguard.compat.measurements.door import OPEN, build_measurements
from energyguard.compat.shapes import as_measurements
from energyguard.ports.server import serve
from tests.cli.conftest import Terminal
from tests.compat.doors import NODES, Nodes, Parts
from tests.network import SLOW_S, Fault, failing

SATURDAY = "2025-07-05T18:00:00"


@pytest.fixture
def cluster() -> Nodes:
    return Nodes(*NODES)


@pytest.fixture(autouse=True)
def served(tmp_path: Path, cluster: Nodes, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A door that listens; its address and a token are in the variables.

    It writes its log in a process of its own: here that would be among what the client says.
    """
    monkeypatch.setattr("energyguard.api.gate.attempts._log", Mock())
    folder = tmp_path / "served"
    folder.mkdir()
    parts = Parts(folder)

    async def heard(_: AlertBody) -> None:
        """Nobody else wants to know."""

    app = build_measurements(parts.store, cluster, parts.versions, heard, parts.clock)
    guarded = parts.guarded(app, as_measurements, OPEN)
    stop, ready = Event(), Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        role = Thread(target=lambda: asyncio.run(serve(guarded, listening, stop, ready.set)))
        role.start()
        assert ready.wait(20)
        monkeypatch.setenv("ENERGYGUARD_URL", url)
        monkeypatch.setenv("ENERGYGUARD_TOKEN", parts.token)
        yield url
        stop.set()
        role.join(20)
    assert not role.is_alive()


def test_a_measurement_comes_and_goes(terminal: Terminal) -> None:
    assert terminal("client", "ingest", "H/1ü?", SATURDAY, 5.5).out == (
        f"Measurement H/1ü?:{SATURDAY} stored successfully\n"
    )
    found = terminal("client", "get", f"H/1ü?:{SATURDAY}", "--json").json
    assert (found["value"], found["timestamp"]) == (5.5, SATURDAY)
    assert "5.5" in terminal("client", "get", f"H/1ü?:{SATURDAY}").out
    terminal("client", "ingest", "H/1ü?", SATURDAY, -6)
    (row,) = terminal("client", "measurements", "--json").rows
    assert row == {"key": f"H/1ü?:{SATURDAY}", "value": -6}
    rows = terminal("client", "history", "H/1ü?", "--json").rows
    assert [(one["value"], one["current"]) for one in rows] == [(5.5, False), (-6, True)]
    assert terminal("client", "statistics", "H/1ü?", "--json").json["mean"] == -6
    assert terminal("client", "delete", f"H/1ü?:{SATURDAY}").code == 0
    gone = terminal("client", "get", f"H/1ü?:{SATURDAY}")
    assert (gone.code, gone.out) == (4, "")
    assert gone.err == "energyguard: Measurement not found or all nodes are down\n"


def test_thresholds_and_alerts(terminal: Terminal) -> None:
    assert terminal("client", "alerts").err == "no alerts\n"
    assert terminal("client", "set-threshold", "H1", -5).code == 0
    words = ("client", "set-threshold", "H1", 50, "--weekday", "saturday", "--hour", 18)
    assert terminal(*words).out == (
        "Threshold for sensor H1 set to 50.0 on saturday from 18:00 to 19:00 UTC\n"
    )
    assert "ALERT" not in terminal("client", "ingest", "H1", SATURDAY, 6).out
    assert "ALERT" in terminal("client", "ingest", "H1", "2025-07-05T19:00:00", 6).out
    (alert,) = terminal("client", "alerts", "--json").rows
    assert (alert["sensor_id"], alert["value"], alert["threshold"]) == ("H1", 6, -5)
    assert terminal("client", "set-threshold", "H1", "none").code == 0
    assert "ALERT" not in terminal("client", "ingest", "H1", "2025-07-05T20:00:00", 6).out


def test_many_at_once_from_a_file_or_stdin(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        {"sensor_id": "H1", "timestamp": f"2025-07-05T{n // 60:02}:{n % 60:02}:00", "value": n}
        for n in range(1_200)
    ]
    lines = [json.dumps(row) for row in rows]
    lines[1_100] = '{"sensor_id": "H1"}'
    file = tmp_path / "many.jsonl"
    file.write_text("\n".join([lines[0], "", *lines[1:]]))
    said = terminal("client", "bulk", file, "--json")
    assert (said.code, said.json["stored"]) == (0, 1_199)
    assert [one["line"] for one in said.json["errors"]] == [1_102]
    assert terminal("client", "bulk", file).err.startswith("line 1102: timestamp: is missing")
    assert len(terminal("client", "measurements", "--limit", 5_000, "--json").rows) == 1_199
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"sensor_id": "H1"}\n'))
    nothing = terminal("client", "bulk", "-")
    assert (nothing.code, nothing.out) == (3, "")
    assert "line 1: nothing was taken" in nothing.err
    file.write_text("{")
    assert terminal("client", "bulk", file).code == 3
    assert terminal("client", "bulk", "nowhere.jsonl").code == 4


def test_lists_go_on_past_a_page(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    for minute in range(5):
        terminal("client", "ingest", "H1", f"2025-07-05T18:0{minute}:00", minute)
    monkeypatch.setattr("energyguard.cli.store.remote.PAGE", 2)
    for words in (("measurements",), ("history", "H1")):
        rows = terminal("client", *words, "--json").rows
        assert [one["value"] for one in rows] == [0, 1, 2, 3, 4]
        assert len(terminal("client", *words, "--json", "--limit", 3).rows) == 3


def test_nodes(terminal: Terminal, cluster: Nodes) -> None:
    rows = terminal("client", "nodes", "--json").json["nodes"]
    assert [one["status"] for one in rows] == ["alive"] * 3
    assert terminal("client", "fail-node", 1).code == 0
    assert terminal("client", "fail-node", NODES[2]).code == 0
    assert cluster.paused == {NODES[1], NODES[2]}
    assert terminal("client", "recover-node", 2).code == 0
    table = terminal("client", "nodes").out
    assert "8,101" not in table
    kept = terminal("client", "replica-nodes", f"H1:{SATURDAY}").out
    assert ("810" in kept, "8,10" in kept) == (True, False)
    assert ("dead" in table, "8101" in table) == (True, True)
    assert terminal("client", "fail-node", 9).code == 4
    assert terminal("client", "configure-replication", "full").code == 0
    assert terminal("client", "configure-replication", "consistent", 1, "--json").code == 0
    assert len(terminal("client", "replica-nodes", f"H1:{SATURDAY}", "--json").rows) == 1
    assert terminal("client", "configure-replication", "consistent", 4).code == 3
    assert terminal("client", "configure-replication", "sideways").code == 2


def test_errors_are_one_line_and_an_exit_code(terminal: Terminal, served: str) -> None:
    wrong = terminal("client", "nodes", "--token", "eg_wrong")
    assert (wrong.code, wrong.out) == (5, "")
    assert wrong.err == "energyguard: Invalid API token\n"
    assert terminal("client", "nodes", "--token", "ü").code == 2
    assert terminal("client", "ingest", "H1", "never", 5).code == 3
    assert terminal("client", "ingest", "H1", SATURDAY, "nan").code == 3
    assert terminal("client", "nodes", "--url", "127.0.0.1").code == 2
    assert terminal("client", "info", "--token", "eg_wrong").code == 0


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault.REFUSED, "is it running there?"),
        (Fault.RESET, "is it running there?"),
        (Fault.HALF, "is it running there?"),
        (Fault.SILENT, "no answer in 0.4 s"),
        (Fault.SLOW, "this is no measurement store"),
    ],
)
def test_a_network_that_fails_is_one_line_and_an_exit_code(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, fault: Fault, said: str
) -> None:
    monkeypatch.setattr("energyguard.cli.store.remote.TIMEOUT_S", 2 * SLOW_S)
    with failing(fault) as port:
        away = terminal("client", "info", "--url", f"http://127.0.0.1:{port}")
    assert (away.code, away.err.count("\n")) == (8, 1)
    assert said in away.err


class _Person(io.StringIO):
    """Somebody at a terminal, who types this."""

    def isatty(self) -> bool:
        return True


def test_bare_on_a_terminal_it_is_a_menu(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = ["1", "H1", SATURDAY, "7", "2", f"H1:{SATURDAY}", "get", "nobody", "1", "H1", "x"]
    typed += ["much", "99", "set-threshold", "H1", "5", "monday", "", "history", "", "6"]
    typed += ["7", "half", "", "8", f"H1:{SATURDAY}", "9", "1"]
    monkeypatch.setattr(sys, "stdin", _Person("\n".join(typed) + "\n"))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    said = terminal("client")
    assert said.code == 0, said.err
    assert f"Measurement H1:{SATURDAY} stored successfully" in said.out
    shown = [line.split()[:2] for line in said.out.splitlines() if line[:2].strip().isdigit()]
    assert [name for _, name in shown[:9]] == [
        "ingest", "get", "delete", "fail-node", "recover-node", "nodes", "configure-replication",
        "replica-nodes", "exit",
    ]  # fmt: skip
    assert [number for number, _ in shown[:9]] == list("123456789")
    assert "timestamp  2025-07-05T18:00:00" in said.out
    assert "Measurement not found" in said.out
    assert "could not convert string to float: 'much'" in said.out
    assert "there is no '99'" in said.out
    assert "Threshold for sensor H1 set to 5.0 on monday UTC" in said.out
    assert "sensor is needed" in said.out
    assert "'half' is none of: full, consistent" in said.out


def test_bare_without_a_terminal_it_is_the_help(terminal: Terminal) -> None:
    said = terminal("client")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("Usage: energyguard client")
