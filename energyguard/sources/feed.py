"""Simulated homes into the log, on the running clock.

The ticks that are due together are one append: in the log whole or not at all, with a header that
says how far they go. So after a kill -9 the simulator finds its last tick in the log and goes on
with the next one: none is missing, none comes twice with another value.
"""

from __future__ import annotations

from threading import Event

import numpy as np

from energyguard.clock import SYSTEM, Clock
from energyguard.errors import Unavailable
from energyguard.log import Log, TopicPartition
from energyguard.model.murmur import partition_for
from energyguard.model.topics import ENERGY_READINGS
from energyguard.sources.event_clock import (
    TICK_HEADER,
    RunningClock,
    TopicTime,
    newest_event_ms,
    newest_tick_ms,
)
from energyguard.sources.intake import Intake
from energyguard.sources.simulate import Progress, Run, Times, this_evening_ms
from energyguard.telemetry import logger
from energyguard.wire.csv import decode

SOURCE = "simulate"
_TOPIC = ENERGY_READINGS.name
_BEFORE_MS = 28 * 60_000  # sent at once, so that charts and windows are not empty at the start
_BEHIND_MS = 5 * 60_000  # half the default lateness: older ticks would soon be late
_LONGEST_WAIT_S = 0.5  # so that a stop, or a faster source, is soon noticed


class Feed:
    """Sends a run's ticks into ``energy_readings``, going on where the log stands."""

    def __init__(self, run: Run, log: Log, stop: Event, clock: Clock = SYSTEM) -> None:
        self._run, self._stop, self._intake = run, stop, Intake(log)
        home = partition_for(run.homes.ids[0].as_py().encode(), ENERGY_READINGS.partitions)
        last_ms = newest_tick_ms(log, TopicPartition(_TOPIC, home))
        newest_ms = newest_event_ms(log, _TOPIC)
        evening_ms = this_evening_ms(clock)
        self._next_ms = evening_ms - _BEFORE_MS if run.start_ms is None else run.start_ms
        self._first_ms = self._next_ms
        if last_ms is not None:
            self._next_ms = max(self._next_ms, last_ms + run.tick_ms)
        if run.start_ms is None:
            self._skip_behind(newest_ms)
            self._first_ms = self._next_ms
        unwritten = run.start_ms is None and newest_ms is None
        self._time = TopicTime(log, _TOPIC)
        self._clock = RunningClock(
            self._time, evening_ms if unwritten else self._next_ms, run.speedup, clock
        )

    def play(self, progress: Progress | None = None) -> None:
        """Send what is due, at the run's pace, until its end or ``stop``."""
        run = self._run
        while not self._stop.is_set() and (left := self._left()) != 0:
            if run.start_ms is None:
                self._skip_behind(self._time.newest_ms())
            due = max(0, (self._clock.now_ms() - self._next_ms) // run.tick_ms + 1)
            many = min(due, run.ticks_at_once, due if left is None else left)
            if many == 0:
                self._stop.wait(min(_LONGEST_WAIT_S, self._clock.seconds_until(self._next_ms)))
                continue
            self._send(self._next_ms + run.tick_ms * np.arange(many))
            if progress is not None:
                progress((self._next_ms - self._first_ms) // run.tick_ms, run.ticks)

    def _left(self) -> int | None:
        """How many ticks are still to be sent; None: there is no end."""
        if self._run.ticks is None:
            return None
        return max(0, self._run.ticks - (self._next_ms - self._first_ms) // self._run.tick_ms)

    def _send(self, time_ms: Times) -> None:
        """Append the ticks, however long the log needs; given up only on ``stop``."""
        made = self._run.spoilt(time_ms)
        refused = decode(b"\n".join(made.malformed)).refused
        header = ((TICK_HEADER, str(time_ms[-1]).encode()),)
        if self._run.faults is not None:
            self._run.faults.write_truth(made.labels)
        while not self._stop.is_set():
            try:
                self._intake.refuse(refused, topic=_TOPIC, source=SOURCE, shape="csv")
                self._intake.submit(made.batch, _TOPIC, header)
            except Unavailable as error:
                logger(__name__).warning("the log takes nothing now", reason=str(error))
                self._stop.wait(error.retry_after)
            else:
                self._next_ms = int(time_ms[-1]) + self._run.tick_ms
                return

    def _skip_behind(self, newest_ms: int | None) -> None:
        """Leave out ticks that another source has made late, keeping to the same grid."""
        behind_ms = (newest_ms or 0) - self._next_ms
        if behind_ms > _BEHIND_MS:
            self._next_ms += behind_ms // self._run.tick_ms * self._run.tick_ms
            logger(__name__).warning("the event clock was moved on", by_seconds=behind_ms // 1000)
