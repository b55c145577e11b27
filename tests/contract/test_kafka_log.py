"""The contract of every log, on a real Kafka broker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from energyguard.clock import SYSTEM, ManualClock
from energyguard.errors import (
    BehindRetention,
    ConfigError,
    Malformed,
    Unauthorized,
    Unavailable,
)
from energyguard.log import EARLIEST, LATEST, Log, Membership, Records, open_log
from energyguard.model.topics import STATE
from tests.contract.test_log import (
    LETTER_AT,
    LETTERS,
    NOON,
    RULE_AT,
    RULES,
    LogContract,
    everything,
    letters,
    rules,
    values,
)

if TYPE_CHECKING:
    from deploy.kafka.brokers import Cluster

SESSION_S = 3.0
QUIET_S = 1.0
PATIENCE_S = 60.0
FRESH = {"topic.metadata.refresh.interval.ms": "500"}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


class TestKafkaLog(LogContract):
    def settle(self, *members: Membership) -> None:
        """A group has agreed when nobody has learnt anything for a while."""
        since = SYSTEM.monotonic()
        while SYSTEM.monotonic() - since < QUIET_S:
            if sum(member.poll() for member in members):
                since = SYSTEM.monotonic()
            SYSTEM.sleep(0.02)

    def learn(self, member: Membership) -> None:
        """News of a topic come to a client when it asks for them, and to its group after that."""
        until = SYSTEM.monotonic() + PATIENCE_S
        while not member.assigned and SYSTEM.monotonic() < until:
            member.poll()
            SYSTEM.sleep(0.02)
        self.settle(member)

    def sleep(self, clock: ManualClock, seconds: float) -> None:
        """Brokers know no other time than the real one: sessions are shorter instead."""
        SYSTEM.sleep(seconds * SESSION_S / 10)

    @pytest.fixture
    def clock(self) -> ManualClock:
        """Today: what is older than its retention, brokers delete whenever they look."""
        return ManualClock(SYSTEM.now_ms())

    @pytest.fixture
    def log(self, kafka: Cluster, clock: ManualClock) -> Iterator[Log]:
        made = open_log(f"kafka://{kafka.bootstrap}", clock, SESSION_S, FRESH)
        yield made
        made.close()

    def test_members_share_each_topic(self, log: Any) -> None:
        pytest.skip("Kafka's cooperative assignor shares all partitions, not those of each topic")

    def test_of_each_key_the_newest_stays(self, log: Any) -> None:
        pytest.skip("brokers compact in their own time")

    def test_a_deleted_key_goes_after_it_was_told(self, log: Any, clock: ManualClock) -> None:
        pytest.skip("brokers compact in their own time")

    def test_retention_by_age(self, log: Any, clock: ManualClock) -> None:
        pytest.skip("brokers delete whole segments, in their own time; see the next test")

    def test_who_is_behind_retention_is_told(self, log: Any, kafka: Cluster) -> None:
        from confluent_kafka import TopicPartition
        from confluent_kafka.admin import AdminClient

        log.append(LETTERS, letters(b"a", b"b", b"c"))
        admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
        for deleted in admin.delete_records([TopicPartition(LETTERS, 0, 2)]).values():
            deleted.result(20)
        assert log.positions(LETTERS, EARLIEST) == {LETTER_AT: 2}
        assert log.positions(LETTERS, "new group") == {LETTER_AT: 2}
        with pytest.raises(BehindRetention) as error:
            log.read({LETTER_AT: 0}, 10, 0.0)
        assert (error.value.wanted, error.value.earliest) == (0, 2)
        assert values(log, LETTERS) == [b"c"]

    def test_a_position_moves_past_what_holds_no_records(self, log: Any) -> None:
        member = log.join("g", [LETTERS])
        with log.transaction(member) as tx:
            tx.append(RULES, rules(a=b"1"))
        at = dict(log.positions(RULES, EARLIEST))
        for part in everything(log, RULES):
            at[part.at] = part.next_offset
        while at[RULE_AT] < log.positions(RULES, LATEST)[RULE_AT]:  # the commit's own marker
            for part in log.read(at, 10, 1.0):
                at[part.at] = part.next_offset

    def test_what_is_too_large_is_refused(self, log: Any) -> None:
        with pytest.raises(Malformed, match=r"max\.message\.bytes"):
            log.append(LETTERS, letters(b"x" * 5_000_000))
        log.append(LETTERS, letters(b"y"))
        assert values(log, LETTERS) == [b"y"]

    def test_a_topic_with_another_number_of_partitions(self, log: Any, kafka: Cluster) -> None:
        from confluent_kafka.admin import AdminClient, NewTopic

        admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
        for made in admin.create_topics([NewTopic(STATE.name, 3, 1)]).values():
            made.result(20)
        with pytest.raises(ConfigError, match="3 partitions, and must have 8"):
            log.positions(STATE.name, LATEST)


def test_a_broker_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("confluent_kafka", reason="the extra `kafka` is not installed")
    monkeypatch.setattr("energyguard.log.kafka.topics.ANSWER_S", 0.5)
    log = open_log("kafka://127.0.0.1:1")
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1"):
        log.append(LETTERS, Records([None], [b"x"]))
    log.close()


def test_a_log_in_that_the_broker_does_not_know(
    kafka: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("energyguard.log.kafka.topics.ANSWER_S", 2.0)
    options = {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "me",
        "sasl.password": "wrong",
    }
    log = open_log(f"kafka://{kafka.bootstrap}", options=options)
    with pytest.raises((Unauthorized, Unavailable)):
        log.positions(LETTERS, LATEST)
    log.close()
