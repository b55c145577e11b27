"""Child processes that are kept alive: one that dies starts again, with back-off, saying so.

A child reads its first line of standard input, and lives until that is closed: so it never outlives
a parent that was killed. It has a process group of its own: Ctrl-C reaches the parent alone, which
stops the children in order.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from energyguard.clock import SYSTEM, Clock

FIRST_DELAY_S = 0.5
MAX_DELAY_S = 30.0
HEALTHY_S = 60.0
"""A child that lived this long has recovered: its next failure counts as the first."""


@dataclass(slots=True)
class _Child:
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    start_at: float = 0.0

    def let_go(self) -> None:
        """Forget a process that has ended."""
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
        self.process = None


class Supervisor:
    """Starts commands, watches them, and stops them in order."""

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        first_line: bytes,
        say: Callable[[str], None],
        clock: Clock = SYSTEM,
        stderr: FileIO | None = None,
    ) -> None:
        """Make a supervisor; nothing starts yet.

        Args:
            commands: by name, in the order in which they start and stop.
            first_line: what every child reads first on its standard input, without the newline.
            say: takes a sentence for people.
            clock: the wall clock.
            stderr: where the children's standard error goes; None: where ours goes.
        """
        self._stderr = stderr
        self._children = {name: _Child(command) for name, command in commands.items()}
        self._first_line = first_line + b"\n"
        self._say = say
        self._clock = clock
        self.hopeless: int | None = None  # the exit code 2 of a child: starting again cannot help

    def pids(self) -> dict[str, int]:
        """The process ids of the children that run."""
        return {n: c.process.pid for n, c in self._children.items() if c.process is not None}

    def supervise(self) -> None:
        """Start what is due, notice what died. To be called a few times a second."""
        now = self._clock.monotonic()
        for name, child in self._children.items():
            if child.process is None:
                if now >= child.start_at:
                    self._start(child)
            elif (code := child.process.poll()) is not None:
                self._bury(name, child, code, now)

    def _start(self, child: _Child) -> None:
        child.process = subprocess.Popen(
            child.command, stdin=subprocess.PIPE, stderr=self._stderr, process_group=0
        )
        child.started = self._clock.monotonic()
        assert child.process.stdin is not None
        try:
            child.process.stdin.write(self._first_line)
            child.process.stdin.flush()
        except BrokenPipeError:
            return  # it died at once: the next look at it says so

    def _bury(self, name: str, child: _Child, code: int, now: float) -> None:
        child.let_go()
        if code == 2:
            self.hopeless = code
            return
        child.failures = 1 if now - child.started > HEALTHY_S else child.failures + 1
        delay = min(MAX_DELAY_S, FIRST_DELAY_S * 2 ** (child.failures - 1))
        delay *= random.uniform(0.5, 1.5)
        child.start_at = now + delay
        self._say(f"{name} died ({_ending(code)}); it starts again in {delay:.1f} s")

    def stop(self, patience: float, hurry: threading.Event) -> bool:
        """Stop one child after the other, each with a time to drain; true if none was killed.

        Args:
            patience: seconds that a child gets.
            hurry: once set, everything is killed at once.
        """
        clean = True
        for name, child in self._children.items():
            if child.process is None:
                continue
            child.process.send_signal(signal.SIGTERM)
            deadline = self._clock.monotonic() + patience
            while child.process.poll() is None and not hurry.is_set():
                if self._clock.monotonic() > deadline:
                    self._say(f"{name} did not stop within {patience:.0f} s and was killed")
                    break
                hurry.wait(0.05)
            if child.process.poll() is None:
                child.process.kill()
                clean = False
            child.process.wait()
            child.let_go()
        return clean


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def log_for_people(path: Path) -> FileIO | None:
    """On a terminal people read sentences: what children log goes to this file, begun anew.

    None: to standard error, as a service manager or a container wants it.
    """
    if not sys.stderr.isatty():
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("wb", buffering=0)


def last_words(path: str) -> str:
    """What a child said to people before it gave up, from its log."""
    mark = "energyguard: "
    lines = [line for line in Path(path).read_text("utf-8", "replace").splitlines() if mark in line]
    return lines[-1].partition(mark)[2] if lines else f"{path} says why"
