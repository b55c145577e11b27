"""Children that are kept alive, and stopped in order."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from energyguard.processes.supervisor import Supervisor

CHILD = """
import os, signal, sys, threading
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
def watch():
    sys.stdin.read()
    stop.set()
line = sys.stdin.readline().strip()
threading.Thread(target=watch, daemon=True).start()
with open(sys.argv[1], "a") as file:
    file.write(f"start {os.getpid()} {line}\\n")
    file.flush()
    stop.wait()
    file.write(f"stop {os.getpid()}\\n")
"""
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def until(true: Callable[[], object], also: Callable[[], None] = lambda: None) -> None:
    """Wait for something that must happen; a generous limit, so that a fault does not hang."""
    for _ in range(600):
        also()
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it never happened")


class Stage:
    """Supervisors whose children are surely gone afterwards."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.made: list[Supervisor] = []

    def supervise(self, **commands: list[str]) -> Supervisor:
        self.made.append(Supervisor(commands, b"hello", self.said.append))
        return self.made[-1]

    def child(self, name: str) -> list[str]:
        return [sys.executable, "-c", CHILD, str(self.folder / name)]

    def story(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    at_once = threading.Event()
    at_once.set()
    for supervisor in made.made:
        supervisor.stop(0, at_once)


def test_children_start_with_their_first_line(stage: Stage) -> None:
    supervisor = stage.supervise(a=stage.child("a"))
    supervisor.supervise()
    until(lambda: stage.story("a"))
    assert stage.story("a") == [f"start {supervisor.pids()['a']} hello"]


def test_one_that_is_killed_comes_back_and_it_is_said(stage: Stage) -> None:
    supervisor = stage.supervise(a=stage.child("a"), b=stage.child("b"))
    supervisor.supervise()
    until(lambda: stage.story("a") and stage.story("b"))
    first = supervisor.pids()
    os.kill(first["a"], signal.SIGKILL)
    until(lambda: len(stage.story("a")) == 2, supervisor.supervise)
    assert supervisor.pids()["a"] != first["a"]
    assert supervisor.pids()["b"] == first["b"]
    (said,) = stage.said
    assert said.startswith("a died (signal SIGKILL); it starts again in ")


def test_back_off_grows(stage: Stage) -> None:
    supervisor = stage.supervise(a=[sys.executable, "-S", "-c", "raise SystemExit(7)"])
    until(lambda: len(stage.said) == 3, supervisor.supervise)
    waits = [float(said.split()[-2]) for said in stage.said]
    assert all("exit code 7" in said for said in stage.said)
    for wait, nominal in zip(waits, (0.5, 1.0, 2.0), strict=True):
        assert 0.5 * nominal - 0.1 <= wait <= 1.5 * nominal + 0.1


def test_settings_that_cannot_be_used_are_hopeless(stage: Stage) -> None:
    supervisor = stage.supervise(a=[sys.executable, "-S", "-c", "raise SystemExit(2)"])
    until(lambda: supervisor.hopeless == 2, supervisor.supervise)
    assert stage.said == []


def test_stop_goes_in_order_and_lets_each_drain(stage: Stage) -> None:
    supervisor = stage.supervise(a=stage.child("x"), b=stage.child("x"))
    supervisor.supervise()
    until(lambda: len(stage.story("x")) == 2)
    pids = supervisor.pids()
    assert supervisor.stop(60, threading.Event())
    assert stage.story("x")[2:] == [f"stop {pids['a']}", f"stop {pids['b']}"]


@pytest.mark.parametrize("hurried", [True, False])
def test_one_that_does_not_stop_is_killed(stage: Stage, hurried: bool) -> None:
    supervisor = stage.supervise(a=[sys.executable, "-c", DEAF])
    supervisor.supervise()
    until(lambda: _ignores_sigterm(supervisor.pids()["a"]))
    hurry = threading.Event()
    if hurried:
        hurry.set()
    assert not supervisor.stop(0.1, hurry)
    assert (stage.said == []) is hurried


def _ignores_sigterm(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    (mask,) = (row.split()[1] for row in status.splitlines() if row.startswith("SigIgn"))
    return bool(int(mask, 16) >> (signal.SIGTERM - 1) & 1)


def test_children_do_not_outlive_a_killed_parent(stage: Stage, tmp_path: Path) -> None:
    parent = f"""
import time
from energyguard.processes.supervisor import Supervisor
made = Supervisor({{"a": {stage.child("a")!r}}}, b"hello", print)
made.supervise()
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", parent]) as process:
        until(lambda: stage.story("a"))
        process.kill()
    until(lambda: len(stage.story("a")) == 2)
    assert stage.story("a")[1].startswith("stop ")
