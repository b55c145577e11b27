"""Which processes of a data folder live: a file in ``run/`` each, locked while its process lives.

The lock goes with the process, however that ends, so no file is ever stale.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from energyguard.durable.atomic import room_for
from energyguard.errors import ConfigError, Conflict

MAX_PROCESSES = 64


@dataclass(frozen=True, slots=True)
class Present:
    """A process that lives."""

    role: str
    pid: int


@contextmanager
def present(data_dir: Path, role: str, max_processes: int = MAX_PROCESSES) -> Iterator[None]:
    """Be counted as a process of a data folder while the block runs.

    Raises:
        Conflict: ``most`` processes play this role already.
        ConfigError: the data folder cannot be written.
        DiskFull: it has no room.
    """
    folder = data_dir / "run"
    for place in range(1, max_processes + 1):
        with _opened(folder / f"{role}-{place}.pid") as file:
            if not _lock(file.fileno()):
                continue
            with room_for(Path(file.name)):
                file.truncate(0)
                os.write(file.fileno(), str(os.getpid()).encode())  # kept in no buffer
            yield
            file.truncate(0)
            return
    pids = ", ".join(str(process.pid) for process in living(data_dir) if process.role == role)
    raise Conflict(
        f"{data_dir}: already running (process {pids}); `energyguard status` says how it is, "
        "`energyguard stop` ends it, `--data-dir` names another folder"
    )


def _opened(path: Path) -> IO[str]:
    data_dir = path.parents[1]
    try:
        with room_for(data_dir):
            path.parent.mkdir(parents=True, exist_ok=True)
            return path.open("a+")
    except OSError as error:
        if data_dir.is_file():
            raise ConfigError(f"{data_dir}: it is a file, and no folder") from error
        raise ConfigError(f"{data_dir}: cannot be written: {error.strerror}") from error


def living(data_dir: Path) -> list[Present]:
    """The processes of a data folder that live, by role."""
    found = []
    for path in sorted((data_dir / "run").glob("*-*.pid")):
        with path.open() as file:
            text = file.read()
            if text.isdigit() and not _lock(file.fileno()):
                found.append(Present(path.stem.rpartition("-")[0], int(text)))
    return found


def ailing(data_dir: Path) -> dict[str, str]:
    """Roles of a data folder whose process died or is held, each with a sentence."""
    found = {}
    alive = {process.role for process in living(data_dir)}
    for path in sorted((data_dir / "run").glob("*-*.pid")):
        role, pid = path.stem.rpartition("-")[0], path.read_text()
        if not pid.isdigit():
            continue
        if role not in alive:
            found[role] = f"process {pid} died"
        elif _is_held(int(pid)):
            found[role] = f"process {pid} is held (SIGSTOP); `kill -CONT {pid}` lets it go on"
    return found


def _is_held(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] in ("T", "t")


def _lock(descriptor: int) -> bool:
    """Try to lock; a lock is let go when the file is closed."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
