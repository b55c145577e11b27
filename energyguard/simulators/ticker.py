"""Ticks that are sent when they are due, at a pace, until an end.

All sources of a topic share one running clock: ``event_clock.py``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from threading import Event
from typing import Protocol

import numpy as np
import numpy.typing as npt

from energyguard.errors import Unavailable
from energyguard.log import Log
from energyguard.simulators.event_clock import RunningClock, TopicTime
from energyguard.telemetry import Condition, logger

Times = npt.NDArray[np.int64]
Progress = Callable[[int, int | None], None]
"""Called with the ticks done so far, and how many there will be (None: no end)."""

_BEHIND_MS = 5 * 60_000  # half the default lateness: older ticks would soon be late
_MAX_WAIT_S = 0.5  # so that a stop, or a faster source, is soon noticed

_log = logger(__name__)


class Ticks(Protocol):
    """From when, how long and how fast: see ``simulate.Run``."""

    @property
    def start_ms(self) -> int | None:
        """The first tick; None: the source chooses, and keeps up with others."""
        ...

    @property
    def ticks(self) -> int | None:
        """How many; None: for ever."""
        ...

    @property
    def speedup(self) -> float:
        """Event time by wall time."""
        ...

    @property
    def tick_ms(self) -> int:
        """Event time between two ticks."""
        ...

    @property
    def ticks_at_once(self) -> int:
        """How many ticks make a batch of a good size."""
        ...


class SecondBySecond:
    """Ticks of a second each; ``start_s`` None: from now on, ``seconds`` None: for ever."""

    start_s: int | None
    seconds: int | None

    @property
    def start_ms(self) -> int | None:
        """The first tick."""
        return None if self.start_s is None else self.start_s * 1000

    @property
    def ticks(self) -> int | None:
        """How many seconds."""
        return self.seconds


class Ticker(ABC):
    """Sends ticks into a topic; whoever inherits from it says what, and begins."""

    def __init__(self, run: Ticks, log: Log, topic: str, stop: Event) -> None:
        self._ticks, self._stop = run, stop
        self._time = TopicTime(log, topic)
        self._next_ms = self._first_ms = 0
        self._clock: RunningClock

    @abstractmethod
    def _send(self, time_ms: Times) -> bool:
        """Send the ticks; false when it was told to stop before."""

    @property
    def done(self) -> int:
        """How many ticks of the run are sent."""
        return max(0, (self._next_ms - self._first_ms) // self._ticks.tick_ms)

    def play(self, progress: Progress | None = None) -> None:
        """Send what is due, at the run's pace, until its end or ``stop``."""
        run = self._ticks
        while not self._stop.is_set() and (left := self._left()) != 0:
            if run.start_ms is None:
                self._skip_behind(self._time.newest_ms())
            due = max(0, (self._clock.now_ms() - self._next_ms) // run.tick_ms + 1)
            many = min(due, run.ticks_at_once, due if left is None else left)
            if many == 0:
                self._stop.wait(min(_MAX_WAIT_S, self._clock.seconds_until(self._next_ms)))
                continue
            time_ms = self._next_ms + run.tick_ms * np.arange(many)
            if not self._send(time_ms):
                return
            self._next_ms = int(time_ms[-1]) + run.tick_ms
            if progress is not None:
                progress(self.done, run.ticks)

    def _left(self) -> int | None:
        """How many ticks are still to be sent; None: there is no end."""
        return None if self._ticks.ticks is None else max(0, self._ticks.ticks - self.done)

    def _skip_behind(self, newest_ms: int | None) -> None:
        """Leave out ticks that another source has made late, keeping to the same grid."""
        behind_ms = (newest_ms or 0) - self._next_ms
        if behind_ms > _BEHIND_MS:
            self._next_ms += behind_ms // self._ticks.tick_ms * self._ticks.tick_ms
            _log.warning("the event clock was moved on", by_seconds=behind_ms // 1000)


def batches(
    run: Ticks, start_ms: int, stop: Event, progress: Progress | None = None
) -> Iterator[Times]:
    """The times of a run's ticks in batches of a good size, until its end or ``stop``.

    Args:
        run: whose.
        start_ms: the first tick.
        stop: ends it.
        progress: is told after each batch, when the next one is asked for.
    """
    done = 0
    while not stop.is_set() and (run.ticks is None or done < run.ticks):
        many = run.ticks_at_once if run.ticks is None else min(run.ticks_at_once, run.ticks - done)
        yield start_ms + run.tick_ms * np.arange(done, done + many)
        done += many
        if progress is not None:
            progress(done, run.ticks)


def patiently(work: Callable[[], object], stop: Event) -> bool:
    """Append something, however long the log needs; false when ``stop`` came before."""
    full = Condition(_log, "the log takes nothing now", "the log takes readings again")
    while not stop.is_set():
        try:
            work()
        except Unavailable as error:
            full.begin(error)
            stop.wait(error.retry_after)
        else:
            full.end()
            return True
    return False
