"""Simulated homes on stdout and in a file: the shapes that other people's scripts use."""

import json
import subprocess
import sys
from pathlib import Path

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
