"""A domain that is a package of somebody else's: installed, it is there in every part."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar
from zipfile import ZipFile

import httpx
import pytest

from tests.golden.logfile import Watch

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
SOLAR = ROOT / "examples" / "solar"
NOON = "2026-06-21T11:50:00Z"
PATIENCE_S = 120.0
MAX_LINES = 150


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the package is installed: its wheel is built, and unpacked."""
    folder = tmp_path_factory.mktemp("solar")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=SOLAR, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def environment(site: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{site}:{ROOT}"}


def energyguard(site: Path, *words: object) -> str:
    """What a command answers where the package is installed."""
    ran = subprocess.run(
        [sys.executable, "-m", "energyguard", *map(str, words)],
        env=environment(site),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_it_is_small() -> None:
    files = [path for path in SOLAR.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert sum(len(path.read_text().splitlines()) for path in files) <= MAX_LINES


def test_without_it_nobody_knows_of_the_sun(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="No such command 'solar'"):
        energyguard(tmp_path, "simulate", "solar")


def test_simulator_dialect_and_rule(installed: Path, tmp_path: Path) -> None:
    lines = tmp_path / "noon.jsonl"
    energyguard(installed, "simulate", "solar", "--start", NOON, "--seconds", 900, "-o", lines)
    assert json.loads(lines.read_text().split("\n")[0]).keys() == {"time", "inverter", "ac_watts"}
    answer = energyguard(installed, "evaluate", "--json", "--rule", "solar-near-limit", lines)
    windows = [json.loads(line) for line in answer.splitlines()]
    assert {window["household_id"] for window in windows} == {"roof"}
    assert min(window["kwh"] for window in windows) > 0.075


@contextmanager
def role(site: Path, name: str, data_dir: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A role where the package is installed."""
    words = [word for at in ("serve", "history") for word in ("--set", f"{at}.port=0")]
    words += ["--set", "serve.auth=false", "--data-dir", str(data_dir)]
    process = subprocess.Popen(
        [sys.executable, "-m", "energyguard", "role", name, *words],
        env=environment(site),
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def until(answer: Callable[[], T], process: subprocess.Popen[bytes]) -> T:
    """Wait for something that must come while a role plays."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := answer()):
        assert process.poll() is None
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.2)
    return found


@pytest.fixture(scope="module")
def data(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder to which an inverter has sent for ten minutes."""
    folder = tmp_path_factory.mktemp("sent") / "data"
    words = ("--start", NOON, "--seconds", 600, "--speedup", "inf", "--data-dir", folder)
    energyguard(installed, "simulate", "solar", *words)
    return folder


def test_topic_and_view(installed: Path, data: Path) -> None:
    topics = energyguard(installed, "log", "topics", "--json", "--data-dir", data)
    sent = [json.loads(line) for line in topics.splitlines()]
    assert sum(row["records"] for row in sent if row["topic"] == "solar") == 600
    ready = data / "run" / "serve.json"
    with role(installed, "serve", data) as process:
        until(ready.exists, process)
        answer = httpx.get(f"{json.loads(ready.read_text())['url']}solar", timeout=PATIENCE_S)
    assert answer.status_code == 200
    assert "Solar power now" in answer.text
    assert "roof" in answer.text


def test_question(installed: Path, data: Path) -> None:
    span = ("--since", NOON, "--until", "2026-06-21T12:00:00Z", "--json", "--data-dir", data)
    with role(installed, "history", data) as process, closing(Watch(data / "log.db")) as log:
        sent = {place: end for place, end in log.ends().items() if place[0] == "solar" and end}
        assert sent
        until(lambda: sent.items() <= log.positions("history").items(), process)
        answer = energyguard(installed, "solar-yield", "roof", *span)
    (row,) = [json.loads(line) for line in answer.splitlines()]
    assert row == {"device": "roof", "kwh": pytest.approx(0.79, abs=0.01)}
