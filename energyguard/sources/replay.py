"""Files of any shape into the running system, or into a topic of their own.

All files together are put in order of time first, for which their readings are held in memory
(about 40 bytes each). By default their times are moved onto the running clock: a device of an old
file measures now. With a name for a topic they keep their times, go as fast as the log takes them,
and the end of the input closes every window.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.clock import SYSTEM, Clock
from energyguard.errors import Unavailable
from energyguard.log import LATEST, Log
from energyguard.model.readings import SCHEMA, batch_of, times_of
from energyguard.model.topics import ENERGY_READINGS, REPLAY_READINGS, TIME
from energyguard.sources.event_clock import RunningClock, TopicTime, newest_event_ms
from energyguard.sources.intake import Intake
from energyguard.stream.decisions import Decision, decision_records
from energyguard.telemetry import logger
from energyguard.wire.files import read_blocks
from energyguard.wire.limits import DEFAULT, Plausible
from energyguard.wire.refusals import counted

Progress = Callable[[int, int | None], None]
"""Called with the readings sent so far, and how many there are."""

_SHARED_PACE = 30.0
_READINGS_AT_ONCE = 65_536
_SHORTEST_WAIT_S = 0.1  # so that a slow file is not an append per reading
_LONGEST_WAIT_S = 0.5
_MINUTE_MS = 60_000


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What to replay, and how.

    Attributes:
        paths: files, gzipped or not, of any shape that ``wire`` knows.
        keep_time: a name: the readings keep their times and go into ``replay.<name>``.
        speedup: event time by wall time; ``math.inf``: as fast as it can; None: that, for a
            topic of its own, and the simulators' 30 where the running clock is shared.
        prefix: put before every device's id, so that it is not taken for one that runs already.
        limits: what is plausible.
    """

    paths: Sequence[Path]
    keep_time: str = ""
    speedup: float | None = None
    prefix: str = ""
    limits: Plausible = DEFAULT

    @property
    def pace(self) -> float:
        """The speed-up, with its default filled in."""
        if self.speedup is not None:
            return self.speedup
        return math.inf if self.keep_time else _SHARED_PACE

    @property
    def topic(self) -> str:
        """Where the readings go."""
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


class Player:
    """Plays files into a log."""

    def __init__(self, replay: Replay, log: Log, stop: Event, clock: Clock = SYSTEM) -> None:
        self._replay, self._log, self._stop, self._clock = replay, log, stop, clock
        self._intake = Intake(log)

    def play(self, progress: Progress | None = None) -> Replayed:
        """Send all readings, or those until ``stop``."""
        readings, refused = self._load()
        topic, count = self._replay.topic, readings.num_rows
        if not count:
            return Replayed(topic, 0, refused, None, None)
        time_ms = times_of(readings)
        clock, shift_ms = self._start(int(time_ms[0]))
        time_ms = time_ms + shift_ms
        done = 0
        while done < count and not self._stop.is_set():
            due = int(np.searchsorted(time_ms, clock.now_ms(), side="right"))
            due = min(due, done + _READINGS_AT_ONCE)
            if due <= done:
                wait = max(_SHORTEST_WAIT_S, clock.seconds_until(int(time_ms[done])))
                self._stop.wait(min(wait, _LONGEST_WAIT_S))
                continue
            if not self._sent(_batch(readings.slice(done, due - done), time_ms[done:due])):
                break
            done = due
            if progress is not None:
                progress(done, count)
        last_ms = int(time_ms[done - 1]) if done else None
        return Replayed(topic, done, refused, int(time_ms[0]), last_ms)

    def _load(self) -> tuple[pa.Table, int]:
        """All readings of the files in order of time; refused rows go to the dead letters."""
        blocks, refused = [], 0
        for path in self._replay.paths:
            for shape, decoded in read_blocks(path, limits=self._replay.limits):
                refused += counted(decoded.refused)
                self._intake.refuse(
                    decoded.refused,
                    topic=self._replay.topic,
                    source=f"file:{path.name}",
                    shape=shape,
                )
                blocks.append(_compact(decoded.batch, self._replay.prefix))
        if not blocks:
            return SCHEMA.empty_table(), refused
        everything = pa.Table.from_batches(blocks).unify_dictionaries().combine_chunks()
        return everything.take(pc.sort_indices(everything, [("time", "ascending")])), refused

    def _start(self, first_ms: int) -> tuple[RunningClock, int]:
        """The clock to play by, and what to add to the file's times (whole minutes)."""
        topic = self._replay.topic
        start_ms = first_ms
        if not self._replay.keep_time:
            newest_ms = newest_event_ms(self._log, topic)
            start_ms = self._clock.now_ms() if newest_ms is None else newest_ms
        shift_ms = (start_ms - first_ms) // _MINUTE_MS * _MINUTE_MS
        time = TopicTime(self._log, topic)
        return RunningClock(time, start_ms, self._replay.pace, self._clock), shift_ms

    def _sent(self, batch: pa.RecordBatch) -> bool:
        """Append, however long the log needs; given up only on ``stop``."""
        while not self._stop.is_set():
            try:
                self._intake.submit(batch, self._replay.topic)
            except Unavailable as error:
                logger(__name__).warning("the log takes nothing now", reason=str(error))
                self._stop.wait(error.retry_after)
            else:
                return True
        return False


def end_input(log: Log, topic: str, time_ms: int) -> None:
    """Say that a topic's input has ended: its partitions' time is ``time_ms`` from here on.

    With a time beyond the last window's end plus the lateness, every window closes.
    """
    decisions = [
        Decision(topic=topic, partition=at.partition, offset=end, time=time_ms, end=True)
        for at, end in log.positions(topic, LATEST).items()
    ]
    log.append(TIME.name, decision_records(decisions))


def _compact(batch: pa.RecordBatch, prefix: str) -> pa.RecordBatch:
    """The batch with each device's and channel's name kept once."""
    device = batch.column("device").dictionary_encode()
    if prefix:
        names = [prefix + name for name in device.dictionary.to_pylist()]
        device = pa.DictionaryArray.from_arrays(device.indices, pa.array(names, pa.string()))
    channel = batch.column("channel").dictionary_encode()
    rest = [batch.column(name) for name in ("time", "value", "sequence")]
    return pa.RecordBatch.from_arrays([device, channel, *rest], names=SCHEMA.names)


def _batch(rows: pa.Table, time_ms: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pa.RecordBatch:
    """Rows with plain columns again, at their moved times."""
    device, channel = (rows.column(name).cast(pa.string()) for name in ("device", "channel"))
    value, sequence = rows.column("value"), rows.column("sequence")
    flat = [column.combine_chunks() for column in (device, channel, value, sequence)]
    return batch_of(flat[0], flat[1], time_ms, flat[2], flat[3])
