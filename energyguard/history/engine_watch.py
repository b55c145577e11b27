"""Statements that the engine runs; one that never comes back ends the process, which starts again.

The engine ends what takes too long by itself, where it looks at the time. Threads of it that wait
for each other, or a function that computes for minutes, do not look, and ``KILL QUERY`` does not
reach them. Nothing that was acknowledged is lost by an end: the archive commits its positions after
what they stand for is in.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from energyguard.limits import QUESTION_S
from energyguard.telemetry import logger

GRACE_S = 60.0
"""How long the engine may take to come back after a statement's time is over."""
WRITE_S = 1_800.0
"""For a statement that writes, before the grace. An import's largest piece takes some seconds."""
TOO_LONG = f"it takes longer than {QUESTION_S} s: ask for a shorter range, or for fewer devices"
EXIT_CODE = 1
_LOOK_S = 1.0
_SHOWN = 200  # characters of a statement

_log = logger("history")


@dataclass(slots=True)
class RunningStatement:
    """A statement that the engine has, and how long it has been seen there."""

    sql: str
    limit_s: float
    seen_s: float = 0.0


class RunningStatements:
    """What the engine is running. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[int, RunningStatement] = {}

    @contextmanager
    def running(self, sql: str, limit_s: float) -> Iterator[None]:
        """Note that a statement is running, which should take no longer than this."""
        statement = RunningStatement(sql, limit_s)
        with self._lock:
            self._running[id(statement)] = statement
        try:
            yield
        finally:
            with self._lock:
                del self._running[id(statement)]

    def seen(self, passed_s: float, grace_s: float) -> RunningStatement | None:
        """Count some more time for all that run; give one that is over its limit and the grace."""
        with self._lock:
            for statement in self._running.values():
                statement.seen_s += passed_s
            late = [s for s in self._running.values() if s.seen_s > s.limit_s + grace_s]
        return max(late, key=lambda s: s.seen_s - s.limit_s, default=None)


class EngineWatch:
    """Looks each second whether the engine comes back, in a thread of its own.

    Time is counted in these looks: a process that was stopped, or had no processor, is not ended
    for time in which the engine could not run.
    """

    def __init__(
        self,
        statements: RunningStatements,
        end: Callable[[int], object] = os._exit,
        look_s: float = _LOOK_S,
    ) -> None:
        """Prepare; it looks from ``start`` to ``close``.

        Args:
            statements: what the engine runs.
            end: ends the process at once, with an exit code: whatever would wait for a thread of
                the engine would wait for ever.
            look_s: from one look to the next.
        """
        self._statements, self._end, self._look_s = statements, end, look_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="engine watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._look_s):
            if stuck := self._statements.seen(self._look_s, GRACE_S):
                _log.error(
                    "the engine does not come back; this process ends itself to start again",
                    seconds=round(stuck.seen_s),
                    limit_s=stuck.limit_s,
                    statement=" ".join(stuck.sql.split())[:_SHOWN],
                )
                self._end(EXIT_CODE)
                return
