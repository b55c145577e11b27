"""What a reader of Kafka makes of what is no record."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("confluent_kafka", reason="the extra `kafka` is not installed")

from confluent_kafka import KafkaError

from energyguard.errors import EnergyGuardError
from energyguard.log.kafka.reader import KafkaReader
from energyguard.log.records import TopicPartition


class Told:
    """A message that tells of a fault."""

    def __init__(self, code: int) -> None:
        self._error = KafkaError(code)

    def error(self) -> KafkaError:
        return self._error

    def __len__(self) -> int:
        return 0

    def topic(self) -> None:
        return None

    def partition(self) -> None:
        return None


def fetched(monkeypatch: pytest.MonkeyPatch, code: int) -> list[Any]:
    reader = KafkaReader(
        "kafka://127.0.0.1:1", {"bootstrap.servers": "127.0.0.1:1", "log_level": "0"}
    )
    told = [[Told(code)], []]
    consumer = type("Consumer", (), {"consume": lambda _self, _n, _wait: told.pop(0)})()
    monkeypatch.setattr(reader, "_consumer", consumer)
    reader.at = {TopicPartition("t", 0): 0}
    return reader.fetch(10, 0.0, 1000)


@pytest.mark.parametrize(
    "code",
    [
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError._TRANSPORT,
    ],
)
def test_a_broker_that_has_just_come_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    assert fetched(monkeypatch, code) == []


def test_what_does_not_pass_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EnergyGuardError, match=r"127\.0\.0\.1:1"):
        fetched(monkeypatch, KafkaError.TOPIC_AUTHORIZATION_FAILED)
