"""A device that sends a message a second, each made of the one before it.

A domain gives one function; here it becomes a role, and what writes a file. A step depends on the
seed, the second and the message before it only, so a simulator that starts again goes on from the
last message that the log has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from threading import Event
from typing import BinaryIO

from energyguard.clock import SYSTEM, Clock
from energyguard.log import Log, Records, TopicPartition, open_log
from energyguard.log.waiting import is_there
from energyguard.model.topics import TICK_HEADER, Topic, partition_for
from energyguard.settings.tree import Settings
from energyguard.simulators.event_clock import RunningClock, backwards
from energyguard.simulators.ticker import (
    Progress,
    SecondBySecond,
    Ticker,
    Times,
    batches,
    patiently,
)


@dataclass(frozen=True, slots=True)
class Steps:
    """What a device sends. ``after``: the message of a second, of (the message of the second
    before, or None; the seed; the second), where it raises ValueError for one of somebody else's.
    """

    topic: Topic
    device: str
    after: Callable[[bytes | None, int, int], bytes]


@dataclass(frozen=True, kw_only=True)
class StepRun(SecondBySecond):
    """What to simulate: ``start_s`` None: from now on; ``seconds`` None: for ever."""

    steps: Steps
    seed: int = 1
    start_s: int | None = None
    seconds: int | None = None
    speedup: float = 1.0

    tick_ms: int = 1000
    ticks_at_once: int = 3_600

    def messages(self, before: bytes | None, start_s: int, count: int) -> Iterator[bytes]:
        """The messages of some seconds, after the one before them."""
        for second in range(start_s, start_s + count):
            before = self.steps.after(before, self.seed, second)
            yield before


class StepFeed(Ticker):
    """Sends a run's messages into its topic, going on from the last one that is there."""

    def __init__(self, run: StepRun, log: Log, stop: Event, clock: Clock = SYSTEM) -> None:
        super().__init__(run, log, run.steps.topic.name, stop)
        self._run, self._log = run, log
        last_ms, self._last = self._newest()
        start_s = clock.now_ms() // 1000 if run.start_s is None else run.start_s
        self._first_ms = start_s * 1000
        self._next_ms = max(self._first_ms, last_ms + 1000)
        self._clock = RunningClock(self._time, self._next_ms, run.speedup, clock)

    def _newest(self) -> tuple[int, bytes | None]:
        """The newest message that a simulator sent, and its time."""
        topic, key = self._run.steps.topic, self._run.steps.device.encode()
        home = TopicPartition(topic.name, partition_for(key, topic.partitions))
        for part in backwards(self._log, home):
            for value, headers in zip(reversed(part.values), reversed(part.headers), strict=True):
                tick = dict(headers).get(TICK_HEADER)
                if tick is None or value is None:
                    continue
                try:
                    self._run.steps.after(value, self._run.seed, 0)
                except ValueError:
                    continue
                return int(tick), value
        return 0, None

    def _send(self, time_ms: Times) -> bool:
        steps = self._run.steps
        sent = [*self._run.messages(self._last, int(time_ms[0]) // 1000, len(time_ms))]
        headers = [((TICK_HEADER, str(at).encode()),) for at in time_ms.tolist()]
        records = Records([steps.device.encode()] * len(sent), sent, headers)
        if not patiently(lambda: self._log.append(steps.topic.name, records), self._stop):
            return False
        self._last = sent[-1]
        return True


def write_lines(run: StepRun, out: BinaryIO, stop: Event, progress: Progress | None = None) -> None:
    """Write a run's messages, one a line, as fast as it goes."""
    start = SYSTEM.now_ms() // 1000 if run.start_s is None else run.start_s
    last = None
    for time_ms in batches(run, start * 1000, stop, progress):
        lines = [*run.messages(last, int(time_ms[0]) // 1000, len(time_ms))]
        out.write(b"\n".join(lines) + b"\n")
        last = lines[-1]


def play(steps: Steps, settings: Settings, stop: Event) -> None:
    """Simulate as the settings say; what was sent is durable when this returns."""
    with closing(open_log(settings.log_url, options=settings.log.kafka)) as log:
        if is_there(log, stop):
            StepFeed(StepRun(steps=steps, seed=settings.simulate.seed), log, stop).play()
