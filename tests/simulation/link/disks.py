"""What survives a crash: an edge's outbox, the cloud's log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

import msgspec

from energyguard.edge.protocol import epochs
from energyguard.edge.protocol.contract import OutboxRecord
from energyguard.edge.protocol.enrichment import EdgePlace
from energyguard.edge.protocol.ranges import Ranges
from energyguard.log.records import TopicPartition
from energyguard.model.readings import BACKFILL
from energyguard.model.topics import ALERTS, EDGE_READINGS
from energyguard.records.edges import EdgeEpoch, EdgeLink

READINGS = TopicPartition(EDGE_READINGS.name, 0)
PARTITIONS = (TopicPartition(ALERTS.name, 0), TopicPartition(ALERTS.name, 1), READINGS)
MERGED = 4
"""Records that thinning makes one of."""


class Crashed(Exception):
    """The process died at this step."""


@dataclass
class EdgeDisk:
    """All that an edge has written. A copy of it may be put back."""

    rows: dict[TopicPartition, dict[int, OutboxRecord]] = field(
        default_factory=lambda: {at: {} for at in PARTITIONS}
    )
    spans: dict[TopicPartition, tuple[int, int]] = field(
        default_factory=lambda: dict.fromkeys(PARTITIONS, (0, 0))
    )
    positions: dict[TopicPartition, int] = field(
        default_factory=lambda: dict.fromkeys(PARTITIONS, 0)
    )
    sent: dict[TopicPartition, Ranges] = field(
        default_factory=lambda: {at: Ranges() for at in PARTITIONS}
    )
    merged: Ranges = field(default_factory=Ranges)
    epochs: tuple[EdgeEpoch, ...] = ()
    ids: set[int] = field(default_factory=set)
    """Every reading that was ever written in the life that this disk has seen."""

    def copy(self) -> EdgeDisk:
        """As a backup has it."""
        return deepcopy(self)


class ModelOutbox:
    """``edge.contract.Outbox`` over such a disk. Positions become durable with ``flush``."""

    def __init__(self, disk: EdgeDisk, step: Callable[[str], None]) -> None:
        self.disk, self._step = disk, step
        self._positions = dict(disk.positions)
        self.kept_places: dict[str, EdgePlace] = {}

    @property
    def epochs(self) -> Sequence[EdgeEpoch]:
        return self.disk.epochs

    def new_epoch(self, name: str) -> None:
        self._step("epoch")
        starts = {at: following for at, (_, following) in self.disk.spans.items()}
        self.disk.epochs = epochs.appended(self.disk.epochs, name, starts)
        self._step("after")

    def partitions(self) -> Sequence[TopicPartition]:
        return PARTITIONS

    def span(self, at: TopicPartition) -> tuple[int, int]:
        return self.disk.spans[at]

    def read(self, at: TopicPartition, offset: int, limit_bytes: int) -> Sequence[OutboxRecord]:
        found: list[OutboxRecord] = []
        size, rows = 0, self.disk.rows[at]
        for place in range(max(offset, self.disk.spans[at][0]), self.disk.spans[at][1]):
            if place in rows:
                size += len(rows[place].value or b"")
                if found and size > limit_bytes:
                    break
                found.append(rows[place])
        return found

    def position(self, at: TopicPartition) -> int:
        return self._positions[at]

    def acknowledged(self, at: TopicPartition, upto: int) -> None:
        self._step("position")
        if upto < self._positions[at]:  # what was acknowledged was sent
            self.disk.sent[at].add(upto, self._positions[at])
        self._positions[at] = upto
        if upto < self.disk.positions[at]:
            self.disk.positions[at] = upto

    def may_have_sent(self, at: TopicPartition, first: int, following: int) -> None:
        self._step("promise")
        self.disk.sent[at].add(first, following)
        self._step("after")

    def offset_at(self, at: TopicPartition, wall_ms: int) -> int:
        rows = self.disk.rows[at].values()
        return next((r.offset for r in rows if r.at_ms >= wall_ms), self.disk.spans[at][1])

    def lost(self, at: TopicPartition, first: int, following: int) -> int:
        merged = self.disk.merged if at == READINGS else Ranges()
        return sum(gap.next - gap.first for gap in merged.missing(first, following))

    def places(self, places: Sequence[EdgePlace]) -> None:
        self._step("places")
        self.kept_places.update({place.device: place for place in places})

    # What the rest of an edge does with its log

    def flush(self) -> None:
        """The positions become durable."""
        self.disk.positions = dict(self._positions)
        for at, upto in self._positions.items():  # what is acknowledged needs no promise
            self.disk.sent[at].remove(0, upto)

    def append(self, at: TopicPartition, ids: list[int], at_ms: int) -> None:
        """Write readings."""
        self._step("append")
        self._write(at, ids, at_ms)
        self._step("after")

    def _write(
        self, at: TopicPartition, ids: list[int], at_ms: int, backfill: bool = False
    ) -> None:
        oldest, offset = self.disk.spans[at]
        headers = BACKFILL if backfill else ()
        record = OutboxRecord(offset, b"k", msgspec.msgpack.encode(ids), headers, at_ms)
        self.disk.rows[at][offset] = record
        self.disk.spans[at] = oldest, offset + 1
        self.disk.ids |= {*ids}

    def waiting(self) -> int:
        """Records of readings that the cloud has not, as far as is known."""
        return sum(1 for offset in self.disk.rows[READINGS] if offset >= self._positions[READINGS])

    def thin(self, at_ms: int) -> bool:
        """Merge the oldest records that were never sent into one; false: there are none."""
        rows, sent = self.disk.rows[READINGS], self.disk.sent[READINGS]
        chosen: list[int] = []
        for offset in sorted(rows):
            if offset >= self._positions[READINGS] and sent.first_missing(offset) == offset:
                if not rows[offset].headers:
                    chosen.append(offset)
                if len(chosen) == MERGED:
                    break
        if len(chosen) < MERGED:
            return False
        ids = [i for o in chosen for i in msgspec.msgpack.decode(rows[o].value or b"")]
        self._step("thin")
        self._write(READINGS, ids, at_ms, backfill=True)
        for offset in chosen:
            del rows[offset]
            self.disk.merged.add(offset, offset + 1)
        self._step("after")
        return True

    def retain(self, before_ms: int) -> None:
        """Delete what was acknowledged and is older."""
        for at, (oldest, following) in self.disk.spans.items():
            rows = self.disk.rows[at]
            while oldest < min(self.disk.positions[at], self._positions[at]):
                if oldest in rows and rows[oldest].at_ms >= before_ms:
                    break
                rows.pop(oldest, None)
                oldest += 1
            self.disk.spans[at] = oldest, following


@dataclass
class CloudDisk:
    """The cloud's log: what it holds, and what it knows of each edge, always together."""

    rows: list[tuple[str, tuple[int, ...], bool]] = field(default_factory=list)
    links: dict[str, EdgeLink] = field(default_factory=dict)

    def copy(self) -> CloudDisk:
        """As a backup has it."""
        return CloudDisk(list(self.rows), dict(self.links))
