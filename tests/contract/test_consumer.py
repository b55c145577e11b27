"""What a consumer promises over any log, whatever happens to its members and to the log."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from energyguard.clock import ManualClock
from energyguard.errors import Fenced, Unavailable
from energyguard.log import EARLIEST, LATEST, Membership, Records, TopicPartition, Transaction
from energyguard.log.records import Fetched
from energyguard.log.sqlite.log import SqliteLog
from energyguard.model.topics import DAY_MS
from energyguard.stream.runtime import consumer as module
from energyguard.stream.runtime.consumer import Consumer
from energyguard.testing import MemoryLog

GROUP, TOPIC, OUT = "sums", "energy_readings", "energy_alerts"
NOON = 1_757_160_000_000
SESSION_S = 10.0
AnyLog = Any  # a Log with tidy(), which the background calls


class Troubled:
    """A log whose next transaction fails where it is told: before it begins, or at its end."""

    def __init__(self, log: AnyLog) -> None:
        self._log = log
        self.fails_at = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    @contextmanager
    def transaction(self, membership: Membership) -> Iterator[Transaction]:
        fails_at, self.fails_at = self.fails_at, ""
        if fails_at == "begin":
            raise Unavailable("the log is away")
        with self._log.transaction(membership) as transaction:
            yield transaction
            if fails_at == "commit":
                raise Unavailable("the disk is full")


class Copying:
    """A member that copies records once, as a worker does: outputs and positions in one commit."""

    def __init__(self, log: Any, clock: ManualClock) -> None:
        self.consumer = Consumer(log, GROUP, [TOPIC], clock, rows=20)
        self.done = dict(self.consumer.committed)
        self.held: list[Fetched] = []

    def read(self, paused: set[TopicPartition]) -> None:
        self._follow()
        for piece in self.consumer.read(0.0, paused):
            self.consumer.take(piece.at, piece.next_offset)
            self.held.append(piece)

    def commit(self) -> None:
        self._follow()
        values = [value for piece in self.held for value in piece.values]
        positions = self.done | {piece.at: piece.next_offset for piece in self.held}
        outputs = [(OUT, Records(values, values))] if values else []
        try:
            self.consumer.commit(positions, outputs)
        except (Fenced, Unavailable):
            self.consumer.reset()
            self.done = {}
        self.held.clear()
        self._follow()

    def _follow(self) -> None:
        self.consumer.poll()
        now = self.consumer.committed
        self.held = [p for p in self.held if now.get(p.at) == self.done.get(p.at, -1)]
        self.done = dict(now)


class Keeping(Copying):
    """A member that keeps records, as a sink does: at once, and commits positions afterwards."""

    def __init__(self, log: Any, clock: ManualClock, kept: list[bytes | None]) -> None:
        self.kept = kept
        super().__init__(log, clock)

    def read(self, paused: set[TopicPartition]) -> None:
        self.consumer.poll()
        for piece in self.consumer.read(0.0, paused):
            self.kept += piece.values
            self.consumer.take(piece.at, piece.next_offset)

    def commit(self) -> None:
        self.consumer.poll()
        with suppress(Fenced, Unavailable):
            self.consumer.commit(dict(self.consumer.positions))


class Said:
    """What the consumers say of what retention deleted: the offsets, by partition."""

    def __init__(self) -> None:
        self.gaps: set[tuple[TopicPartition, int]] = set()

    def error(self, _: str, *, reason: str, **__: str) -> None:
        found = re.match(r"(\S+)/(\d+): offset (\d+) was .* left is (\d+)", reason)
        assert found, reason
        at = TopicPartition(found[1], int(found[2]))
        self.gaps |= {(at, offset) for offset in range(int(found[3]), int(found[4]))}


class Life:
    """Members that come, go, sleep and fail over one log, in an order that a seed decides."""

    def __init__(self, log: AnyLog, clock: ManualClock, seed: int, *, copying: bool) -> None:
        self.log, self.clock, self.chance = Troubled(log), clock, random.Random(seed)
        self.copying, self.kept = copying, list[bytes | None]()
        self.members: list[Copying] = []
        self.number = 0
        self.sent: dict[tuple[TopicPartition, int], bytes] = {}
        self.committed = dict(log.positions(TOPIC, GROUP))
        self.copied_at = dict(log.positions(OUT, EARLIEST))
        self.unstarted: set[tuple[TopicPartition, int]] = set()

    def append(self) -> None:
        values = [b"%d" % (self.number + i) for i in range(self.chance.randrange(1, 40))]
        self.number += len(values)
        places = [self.chance.randrange(8) for _ in values]
        ends = dict(self.log.positions(TOPIC, LATEST))
        self.log.append(TOPIC, Records([None] * len(values), values, partitions=places))
        for value, place in zip(values, places, strict=True):
            at = TopicPartition(TOPIC, place)
            self.sent[at, ends[at]] = value
            ends[at] += 1

    def join(self) -> None:
        if len(self.members) < 3:
            made = Copying(self.log, self.clock) if self.copying else None
            self.members.append(made or Keeping(self.log, self.clock, self.kept))

    def leave(self) -> None:
        if self.members:
            self.members.pop(self.chance.randrange(len(self.members))).consumer.leave()

    def die(self) -> None:
        """Without a word: the others have its partitions when its lease has run out."""
        if self.members:
            self.members.pop(self.chance.randrange(len(self.members)))

    def read(self) -> None:
        if self.members:
            pause = self.chance.random() < 0.2
            paused = {TopicPartition(TOPIC, self.chance.randrange(8))} if pause else set()
            self.chance.choice(self.members).read(paused)

    def commit(self) -> None:
        if self.members:
            self.log.fails_at = self.chance.choice(["", "", "begin", "commit"])
            self.chance.choice(self.members).commit()
            self.log.fails_at = ""

    def sleep(self) -> None:
        self.clock.sleep(self.chance.choice([0.5, 2.0, 2 * SESSION_S]))

    def delete(self) -> None:
        """Retention; where the group has no position yet, it will begin with what is left."""
        self.outputs()
        before = self.log.positions(TOPIC, GROUP)
        self.clock.sleep(8 * DAY_MS / 1000)
        self.log.tidy()
        for at, to in self.log.positions(TOPIC, GROUP).items():
            self.unstarted |= {(at, offset) for offset in range(before[at], to)}

    def step(self) -> None:
        """Something happens; whatever it is, no position of the group moves back."""
        often = [self.append, self.read, self.read, self.commit, self.commit, self.sleep]
        happening = self.chance.choice([*often * 4, self.join, self.join, self.leave, self.die])
        (self.delete if self.chance.random() < 0.02 else happening)()
        now = dict(self.log.positions(TOPIC, GROUP))
        assert all(now[at] >= to for at, to in self.committed.items()), happening
        self.committed = now

    def end(self) -> None:
        """One member reads all that is left."""
        while self.members:
            self.die()
        self.clock.sleep(2 * SESSION_S)
        self.join()
        (last,) = self.members
        while self.log.positions(TOPIC, GROUP) != self.log.positions(TOPIC, LATEST):
            self.clock.sleep(2.0)
            last.read(set())
            last.commit()

    def outputs(self) -> Counter[bytes | None]:
        while pieces := self.log.read(self.copied_at, 1000, 0.0) if self.copying else ():
            for piece in pieces:
                self.kept += piece.values
                self.copied_at[piece.at] = piece.next_offset
        return Counter(self.kept)


class ConsumerContract:
    """The contract. A log inherits it."""

    @pytest.mark.parametrize("seed", range(12))
    @pytest.mark.parametrize("copying", [True, False])
    def test_nothing_is_skipped_and_no_position_moves_back(
        self, log: AnyLog, clock: ManualClock, seed: int, copying: bool, said: Said
    ) -> None:
        life = Life(log, clock, seed, copying=copying)
        for _ in range(250):
            life.step()
        life.end()
        found = life.outputs()
        assert not found.keys() - set(life.sent.values())
        missing = {place for place, value in life.sent.items() if value not in found}
        assert (
            missing <= said.gaps | life.unstarted
        )  # what retention deleted was told, and nothing else is missing
        if copying:
            assert set(found.values()) <= {1}  # and nothing counts twice

    def test_a_partition_that_was_another_members_is_read_from_its_commit(
        self, log: AnyLog, clock: ManualClock
    ) -> None:
        values = [b"%d" % i for i in range(40)]
        places = [i % 8 for i in range(40)]
        log.append(TOPIC, Records([None] * 40, values, partitions=places))
        first = Consumer(log, GROUP, [TOPIC], clock)
        for piece in first.read(0.0):
            first.take(piece.at, piece.next_offset)
        clock.sleep(2 * SESSION_S)
        second = Consumer(log, GROUP, [TOPIC], clock)
        second.poll(now=True)
        for piece in second.read(0.0):
            second.take(piece.at, piece.offsets[0] + 1)
        assert second.commit(second.positions)
        second.leave()
        with pytest.raises(Fenced):
            first.commit(first.positions)
        assert first.positions == first.committed == log.positions(TOPIC, GROUP)
        assert set(first.positions.values()) == {1}

    def test_a_commit_of_what_was_is_left_out(self, log: AnyLog, clock: ManualClock) -> None:
        log.append(TOPIC, Records([None] * 8, [b"x"] * 8, partitions=[0, 0, 0, 0, 1, 1, 1, 1]))
        consumer = Consumer(log, GROUP, [TOPIC], clock)
        one, other = TopicPartition(TOPIC, 0), TopicPartition(TOPIC, 1)
        assert consumer.commit({one: 3})
        assert not consumer.commit({one: 2, other: 0})
        assert consumer.commit({one: 1, other: 2})
        assert consumer.committed == log.positions(TOPIC, GROUP)
        assert (consumer.committed[one], consumer.committed[other]) == (3, 2)

    def test_a_commit_with_outputs_of_a_lost_partition_leaves_no_trace(
        self, log: AnyLog, clock: ManualClock
    ) -> None:
        log.append(TOPIC, Records([None] * 8, [b"x"] * 8, partitions=range(8)))
        first = Consumer(log, GROUP, [TOPIC], clock)
        pieces = first.read(0.0)
        second = Consumer(log, GROUP, [TOPIC], clock)
        first.poll(now=True)
        second.poll(now=True)
        assert len(first.positions) == len(second.positions) == 4
        with pytest.raises(Fenced):
            first.commit({p.at: p.next_offset for p in pieces}, [(OUT, Records([b"x"], [b"x"]))])
        assert not any(log.positions(OUT, LATEST).values())
        assert first.commit({p.at: p.next_offset for p in pieces})  # without: what is ours still
        assert sum(log.positions(TOPIC, GROUP).values()) == 4

    def test_what_was_not_taken_is_read_again(self, log: AnyLog, clock: ManualClock) -> None:
        log.append(TOPIC, Records([None], [b"x"], partitions=[0]))
        consumer = Consumer(log, GROUP, [TOPIC], clock)
        (piece,) = consumer.read(0.0)
        assert [p.values for p in consumer.read(0.0)] == [piece.values]
        assert not consumer.commit(consumer.positions)
        consumer.take(piece.at, piece.next_offset)
        assert not consumer.read(0.0)
        consumer.reset()
        assert consumer.read(0.0)
        consumer.take(piece.at, piece.next_offset)
        assert consumer.commit(consumer.positions)
        consumer.take(piece.at, 0)
        assert consumer.positions[piece.at] == piece.next_offset  # no way back
        consumer.rewind({piece.at: 0})  # but this one
        assert log.positions(TOPIC, GROUP)[piece.at] == 0
        assert consumer.read(0.0)

    def test_a_read_brings_about_the_rows_that_are_wanted(
        self, log: AnyLog, clock: ManualClock
    ) -> None:
        consumer = Consumer(log, GROUP, [TOPIC], clock, rows=10_000, growth=2)
        assert consumer.room == 160_000
        consumer.fit(100_000, 1_000)
        assert consumer.room == 320_000  # no more than twice as many
        consumer.fit(300_000, 10_000)
        assert consumer.room == 300_000
        consumer.shrink(0.5)
        assert consumer.room == 150_000
        consumer.fit(50, 0)
        assert consumer.room == 150_000
        consumer.fit(1, 1_000_000)
        assert consumer.room == module.MIN_BYTES

    def test_an_import_in_a_topic_does_not_hold_back_its_live_records(
        self, log: AnyLog, clock: ManualClock
    ) -> None:
        """Records of thousands of readings said how many live ones, of a few, were read at once."""
        consumer = Consumer(log, GROUP, [TOPIC], clock, rows=10_000, growth=2)
        log.append(TOPIC, Records([None], [random.Random(1).randbytes(100_000)], partitions=[0]))
        log.append(
            TOPIC,
            Records([None] * 400, [random.Random(2).randbytes(400)] * 400, partitions=[0] * 400),
        )
        read = 0
        while found := consumer.read(0.0):
            consumer.take(found[0].at, found[0].next_offset)
            brought = module.size_of(found)
            consumer.fit(brought, brought // 16)
            read += 1
        assert consumer.positions[TopicPartition(TOPIC, 0)] == 401
        assert read <= 3


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Said:
    found = Said()
    monkeypatch.setattr(module, "_log", found)
    return found


class TestOverMemory(ConsumerContract):
    @pytest.fixture
    def log(self, clock: ManualClock) -> MemoryLog:
        return MemoryLog(clock, SESSION_S)


class TestOverSqlite(ConsumerContract):
    @pytest.fixture
    def log(self, tmp_path: Path, clock: ManualClock) -> Iterator[SqliteLog]:
        opened = SqliteLog(tmp_path / "log.db", clock, SESSION_S)
        yield opened
        opened.close()
