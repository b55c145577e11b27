"""Records of one partition, decoded: what a worker holds between reading and its operators."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from energyguard.codecs.limits import DEFAULT, PlausibilityLimits
from energyguard.codecs.messages import Bad
from energyguard.codecs.records import backfilled, keyless, read_records
from energyguard.log import Fetched, Records, TopicPartition
from energyguard.log.dead_letters import dead_letters
from energyguard.stream.time.batch import Bools, Ints, ReadingBatch, batch_from, join

_NONE = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class DecodedReadings:
    """The readings of records up to ``next_offset``, in log order.

    ``astray`` tells the readings of messages without a key, which lie in any partition; None: there
    are none. ``past`` has the offset of each reading of a backfill: they are counted, and in no
    batch. Of what was refused, ``record`` is the record's offset.
    """

    at: TopicPartition
    next_offset: int
    batch: ReadingBatch
    astray: Bools | None = None
    bad: list[Bad] = field(default_factory=list)
    past: Ints = field(default_factory=lambda: _NONE)

    def __len__(self) -> int:
        return len(self.batch) + len(self.past)

    def split(self, offset: int) -> tuple[DecodedReadings, DecodedReadings]:
        """What is below an offset, and the rest."""
        place = int(np.searchsorted(self.batch.offset, offset))
        past = int(np.searchsorted(self.past, offset))
        n = len(self.batch)
        return (
            DecodedReadings(
                self.at,
                min(offset, self.next_offset),
                self.batch.cut(0, place),
                _any(self.astray, slice(0, place)),
                [bad for bad in self.bad if bad.record < offset],
                self.past[:past],
            ),
            DecodedReadings(
                self.at,
                self.next_offset,
                self.batch.cut(place, n),
                _any(self.astray, slice(place, n)),
                [bad for bad in self.bad if bad.record >= offset],
                self.past[past:],
            ),
        )

    def letters(self) -> Records:
        """Dead letters of what was refused."""
        topic, partition = self.at
        return dead_letters(
            [one.refused for one in self.bad],
            [f"{topic}/{partition}/{one.record}" for one in self.bad],
            topic,
            [one.shape for one in self.bad],
        )

    def followed_by(self, other: DecodedReadings) -> DecodedReadings:
        """These and the ones behind them."""
        both = (self, other)
        astray = None
        if any(part.astray is not None for part in both):
            masks = [np.zeros(len(p.batch), bool) if p.astray is None else p.astray for p in both]
            astray = np.concatenate(masks)
        batch = join([part.batch for part in both])
        past = np.concatenate([self.past, other.past])
        return DecodedReadings(
            self.at, other.next_offset, batch, astray, self.bad + other.bad, past
        )


def _any(mask: Bools | None, place: slice) -> Bools | None:
    return mask[place] if mask is not None and mask[place].any() else None


def decoded_part(fetched: Fetched, limits: PlausibilityLimits = DEFAULT) -> DecodedReadings:
    """Decode records, whoever sent them."""
    found = read_records(fetched.values, limits)
    offsets = np.asarray(fetched.offsets, np.int64)
    appended = np.asarray(fetched.timestamps_ms, np.int64)
    astray = keyless(fetched.keys, fetched.values)
    batch = batch_from(found.readings, appended[found.record], offsets[found.record])
    part = DecodedReadings(
        fetched.at,
        fetched.next_offset,
        batch,
        None if astray is None else _any(astray[found.record], slice(None)),
        [bad._replace(record=int(offsets[bad.record])) for bad in found.bad],
    )
    past = backfilled(fetched.headers)
    return part if past is None else _without(part, past[found.record])


def _without(part: DecodedReadings, past: Bools) -> DecodedReadings:
    """Leave readings of the past out; those without a home have to find it first."""
    if part.astray is not None:
        past = past & ~part.astray
    rest = np.flatnonzero(~past)
    return replace(
        part,
        batch=part.batch.take(rest),
        astray=None if part.astray is None else _any(part.astray[rest], slice(None)),
        past=part.batch.offset[past],
    )
