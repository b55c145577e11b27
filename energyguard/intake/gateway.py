"""The border: the only way of readings and of domains' messages into the log.

A clean batch goes to its topic in one append, so that it is there whole or not at all. Refused rows
go to the dead letters with their original bytes and the reason. Nothing is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from energyguard.clock import SYSTEM, Clock
from energyguard.codecs import Decoded, RefusedRow
from energyguard.codecs.records import pack
from energyguard.codecs.refusals import first_bytes
from energyguard.errors import NotFound
from energyguard.log import Log, Records
from energyguard.log.dead_letters import dead_letters
from energyguard.log.records import Headers
from energyguard.model.readings import BACKFILL, by_time, times_of
from energyguard.model.topics import DAY_MS, DEAD_LETTERS, Holds, Topic, TopicClock
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
        headers: Headers = (),
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
            headers: of the records, instead of that.

        Raises:
            NotFound: there is no such topic of readings.
            Unavailable: the log takes nothing now; ``retry_after`` says when.
        """
        self.submit(decoded.batch, topic, headers or (BACKFILL if backfill else ()))
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
        partitions: Sequence[int] = (),
    ) -> None:
        """Append messages that others can read too and that are known to be clean, in one append.

        Args:
            keys: their devices.
            messages: of readings in one of the shapes that messages have (``codecs/records.py``).
            headers: of each; empty: none.
            topic: theirs.
            partitions: of each; empty: those of their keys.

        Raises:
            Unavailable: the log takes nothing now; ``retry_after`` says when.
        """
        self._log.append(topic, Records(keys, messages, headers, partitions=partitions))

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
