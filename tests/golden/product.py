"""The product as its users meet it: commands and roles as processes, with a clock that stands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import httpx

from tests.forking import Forked, run
from tests.golden.logfile import Watch
from tests.waiting import PATIENCE_S, until

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
FROZEN = Path(__file__).parent / "frozen"
NOW_MS = 1_757_246_400_000  # 2025-09-07T12:00:00Z, when all that there is has happened
PROGRESS = "energyguard.progress"
QUIET_S = 1.3  # a worker looks once a second at what else there is to decide
SETTINGS = (
    "log.session_timeout=2s",
    "stream.idle=1h",
    "stream.snapshot=1h",
    "charging.idle=1h",
    "history.port=0",
    "history.flush=100ms",
    "serve.port=0",
    "serve.auth=false",
)


class Said(NamedTuple):
    """What a command came to."""

    code: int
    out: bytes
    err: bytes


def environment(package: Path = ROOT, now_ms: int = NOW_MS) -> dict[str, str]:
    """What a process is started with: the package's place, the clock, nothing of this machine."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return kept | {
        "PYTHONPATH": os.pathsep.join([str(FROZEN), str(package)]),
        "GOLDEN_NOW_MS": str(now_ms),
        "COLUMNS": "100",
        "LINES": "50",
        "TERM": "dumb",
        "NO_COLOR": "1",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
    }


def command(*words: str, cwd: Path, given: bytes = b"") -> Said:
    """Run a command in a folder."""
    done = run(*words, cwd=cwd, env=environment(), given=given.decode(), timeout_s=PATIENCE_S)
    return Said(done.returncode, done.stdout.encode(), done.stderr.encode())


def commands(every: Sequence[Sequence[str]], cwd: Path) -> list[dict[str, Any]]:
    """Run many commands in a folder, in one process: words, exit code, lines of both outputs."""
    done = subprocess.run(
        [sys.executable, str(FROZEN / "many.py")],
        cwd=cwd,
        env=environment(),
        input="".join(f"{json.dumps(words)}\n" for words in every).encode(),
        capture_output=True,
        timeout=PATIENCE_S,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def options(settings: Sequence[str]) -> list[str]:
    return [word for one in settings for word in ("--set", one)]


def started(
    name: str, folder: Path, *settings: str, package: Path = ROOT
) -> subprocess.Popen[bytes]:
    """A role's process, of the version whose package lies there; what it says is in its log."""
    words = ["-m", "energyguard", "role", name, "--data-dir", str(folder)]
    words += options((*SETTINGS, *settings))
    with log_of(name, folder).open("ab") as out:
        if package == ROOT:
            return Forked(words, env=environment(), cwd=folder.parent, stdout=out, stderr=out)
        words = [sys.executable, *words]
        return subprocess.Popen(
            words, env=environment(package), cwd=folder.parent, stdout=out, stderr=out
        )


def log_of(name: str, folder: Path) -> Path:
    """Where a role of a folder writes what it says."""
    return folder.parent / f"{folder.name}-{name}.log"


@contextmanager
def role(
    name: str, folder: Path, *settings: str, package: Path = ROOT
) -> Iterator[subprocess.Popen[bytes]]:
    """A role's process; at the block's end it is told to stop, and drains."""
    process = started(name, folder, *settings, package=package)
    said = log_of(name, folder)
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0, said.read_text()
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in said.read_text(), said.read_text()


def play(name: str, folder: Path, reads: Sequence[str], *settings: str) -> None:
    """Run a role of the same name as its group until it has read what there is, and is quiet."""
    with closing(Watch(folder / "log.db")) as log, role(name, folder, *settings) as process:

        def is_read() -> bool:
            assert process.poll() is None, "the role ended"
            at = log.positions(name)
            ends = log.ends().items()
            return all(at.get(place, 0) >= end for place, end in ends if place[0] in reads)

        until(is_read)
        wait_until_quiet(log)


class HasEnds(Protocol):
    """A log that is looked at."""

    def ends(self) -> dict[tuple[str, int], int]: ...


def wait_until_quiet(log: HasEnds) -> None:
    """Until nothing was appended for a while, but for reports of progress, one a second."""

    def written() -> dict[tuple[str, int], int]:
        return {place: end for place, end in log.ends().items() if place[0] != PROGRESS}

    seen, since = written(), time.monotonic()
    while time.monotonic() - since < QUIET_S:
        time.sleep(0.1)
        if (now := written()) != seen:
            seen, since = now, time.monotonic()


def new_folder(folder: Path) -> Path:
    """A data folder with an empty log; gives the log's file."""
    said = command("log", "topics", "--json", "--data-dir", str(folder), cwd=folder.parent)
    assert said.code == 0, said.err
    (folder / "people.key").write_bytes(bytes(range(32)))
    return folder / "log.db"


@contextmanager
def served(folder: Path, *settings: str) -> Iterator[httpx.Client]:
    """The role ``serve`` on a data folder, and who asks it."""
    card = folder / "run" / "serve.json"
    card.unlink(missing_ok=True)
    with role("serve", folder, *settings) as process:

        def url() -> str:
            assert process.poll() is None, "it ended"
            return str(json.loads(card.read_bytes())["url"]) if card.exists() else ""

        with httpx.Client(base_url=until(url), timeout=PATIENCE_S) as client:
            yield client
