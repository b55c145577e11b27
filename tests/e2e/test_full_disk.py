"""A disk that is full under a running worker and API: said, nothing damaged, and on it goes."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from energyguard.durable.connections import connect
from energyguard.log import Log, open_log
from energyguard.model.topics import ENERGY_ALERTS, ENERGY_READINGS
from tests.e2e.meters import free_port
from tests.e2e.processes import HOMES, Load, Role, answers, roles, wait_for_worker
from tests.e2e.undisturbed import progress, rows, undisturbed
from tests.forking import run
from tests.waiting import until

SIZE = "24m"
ROW = "timestamp,household_id,energy_kwh\n2025-09-06T17:54:02Z,M1,0.1\n"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    folder = tmp_path / "data"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def log(disk: Path) -> Iterator[Log]:
    opened = open_log(f"sqlite:///{disk}/log.db")
    yield opened
    opened.close()


def fill(disk: Path) -> Path:
    """Leave no byte."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 65_536):
                pass
        except OSError:
            pass
        try:
            while file.write(b"x"):
                pass
        except OSError:
            pass
    return ballast


def refused(url: str) -> httpx.Response | None:
    """The API's answer, once it is not 200 any more."""
    answer = httpx.post(f"{url}/api/v1/readings", content=ROW, trust_env=False)
    return None if answer.status_code == 200 else answer


def energyguard(*arguments: object) -> subprocess.CompletedProcess[str]:
    return run(*map(str, arguments))


def unready(url: str) -> dict[str, str] | None:
    answer = httpx.get(f"{url}/readyz", trust_env=False)
    return None if answer.status_code == 200 else dict(answer.json()["parts"])


def told(disk: Path, port: int) -> None:
    """Commands say it, with the place and the exit code of a full disk."""
    for command, path in (
        (("doctor", "--json", "--set", f"serve.port={port}"), disk),
        (("token", "create", "laptop"), disk / "access."),
    ):
        said = energyguard(*command, "--data-dir", disk)
        assert said.returncode == 8, said
        assert "Traceback" not in said.stderr
        assert str(path) in said.stdout + said.stderr
        assert "no room" in said.stdout + said.stderr


def test_a_full_disk(log: Log, disk: Path, tmp_path: Path) -> None:
    """The API, health and commands tell it; who runs says it seldom, and goes on afterwards."""
    data_dir, url = disk, f"http://127.0.0.1:{(port := free_port())}"
    load = Load(log, pause_s=0.02)
    with roles(data_dir, "worker", "serve", more=(f"serve.port={port}",)) as (worker, serve):
        until(lambda: answers(url))
        until(lambda: unready(url) is None)
        load.start()
        until(lambda: log.positions(ENERGY_ALERTS.name, "nobody") and load.ticks > 50)
        ballast = fill(disk)
        answer = until(lambda: refused(url))
        assert answer is not None
        assert answer.status_code == 507, answer.text
        assert answer.headers["retry-after"]
        assert answer.json()["error"]["code"] == "disk-full"
        assert "no room" in answer.json()["error"]["message"]
        parts = until(lambda: unready(url)) or {}
        assert f"{disk}: 0 KiB free" in parts["disk"]
        until(lambda: load.refused and "no room" in worker.said())
        told(disk, port)
        time.sleep(1.0)
        for role in (worker, serve):
            lines = role.said().splitlines()
            assert sum("no room" in line or "full" in line for line in lines) <= 4, role.said()
        alive(worker, serve)
        ballast.unlink()
        behind = load.ticks
        until(lambda: load.ticks > behind + 50)
        load.stop()
        until(lambda: refused(url) is None)
        until(lambda: unready(url) is None)
        wait_for_worker(log)
        worker.stop()
        serve.stop()
    assert +progress(log, ENERGY_READINGS.name) == {"accepted": load.ticks * HOMES}
    got = rows(log, ENERGY_ALERTS.name)
    assert got == undisturbed(log, ENERGY_READINGS.name, tmp_path / "undisturbed.db")
    assert sum(map(len, got.values())) > 100
    assert connect(data_dir / "log.db").pragma("integrity_check") == "ok"


@pytest.mark.slow  # a full disk while they run: the test above
def test_roles_that_start_on_a_full_disk_wait_for_room(log: Log, disk: Path) -> None:
    url = f"http://127.0.0.1:{(port := free_port())}"
    ballast = fill(disk)
    with ExitStack() as stack:
        started = []
        for name in ("worker", "history", "serve"):
            started.append(role := Role(name, disk, f"serve.port={port}"))
            stack.callback(role.kill)
        for role in started:
            wait_until_said(role, "waiting for some")
        time.sleep(5.0)
        alive(*started)
        for role in started:
            assert role.said().count("waiting for some") == 1, role.said()
            assert str(disk) in role.said()
        ballast.unlink()
        until(lambda: answers(url))
        until(lambda: unready(url) is None)


def wait_until_said(role: Role, words: str) -> None:
    until(lambda: words in role.said())


def alive(*started: Role) -> None:
    for one in started:
        assert one.process.poll() is None, one.said()
        assert "Traceback" not in one.said()
