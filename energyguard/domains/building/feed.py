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
from energyguard.domains.building.counters import Counters, LastSent, SavedCounters
from energyguard.domains.building.faults import LONGEST_GAP_MS
from energyguard.domains.building.floors import BuildingRun, Wh, new_counters
from energyguard.domains.building.readings import as_messages, floors_of
from energyguard.intake.gateway import Gateway
from energyguard.log import Log
from energyguard.model.topics import BUILDING_READINGS, TICK_HEADER
from energyguard.records.floors import device_of
from energyguard.simulators.event_clock import RunningClock, TopicTime, newest_event_ms
from energyguard.simulators.ticker import Progress, Ticker, Times, batches, patiently
from energyguard.simulators.truth import TruthFile

_TOPIC = BUILDING_READINGS.name
TRUTH = "simulate-building-truth.csv"
"""The ground truth of the faults in the log, in its data folder, where no other is named."""


class _OwnPace(TopicTime):
    """The time of nobody: where clocks are wrong on purpose, the feed must not follow them."""

    def __init__(self) -> None:
        """Follow nothing."""

    def newest_ms(self) -> int | None:
        """Nobody is followed."""
        return None


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
            Corrupt: the file of the counters, or of the ground truth, cannot be read.
        """
        super().__init__(run, log, _TOPIC, stop)
        self._run, self._intake, self._counters = run, Gateway(log), Counters(folder)
        self._truth = TruthFile(run.truth or folder / TRUTH)
        self._devices = [device_of(n + 1).encode() for n in range(run.building.floors)]
        last = self._counters.newest(log, run.building.floors)
        self.wh = _counters_now(run, last)
        now_ms = clock.now_ms()
        self._next_ms = first_ms(run, now_ms)
        self._first_ms = self._next_ms
        if last:
            newest_ms = max(sent.time_ms for sent in last.values())
            self._next_ms = max(self._next_ms, newest_ms + run.tick_ms)
        if "clock_skew" in run.building.faults:
            self._time = _OwnPace()
        elif run.start_ms is None:
            self._skip_behind(newest_event_ms(log, _TOPIC))
        if run.start_ms is None:
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
        building = self._run.building
        values, after = building.values(time_ms, self.wh)
        messages = as_messages(values, building.has_delta)
        keys = [self._devices[floor - 1] for floor in floors_of(values).tolist()]
        tick_ms = np.repeat(time_ms, values.is_sent.sum(axis=1)).tolist()
        headers = [((TICK_HEADER, str(ms).encode()),) for ms in tick_ms]
        self._truth.add(building.spans(int(time_ms[0]), int(time_ms[-1]) + 1))
        if messages and not patiently(
            lambda: self._intake.post(keys, messages, headers, _TOPIC), self._stop
        ):
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
    """Write a new building's records, one a line, as fast as it goes; and its ground truth."""
    wh, truth = new_counters(run.building.floors), TruthFile(run.truth)
    for time_ms in batches(run, first_ms(run, SYSTEM.now_ms()), stop, progress):
        messages, wh = run.building.messages(time_ms, wh)
        truth.add(run.building.spans(int(time_ms[0]), int(time_ms[-1]) + 1))
        out.writelines(message + b"\n" for message in messages)


def _counters_now(run: BuildingRun, last: dict[int, LastSent]) -> Wh:
    """What the counters show now: a floor in a gap counted on without a word."""
    new = new_counters(run.building.floors)
    wh = [last[n].wh if n in last else new[n - 1] for n in range(1, len(new) + 1)]
    newest_ms = max((sent.time_ms for sent in last.values()), default=0)
    behind = {n: sent.time_ms for n, sent in last.items() if sent.time_ms < newest_ms}
    if behind and run.building.faults:
        from_ms = max(min(behind.values()), newest_ms - LONGEST_GAP_MS)
        time_ms = np.arange(newest_ms, from_ms, -run.tick_ms)[::-1]
        values, _ = run.building.values(time_ms, new)
        added_wh = np.where(values.is_sent, 0, values.added_wh)
        for floor, sent_ms in behind.items():
            wh[floor - 1] += int(added_wh[time_ms > sent_ms, floor - 1].sum())
    return tuple(wh)
