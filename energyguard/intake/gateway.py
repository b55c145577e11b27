"""The border: the only way of readings and of signals into the log.

A clean batch goes to its topic in one append, so that it is there whole or not at all. A body of
signals is one delivery too: they go to their topic in order of their time. Refused rows go to the
dead letters with their original bytes and the reason. Nothing is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import msgspec
import pyarrow as pa

from energyguard.clock import SYSTEM, Clock
from energyguard.codecs import Decoded, RefusedRow
from energyguard.codecs.charging import SHAPE, refused, signal
from energyguard.codecs.records import pack
from energyguard.codecs.refusals import MAX_REFUSED, Refusals, first_bytes
from energyguard.errors import Malformed, NotFound, Rejected
from energyguard.log import Log, Records
from energyguard.log.dead_letters import dead_letters
from energyguard.log.records import Headers
from energyguard.model.charging import Signal, partition_of
from energyguard.model.readings import BACKFILL, by_time, times_of
from energyguard.model.topics import (
    DAY_MS,
    DEAD_LETTERS,
    SIGNALS,
    Holds,
    Topic,
    TopicClock,
    partition_for,
)
from energyguard.telemetry import METRICS
from energyguard.topics import topic_named

LETTERS_AT_ONCE = 250
"""Dead letters of one append."""

BACKFILL_MS = DAY_MS
"""A delivery for a topic of clock ``wall`` whose newest reading is older is a backfill."""


class Gateway:
    """Takes what the codecs decoded, and what the simulators made, into a log."""

    def __init__(self, log: Log, clock: Clock = SYSTEM) -> None:
        self._log, self._clock = log, clock

    def take(
        self,
        decoded: Decoded,
        *,
        topic: str,
        source: str,
        shape: str = "",
        backfill: bool = False,
    ) -> None:
        """Append the readings to their topic and the refused rows to the dead letters.

        Both are durable on return. When this raises, some may have been taken: the sender sends
        again, and a reading that comes twice counts once.

        Args:
            decoded: what a codec made of some bytes.
            topic: a topic of the table that holds readings.
            source: who sent them: ``api``, ``file:NAME``, ``simulate``.
            shape: the shape that the bytes had, so that a dead letter can be decoded again.
            backfill: the readings are of the past: they move no clock and alert nobody.

        Raises:
            NotFound: there is no such topic of readings.
            Unavailable: the log takes nothing now; ``retry_after`` says when.
        """
        self.submit(decoded.batch, topic, BACKFILL if backfill else ())
        self.refuse(decoded.refused, topic=topic, source=source, shape=shape)

    def submit(self, batch: pa.RecordBatch, topic: str, headers: Headers = ()) -> None:
        """Append a batch that is known to be clean, in one append: whole or not at all.

        It is one delivery: its own order does not matter.
        """
        row = topic_named(topic)
        if row is None or row.holds is not Holds.READINGS:
            raise NotFound(f"no topic of readings is named {topic!r}")
        if batch.num_rows:
            batch = by_time(batch)
            headers = headers or (BACKFILL if self._is_old(batch, row) else ())
            partitions, values = zip(*pack(batch, row.partitions), strict=True)
            n = len(values)
            self._log.append(topic, Records([None] * n, values, [headers] * n, (), partitions))

    def _is_old(self, batch: pa.RecordBatch, topic: Topic) -> bool:
        """Whether meters that send as they measure cannot have sent this: it is a backfill."""
        newest_ms = int(times_of(batch.slice(batch.num_rows - 1))[0])
        return topic.clock is TopicClock.WALL and newest_ms < self._clock.now_ms() - BACKFILL_MS

    def post(
        self,
        keys: Sequence[bytes],
        messages: Sequence[bytes],
        headers: Sequence[Headers],
        topic: str,
    ) -> None:
        """Append messages that others can read too and that are known to be clean, in one append.

        Args:
            keys: their devices.
            messages: in one of the shapes that messages have (``codecs/records.py``).
            headers: of each.
            topic: a topic of readings.

        Raises:
            Unavailable: the log takes nothing now; ``retry_after`` says when.
        """
        self._log.append(topic, Records(keys, messages, headers))

    def signal(self, signals: Sequence[tuple[bytes, bytes]], topic: str) -> None:
        """Append messages of chargers, each in its charger's partition, in one append.

        Args:
            signals: chargers and messages, in their order.
            topic: where signals of these chargers go.

        Raises:
            Unavailable: the log takes nothing now; ``retry_after`` says when.
        """
        keys, messages = [key for key, _ in signals], [message for _, message in signals]
        many = SIGNALS.partitions
        numbered = [(key, partition_of(key.decode(), many)) for key in keys]
        places = [partition_for(key, many) if at is None else at for key, at in numbered]
        self._log.append(topic, Records(keys, messages, partitions=places))

    def refuse(self, rows: Sequence[RefusedRow], *, topic: str, source: str, shape: str) -> None:
        """Append refused rows to the dead letters, and count them by verdict and field.

        They go in appends of a bounded size, so that others are not kept from the log for long.
        """
        for start in range(0, len(rows), LETTERS_AT_ONCE):
            part = rows[start : start + LETTERS_AT_ONCE]
            letters = dead_letters(
                [replace(row, original=first_bytes(row.original)) for row in part],
                [source] * len(part),
                topic,
                [row.shape or shape for row in part],
            )
            self._log.append(DEAD_LETTERS.name, letters)
            for row in part:
                METRICS["readings"].labels(topic, row.verdict.value).inc(row.count)
                METRICS["refused"].labels(shape, row.field).inc(row.count)


_FIRST_OBJECT = re.compile(rb"\A(?:\xef\xbb\xbf)?[\s\[]*\{[^{}]*\"charger_id\"\s*:")
HEAD_BYTES = 4_096

Message = tuple[Signal, bytes]
"""A signal, and its message as it came."""


def are_signals(head: bytes) -> bool:
    """Whether what begins so are signals of chargers: the first object names one."""
    return _FIRST_OBJECT.match(head[:HEAD_BYTES]) is not None


def decode_signals(data: bytes) -> tuple[list[Message], tuple[RefusedRow, ...]]:
    """Signals of JSON lines or of a JSON array, in order of their time; and what is none."""
    found: list[Message] = []
    bad = Refusals(MAX_REFUSED, SHAPE)
    for row, text in _messages(data):
        try:
            found.append((signal(text), text))
        except Rejected as error:
            bad.add(refused(row, text, error))
    found.sort(key=_second)
    return found, bad.rows()


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    data = data.removeprefix(b"\xef\xbb\xbf")
    if data.lstrip()[:1] == b"[":
        try:
            rows = msgspec.json.decode(data, type=list[msgspec.Raw])
        except (msgspec.DecodeError, RecursionError) as error:
            raise Malformed(f"no JSON array: {error}", "body") from error
        yield from ((row, bytes(text)) for row, text in enumerate(rows, 1))
        return
    for row, line in enumerate(data.split(b"\n"), 1):
        if line.strip():
            yield row, line.strip()


def _second(taken: Message) -> int:
    return taken[0].second


def take_signals(
    intake: Gateway, data: bytes, *, source: str, topic: str = SIGNALS.name
) -> tuple[list[Signal], tuple[RefusedRow, ...]]:
    """Take a body of signals in; durable on return.

    Args:
        intake: the border.
        data: JSON lines, or a JSON array.
        source: who sent it.
        topic: where signals of these chargers go.

    Raises:
        Malformed: it is an array that cannot be read.
        Unavailable: the log takes nothing now; ``retry_after`` says when.
    """
    found, bad = decode_signals(data)
    if found:
        intake.signal([(one.charger.encode(), text) for one, text in found], topic)
    intake.refuse(bad, topic=topic, source=source, shape=SHAPE)
    return [one for one, _ in found], bad
