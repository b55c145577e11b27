"""Real roles as processes, for the benchmarks that go through the whole system."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
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


def _start(name: str, folder: Path, settings: Sequence[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "energyguard", "role", name, "--data-dir", str(folder)]
    for one in ("history.port=0", "serve.port=0", *settings):
        command += ["--set", one]
    with (folder / f"{name}.err").open("wb") as err:
        return subprocess.Popen(command, stdout=err, stderr=err)
