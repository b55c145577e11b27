"""Files of any shape into the running system, or into a topic of their own.

All files together are one delivery: they are put in order of time first. By default their times are
moved onto the running clock: a device of an old file measures now. Else they keep their times, go
as fast as the log takes them, and are a backfill, which alerts nobody: in the topic of meters, or
in one of their own. There they may be held against the rules too; then the end of the input closes
every window.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.clock import SYSTEM, Clock
from energyguard.codecs.assembly import DEFAULT, PlausibilityLimits
from energyguard.codecs.deliveries import Block, in_runs
from energyguard.codecs.files import read_blocks
from energyguard.codecs.refusals import counted
from energyguard.codecs.sources import file_source
from energyguard.intake.gateway import Gateway
from energyguard.log import LATEST, Log
from energyguard.model.readings import BACKFILL, SCHEMA, batch_of, times_of
from energyguard.model.topics import ENERGY_READINGS, METER_READINGS, REPLAY_READINGS, TIME
from energyguard.simulators.event_clock import RunningClock, TopicTime, newest_event_ms
from energyguard.simulators.ticker import patiently
from energyguard.stream.runtime.outputs import Decision, decision_records

Ints = npt.NDArray[np.int64]
Progress = Callable[[int, int | None], None]
"""Called with the readings sent so far, and how many there are."""

_SHARED_PACE = 30.0
_READINGS_AT_ONCE = 65_536
_SHORTEST_WAIT_S = 0.1  # so that a slow file is not an append per reading
_MAX_WAIT_S = 0.5
_MINUTE_MS = 60_000


@dataclass(frozen=True, kw_only=True)
class ReplayRun:
    """What to replay, and how.

    Attributes:
        paths: files, gzipped or not, of any shape that ``wire`` knows.
        keep_time: a name: the readings keep their times and go into ``replay.<name>``.
        backfill: the readings keep their times and go where meters send theirs.
        alerts: with ``keep_time``: they are no backfill, rules may raise what they like.
        speedup: event time by wall time; ``math.inf``: as fast as it can; None: that, for a
            topic of its own and a backfill; the simulators' 30 where the running clock is shared.
        prefix: put before every device's id, so that it is not taken for one that runs already.
        limits: what is plausible.
    """

    paths: Sequence[Path]
    keep_time: str = ""
    backfill: bool = False
    alerts: bool = False
    speedup: float | None = None
    prefix: str = ""
    limits: PlausibilityLimits = DEFAULT

    @property
    def pace(self) -> float:
        """The speed-up, with its default filled in."""
        if self.speedup is not None:
            return self.speedup
        return math.inf if self.keeps_time else _SHARED_PACE

    @property
    def keeps_time(self) -> bool:
        """Whether the readings go in with the times that they have in the files."""
        return self.backfill or bool(self.keep_time)

    @property
    def topic(self) -> str:
        """Where the readings go."""
        if self.backfill:
            return METER_READINGS.name
        if not self.keep_time:
            return ENERGY_READINGS.name
        return REPLAY_READINGS.name.replace("*", self.keep_time)


class Replayed(NamedTuple):
    """What a replay came to. Times are those in the log; None: there was no reading."""

    topic: str
    readings: int
    refused: int
    first_ms: int | None
    last_ms: int | None
    reason: str = ""  # why the first of the rows refused was not taken


class Player:
    """Plays files into a log."""

    def __init__(self, replay: ReplayRun, log: Log, stop: Event, clock: Clock = SYSTEM) -> None:
        self._replay, self._log, self._stop, self._clock = replay, log, stop, clock
        self._intake = Gateway(log, clock)
        self._readings = self._refused = 0
        self._reason = ""

    def play(self, progress: Progress | None = None) -> Replayed:
        """Send all readings, or those until ``stop``."""
        blocks = in_runs(self._blocks())
        next(blocks)  # now all files have been read
        topic, done = self._replay.topic, 0
        first_ms = last_ms = None
        for batch, _ in blocks:
            time_ms = times_of(batch)
            if first_ms is None:
                clock, shift_ms = self._start(int(time_ms[0]))
                first_ms = int(time_ms[0]) + shift_ms
            sent = self._send(batch, time_ms + shift_ms, clock)
            if sent:
                last_ms = int(time_ms[sent - 1]) + shift_ms
            done += sent
            if progress is not None:
                progress(done, self._readings)
            if sent < len(time_ms):
                break
        return Replayed(topic, done, self._refused, first_ms, last_ms, self._reason)

    def _send(self, batch: pa.RecordBatch, time_ms: Ints, clock: RunningClock) -> int:
        """Send readings as they are due; gives how many were sent before ``stop``."""
        done, count, topic = 0, len(time_ms), self._replay.topic
        headers = () if self._replay.alerts or not self._replay.keeps_time else BACKFILL
        while done < count and not self._stop.is_set():
            due = int(np.searchsorted(time_ms, clock.now_ms(), side="right"))
            due = min(due, done + _READINGS_AT_ONCE)
            if due <= done:
                wait = max(_SHORTEST_WAIT_S, clock.seconds_until(int(time_ms[done])))
                self._stop.wait(min(wait, _MAX_WAIT_S))
                continue
            rows = _moved(batch.slice(done, due - done), time_ms[done:due])
            if not patiently(partial(self._intake.submit, rows, topic, headers), self._stop):
                break
            done = due
        return done

    def _blocks(self) -> Iterator[Block]:
        """The files' readings; refused rows go to the dead letters."""
        for path in self._replay.paths:
            for shape, decoded in read_blocks(path, limits=self._replay.limits):
                self._refused += counted(decoded.refused)
                for row in decoded.refused[:1]:
                    self._reason = self._reason or f"{path}:{row.row}: {row.reason}"
                self._intake.refuse(
                    decoded.refused,
                    topic=self._replay.topic,
                    source=file_source(path),
                    shape=shape,
                )
                self._readings += decoded.batch.num_rows
                yield _named(decoded.batch, self._replay.prefix), []

    def _start(self, first_ms: int) -> tuple[RunningClock, int]:
        """The clock to play by, and what to add to the file's times (whole minutes)."""
        topic = self._replay.topic
        start_ms = first_ms
        if not self._replay.keeps_time:
            newest_ms = newest_event_ms(self._log, topic)
            start_ms = self._clock.now_ms() if newest_ms is None else newest_ms
        shift_ms = (start_ms - first_ms) // _MINUTE_MS * _MINUTE_MS
        time = TopicTime(self._log, topic)
        return RunningClock(time, start_ms, self._replay.pace, self._clock), shift_ms


def end_input(log: Log, topic: str, time_ms: int) -> None:
    """Say that a topic's input has ended: its partitions' time is ``time_ms`` from here on.

    With a time beyond the last window's end plus the lateness, every window closes.
    """
    decisions = [
        Decision(topic=topic, partition=at.partition, offset=end, time=time_ms, end=True)
        for at, end in log.positions(topic, LATEST).items()
    ]
    log.append(TIME.name, decision_records(decisions))


def _named(batch: pa.RecordBatch, prefix: str) -> pa.RecordBatch:
    """The batch with a prefix before each device's name."""
    if not prefix:
        return batch
    device = pc.binary_join_element_wise(prefix, batch.column("device"), "")
    return batch.set_column(0, SCHEMA.field("device"), device)


def _moved(rows: pa.RecordBatch, time_ms: Ints) -> pa.RecordBatch:
    """Rows at other times."""
    device, channel, _, value, sequence = rows.columns
    return batch_of(device, channel, time_ms, value, sequence)
