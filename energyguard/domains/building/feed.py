"""A simulated building into the log, or its records into a file.

In the log a reading is a message of system A's, with its floor as key, so whoever reads such
messages can read these. The ticks that are due together are one append. Where no start is given,
event time is the wall clock's: what was not sent while nobody simulated is left out.
"""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import BinaryIO

import numpy as np

from energyguard.clock import SYSTEM, Clock
from energyguard.domains.building.counters import Counters, SavedCounters
from energyguard.domains.building.floors import NEW, BuildingRun
from energyguard.intake.gateway import Gateway
from energyguard.log import Log
from energyguard.model.topics import BUILDING_READINGS, TICK_HEADER
from energyguard.records.floors import DEVICES
from energyguard.simulators.event_clock import RunningClock, newest_event_ms
from energyguard.simulators.ticker import Progress, Ticker, Times, patiently

_TOPIC = BUILDING_READINGS.name
_KEYS = [device.encode() for device in DEVICES]


class BuildingFeed(Ticker):
    """Sends a run's ticks into ``energyguard.readings``; the counters go on where they stand."""

    def __init__(
        self, run: BuildingRun, log: Log, folder: Path, stop: Event, clock: Clock = SYSTEM
    ) -> None:
        """Look where to go on.

        Args:
            run: what to send.
            log: where to.
            folder: the data folder; nobody else simulates a building there now.
            stop: ends it.
            clock: the wall clock.

        Raises:
            Corrupt: the file of the counters cannot be read.
        """
        super().__init__(run, log, _TOPIC, stop)
        self._run, self._intake, self._counters = run, Gateway(log), Counters(folder)
        kept = self._counters.newest(log)
        self.wh = NEW if kept is None else kept.wh
        now_ms = clock.now_ms()
        self._next_ms = first_ms(run, now_ms)
        self._first_ms = self._next_ms
        if kept is not None:
            self._next_ms = max(self._next_ms, kept.time_ms + run.tick_ms)
        if run.start_ms is None:
            self._skip_behind(newest_event_ms(log, _TOPIC))
            self._first_ms = self._next_ms
        soon = run.start_ms is None and self._next_ms - run.tick_ms <= now_ms
        self._clock = RunningClock(
            self._time, now_ms if soon else self._next_ms, run.speedup, clock
        )

    @property
    def nothing_left(self) -> bool:
        """Whether the counters are as far as was asked for: they never go back."""
        return self._left() == 0

    def _send(self, time_ms: Times) -> bool:
        """Append the ticks: whole or not at all; then keep what the counters show."""
        messages, after = self._run.building.messages(time_ms, self.wh)
        keys = _KEYS * len(time_ms)
        headers = [((TICK_HEADER, str(ms).encode()),) for ms in time_ms.tolist() for _ in _KEYS]
        if not patiently(lambda: self._intake.post(keys, messages, headers, _TOPIC), self._stop):
            return False
        self.wh = after
        self._counters.keep(SavedCounters(int(time_ms[-1]), after))
        return True


def first_ms(run: BuildingRun, now_ms: int) -> int:
    """The first tick: as given, or the last one of the grid that is due."""
    return now_ms // run.tick_ms * run.tick_ms if run.start_ms is None else run.start_ms


def write_json(
    run: BuildingRun, out: BinaryIO, stop: Event, progress: Progress | None = None
) -> None:
    """Write a new building's records, one a line, as fast as it goes."""
    time_ms, wh, done = first_ms(run, SYSTEM.now_ms()), NEW, 0
    while not stop.is_set() and (run.ticks is None or done < run.ticks):
        left = run.ticks_at_once if run.ticks is None else run.ticks - done
        many = min(run.ticks_at_once, left)
        messages, wh = run.building.messages(time_ms + run.tick_ms * np.arange(many), wh)
        out.write(b"\n".join(messages) + b"\n")
        time_ms, done = time_ms + run.tick_ms * many, done + many
        if progress is not None:
            progress(done, run.ticks)
