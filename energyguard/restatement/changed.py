"""The time that late or corrected readings change: spans, by topic, device and channel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from energyguard.codecs.records import backfilled, read_settled
from energyguard.history.corrections.correction_book import CorrectionBook
from energyguard.log import Fetched, Positions, TopicPartition
from energyguard.log.records import Headers
from energyguard.model.channels import CHANNELS
from energyguard.model.readings import Verdict
from energyguard.model.topics import CORRECTIONS, DAY_MS, LATE, REPLAY_READINGS, source_of
from energyguard.records.readings import LateHeaders
from energyguard.telemetry import logger

NEAR_MS = DAY_MS
"""Readings of one channel so near each other are of one span."""
ENERGY = frozenset(name for name, channel in CHANNELS.items() if not channel.is_level)
"""The channels that the ledger counts."""

SpanKey = tuple[str, str, str, str, bool]
"""Topic, device, channel, import, and whether the device is a sum."""

_log = logger(__name__)


class ChangedSpan(NamedTuple):
    """From when to when readings came late, of one channel of one device."""

    at: TopicPartition  # where they lay; of a correction: where that lies
    device: str
    channel: str
    from_ms: int
    to_ms: int  # the newest of them
    import_id: str = ""
    """Of the import that people took back, or brought again; without a device: of all of its."""
    is_sum: bool = False
    """Of a sum of devices under its rules: the device is its name, the channel its alerts'."""
    is_corrected: bool = False
    """Of a sum: whether somebody corrected them."""

    @property
    def key(self) -> SpanKey:
        """Spans of which this is the same may be one."""
        return self.topic, self.device, self.channel, self.import_id, self.is_sum

    @property
    def is_correction(self) -> bool:
        """Whether somebody corrected them: where they lay is not known then."""
        return self.at.topic == CORRECTIONS.name

    @property
    def topic(self) -> str:
        """The topic that they came in."""
        return source_of(self.at.topic)

    def meets(self, other: ChangedSpan) -> bool:
        """Whether two spans of one channel are near each other."""
        return self.from_ms - NEAR_MS <= other.to_ms and other.from_ms <= self.to_ms + NEAR_MS

    def with_other(self, other: ChangedSpan) -> ChangedSpan:
        """One span of two."""
        return self._replace(
            from_ms=min(self.from_ms, other.from_ms),
            to_ms=max(self.to_ms, other.to_ms),
            is_corrected=self.is_corrected or other.is_corrected,
        )


class ChangedSpans:
    """Spans, and where in the log the first record stands that each is of."""

    def __init__(self) -> None:
        self._spans: dict[SpanKey, list[tuple[ChangedSpan, dict[TopicPartition, int]]]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._spans.values()))

    def __iter__(self) -> Iterator[ChangedSpan]:
        return iter([span for spans in self._spans.values() for span, _ in spans])

    def take(self, fetched: Fetched, *, backfills: bool = False) -> None:
        """Take records of ``energyguard.late``, or readings of which the backfills count.

        Args:
            fetched: the records.
            backfills: whether what is replayed from a file counts, too.
        """
        sources = {
            i: at for i, at in _sources(fetched).items() if backfills or not is_replay(at.topic)
        }
        if not sources:
            return
        chosen = list(sources)
        keys, values = ([column[i] for i in chosen] for column in (fetched.keys, fetched.values))
        batch, record, bad = read_settled(keys, values, topic=fetched.topic)
        for refusal in bad:
            offset = fetched.offsets[chosen[refusal.record]]
            _log.warning("unreadable late readings", at=fetched.topic, offset=offset)
        device, channel = (batch[name].to_pylist() for name in ("device", "channel"))
        time = batch["time"].cast(pa.int64()).to_pylist()
        for row, number in enumerate(record.tolist()):
            if channel[row] in ENERGY:
                i = chosen[number]
                span = ChangedSpan(sources[i], device[row], channel[row], time[row], time[row])
                self.put(span, {fetched.at: fetched.offsets[i]})

    def take_corrections(self, fetched: Fetched, corrections: CorrectionBook) -> None:
        """Take corrections of readings; which devices' an import has, the history knows.

        Args:
            fetched: records of ``energyguard.corrections``.
            corrections: all that there are before these.
        """
        for offset, value in zip(fetched.offsets, fetched.values, strict=True):
            for correction in corrections.take([value]):
                about = corrections.root(correction)
                if about.import_id:
                    span = ChangedSpan(fetched.at, "", "", 0, 0, about.import_id)
                elif about.channel in ENERGY:
                    ends = about.start_ms, about.end_ms - 1
                    span = ChangedSpan(fetched.at, about.device, about.channel, *ends)
                else:
                    continue
                self.put(span, {fetched.at: offset})

    def put(self, span: ChangedSpan, places: Positions) -> None:
        """Add a span, of which the first records stand there."""
        key = span.key
        rest, found = [], dict(places)
        for other, there in self._spans.get(key, []):
            if span.meets(other):
                span = other.with_other(span)
                found |= {at: min(n, found.get(at, n)) for at, n in there.items()}
            else:
                rest.append((other, there))
        self._spans[key] = [*rest, (span, found)]

    def add(self, other: ChangedSpans) -> None:
        """Have the spans of another, too; it is empty afterwards."""
        for spans in other._spans.values():
            for span, places in spans:
                self.put(span, places)
        other._spans = {}

    def pop(self, span: ChangedSpan) -> Positions:
        """Take one of them out; where its first records stand."""
        key = span.key
        places = next(places for other, places in self._spans[key] if other == span)
        self._spans[key] = [row for row in self._spans[key] if row[0] != span]
        if not self._spans[key]:
            del self._spans[key]
        return places

    @property
    def places(self) -> dict[TopicPartition, int]:
        """By partition, the first record of any of them."""
        found: dict[TopicPartition, int] = {}
        for spans in self._spans.values():
            for _, places in spans:
                for at, offset in places.items():
                    found[at] = min(offset, found.get(at, offset))
        return found


def is_replay(topic: str) -> bool:
    """Whether a topic has the readings of a file that is replayed."""
    return source_of(topic).startswith(REPLAY_READINGS.name[:-1])


def _sources(fetched: Fetched) -> dict[int, TopicPartition]:
    """Where readings lay that change what was decided before, by the number of their record."""
    if fetched.topic == LATE.name:
        found = ((i, _late_from(headers)) for i, headers in enumerate(fetched.headers))
        return {i: at for i, at in found if at is not None}
    past = backfilled(fetched.headers)
    return {} if past is None else dict.fromkeys(np.flatnonzero(past).tolist(), fetched.at)


def _late_from(record_headers: Headers) -> TopicPartition | None:
    """Where a record's readings lay, if windows that they change were closed before."""
    headers = LateHeaders.decode(record_headers)
    if headers.verdict not in (Verdict.LATE, Verdict.ACCEPTED) or not headers.partition.isdigit():
        return None
    return TopicPartition(headers.topic, int(headers.partition))
