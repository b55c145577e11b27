"""Compaction of segments that are larger than what one read gives."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from energyguard.log import LATEST, Records, TopicPartition
from energyguard.log.reader import MOST_BYTES
from energyguard.log.sqlite import SqliteLog
from energyguard.model.topics import STATE

AT = TopicPartition(STATE.name, 0)
CHUNK = b"x" * 900_000


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    made = SqliteLog(tmp_path / "log.db")
    yield made
    made.close()


def test_a_large_segment_whose_end_was_superseded_hides_nothing(log: SqliteLog) -> None:
    keys = [b"chunk%02d" % i for i in range(MOST_BYTES // len(CHUNK) + 3)]
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
