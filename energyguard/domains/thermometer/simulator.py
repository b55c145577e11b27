"""System D's thermometer: a walk of one degree up or down a second, between 0 and 30.

A step depends on the seed, the second and the degrees before it only, so a simulator that starts
again goes on from the last message that the log has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from threading import Event
from typing import BinaryIO

import msgspec

from energyguard.clock import SYSTEM, Clock
from energyguard.codecs.charging import seconds, text_of
from energyguard.domains.thermometer.dialect import DEVICE, message
from energyguard.log import Log, Records, TopicPartition
from energyguard.model.topics import THERMOMETER, TICK_HEADER
from energyguard.simulators.event_clock import RunningClock, backwards
from energyguard.simulators.ticker import Progress, Ticker, Times

LOWEST, HIGHEST, FIRST = 0, 30, 15


class _Message(msgspec.Struct):
    timestamp: str
    celsius: int


@dataclass(frozen=True, kw_only=True)
class Walk:
    """What to simulate: ``start_s`` None: from now on; ``seconds`` None: for ever."""

    seed: int = 1
    start_s: int | None = None
    seconds: int | None = None
    speedup: float = 1.0

    tick_ms: int = 1000
    ticks_at_once: int = 3_600

    @property
    def start_ms(self) -> int | None:
        """The first tick."""
        return None if self.start_s is None else self.start_s * 1000

    @property
    def ticks(self) -> int | None:
        """How many seconds."""
        return self.seconds

    def degrees(self, before: int, second: int) -> int:
        """The degrees of a second after those of the one before."""
        if before <= LOWEST:
            return LOWEST + 1
        if before >= HIGHEST:
            return HIGHEST - 1
        return before + (1 if Random(f"{self.seed}/{second}").random() < 0.5 else -1)

    def messages(self, before: int, start: int, many: int) -> Iterator[tuple[int, bytes]]:
        """Degrees and messages of some seconds."""
        for second in range(start, start + many):
            before = self.degrees(before, second)
            yield before, message(text_of(second), before)


class ThermometerFeed(Ticker):
    """Sends a walk into ``topic-test``, going on from the last message that is there."""

    def __init__(self, run: Walk, log: Log, stop: Event, clock: Clock = SYSTEM) -> None:
        super().__init__(run, log, THERMOMETER.name, stop)
        self._walk, self._log = run, log
        last_s, self._degrees = self._last()
        now_s = clock.now_ms() // 1000
        start = now_s if run.start_s is None else run.start_s
        self._next_ms = max(start, last_s + 1) * 1000
        self._first_ms = start * 1000
        self._clock = RunningClock(self._time, self._next_ms, run.speedup, clock)

    def _last(self) -> tuple[int, int]:
        for part in backwards(self._log, TopicPartition(THERMOMETER.name, 0)):
            for value in reversed(part.values):
                try:
                    told = msgspec.json.decode(value or b"", type=_Message)
                    return seconds(told.timestamp), told.celsius
                except (msgspec.DecodeError, ValueError):
                    continue
        return 0, FIRST

    def _send(self, time_ms: Times) -> bool:
        start = int(time_ms[0]) // 1000
        told = list(self._walk.messages(self._degrees, start, len(time_ms)))
        headers = [((TICK_HEADER, str(at).encode()),) for at in time_ms.tolist()]
        records = Records([DEVICE.encode()] * len(told), [text for _, text in told], headers)
        if not self._patiently(lambda: self._log.append(THERMOMETER.name, records)):
            return False
        self._degrees = told[-1][0]
        return True


def write_json(run: Walk, out: BinaryIO, stop: Event, progress: Progress | None = None) -> None:
    """Write a walk's messages, one a line, as fast as it goes."""
    start = SYSTEM.now_ms() // 1000 if run.start_s is None else run.start_s
    degrees, done = FIRST, 0
    while not stop.is_set() and (run.seconds is None or done < run.seconds):
        left = run.ticks_at_once if run.seconds is None else run.seconds - done
        many = min(run.ticks_at_once, left)
        told = list(run.messages(degrees, start + done, many))
        out.write(b"".join(text + b"\n" for _, text in told))
        degrees, done = told[-1][0], done + many
        if progress is not None:
            progress(done, run.seconds)
