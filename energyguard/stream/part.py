"""Records of one partition, decoded: what a worker holds between reading and its operators."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from energyguard.log import Fetched, Records, TopicPartition
from energyguard.log.letters import dead_letters
from energyguard.stream.batch import Batch, Bools, batch_from, join
from energyguard.wire.limits import DEFAULT, Plausible
from energyguard.wire.messages import Bad
from energyguard.wire.records import keyless, read_records


@dataclass(frozen=True, slots=True)
class Part:
    """The readings of records up to ``next_offset``, in log order.

    ``astray`` tells the readings of messages without a key, which lie in any partition; None: there
    are none. Of what was refused, ``record`` is the record's offset.
    """

    at: TopicPartition
    next_offset: int
    batch: Batch
    astray: Bools | None = None
    bad: list[Bad] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.batch)

    def split(self, offset: int) -> tuple[Part, Part]:
        """What is below an offset, and the rest."""
        place = int(np.searchsorted(self.batch.offset, offset))
        n = len(self.batch)
        return (
            Part(
                self.at,
                min(offset, self.next_offset),
                self.batch.cut(0, place),
                _any(self.astray, slice(0, place)),
                [bad for bad in self.bad if bad.record < offset],
            ),
            Part(
                self.at,
                self.next_offset,
                self.batch.cut(place, n),
                _any(self.astray, slice(place, n)),
                [bad for bad in self.bad if bad.record >= offset],
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

    def followed_by(self, other: Part) -> Part:
        """These and the ones behind them."""
        both = (self, other)
        astray = None
        if any(part.astray is not None for part in both):
            masks = [np.zeros(len(p.batch), bool) if p.astray is None else p.astray for p in both]
            astray = np.concatenate(masks)
        batch = join([part.batch for part in both])
        return Part(self.at, other.next_offset, batch, astray, self.bad + other.bad)


def _any(mask: Bools | None, place: slice) -> Bools | None:
    return mask[place] if mask is not None and mask[place].any() else None


def decoded_part(fetched: Fetched, limits: Plausible = DEFAULT) -> Part:
    """Decode records, whoever sent them."""
    found = read_records(fetched.values, limits)
    offsets = np.asarray(fetched.offsets, np.int64)
    appended = np.asarray(fetched.timestamps_ms, np.int64)
    astray = keyless(fetched.keys, fetched.values)
    return Part(
        fetched.at,
        fetched.next_offset,
        batch_from(found.readings, appended[found.record], offsets[found.record]),
        None if astray is None else _any(astray[found.record], slice(None)),
        [bad._replace(record=int(offsets[bad.record])) for bad in found.bad],
    )
