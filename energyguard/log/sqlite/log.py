"""The embedded log: one SQLite file that several processes read and append to at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from energyguard.clock import SYSTEM, Clock
from energyguard.durable.connections import Pool, create, our_errors
from energyguard.log.contract import EARLIEST, LATEST, MAX_BYTES, Membership, Positions, Transaction
from energyguard.log.keeping import Keeping, KeptTopics
from energyguard.log.records import Fetched, Records, TopicPartition, TransactionOutputs, split
from energyguard.log.sqlite.catalog import Catalog
from energyguard.log.sqlite.groups import SqliteMembership, evict, positions_of
from energyguard.log.sqlite.maintenance import LogMaintenance
from energyguard.log.sqlite.notify import AppendListener, AppendNotifier
from energyguard.log.sqlite.reader import read_once
from energyguard.log.sqlite.retention import waiting_bytes
from energyguard.log.sqlite.segments import encoded, parts_of
from energyguard.log.sqlite.set_aside import Damage, SetAside
from energyguard.log.sqlite.walk import newest_ids
from energyguard.log.sqlite.writer import SegmentRow, SegmentWriter
from energyguard.telemetry import METRICS

T = TypeVar("T")

SESSION_S = 10.0
TABLES = 3  # their version
OLDER = (2,)  # opened as well: their segments have no checksum of the head


class SqliteLog:
    """A log in one file; see ``Log`` for what it promises.

    Args:
        path: of the file; it and its folder are made where missing.
        clock: for the times of appends, leases and retention.
        session_s: a member of a group silent for this long loses its partitions.
    """

    gapless = True

    def __init__(
        self, path: str | Path, clock: Clock = SYSTEM, session_s: float = SESSION_S
    ) -> None:
        self.path = Path(path)
        self._clock, self._session_s = clock, session_s
        self._turn = count()
        self._set_aside = SetAside(self.path)
        with our_errors(self.path):
            create(self.path, (files(__package__) / "schema.sql").read_text(), TABLES, OLDER)
            self._pool = Pool(self.path)
            self._notifier = AppendNotifier(self.path.with_name(self.path.name + "-bell"))
            self._writer = SegmentWriter(self.path, clock, self._notifier)
        self._catalog = Catalog(self._writer)
        kept = self.path.with_name(self.path.name + "-keeping")
        self._kept = KeptTopics(kept, self.waiting_bytes)
        self._maintenance = LogMaintenance(self.path, clock, self._kept)

    def append(self, topic: str, records: Records) -> Positions:
        """Append; return the next offset of each partition written. Durable on return."""
        self._kept.check(topic)
        row = self._row(topic, records)
        ends = self._write(lambda writer: writer.put(row)) if len(records) else {}
        METRICS["log_appends"].labels(topic).inc(len(records))
        return {TopicPartition(topic, partition): end for partition, end in ends.items()}

    def read(
        self, at: Positions, limit: int, wait: float, room: int = MAX_BYTES
    ) -> Sequence[Fetched]:
        """Records from these positions on, at most ``limit``, waiting up to ``wait`` s."""
        deadline = SYSTEM.monotonic() + wait
        with self._pool.connection() as connection, self._notifier.listener() as listener:
            while True:
                listener.clear()
                newest = self._newest(connection, at) if wait else None
                damage: list[Damage] = []
                turn = next(self._turn)
                found = read_once(
                    connection, self._catalog, self.path, at, limit, room, turn, damage
                )
                self._set_aside.add(damage)
                if found or deadline <= SYSTEM.monotonic():
                    return found
                self._wait(connection, listener, at, newest, deadline)

    def _newest(self, connection: Any, at: Positions) -> tuple[int | None, ...] | None:
        """The newest segments of topics; of one that is not there yet none."""
        numbers = (self._catalog.number(connection, name) for name in {to.topic for to in at})
        return newest_ids(connection, sorted(number for number in numbers if number is not None))

    def _wait(
        self,
        connection: Any,
        listener: AppendListener,
        at: Positions,
        newest: tuple[int | None, ...] | None,
        deadline: float,
    ) -> None:
        """Until there is likely something to read; what others append costs a look at ids."""
        while (left := deadline - SYSTEM.monotonic()) > 0:
            listener.wait(left)
            if newest is None or self._newest(connection, at) != newest:
                return

    def join(self, group: str, topics: Sequence[str]) -> SqliteMembership:
        """Become a member of a group that reads topics; a name may end in ``*``."""
        for topic in topics:
            if not topic.endswith("*"):
                self._catalog.made(topic)
        return SqliteMembership(
            group,
            topics,
            self._clock,
            self._session_s,
            self._catalog,
            lambda work: self._write(lambda writer: work(writer.connection)),
            self._look,
        )

    def evict(self, groups: Collection[str]) -> None:
        """Take out members of groups that are known to be gone: no lease need run out first.

        One that lives all the same is fenced, and joins again.
        """
        self._write(lambda writer: evict(writer.connection, groups))

    @contextmanager
    def transaction(self, membership: Membership) -> Iterator[Transaction]:
        """Outputs and positions in one commit when the block ends; nothing when it raises."""
        if not isinstance(membership, SqliteMembership):
            raise TypeError("a membership of another log")
        outputs = TransactionOutputs()
        yield outputs
        for topic, _ in outputs.records:
            self._kept.check(topic, membership.group)
        rows = [self._row(topic, records) for topic, records in outputs.records]

        def commit(writer: SegmentWriter) -> None:
            membership.check(writer.connection, tuple(outputs.positions))
            for row in rows:
                writer.put(row)
            membership.commit(writer.connection, outputs.positions)

        self._write(commit)
        membership.remember(outputs.positions)
        for topic, records in outputs.records:
            METRICS["log_appends"].labels(topic).inc(len(records))

    def positions(self, topic: str, of: str) -> Positions:
        """Per partition: the earliest offset, the latest, or what a group has committed."""
        self._writer.check_file()
        with self._pool.connection() as connection:
            ends = self._catalog.edges(connection, topic)
            if of in (EARLIEST, LATEST):
                return {at: edge[of == LATEST] for at, edge in ends.items()}
            committed = positions_of(connection, of)
            return {at: committed.get(at, edge[0]) for at, edge in ends.items()}

    def keep(self, topics: Mapping[str, Keeping]) -> None:
        """Keep topics of this log so, in whatever process; a name may end in ``*``."""
        self._kept.set(topics)

    def is_full(self, topic: str) -> bool:
        """Whether a topic takes nothing now, as ``keep`` says; known half a second later."""
        return self._kept.is_full(topic)

    def waiting_bytes(self, topic: str, group: str) -> int:
        """How many bytes of a topic, or of all of a family, a group has not read."""
        with self._pool.connection() as connection:
            positions = positions_of(connection, group)
            edges = self._catalog.edges(connection, topic)
            names = {at.topic: self._catalog.number(connection, at.topic) for at in edges}
            found = 0
            for name, number in names.items():
                first = {at.partition: edge[0] for at, edge in edges.items() if at.topic == name}
                read = [positions.get(TopicPartition(name, p), first[p]) for p in sorted(first)]
                found += 0 if number is None else waiting_bytes(connection, number, read)
            return found

    def drop(self, at: TopicPartition, first: int, following: int) -> None:
        """Free what lies between two offsets and is in no append with anything else."""
        number, _ = self._catalog.made(at.topic)
        self._maintenance.drop(number, at.partition, first, following)

    def tidy(self) -> None:
        """Do now what maintenance does now and then: retention, compaction, a checkpoint."""
        self._maintenance.tidy()

    def close(self) -> None:
        """Let go of files and connections."""
        self._maintenance.stop()
        self._writer.close()
        self._pool.close()
        self._notifier.close()

    def _look(self, work: Callable[[Any], T]) -> T:
        with self._pool.connection() as connection:
            return work(connection)

    def _write(self, work: Callable[[SegmentWriter], T]) -> T:
        self._maintenance.start()
        return self._writer.run(work)

    def _row(self, topic: str, records: Records) -> SegmentRow:
        """The records as a segment."""
        number, row = self._catalog.made(topic)
        by_partition = split(records, row.partitions, self._turn) if len(records) else {}
        spans = {partition: len(part) for partition, part in by_partition.items()}
        return SegmentRow(number, spans, *encoded(parts_of(by_partition)))
