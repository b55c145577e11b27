"""What the workers make of readings and messages that were taken in again: late once more, say.

The border only knows that something can be read. Whether it counts is said by the worker, in log
order; here one waits until it has read that far, and looks what it has set apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import pyarrow as pa

from energyguard.clock import Clock
from energyguard.codecs.records import unpack
from energyguard.domain import Messages
from energyguard.errors import Rejected
from energyguard.intake.messages import Identity, border_of, of_shape
from energyguard.log import LATEST, Fetched, Log, Positions
from energyguard.model.readings import Verdict
from energyguard.model.topics import DEAD_LETTERS, LATE
from energyguard.pipeline import WINDOWS
from energyguard.records.dead_letters import DeadLetterHeaders
from energyguard.records.readings import LateHeaders

WAIT_S = 5.0
_STEP_S = 0.05
_APART = {verdict.value for verdict in (Verdict.LATE, Verdict.AHEAD, Verdict.CONFLICTING)}


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
        self._groups: dict[str, str] = {}  # who judges a topic

    def sent_messages(self, messages: Messages, topic: str, identities: Sequence[Identity]) -> None:
        """Note messages of a domain that were taken in."""
        self._sent.update((topic, *identity) for identity in identities)
        self._topics[topic] = self._topics.get(topic, 0) + len(identities)
        self._groups[topic] = messages.group

    def sent_readings(self, topic: str, batch: pa.RecordBatch) -> None:
        """Note readings that were taken in."""
        self._sent.update(_of_readings(topic, batch))
        self._topics[topic] = self._topics.get(topic, 0) + batch.num_rows

    def wait(self) -> tuple[Counter[str], int]:
        """How many were set apart, by verdict; and how many nobody has judged in ``WAIT_S``."""
        ends = {topic: self._log.positions(topic, LATEST) for topic in self._topics}
        until = self._clock.monotonic() + WAIT_S
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
        at = self._log.positions(topic, self._groups.get(topic, WINDOWS.group))
        return all(at.get(place, 0) >= end for place, end in ends.items())

    def _letters(self) -> Iterator[tuple[str, Identity]]:
        for part in self._new(DEAD_LETTERS.name):
            for value, headers in zip(part.values, part.headers, strict=True):
                found = DeadLetterHeaders.decode(headers)
                messages = of_shape(found.shape)
                if found.verdict in _APART and messages is not None:
                    try:
                        identity = border_of(messages).identity(value or b"")
                    except Rejected:
                        continue  # cut short
                    yield found.verdict, (found.topic, *identity)

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


def _of_readings(topic: str, batch: pa.RecordBatch) -> Iterator[Identity]:
    columns = [batch.column(name).to_pylist() for name in ("device", "channel", "time", "value")]
    return ((topic, *row) for row in zip(*columns, strict=True))
