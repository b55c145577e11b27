"""Snapshots for who looks at them again and again: nothing is read twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from energyguard.log import MAX_BYTES, Fetched, Positions, Records, TopicPartition
from energyguard.model.topics import STATE
from energyguard.records.state import Manifest
from energyguard.stream.runtime.checkpoint import (
    SnapshotFollower,
    read_snapshots,
    snapshot_records,
)
from energyguard.testing import MemoryLog

HOMES, OTHERS = TopicPartition("energy_readings", 1), TopicPartition("meter_readings", 1)


class CountingLog(MemoryLog):
    """Counts the records that are read."""

    records = 0

    def read(self, at: Positions, limit: int, wait: float, room: int = MAX_BYTES) -> list[Fetched]:
        found = list(super().read(at, limit, wait, room))
        self.records += sum(len(part.values) for part in found)
        return found


@pytest.fixture
def log() -> Iterator[CountingLog]:
    made = CountingLog()
    yield made
    made.close()


def save(log: MemoryLog, at: TopicPartition, manifest: Manifest, **parts: bytes | None) -> None:
    log.append(STATE.name, snapshot_records("detector", at, manifest, parts))


def test_it_has_what_is_there_and_reads_each_record_once(log: CountingLog) -> None:
    follower = SnapshotFollower(log, "detector")
    assert follower.newest(HOMES) is None
    manifest = Manifest(position=1, decided=-1)
    save(log, HOMES, manifest, devices=b"H1", learned=b"little")
    first = follower.newest(HOMES)
    assert first is not None
    assert first[1] == {"devices": b"H1", "learned": b"little"}
    log.records = 0
    assert follower.newest(HOMES) is first
    assert log.records == 0
    save(log, OTHERS, Manifest(position=9, decided=-1), devices=b"X")
    assert follower.newest(HOMES) is first
    manifest.position = 2
    save(log, HOMES, manifest, learned=b"more")
    log.records = 0
    second = follower.newest(HOMES)
    assert log.records == 2  # the part and the manifest
    assert second == read_snapshots(log, "detector", [HOMES])[HOMES]
    assert second is not None
    assert second[1] == {"devices": b"H1", "learned": b"more"}
    assert follower.newest(OTHERS) == read_snapshots(log, "detector", [OTHERS])[OTHERS]


def test_a_snapshot_that_does_not_hold_is_none_until_the_next(log: CountingLog) -> None:
    follower = SnapshotFollower(log, "detector")
    manifest = Manifest(position=1, decided=-1)
    save(log, HOMES, manifest, devices=b"H1")
    assert follower.newest(HOMES) is not None
    key = f"detector/{HOMES.topic}/{HOMES.partition}/devices#0".encode()
    log.append(STATE.name, Records([key], [b"damaged"], partitions=[HOMES.partition]))
    log.append(STATE.name, snapshot_records("detector", HOMES, manifest, {}))
    assert follower.newest(HOMES) is None
    save(log, HOMES, manifest, devices=b"H2")
    saved = follower.newest(HOMES)
    assert saved is not None
    assert saved[1] == {"devices": b"H2"}
