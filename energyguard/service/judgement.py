"""What the workers make of readings and signals that were taken in again: late once more, say.

The border only knows that something can be read. Whether it counts is said by the worker, in log
order; here one waits until it has read that far, and looks what it has set apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import pyarrow as pa

from energyguard.clock import Clock
from energyguard.codecs.charging import signal
from energyguard.codecs.records import unpack
from energyguard.errors import Rejected
from energyguard.log import LATEST, Fetched, Log, Positions
from energyguard.model.charging import Signal
from energyguard.model.readings import Verdict
from energyguard.model.topics import DEAD_LETTERS, LATE, SIGNALS
from energyguard.pipeline import SESSIONS, WINDOWS
from energyguard.records.dead_letters import DeadLetterHeaders
from energyguard.records.readings import LateHeaders

WAIT_S = 5.0
_STEP_S = 0.05
_APART = {verdict.value for verdict in (Verdict.LATE, Verdict.AHEAD, Verdict.CONFLICTING)}
Identity = tuple[object, ...]


class Judgement:
    """Follows what becomes of something that is about to be taken in.

    Args:
        log: where it goes; what is set apart from now on is looked at.
        clock: the wall clock.
    """

    def __init__(self, log: Log, clock: Clock) -> None:
        self._log, self._clock = log, clock
        self._at: dict[str, Positions] = {
            name: log.positions(name, LATEST) for name in (DEAD_LETTERS.name, LATE.name)
        }
        self._sent: Counter[Identity] = Counter()
        self._topics: dict[str, int] = {}

    def sent_signals(self, topic: str, signals: Sequence[Signal]) -> None:
        """Note signals that were taken in."""
        self._sent.update(_of_signal(topic, signal_sent) for signal_sent in signals)
        self._topics[topic] = self._topics.get(topic, 0) + len(signals)

    def sent_readings(self, topic: str, batch: pa.RecordBatch) -> None:
        """Note readings that were taken in."""
        self._sent.update(_of_readings(topic, batch))
        self._topics[topic] = self._topics.get(topic, 0) + batch.num_rows

    def wait(self, seconds: float = WAIT_S) -> tuple[Counter[str], int]:
        """How many were set apart, by verdict; and how many nobody has judged in this time."""
        ends = {topic: self._log.positions(topic, LATEST) for topic in self._topics}
        until = self._clock.monotonic() + seconds
        left = dict(self._topics)
        while True:
            left = {
                topic: many for topic, many in left.items() if not self._read(topic, ends[topic])
            }
            if not left or self._clock.monotonic() >= until:
                break
            self._clock.sleep(_STEP_S)
        found = Counter[str]()
        for verdict, identity in (*self._letters(), *self._late()):
            if self._sent[identity] > 0:
                self._sent[identity] -= 1
                found[verdict] += 1
        return found, sum(left.values())

    def _read(self, topic: str, ends: Positions) -> bool:
        """Whether the worker has read all that was there."""
        group = (SESSIONS if topic.startswith(SIGNALS.name) else WINDOWS).group
        at = self._log.positions(topic, group)
        return all(at.get(place, 0) >= end for place, end in ends.items())

    def _letters(self) -> Iterator[tuple[str, Identity]]:
        for part in self._new(DEAD_LETTERS.name):
            for value, headers in zip(part.values, part.headers, strict=True):
                found = DeadLetterHeaders.decode(headers)
                if found.verdict in _APART:
                    try:
                        sent = signal(value or b"")
                    except Rejected:
                        continue  # a reading
                    yield found.verdict, _of_signal(found.topic, sent)

    def _late(self) -> Iterator[tuple[str, Identity]]:
        for part in self._new(LATE.name):
            for value, headers in zip(part.values, part.headers, strict=True):
                found = LateHeaders.decode(headers)
                if found.verdict in _APART and value:
                    batch, _ = unpack([value])
                    for identity in _of_readings(found.topic, batch):
                        yield found.verdict, identity

    def _new(self, topic: str) -> Iterator[Fetched]:
        at = dict(self._at[topic])
        while at and (fetched := self._log.read(at, 10_000, 0)):
            for part in fetched:
                at[part.at] = part.next_offset
                yield part


def _of_signal(topic: str, signal_sent: Signal) -> Identity:
    return (
        topic,
        signal_sent.charger,
        signal_sent.second,
        signal_sent.kind,
        signal_sent.who,
        signal_sent.amount,
        signal_sent.register,
    )


def _of_readings(topic: str, batch: pa.RecordBatch) -> Iterator[Identity]:
    columns = [batch.column(name).to_pylist() for name in ("device", "channel", "time", "value")]
    return ((topic, *row) for row in zip(*columns, strict=True))
