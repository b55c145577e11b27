"""Roles as processes of their own, to be killed; and the load under which that happens."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import httpx
import numpy as np

from energyguard.errors import Unavailable
from energyguard.intake.gateway import Gateway
from energyguard.log import LATEST, Log
from energyguard.model.readings import batch_of
from energyguard.model.topics import ENERGY_READINGS
from energyguard.processes.registry import living
from tests.forking import Forked
from tests.waiting import PATIENCE_S, until

T = TypeVar("T")
START_MS = 1_757_203_200_000  # 2025-09-07T00:00:00Z
TICK_MS = 15_000
HOMES = 40
MAX_LIFE_S = 1.5  # of a role that is killed often
SETTINGS = (
    "log.session_timeout=2s",
    "stream.snapshot=300ms",
    "stream.idle=1h",
    "rules.use=household-demo",
    "history.port=0",
    "history.flush=100ms",
    "serve.auth=false",
)


class Role:
    """A role's process; what it says is kept beside the data folder."""

    def __init__(self, name: str, data_dir: Path, *settings: str) -> None:
        self.name, self.data_dir = name, data_dir
        self.log = data_dir.parent / f"{name}.log"
        words = [word for one in (*SETTINGS, *settings) for word in ("--set", one)]
        self._command = ["-m", "energyguard", "role", name]
        self._command += ["--data-dir", str(data_dir), *words]
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as said:
            return Forked(self._command, stdout=said, stderr=said)

    def wait_until_there(self) -> None:
        """Until it has begun to play its role."""

        def there() -> bool:
            assert self.process.poll() is None, self.said()
            return self.process.pid in {one.pid for one in living(self.data_dir)}

        until(there)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def start_again(self) -> None:
        self.process = self._start()

    def stop(self) -> None:
        """Tell it to stop, and let it drain."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE_S) == 0, self.said()
        assert "Traceback" not in self.said(), self.said()

    def said(self) -> str:
        return self.log.read_text()


class LightRole(Role):
    """A role by the command line, with no more in memory than it needs."""

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as said:
            return subprocess.Popen([sys.executable, *self._command], stdout=said, stderr=said)


@contextmanager
def roles(data_dir: Path, *names: str, more: tuple[str, ...] = ()) -> Iterator[list[Role]]:
    """Roles that run, surely gone when the block ends."""
    started = [Role(name, data_dir, *more) for name in names]
    try:
        yield started
    finally:
        for one in started:
            if one.process.poll() is None:
                os.kill(one.process.pid, signal.SIGKILL)
            one.process.wait()


def kill_often(role: Role, kills: int, work: Callable[[], object]) -> None:
    """kill -9 at random moments: mostly while it works, now and then while it starts.

    Args:
        role: the victim.
        kills: how often.
        work: something that changes when the role works.
    """
    moments = random.Random(f"{role.name}/{kills}")
    for number in range(kills):
        before = work()
        role.wait_until_there()
        if number % 5 != 2:
            until(lambda before=before: work() != before)  # type: ignore[misc]
        time.sleep(moments.uniform(0.0, MAX_LIFE_S))
        role.kill()
        role.start_again()
    role.wait_until_there()


class Load(threading.Thread):
    """A source: a tick of every home, again and again, until told to stop."""

    def __init__(self, log: Log, pause_s: float = 0.01) -> None:
        super().__init__(daemon=True)
        self._intake, self._pause_s = Gateway(log), pause_s
        self._done = threading.Event()
        self.ticks = 0
        self.refused = 0  # times that the log had no room
        self.nano_kwh = 0

    def run(self) -> None:
        names = [f"H{home:03d}" for home in range(HOMES)]
        rng = np.random.default_rng(5)
        values = rng.integers(3_000_000, 16_000_000, HOMES)
        while not self._done.wait(self._pause_s):
            time_ms = np.full(HOMES, START_MS + self.ticks * TICK_MS)
            batch = batch_of(names, "energy_kwh", time_ms, values)
            try:
                self._intake.submit(batch, ENERGY_READINGS.name)
            except Unavailable:
                self.refused += 1
                continue
            self.ticks += 1
            self.nano_kwh += int(values.sum())
            values = rng.integers(3_000_000, 16_000_000, HOMES)

    def stop(self) -> None:
        self._done.set()
        self.join()


def wait_for_worker(log: Log, topic: str = ENERGY_READINGS.name) -> None:
    """Until the group of the workers has committed all that there is."""
    until(lambda: log.positions(topic, "worker") == log.positions(topic, LATEST))


def answers(url: str) -> bool:
    """Whether a door says that all is well."""
    try:
        return httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
