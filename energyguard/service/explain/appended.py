"""Which readings the log held by a time: by their place, and by when records were appended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from energyguard.codecs.assembly import PlausibilityLimits
from energyguard.codecs.records import read_records
from energyguard.errors import BehindRetention, NotFound
from energyguard.log import EARLIEST, LATEST, Fetched, Log, TopicPartition
from energyguard.model.days import local
from energyguard.model.readings import Bools, Ints
from energyguard.model.topics import partition_for, repartitioned

Offsets = Mapping[TopicPartition, int]
WAIT_S = 1.0


def record_at(log: Log, at: TopicPartition, offset: int) -> Fetched | None:
    """The first record from an offset on; None: there is none, or it is no longer kept."""
    try:
        parts = log.read({at: offset}, 1, WAIT_S)
    except BehindRetention:
        return None
    return next((part.cut(0, 1) for part in parts if part.at == at and len(part)), None)


def offsets_kept(log: Log, topic: str) -> Iterator[tuple[str, Offsets, Offsets]]:
    """Which offsets the log keeps of a topic, and of its readings that came without a key.

    Yields:
        The topic, or its repartitioned one; of its partitions the first offsets, and the ends.
    """
    for name in (topic, repartitioned(topic)):
        try:
            first, ends = (log.positions(name, of) for of in (EARLIEST, LATEST))
        except NotFound:
            continue
        yield name, first, ends


class _Part:
    """What a partition keeps: offsets from ``first`` on; those before ``known`` were there by T."""

    def __init__(self, log: Log, at: TopicPartition, first: int, end: int, ms: int) -> None:
        self.at, self.first, self.end = at, first, end
        low, high = first, end
        while low < high:
            middle = (low + high) // 2
            record = record_at(log, at, middle)
            if record is not None and record.timestamps_ms[0] <= ms:
                low = record.offsets[0] + 1
            else:
                high = middle
        self.known = low if low > first else 0  # if none that is kept: of older ones nobody knows


class AppendedBy:
    """What the log held by a wall time. Looks each partition up once.

    A record counts from its append on; where the clock of the log was set back, from when it says.

    Args:
        log: where readings came in.
        ms: the time, ms since 1970 UTC.
        limits: what is plausible in messages that others sent.
    """

    def __init__(self, log: Log, ms: int, limits: PlausibilityLimits) -> None:
        self._log, self._ms, self._limits = log, ms, limits
        self._parts: dict[TopicPartition, _Part] = {}

    def among(self, device: str, topic: str, offsets: Ints) -> Bools:
        """Which readings of a device were there.

        Args:
            device: whose they are.
            topic: that they came in.
            offsets: (n,) of their records.

        Raises:
            NotFound: the log keeps some no longer, and nobody can tell when they came.
        """
        parts = self._where(device, topic)
        each, which = np.unique(offsets, return_inverse=True)
        says = [self._is_known(parts, device, topic, offset) for offset in each.tolist()]
        found: Bools = np.array(says, np.bool_)[which]
        return found

    def _where(self, device: str, topic: str) -> list[_Part]:
        """The partitions that may have readings of a device."""
        found = []
        for name, first, ends in offsets_kept(self._log, topic):
            at = TopicPartition(name, partition_for(device.encode(), len(ends) or 1))
            if ends.get(at, 0) > 0:
                found.append(self._part(at, first, ends))
        return found

    def _part(self, at: TopicPartition, first: Offsets, ends: Offsets) -> _Part:
        if at not in self._parts:
            self._parts[at] = _Part(self._log, at, first.get(at, 0), ends[at], self._ms)
        return self._parts[at]

    def _is_known(self, parts: list[_Part], device: str, topic: str, offset: int) -> bool:
        """Whether the record of a reading was there: where two may be it, the one that has it."""
        there = [part for part in parts if offset < part.end]
        says = {offset < part.known for part in there}
        if len(says) > 1:
            there = [part for part in there if self._has(part, device, offset)]
            says = {offset < part.known for part in there}
        if says == {True}:
            return True
        if not there or any(offset < part.first for part in there):
            when = local(self._ms, "UTC").isoformat(timespec="minutes")
            raise NotFound(
                f"the log keeps record {offset:,} of {topic} no longer, in which {device!r} is: "
                f"nobody can tell whether it had come by {when}; ask for a later time, or keep "
                "more (docs/operations.md)"
            )
        return False

    def _has(self, part: _Part, device: str, offset: int) -> bool:
        """Whether a record has readings of a device."""
        record = record_at(self._log, part.at, offset) if offset >= part.first else None
        if record is None or record.offsets[0] != offset:
            return False
        batch = read_records(record.values, self._limits, part.at.topic).readings
        return device in batch["device"].to_pylist()
