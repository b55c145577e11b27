"""Which answers of Kafka are asked for again, and which are told at once."""

from __future__ import annotations

import pytest

pytest.importorskip("confluent_kafka", reason="the extra `kafka` is not installed")

from confluent_kafka import KafkaError, KafkaException

from energyguard.errors import Unauthorized
from energyguard.log.kafka.client import patiently

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


def test_what_does_not_pass_is_told_at_once() -> None:
    asked = []

    def ask() -> None:
        asked.append(1)
        raise KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))

    with pytest.raises(Unauthorized, match=r"127\.0\.0\.1:1"):
        patiently(PLACE, ask)
    assert asked == [1]
