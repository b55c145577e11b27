"""Which answers of Kafka are asked for again, and which are told at once."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("confluent_kafka", reason="the extra `kafka` is not installed")

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka import TopicPartition as Place

from energyguard.errors import Unauthorized
from energyguard.log.kafka.client import patiently
from energyguard.log.kafka.topics import KafkaTopics
from energyguard.log.records import TopicPartition

PLACE = "kafka://127.0.0.1:1"


@pytest.mark.parametrize(
    "code",
    [
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.FENCED_LEADER_EPOCH,  # a broker that was slow for so long that it was fenced
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.OFFSET_NOT_AVAILABLE,
    ],
)
def test_what_passes_is_asked_again(code: int) -> None:
    answers = [code, code]

    def ask() -> str:
        if answers:
            raise KafkaException(KafkaError(answers.pop()))
        return "there"

    assert patiently(PLACE, ask) == "there"


def test_a_leader_that_does_not_know_its_ends_yet_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its answer is no error: an offset that is none, and each record would lie behind it."""
    topics, ends = KafkaTopics(PLACE, {"bootstrap.servers": "127.0.0.1:1"}), [-1001, -1001, 0]

    def answers(wanted: Mapping[Place, object], **_: object) -> dict[Place, Future[Any]]:
        end: Future[Any] = Future()
        end.set_result(SimpleNamespace(offset=ends.pop(0)))
        return dict.fromkeys(wanted, end)

    monkeypatch.setattr(topics._admin, "list_offsets", answers)
    monkeypatch.setattr("energyguard.log.kafka.client.RETRY_S", 0.01)
    at = TopicPartition("energy", 0)
    assert topics.earliest([at]) == {at: 0}
    assert not ends


def test_what_does_not_pass_is_told_at_once() -> None:
    asked = []

    def ask() -> None:
        asked.append(1)
        raise KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))

    with pytest.raises(Unauthorized, match=r"127\.0\.0\.1:1"):
        patiently(PLACE, ask)
    assert asked == [1]
