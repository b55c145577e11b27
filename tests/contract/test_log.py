"""What every log promises. Backends inherit it; none of them adds to it or leaves one out."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from threading import Event, Thread
from typing import Any

import pytest

from energyguard.clock import SYSTEM, ManualClock
from energyguard.errors import BehindRetention, Fenced, NotFound
from energyguard.log import EARLIEST, LATEST, Fetched, Log, Membership, Records, TopicPartition
from energyguard.log.sqlite.log import SqliteLog
from energyguard.model.topics import DAY_MS, partition_for
from tests.contract.embedded_logs import InMemory, InSqlite

READINGS = "energy_readings"
RULES = "energyguard.rules"
LETTERS = "energyguard.dead-letters"
NOISE = Random(1).randbytes(10_000)
NOON = 1_757_160_000_000
LETTER_AT = TopicPartition(LETTERS, 0)
RULE_AT = TopicPartition(RULES, 0)

AnyLog = Any  # a Log with tidy(), which the background calls


def letters(*values: bytes) -> Records:
    return Records([None] * len(values), values)


def rules(**by_key: bytes | None) -> Records:
    return Records([key.encode() for key in by_key], list(by_key.values()))


def everything(log: Log, topic: str, limit: int = 1000) -> list[Fetched]:
    """All that is in a topic, read in pieces."""
    at = dict(log.positions(topic, EARLIEST))
    found: list[Fetched] = []
    while parts := log.read(at, limit, 0.0):
        found += parts
        at |= {part.at: part.next_offset for part in parts}
    return found


def values(log: Log, topic: str) -> list[bytes | None]:
    return [value for part in everything(log, topic) for value in part.values]


class LogContract:
    """The contract. A backend says in ``settle`` how long its groups need to agree."""

    def settle(self, *members: Membership) -> None:
        """Let members poll until none learns anything new."""
        while sum(member.poll() for member in members):
            pass

    def learn(self, member: Membership) -> None:
        """Let a member that has nothing poll until it is given something."""
        self.settle(member)

    def sleep(self, clock: ManualClock, seconds: float) -> None:
        """Let time pass for members; their session lasts ten seconds."""
        clock.sleep(seconds)

    def test_what_is_appended_is_read_back_whole(self, log: AnyLog) -> None:
        headers = ((("a", b"1"), ("a", b"\xff")), ())
        records = Records([b"k", None], [b"v", b""], headers, [5, 7], [3, 3])
        at = TopicPartition(READINGS, 3)
        assert log.append(READINGS, records) == {at: 2}
        (part,) = log.read({at: 0}, 10, 0.0)
        assert part.at == at
        assert list(part.offsets) == [0, 1]
        assert list(part.keys) == [b"k", None]
        assert list(part.values) == [b"v", b""]
        assert list(part.headers) == list(headers)
        assert list(part.timestamps_ms) == [5, 7]

    def test_a_record_without_a_time_has_that_of_its_append(
        self, log: AnyLog, clock: ManualClock
    ) -> None:
        log.append(LETTERS, letters(b"a"))
        assert list(everything(log, LETTERS)[0].timestamps_ms) == [clock.now_ms()]

    def test_keys_go_where_kafka_puts_them(self, log: AnyLog) -> None:
        keys = [f"H{i:03d}".encode() for i in range(50)]
        log.append("energy_alerts", Records(keys, keys))
        for part in everything(log, "energy_alerts"):
            assert {partition_for(key or b"", 8) for key in part.keys} == {part.partition}
        assert sorted(v or b"" for v in values(log, "energy_alerts")) == keys

    def test_without_keys_partitions_take_turns(self, log: AnyLog) -> None:
        log.append(READINGS, letters(*[b"x"] * 16))
        assert set(log.positions(READINGS, LATEST).values()) == {2}

    def test_offsets_count_records_and_are_contiguous(self, log: AnyLog) -> None:
        for size in (1, 3, 2):
            log.append(LETTERS, letters(*[b"x"] * size))
        (part,) = log.read({LETTER_AT: 0}, 100, 0.0)
        assert list(part.offsets) == [0, 1, 2, 3, 4, 5]
        assert log.positions(LETTERS, LATEST) == {LETTER_AT: 6}

    def test_a_read_ends_after_about_so_many_bytes(self, log: AnyLog) -> None:
        for _ in range(8):
            log.append(LETTERS, letters(NOISE, NOISE))
        (part,) = log.read({LETTER_AT: 0}, 100, 0.0, 30_000)
        assert 2 <= len(part) <= 6
        (part,) = log.read({LETTER_AT: 0}, 100, 0.0, 1)
        assert 1 <= len(part) <= 2  # something, always
        assert len(values(log, LETTERS)) == 16

    @pytest.mark.parametrize("position", range(7))
    @pytest.mark.parametrize("limit", [1, 2, 100])
    def test_any_position_and_limit(self, log: AnyLog, position: int, limit: int) -> None:
        log.append(LETTERS, letters(b"0", b"1", b"2"))
        log.append(LETTERS, letters(b"3", b"4", b"5"))
        found = log.read({LETTER_AT: position}, limit, 0.0)
        got = [value for part in found for value in part.values]
        assert got == [b"0", b"1", b"2", b"3", b"4", b"5"][position : position + limit]

    def test_no_partition_starves_behind_a_full_one(self, log: AnyLog) -> None:
        log.append(READINGS, Records([None] * 50, [b"x"] * 50, partitions=[0] * 50))
        log.append(READINGS, Records([None], [b"y"], partitions=[1]))
        at = dict(log.positions(READINGS, EARLIEST))
        seen = set()
        for _ in range(20):
            for part in log.read(at, 5, 0.0):
                seen.add(part.partition)
                at[part.at] = part.next_offset
            log.append(READINGS, Records([None] * 5, [b"x"] * 5, partitions=[0] * 5))
        assert 1 in seen

    def test_an_empty_batch_changes_nothing(self, log: AnyLog) -> None:
        assert log.append(LETTERS, letters()) == {}
        assert log.read({LETTER_AT: 0}, 10, 0.0) == []

    def test_a_topic_that_the_table_does_not_have(self, log: AnyLog) -> None:
        with pytest.raises(NotFound, match="nothing"):
            log.append("nothing", letters(b"x"))
        with pytest.raises(NotFound, match="nothing"):
            log.positions("nothing", LATEST)
        with pytest.raises(NotFound, match="nothing"):
            log.join("g", ["nothing"])

    def test_a_partition_that_the_topic_does_not_have(self, log: AnyLog) -> None:
        with pytest.raises(ValueError, match="partition"):
            log.append(LETTERS, Records([None], [b"x"], partitions=[1]))

    def test_members_of_a_family_are_made_on_first_use(self, log: AnyLog) -> None:
        assert log.positions("replay.*", LATEST) == {}
        assert sum(log.positions("replay.new", LATEST).values()) == 0
        log.append("replay.one", letters(b"x"))
        family = log.positions("replay.*", LATEST)
        assert {at.topic for at in family} == {"replay.one"}
        assert len(family) == 8

    def test_a_read_waits_for_what_comes(self, log: AnyLog) -> None:
        got: list[Fetched] = []
        reading = Event()

        def follow() -> None:
            reading.set()
            got.extend(log.read({LETTER_AT: 0}, 10, 30.0))

        thread = Thread(target=follow)
        thread.start()
        reading.wait()
        log.append(LETTERS, letters(b"x"))
        thread.join()
        assert [list(part.values) for part in got] == [[b"x"]]

    def test_threads_append_at_once(self, log: AnyLog) -> None:
        def work(name: int) -> None:
            for i in range(20):
                log.append(LETTERS, letters(f"{name}/{i}".encode()))

        threads = [Thread(target=work, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = [(value or b"").decode().split("/") for value in values(log, LETTERS)]
        for name in range(4):
            assert [int(i) for who, i in found if who == str(name)] == list(range(20))

    # Groups

    def test_a_group_resumes_where_it_committed(self, log: AnyLog) -> None:
        log.append(LETTERS, letters(b"a", b"b", b"c"))
        member = log.join("g", [LETTERS])
        assert member.assigned == {LETTER_AT: 0}
        with log.transaction(member) as tx:
            tx.move({LETTER_AT: 2})
        assert member.assigned == {LETTER_AT: 2}
        member.leave()
        assert log.join("g", [LETTERS]).assigned == {LETTER_AT: 2}
        assert log.positions(LETTERS, "g") == {LETTER_AT: 2}
        assert log.positions(LETTERS, "another") == {LETTER_AT: 0}

    def test_outputs_and_positions_come_together(self, log: AnyLog) -> None:
        member = log.join("g", [LETTERS])
        with log.transaction(member) as tx:
            tx.append(RULES, rules(a=b"1"))
            tx.append(RULES, rules(b=b"2"))
            tx.append(READINGS, Records([None], [b"r"], partitions=[2]))
            tx.move({LETTER_AT: 9})
            assert values(log, RULES) == []
        assert values(log, RULES) == [b"1", b"2"]
        assert values(log, READINGS) == [b"r"]
        assert log.positions(LETTERS, "g") == {LETTER_AT: 9}

    def test_an_aborted_transaction_leaves_no_trace(self, log: AnyLog) -> None:
        member = log.join("g", [LETTERS])
        with pytest.raises(RuntimeError), log.transaction(member) as tx:
            tx.append(RULES, rules(a=b"1"))
            tx.move({LETTER_AT: 9})
            raise RuntimeError
        assert values(log, RULES) == []
        assert log.positions(LETTERS, "g") == {LETTER_AT: 0}
        with log.transaction(member) as tx:
            tx.move({LETTER_AT: 1})

    def test_two_members_share_and_hand_over(self, log: AnyLog) -> None:
        one = log.join("g", [READINGS, "energyguard.late"])
        assert len(one.assigned) == 16
        two = log.join("g", [READINGS, "energyguard.late"])
        assert two.assigned == {}  # nobody takes what another one still owns
        with log.transaction(one) as tx:
            tx.move({TopicPartition(READINGS, 7): 3})
        self.settle(one, two)
        assert not {*one.assigned} & {*two.assigned}
        assert [len(member.assigned) for member in (one, two)] == [8, 8]
        assert (one.assigned | two.assigned)[TopicPartition(READINGS, 7)] == 3
        two.leave()
        assert two.assigned == {}
        self.settle(one)
        assert len(one.assigned) == 16

    def test_members_share_each_topic(self, log: AnyLog) -> None:
        topics = [READINGS, "energyguard.late"]
        members = [log.join("g", topics) for _ in range(2)]
        self.settle(*members)
        for topic in topics:
            counts = [sum(at.topic == topic for at in member.assigned) for member in members]
            assert counts == [4, 4]

    def test_generations_grow_with_each_change(self, log: AnyLog) -> None:
        one = log.join("g", [READINGS])
        first = one.generation
        two = log.join("g", [READINGS])
        self.settle(one, two)
        assert max(one.generation, two.generation) > first

    def test_three_members_have_odd_shares(self, log: AnyLog) -> None:
        members = [log.join("g", [READINGS]) for _ in range(3)]
        self.settle(*members)
        assert sorted(len(member.assigned) for member in members) == [2, 3, 3]
        assert len({at for member in members for at in member.assigned}) == 8

    def test_more_members_than_partitions(self, log: AnyLog) -> None:
        members = [log.join("g", [LETTERS]) for _ in range(3)]
        self.settle(*members)
        assert sorted(len(member.assigned) for member in members) == [0, 0, 1]

    def test_a_member_that_was_taken_out_learns_of_it(
        self, log: AnyLog, clock: ManualClock
    ) -> None:
        first = log.join("g", [LETTERS])
        log.append(LETTERS, Records([None] * 3, [b"a", b"b", b"c"]))
        (at,) = first.assigned
        self.sleep(clock, 12)
        second = log.join("g", [LETTERS])
        with log.transaction(second) as tx:
            tx.move({at: 2})
        second.leave()
        assert first.poll()  # it owns the same partition again, but not from where it was
        self.settle(first)
        assert first.assigned == {at: 2}

    def test_a_silent_member_is_fenced(self, log: AnyLog, clock: ManualClock) -> None:
        silent = log.join("g", [LETTERS])
        self.sleep(clock, 6)
        other = log.join("g", [LETTERS])
        assert other.assigned == {}
        self.sleep(clock, 5)
        self.settle(other)
        assert other.assigned == {LETTER_AT: 0}
        with pytest.raises(Fenced), log.transaction(silent) as tx:
            tx.append(RULES, rules(a=b"1"))
            tx.move({LETTER_AT: 5})
        assert values(log, RULES) == []
        assert log.positions(LETTERS, "g") == {LETTER_AT: 0}
        assert silent.poll()
        assert silent.assigned == {}
        with log.transaction(silent) as tx:  # owns nothing, and may say so
            tx.append(RULES, rules(a=b"1"))

    def test_positions_of_others_are_not_moved(self, log: AnyLog) -> None:
        member = log.join("g", [LETTERS])
        with pytest.raises(Fenced), log.transaction(member) as tx:
            tx.move({TopicPartition(READINGS, 0): 5})

    def test_a_poll_renews_the_lease(self, log: AnyLog, clock: ManualClock) -> None:
        one = log.join("g", [LETTERS])
        two = log.join("g", [LETTERS])
        for _ in range(3):
            self.sleep(clock, 6)
            self.settle(one, two)
        assert len({*one.assigned, *two.assigned}) == 1

    def test_groups_do_not_know_each_other(self, log: AnyLog) -> None:
        assert log.join("g", [LETTERS]).assigned == log.join("h", [LETTERS]).assigned

    def test_new_topics_of_a_family_come_with_a_poll(self, log: AnyLog) -> None:
        member = log.join("g", ["replay.*"])
        assert member.assigned == {}
        log.append("replay.one", letters(b"x"))
        self.learn(member)
        assert {at.topic for at in member.assigned} == {"replay.one"}
        assert len(member.assigned) == 8

    # Retention and compaction

    def test_of_each_key_the_newest_stays(self, log: AnyLog) -> None:
        for i in range(5):
            log.append(RULES, rules(a=b"%d" % i, b=b"%d" % i))
        log.append(RULES, rules(c=b"last"))
        log.tidy()
        (part,) = everything(log, RULES)
        assert list(zip(part.offsets, part.keys, part.values, strict=True)) == [
            (8, b"a", b"4"),
            (9, b"b", b"4"),
            (10, b"c", b"last"),
        ]
        assert log.positions(RULES, LATEST) == {RULE_AT: 11}
        (part,) = log.read({RULE_AT: 3}, 10, 0.0)
        assert list(part.offsets) == [8, 9, 10]
        assert log.append(RULES, rules(d=b"more")) == {RULE_AT: 12}

    def test_a_deleted_key_goes_after_it_was_told(self, log: AnyLog, clock: ManualClock) -> None:
        log.append(RULES, rules(a=b"1", b=b"1"))
        log.append(RULES, rules(a=None))
        log.append(RULES, rules(c=b"1"))
        log.tidy()
        assert dict(zip(*_columns(log), strict=True)) == {b"a": None, b"b": b"1", b"c": b"1"}
        clock.sleep(2 * DAY_MS / 1000)
        log.append(RULES, rules(c=b"2" * 50))
        log.append(RULES, rules(c=b"3"))
        log.tidy()
        assert dict(zip(*_columns(log), strict=True)) == {b"b": b"1", b"c": b"3"}

    def test_retention_by_age(self, log: AnyLog, clock: ManualClock) -> None:
        log.append(READINGS, Records([None], [b"old"], partitions=[0]))
        clock.sleep(4 * DAY_MS / 1000)
        log.append(READINGS, Records([None], [b"young"], partitions=[0]))
        log.tidy()
        assert values(log, READINGS) == [b"old", b"young"]
        clock.sleep(4 * DAY_MS / 1000)
        log.tidy()
        at = TopicPartition(READINGS, 0)
        assert values(log, READINGS) == [b"young"]
        assert log.positions(READINGS, EARLIEST)[at] == 1
        assert log.positions(READINGS, "new group")[at] == 1
        assert log.join("g", [READINGS]).assigned[at] == 1
        with pytest.raises(BehindRetention) as error:
            log.read({at: 0}, 10, 0.0)
        assert (error.value.wanted, error.value.earliest) == (0, 1)

    def test_a_closed_log_says_so(self, log: AnyLog) -> None:
        log.close()
        with pytest.raises(Exception, match="closed"):
            log.append(LETTERS, letters(b"x"))
        with pytest.raises(Exception, match="closed"):
            log.read({LETTER_AT: 0}, 1, 0.0)


def _columns(log: Log) -> tuple[list[bytes | None], list[bytes | None]]:
    parts = everything(log, RULES)
    return [k for p in parts for k in p.keys], [v for p in parts for v in p.values]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


class TestMemoryLog(InMemory, LogContract):
    pass


class TestSqliteLog(InSqlite, LogContract):
    def test_a_reopened_log_has_everything(
        self, log: SqliteLog, reopen: Callable[[], SqliteLog]
    ) -> None:
        log.append(LETTERS, letters(b"a", b"b"))
        member = log.join("g", [LETTERS])
        with log.transaction(member) as tx:
            tx.move({LETTER_AT: 1})
        log.close()
        again = reopen()
        assert values(again, LETTERS) == [b"a", b"b"]
        assert again.append(LETTERS, letters(b"c")) == {LETTER_AT: 3}
        assert again.positions(LETTERS, "g") == {LETTER_AT: 1}

    def test_two_open_logs_see_each_other(
        self, log: SqliteLog, reopen: Callable[[], SqliteLog]
    ) -> None:
        other = reopen()
        for i in range(4):
            assert (log, other)[i % 2].append(LETTERS, letters(b"x")) == {LETTER_AT: i + 1}
        assert len(values(other, LETTERS)) == 4

    def test_a_read_waits_for_another_process(
        self, log: SqliteLog, reopen: Callable[[], SqliteLog]
    ) -> None:
        other = reopen()

        def append_later() -> None:
            SYSTEM.sleep(0.05)
            other.append(LETTERS, letters(b"x"))

        thread = Thread(target=append_later)
        thread.start()
        assert log.read({LETTER_AT: 0}, 10, 30.0)
        thread.join()
