"""What logs in one place promise of topics that are kept for a group; Kafka cannot promise it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from energyguard.clock import SYSTEM, ManualClock
from energyguard.errors import Corrupt, Fenced, Overloaded
from energyguard.log import EARLIEST, LATEST, Log, Membership, Records, TopicPartition
from energyguard.log.keeping import LOOK_S, Keeping
from energyguard.log.sqlite.log import SqliteLog
from energyguard.model.topics import DAY_MS, EDGE_READINGS
from tests.contract.embedded_logs import InMemory, InSqlite

NOON = 1_757_160_000_000
OUTBOX = EDGE_READINGS.name
AT = TopicPartition(OUTBOX, 0)
SOURCE = "power_topic"

AnyLog = Any


def records(*values: bytes) -> Records:
    return Records([None] * len(values), values, partitions=[0] * len(values))


def values(log: Log, first: int = 0) -> list[bytes | None]:
    at, found = first, list[bytes | None]()
    while parts := log.read({AT: at}, 2, 0.0):
        for part in parts:
            found += part.values
            at = part.next_offset
    return found


def move(log: Log, member: Membership, to: int, topic: str = OUTBOX) -> None:
    with log.transaction(member) as transaction:
        transaction.move({TopicPartition(topic, 0): to})


def look_again() -> None:
    SYSTEM.sleep(LOOK_S + 0.05)


class KeepingContract:
    """Retention that waits for a group, limits, and what is freed in the midst of a topic."""

    def test_without_its_group_a_topic_is_kept_as_the_table_says(
        self, log: AnyLog, clock: ManualClock
    ) -> None:
        log.append(OUTBOX, records(b"1"))
        clock.sleep(8 * DAY_MS / 1000)
        log.append(OUTBOX, records(b"2"))
        log.tidy()
        assert log.positions(OUTBOX, EARLIEST)[AT] == 1

    def test_what_its_group_has_not_read_stays_however_old(
        self, log: AnyLog, clock: ManualClock
    ) -> None:
        for value in (b"1", b"2", b"3"):
            log.append(OUTBOX, records(value))
        member = log.join("uplink", [OUTBOX])
        move(log, member, 1)
        clock.sleep(8 * DAY_MS / 1000)
        log.append(OUTBOX, records(b"4"))
        log.tidy()
        assert log.positions(OUTBOX, EARLIEST)[AT] == 1
        assert values(log, 1) == [b"2", b"3", b"4"]
        move(log, member, 3)
        log.tidy()
        assert log.positions(OUTBOX, EARLIEST)[AT] == 3

    def test_members_that_are_known_to_be_gone_hold_up_nobody(self, log: AnyLog) -> None:
        gone, bystander = log.join("uplink", [OUTBOX]), log.join("averages", [OUTBOX])
        log.evict({"uplink", "nobody"})
        member = log.join("uplink", [OUTBOX])
        assert set(member.assigned) == set(bystander.assigned)  # no lease ran out
        with pytest.raises(Fenced):
            move(log, gone, 1)
        assert gone.poll()  # it lives all the same, and is a member again
        move(log, bystander, 0)

    def test_a_log_says_how_long_what_was_read_stays(self, log: AnyLog, clock: ManualClock) -> None:
        log.keep({OUTBOX: Keeping(group="slow", keep_ms=60_000)})
        for value in (b"1", b"2"):
            log.append(OUTBOX, records(value))
        clock.sleep(61)
        log.append(OUTBOX, records(b"3"))
        log.tidy()
        assert log.positions(OUTBOX, EARLIEST)[AT] == 0, "the group has never read anything"
        move(log, log.join("slow", [OUTBOX]), 3)
        log.tidy()
        assert log.positions(OUTBOX, EARLIEST)[AT] == 2

    def test_a_full_topic_takes_nothing_until_its_group_has_read(self, log: AnyLog) -> None:
        log.keep(
            {
                OUTBOX: Keeping(group="uplink", max_bytes=1000),
                "power_*": Keeping(group="averages", behind=OUTBOX),
            }
        )
        member = log.join("uplink", [OUTBOX])
        other = log.join("averages", [SOURCE])
        move(log, member, 0)
        log.append(OUTBOX, records(b"x" * 900))
        log.append(OUTBOX, records(b"x" * 200))
        look_again()
        assert log.is_full(OUTBOX) and log.is_full(SOURCE)
        with pytest.raises(Overloaded, match="wait for uplink"):
            log.append(OUTBOX, records(b"y"))
        with pytest.raises(Overloaded, match="bytes of edge_readings wait for uplink"):
            log.append(SOURCE, records(b"y"))
        with pytest.raises(Overloaded), log.transaction(other) as transaction:
            transaction.append(OUTBOX, records(b"y"))
            transaction.move({TopicPartition(SOURCE, 0): 0})
        with log.transaction(member) as transaction:
            transaction.append(OUTBOX, records(b"z"))  # its own reader makes room
        assert log.positions(OUTBOX, LATEST)[AT] == 3
        log.append("energyguard.rules", Records([b"r"], [b"{}"]))  # others are not concerned
        move(log, member, 2)
        look_again()
        log.append(OUTBOX, records(b"y"))
        log.append(SOURCE, records(b"y"))

    def test_how_much_waits(self, log: AnyLog) -> None:
        member = log.join("uplink", [OUTBOX])
        assert log.waiting_bytes(OUTBOX, "uplink") == 0
        for i in range(20):
            log.append(OUTBOX, records(b"x" * 1000))
            if i == 9:
                move(log, member, 5)
        assert 15_000 <= log.waiting_bytes(OUTBOX, "uplink") < 16_000
        move(log, member, 20)
        assert log.waiting_bytes(OUTBOX, "uplink") == 0

    def test_what_is_dropped_in_the_midst_is_gone_and_the_rest_keeps_its_offsets(
        self, log: AnyLog
    ) -> None:
        for i in range(10):
            log.append(OUTBOX, records(b"%d" % i))
        log.drop(AT, 3, 5)
        log.drop(AT, 3, 7)
        assert values(log) == [b"0", b"1", b"2", b"7", b"8", b"9"]
        (part,) = log.read({AT: 4}, 1, 0.0)
        assert (list(part.offsets), list(part.values)) == ([7], [b"7"])
        log.drop(AT, 8, 10)
        assert log.positions(OUTBOX, LATEST)[AT] == 10
        assert log.append(OUTBOX, records(b"a")) == {AT: 11}
        log.append(OUTBOX, Records([None], [b"b"], partitions=[1]))
        assert values(log, 8) == [b"9", b"a"]

    def test_an_append_that_holds_anything_else_is_not_dropped(self, log: AnyLog) -> None:
        both = Records([None] * 2, [b"2", b"elsewhere"], partitions=[0, 1])
        for part in (records(b"0", b"1"), both, records(b"3"), records(b"4", b"5"), records(b"6")):
            log.append(OUTBOX, part)
        log.drop(AT, 1, 5)
        assert {b"0", b"5", b"6"} <= set(values(log))
        assert b"3" not in values(log)
        (part,) = log.read({TopicPartition(OUTBOX, 1): 0}, 10, 0.0)
        assert list(part.values) == [b"elsewhere"]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


class TestKeepingInMemory(InMemory, KeepingContract):
    pass


class TestKeepingInSqlite(InSqlite, KeepingContract):
    def test_other_processes_keep_to_it(
        self, log: SqliteLog, reopen: Callable[[], SqliteLog], clock: ManualClock
    ) -> None:
        log.append(OUTBOX, records(b"1"))
        other = reopen()
        log.keep({OUTBOX: Keeping(group="slow", max_bytes=10)})
        clock.sleep(8 * DAY_MS / 1000)
        look_again()
        with pytest.raises(Overloaded):
            other.append(OUTBOX, records(b"2"))
        other.tidy()
        assert values(other) == [b"1"]

    def test_a_file_that_cannot_be_read_says_what_to_do(
        self, log: SqliteLog, tmp_path: Path
    ) -> None:
        log.keep({OUTBOX: Keeping(group="slow")})
        (tmp_path / "log.db-keeping").write_text("{")
        look_again()
        with pytest.raises(Corrupt, match="remove it"):
            log.append(OUTBOX, records(b"1"))
