"""Simulated homes on stdout and in a file: the shapes that other people's scripts use."""

import json
import subprocess
import sys
from pathlib import Path

from energyguard.processes.registry import present
from tests.cli.conftest import Terminal

TWO_DAYS = ("--start", "2025-09-06T00:00:00Z", "--jitter-pct", "0")


def test_household_on_stdout_is_system_cs_profile(terminal: Terminal) -> None:
    said = terminal(
        *("simulate", "household", "--households", "1", *TWO_DAYS, "--ticks", "5760"),
        *("--output", "-"),
    )
    lines = said.out.splitlines()
    assert (said.code, said.err, len(lines)) == (0, "", 5760)
    assert lines[0] == "2025-09-06T00:00:00Z,H001,0.01500"
    assert lines[6 * 240] == "2025-09-06T06:00:00Z,H001,0.03000"
    assert lines[22 * 240 - 1] == "2025-09-06T21:59:45Z,H001,0.05000"


def test_the_same_seed_gives_the_same_file(terminal: Terminal, tmp_path: Path) -> None:
    words = ("simulate", "household", "--households", "3", "--start", "2025-09-06", "--ticks", "50")
    for name, seed in (("a.csv", 1), ("b.csv", 1), ("c.csv", 2)):
        assert terminal(*words, "--seed", seed, "-o", tmp_path / name).code == 0
    a, b, c = ((tmp_path / name).read_bytes() for name in ("a.csv", "b.csv", "c.csv"))
    assert a == b != c


def test_faults_have_their_truth(terminal: Terminal, tmp_path: Path) -> None:
    truth = tmp_path / "truth.jsonl"
    said = terminal(
        *("simulate", "household", "--households", "5", *TWO_DAYS, "--ticks", "200"),
        *("--faults", "duplicate=0.1,malformed=0.05", "--truth", truth, "--output", "-"),
    )
    labels = [json.loads(line)["fault"] for line in truth.read_text().splitlines()]
    assert {"duplicate", "malformed"} == set(labels)
    assert len(said.out.splitlines()) == 1000 + labels.count("duplicate")


def test_wrong_faults_are_all_named(terminal: Terminal) -> None:
    said = terminal("simulate", "household", "--faults", "rust=0.1,late=2", "-o", "-")
    assert said.code == 2
    assert said.err.count("\n") == 2


BUILDING = ("simulate", "building", "--start", "2025-09-06T00:00:00Z")


def test_building_on_stdout_is_system_as_record(terminal: Terminal) -> None:
    said = terminal(*BUILDING, "--shape", "plain", "--ticks", "100", "--output", "-")
    assert (said.code, said.err, len(said.rows)) == (0, "", 300)
    assert list(said.rows[0]) == [
        "piano",
        "sensore1_kwh",
        "sensore2_kw",
        "sensore3_corrente",
        "sensore3_tensione",
        "timestamp",
    ]
    assert [row["piano"] for row in said.rows[:4]] == [1, 2, 3, 1]
    assert said.rows[-1]["timestamp"] == "2025-09-06T00:49:30+00:00"
    assert 1004 < said.rows[-3]["sensore1_kwh"] < 1006
    other = terminal(*BUILDING, "--ticks", "100", "--seed", "2", "--output", "-")
    assert other.rows[0]["sensore2_kw"] != said.rows[0]["sensore2_kw"]


def test_building_into_the_log_goes_on_where_it_stood(terminal: Terminal) -> None:
    done = [
        terminal(*BUILDING, "--speedup", "inf", "--ticks", ticks, "--json").json
        for ticks in (10, 10, 25)
    ]
    assert [one["ticks"] for one in done] == [10, 10, 25]
    assert done[0]["counters_kwh"] == done[1]["counters_kwh"]
    again = terminal(*BUILDING, "--speedup", "inf", "--ticks", "25")
    assert again.out.endswith("kWh, and have before: nothing was sent\n")
    rows = terminal(*BUILDING, "--ticks", "25", "--output", "-").rows
    assert [row["sensore1_kwh"] for row in rows[-3:]] == done[2]["counters_kwh"]
    said = terminal("log", "tail", "energyguard.readings", "-n", "1000", "--json").rows
    assert len(said) == 75
    assert {row["key"] for row in said} == {"p1", "p2", "p3"}


def test_two_buildings_do_not_share_their_counters(terminal: Terminal, data_dir: Path) -> None:
    with present(data_dir, "simulate-building", max_processes=1):
        said = terminal(*BUILDING, "--speedup", "inf", "--ticks", "1")
    assert said.code == 6
    assert "already running" in said.err


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = "simulate household --households 100 --ticks 100000 -o -"
    with subprocess.Popen(
        [sys.executable, "-m", "energyguard", *command.split()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0
