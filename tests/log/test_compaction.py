"""Compaction of segments that are larger than what one read gives."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from energyguard.durable.connections import connect
from energyguard.log import LATEST, MAX_BYTES, Records, TopicPartition
from energyguard.log.sqlite.log import SqliteLog
from energyguard.model.topics import STATE

AT = TopicPartition(STATE.name, 0)
CHUNK = b"x" * 900_000


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    made = SqliteLog(tmp_path / "log.db")
    yield made
    made.close()


def test_a_large_segment_whose_end_was_superseded_hides_nothing(log: SqliteLog) -> None:
    keys = [b"chunk%02d" % i for i in range(MAX_BYTES // len(CHUNK) + 3)]
    for batch, values in (
        (keys, [CHUNK] * len(keys)),
        (keys[-1:], [b"newer"]),
        ([b"manifest"], [CHUNK * len(keys)]),  # much newer bytes: compaction is due
    ):
        log.append(STATE.name, Records(batch, values, partitions=[0] * len(batch)))
    log.tidy()
    found: list[bytes | None] = []
    position = 0
    while parts := log.read({AT: position}, 1_000, 0.0):
        found += parts[0].keys
        position = parts[0].next_offset
    assert found == [*keys, b"manifest"]
    assert position == log.positions(STATE.name, LATEST)[AT]


def test_a_partition_with_nothing_left_hides_no_other(log: SqliteLog) -> None:
    other = TopicPartition(STATE.name, 1)
    for partition, key, value in (
        (1, b"other", b"here"),
        (0, b"gone", b"x"),
        (0, b"gone", b"y"),
        (0, b"last", b"z"),
        (1, b"big", CHUNK),
    ):
        log.append(STATE.name, Records([key], [value], partitions=[partition]))
    connection = connect(log.path)
    for segment_id in _ids(connection)[1:4]:  # as if all three were superseded
        connection.execute("DELETE FROM segment WHERE id = ?", (segment_id,))
    connection.close()
    for _ in range(4):  # whichever partition leads
        (part,) = filter(len, log.read({AT: 0, other: 0}, 10, 0.0))
        assert (part.at, part.keys) == (other, [b"other", b"big"])


def _ids(connection: Any) -> list[int]:
    return [row for (row,) in connection.execute("SELECT id FROM segment ORDER BY id")]
