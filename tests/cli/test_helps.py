"""What the command line does for whoever types: help, times, near names, one reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer

import energyguard
from energyguard.cli.terminal.times import parse_range, parse_time
from energyguard.clock import ManualClock
from energyguard.codecs.formats import decode
from energyguard.history import History
from energyguard.history.chdb import ChdbHistory
from energyguard.history.rollups import RollUps
from energyguard.intake.gateway import Gateway
from energyguard.log import Records
from energyguard.log.sqlite.log import SqliteLog
from tests.cli.conftest import Terminal
from tests.contract.test_history import late_rows
from tests.history.made import readings
from tests.service.made import alert_event

HOUR = 3_600_000
NOON = 1_764_417_600_000  # 2025-11-29T12:00:00Z


def test_alone_it_shows_its_help_under_headings(terminal: Terminal) -> None:
    said = terminal()
    assert said.code == 0
    assert "Run:\n  up " in said.out
    assert "Others:" not in said.out  # every command has its heading


def test_version_as_an_option(terminal: Terminal) -> None:
    assert terminal("--version").out == f"energyguard {energyguard.__version__}\n"


def test_completion_for_the_shell(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "--install-completion" in terminal("--help").out


@pytest.mark.parametrize(
    ("text", "zone", "ms"),
    [
        ("2h", "UTC", NOON - 2 * HOUR),
        ("today", "UTC", NOON - 12 * HOUR),
        ("yesterday", "UTC", NOON - 36 * HOUR),
        ("Yesterday", "Europe/Berlin", NOON - 37 * HOUR),
        ("2025-11-29", "Europe/Berlin", NOON - 13 * HOUR),
        ("2025-11-29T12:00", "Europe/Berlin", NOON - HOUR),
        ("2025-11-29 12:00:00", "UTC", NOON),
        ("2025-11-29T12:00:00Z", "Europe/Berlin", NOON),
        ("2025-11-29T12:00:00.001+01:00", "UTC", NOON - HOUR + 1),
    ],
)
def test_times_as_people_give_them(text: str, zone: str, ms: int) -> None:
    assert parse_time(text, NOON, zone, ManualClock(NOON)) == ms


def test_a_range_that_ends_before_it_begins() -> None:
    with pytest.raises(typer.BadParameter, match="is before"):
        parse_range("2025-11-29", "2025-11-28", NOON, "UTC")


@pytest.mark.parametrize("verb", ["ack", "answer", "silence"])
def test_an_alert_is_taken_and_shown(terminal: Terminal, data_dir: Path, verb: str) -> None:
    event = alert_event()
    with closing(SqliteLog(data_dir / "log.db")) as log:
        log.append("energyguard.alerts", Records([b"H1"], [msgspec.json.encode(event)]))
    said = terminal("alerts", verb, event.id)
    assert (said.code, said.err) == (0, "")
    assert event.id in said.out
    assert terminal("alerts", verb, event.id, "--json").json["id"] == event.id


@pytest.mark.parametrize("verb", ["evaluate", "replay"])
def test_a_file_of_which_nothing_can_be_taken(
    terminal: Terminal, tmp_path: Path, verb: str
) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("a,b\n" * 50_000)
    said = terminal(verb, wrong)
    assert said.code == 3
    assert said.err.count("\n") <= 2
    assert said.err.count("wrong.csv") == 1
    if verb == "replay":
        assert len(terminal("dlq", "list", "--json").rows) == 1


def test_signals_of_which_nothing_can_be_taken(terminal: Terminal, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text("{}\n")
    assert terminal("evaluate", "--rule", "charging", wrong).code == 3


@pytest.fixture
def past(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A history with a floor of two channels."""
    history = ChdbHistory(tmp_path / "history")
    for channel in ("power_kw", "voltage_v"):
        table = readings([("p1", i * HOUR, 10**9) for i in range(3)], channel)
        history.insert("readings", table)
        rollups = RollUps(history)
        rollups.mark("readings", table)
        rollups.settle()
    history.insert("late", late_rows(("p1", 60_000, "duplicate")))

    @contextmanager
    def opened(settings: Any) -> Iterator[History]:
        yield history

    monkeypatch.setattr("energyguard.node.open_history", opened)
    yield
    history.close()


def test_a_device_is_found_with_what_it_measures(terminal: Terminal, past: None) -> None:
    rows = terminal("readings", "p1", "--since", "1d", "--json").rows
    assert {row["channel"] for row in rows} == {"power_kw", "voltage_v"}
    said = terminal("readings", "p1", "--channel", "energy_kwh")
    assert said.code == 4
    assert "p1 has no energy_kwh; it has: power_kw, voltage_v" in said.err


def test_late_readings_can_be_asked_for(terminal: Terminal, past: None) -> None:
    (row,) = terminal("late", "--json").rows
    assert (row["device"], row["verdict"], row["value"]) == ("p1", "duplicate", 0.5)
    assert terminal("late", "--verdict", "ahead").err == "all readings of this time were counted\n"


@pytest.mark.parametrize(
    "words", [["readings"], ["windows"], ["trend"], ["export", "readings", "--device"]]
)
def test_a_device_that_is_not_known(
    terminal: Terminal, data_dir: Path, past: None, words: list[str]
) -> None:
    said = terminal(*words, "p11")
    assert said.code == 4
    assert "no device 'p11' in the history; near: p1" in said.err


def test_what_is_not_in_the_history_yet(terminal: Terminal, data_dir: Path, past: None) -> None:
    with closing(SqliteLog(data_dir / "log.db")) as log:
        membership = log.join("history", ("meter_readings",))
        membership.poll()
        shape, decoded = decode(b"2025-09-06T17:54:02Z,fresh,0.05\n", None)
        Gateway(log).take(decoded, topic="meter_readings", source="api", shape=shape)
    assert "1 records are not in the history yet" in terminal("readings", "fresh").err


def test_lag_shows_what_waits(terminal: Terminal, data_dir: Path) -> None:
    assert terminal("log", "lag").err == "nothing waits: every group has read what there is\n"
    terminal("simulate", "household", "--ticks", "2")
    rows = terminal("log", "lag", "--json").rows
    assert all(row["lag"] for row in rows)
    assert not any(row["topic"].startswith("charger") for row in rows if row["group"] == "worker")


def test_a_zone_that_is_none(terminal: Terminal) -> None:
    said = terminal("config", "show", "--set", "serve.zone=Europe/Berln")
    assert said.code == 2
    assert "did you mean Europe/Berlin?" in said.err


def test_up_says_at_once_what_would_stop_it(terminal: Terminal, data_dir: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = terminal("up", "--no-demo", "--port", port)
    assert said.code == 2
    assert "choose others: --port, --history-port" in said.err
