"""Nobody else on the machine reads what is kept."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from energyguard.durable.private import keep_private

READING = "timestamp,household_id,energy_kwh\n2025-09-06T17:54:02Z,M1,0.1\n"


@pytest.fixture(autouse=True)
def mask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def energyguard(*arguments: object) -> None:
    command = [sys.executable, "-m", "energyguard", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.parametrize(("group", "others"), [(False, 0o077), (True, 0o027)])
def test_a_command_makes_private_files(tmp_path: Path, group: bool, others: int) -> None:
    data, file = tmp_path / "data", tmp_path / "one.csv"
    file.write_text(READING)
    options = ("--data-dir", data, "--set", f"group_readable={group}")
    energyguard("replay", file, "--speedup", "inf", *options)
    energyguard("token", "create", "laptop", *options)
    made = [data, *data.rglob("*")]
    assert {"log.db", "log.db-bell", "access.json"} <= {path.name for path in made}
    assert [path for path in made if mode(path) & others] == []


def test_a_folder_of_before_is_tightened(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "history").mkdir(parents=True)
    for name in ("log.db", "log.db-wal", "people.db", "mine.txt"):
        (data / name).touch()
    keep_private(data)
    assert mode(data) == mode(data / "history") == 0o700
    assert mode(data / "log.db") == mode(data / "log.db-wal") == mode(data / "people.db") == 0o600
    assert mode(data / "mine.txt") == 0o644  # none of ours; nobody gets at it through the folder


def test_a_folder_that_is_not_ours_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "somebody's").touch()
    tmp_path.chmod(0o755)
    keep_private(tmp_path)
    assert mode(tmp_path) == 0o755
    (tmp_path / "log.db").touch()
    tmp_path.chmod(0o1777)
    keep_private(tmp_path)
    assert mode(tmp_path) == 0o1777
    assert mode(tmp_path / "log.db") == 0o600
