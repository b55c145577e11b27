"""Real roles as processes, for the benchmarks that go through the whole system."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

READY = {"worker": "working", "history": "history is open", "serve": "listening"}
"""What a role's log says when it is ready."""


@contextmanager
def running(
    folder: Path, names: Sequence[str], *settings: str
) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Start roles on a data folder, wait until they are ready, stop them afterwards.

    Args:
        folder: the data folder; each role's log goes to a file there.
        names: the roles.
        settings: more settings, as `--set` takes them.
    """
    roles = {name: _start(name, folder, settings) for name in names}
    try:
        for name in names:
            while READY[name] not in (folder / f"{name}.err").read_text():
                if roles[name].poll() is not None:
                    raise SystemExit((folder / f"{name}.err").read_text())
                time.sleep(0.1)
        yield roles
    finally:
        for process in roles.values():
            process.terminate()
        for process in roles.values():
            process.wait(60)


def processor_s(pid: int) -> float:
    """Seconds of the processor that a process took, with children that it has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


class Spent:
    """Seconds of the processor that roles take, since this was made."""

    def __init__(self, roles: Mapping[str, subprocess.Popen[bytes]]) -> None:
        self._roles = roles
        self._before = self._now()

    def _now(self) -> dict[str, float]:
        return {name: processor_s(role.pid) for name, role in self._roles.items()}

    def by_role(self) -> dict[str, float]:
        """What each has taken since then."""
        return {name: now - self._before[name] for name, now in self._now().items()}


def children_s() -> float:
    """Seconds of the processor that children took that are over."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def by_million(took: Mapping[str, float], readings: float) -> str:
    """Processor-seconds by role."""
    each = {name: spent_s * 1e6 / readings for name, spent_s in took.items()}
    parts = ", ".join(f"{name} {spent_s:.2f}" for name, spent_s in each.items())
    return f"processor-seconds: {parts}; in all {sum(each.values()):.2f} for a million"


def _start(name: str, folder: Path, settings: Sequence[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "energyguard", "role", name, "--data-dir", str(folder)]
    for one in ("history.port=0", "serve.port=0", *settings):
        command += ["--set", one]
    with (folder / f"{name}.err").open("wb") as err:
        return subprocess.Popen(command, stdout=err, stderr=err)
