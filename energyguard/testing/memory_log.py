"""A log in memory, for one process; nothing outlives it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate, count
from threading import Condition
from typing import Any

from energyguard.clock import SYSTEM, Clock
from energyguard.errors import BehindRetention, Fenced, Unavailable
from energyguard.log import EARLIEST, LATEST, MAX_BYTES, Membership, Positions, Transaction
from energyguard.log.balance import change_for
from energyguard.log.compaction import TOMBSTONE_MS
from energyguard.log.keeping import Keeping, KeptTopics
from energyguard.log.records import (
    Fetched,
    Headers,
    MemberState,
    Records,
    TopicPartition,
    TransactionOutputs,
    matches,
    split,
    topic_row,
)
from energyguard.model.topics import Topic
from energyguard.topics import TOPICS


@dataclass
class _Partition:
    """Records from ``earliest`` on, compacted ones missing."""

    topic: Topic
    end: int = 0
    earliest: int = 0
    rows: list[tuple[int, bytes | None, bytes | None, Headers, int]] = field(default_factory=list)
    appended_ms: list[int] = field(default_factory=list)

    def put(self, records: Records, now_ms: int) -> int:
        """Append; return the next offset."""
        for i, value in enumerate(records.values):
            headers = records.headers[i] if records.headers else ()
            time_ms = records.timestamps_ms[i] if records.timestamps_ms else now_ms
            self.rows.append((self.end, records.keys[i], value, headers, time_ms))
            self.appended_ms.append(now_ms)
            self.end += 1
        return self.end

    def tidy(self, now_ms: int, keep: int | None, read: int | None) -> None:
        """Retention by age, of what was read; or the newest record of each key."""
        if self.topic.compacted:
            newest = {row[1]: row[0] for row in self.rows}
            tombstones_ms = now_ms - TOMBSTONE_MS
            kept = [i for i, (offset, key, value, *_) in enumerate(self.rows)
                    if newest[key] == offset
                    and (value is not None or self.appended_ms[i] >= tombstones_ms)]  # fmt: skip
        else:
            oldest_ms = 0 if keep is None else now_ms - keep
            last = len(self.rows) - 1
            kept = [
                i
                for i, at in enumerate(self.appended_ms)
                if at >= oldest_ms or i == last or (read is not None and self.rows[i][0] >= read)
            ]
            self.earliest = self.rows[kept[0]][0] if kept else self.end
        self.rows = [self.rows[i] for i in kept]
        self.appended_ms = [self.appended_ms[i] for i in kept]


@dataclass
class _Group:
    """Members with their topics and when they were seen, owners, positions."""

    generation: int = 0
    members: dict[int, tuple[Sequence[str], float]] = field(default_factory=dict)
    owners: dict[TopicPartition, int] = field(default_factory=dict)
    positions: dict[TopicPartition, int] = field(default_factory=dict)

    def remove(self, member: int) -> None:
        """Take a member out, and free its partitions."""
        self.members.pop(member, None)
        self.owners = {at: owner for at, owner in self.owners.items() if owner != member}
        self.generation += 1


class MemoryLog:
    """The contract of ``Log`` in memory, for one process; nothing outlives it."""

    gapless = True

    def __init__(self, clock: Clock = SYSTEM, session_s: float = 10.0) -> None:
        self._clock, self._session_s = clock, session_s
        self._changed = Condition()
        self._partitions: dict[TopicPartition, _Partition] = {}
        self._groups: dict[str, _Group] = {}
        self._turn, self._members, self._closed = count(), count(1), False
        self._kept = KeptTopics(None, self.waiting_bytes)
        for row in TOPICS:
            if not row.name.endswith("*"):
                self._make(row.name)

    def append(self, topic: str, records: Records) -> Positions:
        """Append; return the next offset of each partition written."""
        self._kept.check(topic)
        return self._put(topic, records)

    def _put(self, topic: str, records: Records) -> Positions:
        row = topic_row(topic)
        parts = split(records, row.partitions, self._turn) if len(records) else {}
        with self._changed:
            self._make(topic)
            ends = {}
            for place, part in parts.items():
                at = TopicPartition(topic, place)
                ends[at] = self._partitions[at].put(part, self._clock.now_ms())
            self._changed.notify_all()
        return ends

    def read(self, at: Positions, limit: int, wait: float, room: int = MAX_BYTES) -> list[Fetched]:
        """Records from these positions on, at most ``limit``, waiting up to ``wait`` s."""
        deadline = SYSTEM.monotonic() + wait
        with self._changed:
            while not (found := self._found(at, limit, room)):
                if (left := deadline - SYSTEM.monotonic()) <= 0:
                    break
                self._changed.wait(left)
        return found

    def join(self, group: str, topics: Sequence[str]) -> MemoryMembership:
        """Become a member of a group that reads topics; a name may end in ``*``."""
        with self._changed:
            for topic in topics:
                if not topic.endswith("*"):
                    self._make(topic)
            return MemoryMembership(self, self._groups.setdefault(group, _Group()), group, topics)

    def evict(self, groups: Collection[str]) -> None:
        """Take out members of groups that are known to be gone."""
        with self._changed:
            for group in [g for name, g in self._groups.items() if name in groups]:
                group.members.clear()
                group.owners.clear()

    @contextmanager
    def transaction(self, membership: Membership) -> Iterator[Transaction]:
        """Outputs and positions together when the block ends; nothing when it raises."""
        if not isinstance(membership, MemoryMembership):
            raise TypeError("a membership of another log")
        outputs = TransactionOutputs()
        yield outputs
        with self._changed:
            for topic, _ in outputs.records:
                self._kept.check(topic, membership.group)
            membership.commit(outputs.positions)
            for topic, records in outputs.records:
                self._put(topic, records)

    def positions(self, topic: str, of: str) -> Positions:
        """Per partition: the earliest offset, the latest, or what a group has committed."""
        with self._changed:
            if topic.endswith("*"):
                ours = {at: p for at, p in self._partitions.items() if matches(topic, at.topic)}
            else:
                row = topic_row(topic)
                places = [TopicPartition(topic, i) for i in range(row.partitions)]
                ours = {at: self._partitions.get(at) or _Partition(row) for at in places}
            if of in (EARLIEST, LATEST):
                return {at: p.earliest if of == EARLIEST else p.end for at, p in ours.items()}
            committed = self._groups[of].positions if of in self._groups else {}
            return {at: committed.get(at, p.earliest) for at, p in ours.items()}

    def tidy(self) -> None:
        """Retention and compaction."""
        with self._changed:
            for at, partition in self._partitions.items():
                keeping = self._kept.of(at.topic) or Keeping()
                keep = partition.topic.retention_ms if keeping.keep_ms is None else keeping.keep_ms
                group = self._groups.get(keeping.group or partition.topic.kept_for)
                is_kept = group is not None and any(p.topic == at.topic for p in group.positions)
                read = group.positions.get(at, 0) if group is not None and is_kept else None
                partition.tidy(
                    self._clock.now_ms(), keep, 0 if keeping.group and read is None else read
                )

    def keep(self, topics: Mapping[str, Keeping]) -> None:
        """Keep topics so from now on; a name may end in ``*``."""
        self._kept.set(topics)

    def is_full(self, topic: str) -> bool:
        """Whether a topic takes nothing now, as ``keep`` says."""
        return self._kept.is_full(topic)

    def waiting_bytes(self, topic: str, group: str) -> int:
        """How many bytes of a topic a group has not read."""
        with self._changed:
            read = self.positions(topic, group)
            return sum(len(row[2] or b"") for at, to in read.items() if at in self._partitions
                       for row in self._partitions[at].rows if row[0] >= to)  # fmt: skip

    def drop(self, at: TopicPartition, first: int, following: int) -> None:
        """Free what lies between two offsets; the newest record stays."""
        with self._changed:
            partition = self._partitions[at]
            kept = [i for i, (offset, *_) in enumerate(partition.rows)
                    if not first <= offset < following or offset == partition.end - 1]  # fmt: skip
            partition.rows = [partition.rows[i] for i in kept]
            partition.appended_ms = [partition.appended_ms[i] for i in kept]

    def close(self) -> None:
        """Refuse whatever comes."""
        self._closed = True

    def _make(self, topic: str) -> None:
        if self._closed:
            raise Unavailable("the log is closed")
        row = topic_row(topic)
        for place in range(row.partitions):
            self._partitions.setdefault(TopicPartition(topic, place), _Partition(row))

    def _found(self, at: Positions, limit: int, room: int) -> list[Fetched]:
        if self._closed:
            raise Unavailable("the log is closed")
        found = []
        places = list(at.items())
        turn = next(self._turn) % (len(places) or 1)  # another one is first: none is starved
        for place, position in places[turn:] + places[:turn]:
            partition = self._partitions.get(place)
            if partition is None or limit <= 0 or room <= 0:
                continue
            if position < partition.earliest:
                raise BehindRetention(*place, position, partition.earliest)
            first = bisect_left(partition.rows, position, key=lambda row: row[0])
            rows = partition.rows[first : first + limit]
            sizes = list(accumulate(len(row[2] or b"") for row in rows))
            if rows := rows[: 1 + sum(size < room for size in sizes)]:
                limit, room = limit - len(rows), room - sizes[len(rows) - 1]
                columns: Any = map(list, zip(*rows, strict=True))
                found.append(Fetched(*place, *columns))
        return found


class MemoryMembership(MemberState):
    """A member's place in a group of a ``MemoryLog``."""

    def __init__(self, log: MemoryLog, group: _Group, name: str, topics: Sequence[str]) -> None:
        super().__init__(name)
        self._log, self._group, self._topics = log, group, topics
        self._member = next(log._members)
        self.poll()

    def poll(self) -> bool:
        """Renew the lease, release what is above the share, take what is free."""
        with self._log._changed:
            group, now_s = self._group, self._log._clock.monotonic()
            before = set(self._assigned)
            for member, (_, seen_s) in list(group.members.items()):
                if now_s - seen_s > self._log._session_s:
                    group.remove(member)
            lived = self._member in group.members
            group.generation += not lived
            group.members[self._member] = (self._topics, now_s)
            self._rebalance(group)
        return not lived or set(self._assigned) != before

    def _rebalance(self, group: _Group) -> None:
        wants = {member: topics for member, (topics, _) in group.members.items()}
        release, take = change_for(self._member, wants, self._log._partitions, group.owners)
        for at in release:
            del group.owners[at]
        group.owners |= dict.fromkeys(sorted(take), self._member)  # the same in each run
        group.generation += bool(release or take)
        self._generation = group.generation
        mine = [at for at, member in group.owners.items() if member == self._member]
        made = self._log._partitions
        self._assigned = {at: group.positions.get(at, made[at].earliest) for at in mine}

    def leave(self) -> None:
        """Give the partitions up at once."""
        with self._log._changed:
            self._group.remove(self._member)
            self._generation = self._group.generation
            self._assigned = {}

    def commit(self, positions: Positions) -> None:
        """Set the group's positions.

        Raises:
            Fenced: another member may have taken a partition, or one was never owned.
        """
        owners = self._group.owners
        lost = [at for at in {*self._assigned, *positions} if owners.get(at) != self._member]
        if lost or self._member not in self._group.members:
            raise Fenced(f"group {self._name!r}: this member no longer owns {lost or 'anything'}")
        self._group.positions |= positions
        self._assigned |= positions
