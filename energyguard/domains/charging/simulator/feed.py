"""Simulated chargers into the log, or their messages into a file.

A second is sent as one append. Each record says when the run began and which seconds the append
has, so after a kill -9 the simulator finds in each partition what it has sent, makes the same
signals again and goes on behind: no second is there in part, none comes twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from threading import Event
from typing import BinaryIO

import msgspec

from energyguard.clock import SYSTEM, Clock
from energyguard.domains.charging.charger_list import list_chargers
from energyguard.domains.charging.intake import partition_at
from energyguard.domains.charging.simulator.chargers import TIMINGS, Timings, signals
from energyguard.domains.charging.simulator.faults import Sent, Spoiler, clean
from energyguard.domains.charging.simulator.stations import charger_at
from energyguard.domains.charging.topics import SIGNALS
from energyguard.log import LATEST, Log, Records, TopicPartition
from energyguard.log.records import Headers
from energyguard.model.topics import TICK_HEADER
from energyguard.simulators.event_clock import RunningClock, backwards
from energyguard.simulators.ticker import Progress, SecondBySecond, Ticker, Times, patiently
from energyguard.telemetry import logger

RUN_HEADER = "run"
"""The header of a simulator's records: seed, first charger, first second."""
FROM_HEADER = "from"
"""The first second of the append that a record came with; ``TICK_HEADER`` has the last one."""
MAX_S = 6 * 3_600  # a run that began longer ago is not made again: a new one begins
LOOKED_AT = 2_000  # records of a partition, for the last one of this run
_AT_ONCE = 5_000

_log = logger(__name__)


@dataclass(frozen=True, kw_only=True)
class ChargerRun(SecondBySecond):
    """What to simulate, from when, how long and how fast.

    Attributes:
        chargers: their numbers.
        seed: the same seed, the same signals.
        start_s: the first second; None: now, or where the log stands.
        seconds: how many; None: for ever.
        timings: how long things take.
        minute: seconds of event time that a minute takes: 1, or 60 in real time.
        speedup: event time by wall time, for the log; ``math.inf``: as fast as it can.
        topic: where signals go.
        spoiler: spoils them, or nobody does.
        truth: the ground-truth file, added to.
    """

    chargers: range = field(default=range(100))
    seed: int = 1
    start_s: int | None = None
    seconds: int | None = None
    timings: Timings = TIMINGS["listed"]
    minute: int = 1
    speedup: float = 1.0
    topic: str = SIGNALS.name
    spoiler: Spoiler | None = None
    truth: Path | None = None

    tick_ms: int = field(default=1000, init=False)
    ticks_at_once: int = field(default=60, init=False)

    @property
    def name(self) -> str:
        """What its records say of it, without its start."""
        return f"{self.seed}/{self.chargers.start}/{len(self.chargers)}"

    def sent(self, start: int) -> Iterator[Sent]:
        """All messages from a second on, in the order in which they are sent."""
        every = signals(self.chargers, self.seed, start, self.seconds, self.timings, self.minute)
        return clean(every) if self.spoiler is None else self.spoiler.spoilt(every)

    def write_truth(self, sent: Sequence[Sent]) -> None:
        """Add labels to the ground-truth file."""
        labels = [item.label for item in sent if item.label is not None]
        if self.truth is not None and labels:
            with self.truth.open("ab") as file:
                file.write(msgspec.json.Encoder().encode_lines(labels))


class ChargerFeed(Ticker):
    """Sends a run's signals into its topic, going on where the log stands."""

    def __init__(self, run: ChargerRun, log: Log, stop: Event, clock: Clock = SYSTEM) -> None:
        super().__init__(run, log, run.topic, stop)
        self._run, self._log = run, log
        now_s = clock.now_ms() // 1000
        start, sent = self._begun(now_s)
        self._sent_s = {place: seconds[-1] for place, seconds in sent.items()}
        last = max(self._sent_s.values(), default=start - 1)
        self._append_s = max((seconds[0] for seconds in sent.values()), default=start)
        self._first_ms, self._next_ms = start * 1000, (last + 1) * 1000
        self._header = (RUN_HEADER, f"{run.name}/{start}".encode())
        self._messages = run.sent(start)
        self._ahead: Sent | None = None
        soon = run.start_s is None  # event time is the wall clock's, also after a pause
        if soon and self._sent_s and last < now_s - 1:
            _log.info("signals of the pause are left out", seconds=now_s - 1 - last)
            self._next_ms = now_s * 1000
        self._last_s, self._pause = last, range(last + 1, self._next_ms // 1000)
        self._clock = RunningClock(self._time, self._next_ms, run.speedup, clock)

    def _begun(self, now_s: int) -> tuple[int, dict[int, range]]:
        """When the run in the log began, and the seconds of each partition's last append."""
        found: dict[int, tuple[int, range]] = {}  # by partition: start, and those seconds
        places = {_place(number) for number in self._run.chargers}
        for at in self._log.positions(self._run.topic, LATEST):
            if at.partition in places and (every := self._last(at)) is not None:
                found[at.partition] = every
        start = max((began for began, _ in found.values()), default=None)
        wanted = self._run.start_s
        fresh = now_s if wanted is None else wanted
        if start is None or (wanted is not None and start != wanted):
            return fresh, {}
        if wanted is None and now_s - start > MAX_S:
            return fresh, {}
        return start, {place: sent for place, (began, sent) in found.items() if began == start}

    def _last(self, at: TopicPartition) -> tuple[int, range] | None:
        looked_at = 0
        for part in backwards(self._log, at):
            for pairs in reversed(part.headers):
                headers = dict(pairs)
                name, _, start = headers.get(RUN_HEADER, b"").decode().rpartition("/")
                if name == self._run.name:
                    last_s = int(headers[TICK_HEADER]) // 1000
                    return int(start), range(int(headers.get(FROM_HEADER, last_s)), last_s + 1)
            looked_at += len(part)
            if looked_at >= LOOKED_AT:
                return None
        return None

    def publish(self) -> None:
        """Tell which chargers there are, and where."""
        numbers = iter(self._run.chargers)
        while some := [charger_at(number, self._run.topic) for number in islice(numbers, _AT_ONCE)]:
            patiently(partial(list_chargers, self._log, some), self._stop)

    def _send(self, time_ms: Times) -> bool:
        """Append all that is sent up to the last tick: whole or not at all."""
        first_s, last_s = int(time_ms[0]) // 1000, int(time_ms[-1]) // 1000
        is_last = self.done + len(time_ms) == self._run.ticks
        due = [item for item in self._due(None if is_last else last_s) if self._is_new(item)]
        self._run.write_truth(due)
        gone = [item for item in due if not item.is_lost]
        if not gone:
            return True
        header: Headers = (
            self._header,
            (FROM_HEADER, str(first_s).encode()),
            (TICK_HEADER, str(int(time_ms[-1])).encode()),
        )
        records = Records(
            [item.charger.encode() for item in gone],
            [item.message for item in gone],
            [header] * len(gone),
            partitions=[_of(item) for item in gone],
        )
        return patiently(partial(self._log.append, self._run.topic, records), self._stop)

    def _is_new(self, item: Sent) -> bool:
        """Whether it was not sent before: some partitions may lack the end of the last append."""
        if item.second > self._last_s:
            return item.second not in self._pause
        sent_s = self._sent_s.get(_of(item), self._append_s - 1)
        return item.second >= self._append_s and item.second > sent_s

    def _due(self, last_s: int | None) -> Iterator[Sent]:
        """What is sent up to a second; None: all, also what is delayed beyond the end."""
        while (sent := self._ahead or next(self._messages, None)) is not None:
            self._ahead = None
            if last_s is not None and sent.second > last_s:
                self._ahead = sent
                return
            yield sent


def _of(sent: Sent) -> int:
    return partition_at(sent.charger)


def _place(number: int) -> int:
    return number % SIGNALS.partitions


def write_json(
    run: ChargerRun, out: BinaryIO, stop: Event, progress: Progress | None = None
) -> None:
    """Write a run's messages, one a line, as fast as it goes."""
    start = SYSTEM.now_ms() // 1000 if run.start_s is None else run.start_s
    messages = run.sent(start)
    while not stop.is_set() and (some := list(islice(messages, _AT_ONCE))):
        run.write_truth(some)
        out.write(b"".join(item.message + b"\n" for item in some if not item.is_lost))
        if progress is not None:
            progress(some[-1].second - start + 1, run.seconds)
