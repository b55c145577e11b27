"""Finding positions among appends that touch some partitions and not others."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.durable.connections import connect
from energyguard.errors import BehindRetention
from energyguard.log import EARLIEST, LATEST, Records, TopicPartition
from energyguard.log.sqlite import log as sqlite_log
from energyguard.log.sqlite.log import SqliteLog
from energyguard.log.sqlite.reader import read_once
from energyguard.log.sqlite.retention import retain
from energyguard.log.sqlite.walk import newest_ids
from energyguard.model.topics import ALERTS, ENERGY_ALERTS, ENERGY_READINGS
from tests.thorough import examples
from tests.waiting import until

TOPIC = ENERGY_READINGS.name
appends = st.lists(st.lists(st.integers(0, 7), min_size=1, max_size=5), max_size=25)


@contextmanager
def log_with(written: list[list[int]]) -> Iterator[SqliteLog]:
    """A log whose appends put one record each into these partitions."""
    with tempfile.TemporaryDirectory() as folder, closing(SqliteLog(f"{folder}/log.db")) as log:
        for number, places in enumerate(written):
            value = b"%d" % number
            log.append(TOPIC, Records([None] * len(places), [value] * len(places), (), (), places))
        yield log


@settings(max_examples=examples(10, 25), deadline=None)
@given(appends, st.integers(1, 30), st.data())
def test_each_partition_comes_whole_and_in_order(
    written: list[list[int]], limit: int, data: st.DataObject
) -> None:
    expected: dict[int, list[bytes]] = {place: [] for place in range(8)}
    for number, places in enumerate(written):
        for place in places:
            expected[place].append(b"%d" % number)
    with log_with(written) as log:
        for here, end in log.positions(TOPIC, LATEST).items():
            assert end == len(expected[here.partition])
        wanted = data.draw(st.sets(st.integers(0, 7), min_size=1))
        begins = {p: data.draw(st.integers(0, len(expected[p]))) for p in wanted}
        at = {TopicPartition(TOPIC, p): begin for p, begin in begins.items()}
        got: dict[int, list[bytes]] = {p: [] for p in wanted}
        while parts := log.read(at, limit, 0.0):
            assert sum(map(len, parts)) <= limit
            for part in parts:
                assert part.offsets[0] == at[part.at]
                at[part.at] = part.next_offset
                got[part.partition] += [value or b"" for value in part.values]
    assert got == {p: expected[p][begin:] for p, begin in begins.items()}


def test_a_partition_far_behind_holds_up_nobody() -> None:
    with log_with([[0]] * 50 + [[1]]) as log:
        at = dict(log.positions(TOPIC, EARLIEST))
        first = {part.partition for _ in range(8) for part in log.read(at, 5, 0.0)}
        assert first == {0, 1}


def test_those_behind_catch_up_beside_those_who_are_not() -> None:
    """As after a restart: one partition was read further than others, of many topics."""
    with log_with([[0, 1, 2]] * 30) as log:
        at: dict[TopicPartition, int] = {}
        for name in (ENERGY_ALERTS.name, ALERTS.name):
            at |= log.positions(name, EARLIEST)
        at |= {TopicPartition(TOPIC, partition): 3 for partition in range(3)}
        at[TopicPartition(TOPIC, 0)] = 29
        for _ in range(3):
            log.append(TOPIC, Records([None], [b"x"], (), (), [0]))
            for part in log.read(at, 60, 0.0):
                at[part.at] = part.next_offset
        assert [at[TopicPartition(TOPIC, partition)] for partition in range(3)] == [33, 30, 30]


def test_whoever_reads_little_reads_of_all() -> None:
    """Another partition of another topic leads at each read."""
    with log_with([[place] for place in range(8) for _ in range(3)]) as log:
        log.append(ALERTS.name, Records([b"a"] * 8, [b"x"] * 8, partitions=range(8)))
        at = dict(log.positions(TOPIC, EARLIEST)) | dict(log.positions(ALERTS.name, EARLIEST))
        first = {part.at for _ in range(16) for part in log.read(at, 1, 0.0)}
        assert {(place.topic, place.partition) for place in first} > {
            (TOPIC, partition) for partition in range(8)
        }


def test_retention_by_bytes() -> None:
    with log_with([[place] for place in (0, 1, 0, 2, 0)]) as log:
        connection = connect(log.path)
        (size,) = connection.execute("SELECT max(total) / count(*) FROM segment").fetchone()
        (number,) = connection.execute("SELECT id FROM topic WHERE name = ?", (TOPIC,)).fetchone()
        retain(connection, number, replace(ENERGY_READINGS, retention_bytes=2 * size), 0)
        connection.close()
        left = {at.partition: edge for at, edge in log.positions(TOPIC, EARLIEST).items()}
        assert left == {0: 2, 1: 1, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0, 7: 0}
        assert sum(log.positions(TOPIC, LATEST).values()) == 5
        (early, late) = (TopicPartition(TOPIC, 0), TopicPartition(TOPIC, 2))
        with pytest.raises(BehindRetention):
            log.read({early: 1}, 10, 0.0)
        found = log.read({early: 2, late: 0}, 10, 0.0)
        assert sorted((part.partition, part.values[0]) for part in found) == [(0, b"4"), (2, b"3")]
        assert log.append(TOPIC, Records([None], [b"x"], partitions=[1])) == {
            TopicPartition(TOPIC, 1): 2
        }


def test_much_in_one_topic_keeps_no_record_of_another_waiting() -> None:
    """Whoever leads takes its share of a read, and not all of it: an import, say, of the past."""
    much = Records([None] * 50, [Random(3).randbytes(2_000)] * 50, partitions=[0] * 50)
    alert = Records([None], [b"new"], partitions=[0])
    old, new = TopicPartition(TOPIC, 0), TopicPartition(ALERTS.name, 0)
    with log_with([]) as log:
        for _ in range(4):
            log.append(TOPIC, much)
        log.append(ALERTS.name, alert)
        for _ in range(4):  # whichever topic leads
            found = log.read({old: 0, new: 0}, 100, 0.0, 150_000)
            assert {part.at: len(part) for part in found} in ({old: 50, new: 1}, {old: 99, new: 1})


def test_appends_to_other_topics_cost_who_waits_no_read(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[object] = []
    wakes: list[object] = []

    def counted(*passed: Any) -> Any:
        reads.append(passed)
        return read_once(*passed)

    def noted(*passed: Any) -> Any:
        wakes.append(passed)
        return newest_ids(*passed)

    monkeypatch.setattr(sqlite_log, "read_once", counted)
    monkeypatch.setattr(sqlite_log, "newest_ids", noted)
    with log_with([]) as log, ThreadPoolExecutor(1) as reader:
        waiting = reader.submit(log.read, log.positions(TOPIC, LATEST), 10, 30.0)
        until(lambda: reads)
        for _ in range(3):
            wakes.clear()
            log.append(ALERTS.name, Records([None], [b"x"], (), (), [0]))
            until(lambda: wakes)
        assert len(reads) == 1
        log.append(TOPIC, Records([None], [b"mine"], (), (), [0]))
        assert [part.values for part in waiting.result(10)] == [[b"mine"]]
        assert len(reads) == 2
