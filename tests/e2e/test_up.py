"""`energyguard up` for real: child processes, ports, kill -9, Ctrl-C, a second start."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from energyguard.log import LATEST
from energyguard.model.topics import ENERGY_READINGS
from energyguard.node import open_log, open_service
from energyguard.pipeline import DEMONSTRATED, ROLES
from energyguard.processes.registry import living
from energyguard.settings.tree import Settings
from tests.waiting import PATIENCE_S, until

T = TypeVar("T")
USUAL = tuple(
    name for name, role in ROLES.items() if not role.needs and role.scenario in ("", *DEMONSTRATED)
)
KILLABLE = tuple(name for name in USUAL if not ROLES[name].beside)


class Up:
    """A running `energyguard up`."""

    def __init__(
        self, data_dir: Path, *options: str, demo: bool = True, only: tuple[str, ...] = ()
    ) -> None:
        self.data_dir = data_dir
        self.output = data_dir.parent / "output.txt"
        options += ("serve.port=0", "history.port=0", "rules.use=household-demo,household-prod")
        words = [word for option in options for word in ("--set", option)]
        words += [] if demo else ["--no-demo"]
        words += [word for name in only for word in ("--scenario", name)]
        with self.output.open("a") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "energyguard", "up", "--data-dir", str(data_dir), *words],
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def said(self, pattern: str) -> list[str]:
        return re.findall(pattern, self.output.read_text(), re.MULTILINE)

    def link(self) -> str:
        """The newest link, once it is there."""

        def look() -> list[str]:
            assert self.process.poll() is None, self.output.read_text()
            return self.said(r"^EnergyGuard is ready: (http://\S+)$")

        return until(look)[-1]

    def pid(self, role: str) -> int | None:
        return next((one.pid for one in living(self.data_dir) if one.role == role), None)

    def kill(self, role: str) -> int:
        """kill -9 a role; the process id that it had."""
        pid = until(lambda: self.pid(role))
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        return pid

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE_S)


def ended(data_dir: Path) -> bool:
    return not living(data_dir)


def newest(settings: Settings) -> int:
    """How many records of readings the log has."""
    with open_log(settings) as log:
        return sum(log.positions(ENERGY_READINGS.name, LATEST).values())


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """Settings of a data folder, whose processes are surely gone afterwards."""
    made = Settings(data_dir=tmp_path / "data")
    yield made
    for one in living(made.data_dir):
        os.kill(one.pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("only", "killed"),
    [
        pytest.param(("households",), ("worker", "serve"), id="two"),
        pytest.param((), KILLABLE, id="all", marks=pytest.mark.slow),  # each, under all sources
    ],
)
def test_a_whole_life(settings: Settings, only: tuple[str, ...], killed: tuple[str, ...]) -> None:
    """First alert, a second one refused, kill -9 of roles, Ctrl-C, a start that goes on, its end.

    The second time all that is usual runs, and no role outlives the process that started it.
    """
    up = Up(settings.data_dir, only=only)
    link = up.link()
    second = Up(settings.data_dir)
    with httpx.Client(follow_redirects=True, trust_env=False) as page:
        assert page.get(link).status_code == 200
    with open_service(settings) as service:
        assert until(service.book.open)[0].device
    assert second.process.wait(PATIENCE_S) == 6
    assert second.said(r"^energyguard: .*already running \(process \d+\)")

    assert up.pid("detector") == up.pid("worker")
    for role in killed:
        first = up.kill(role)
        until(lambda role=role, first=first: up.pid(role) not in (None, first))  # type: ignore[misc]
        assert up.said(rf"^{role} died \(signal SIGKILL\); it starts again in [\d.]+ s$")

    behind = newest(settings)
    until(lambda: newest(settings) > behind)
    assert up.end() == 0, up.output.read_text()
    assert ended(settings.data_dir)
    assert "Traceback" not in up.output.read_text()

    behind = newest(settings)
    again = Up(settings.data_dir)
    until(lambda: len(again.said("^EnergyGuard is ready: ")) == 2)
    assert {one.role for one in living(settings.data_dir)} == {"up", *USUAL}
    until(lambda: newest(settings) > behind)
    with open_service(settings) as service:
        assert service.book.find()
    again.process.kill()
    again.process.wait()
    until(lambda: ended(settings.data_dir))


@pytest.mark.slow  # test_ingestor.py has the role by itself
def test_the_ingestor_runs_where_a_store_is_named(settings: Settings) -> None:
    store = settings.data_dir / "store.db"
    up = Up(settings.data_dir, f"store.url=sqlite:///{store.absolute()}")
    link = up.link()
    assert {one.role for one in living(settings.data_dir)} == {"up", *USUAL, "ingestor"}
    with httpx.Client(follow_redirects=True, trust_env=False) as page:
        assert page.get(link).status_code == 200

    def has_a_home() -> bool:
        return store.exists() and b"H001" in store.read_bytes() + _wal(store)

    until(has_a_home)
    with open_log(settings) as log:
        until(lambda: any(log.positions(ENERGY_READINGS.name, "ingestor").values()))
    assert up.end() == 0, up.output.read_text()
    assert "Traceback" not in up.output.read_text()


def _wal(file: Path) -> bytes:
    wal = file.with_name(f"{file.name}-wal")
    return wal.read_bytes() if wal.exists() else b""
