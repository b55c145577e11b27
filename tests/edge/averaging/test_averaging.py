"""Readings of an edge's log to averages in its outbox: each once, whatever happens on the way."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from energyguard.clock import SYSTEM, ManualClock
from energyguard.codecs.records import unpack
from energyguard.edge.averaging.averages import AverageOperator
from energyguard.edge.averaging.stage import QUIET_S, AveragingTask, averaging_worker
from energyguard.edge.outbox.edge_log import keeping_of
from energyguard.edge.outbox.outbox import READINGS, LogOutbox
from energyguard.errors import Overloaded, Unavailable
from energyguard.intake.gateway import Gateway
from energyguard.log import EARLIEST, LATEST, Log, Records
from energyguard.log.keeping import LOOK_S
from energyguard.log.sqlite.log import SqliteLog
from energyguard.model.readings import BACKFILL
from energyguard.model.topics import DEAD_LETTERS, LATE
from energyguard.settings.edge import EdgeSettings
from energyguard.settings.tree import StreamSettings
from energyguard.stream.runtime.worker import Worker
from energyguard.stream.time.alignment import DecodedReadings
from energyguard.testing import MemoryLog
from tests.edge.averaging.test_averages import NOON, Home, Row, powers, readings, rows_of

Averaging = Worker[AveragingTask, DecodedReadings]
STREAM = StreamSettings(snapshot="1s")


def batch(rows: list[Row]) -> pa.RecordBatch:
    return readings(rows).readings


def worker(log: Log, clock: ManualClock, **edge: Any) -> Averaging:
    return averaging_worker(log, EdgeSettings.model_validate(edge), STREAM, clock)


def play(made: Averaging, clock: ManualClock, steps: int = 30) -> None:
    for _ in range(steps):
        made.step()
        clock.sleep(0.2)


def sent(log: Log) -> list[tuple[Row, bool]]:
    """What lies in the outbox, and whether it is of the past."""
    at, found = 0, list[tuple[Row, bool]]()
    while parts := log.read({READINGS: at}, 1000, 0):
        for part in parts:
            at = part.next_offset
            for value, headers in zip(part.values, part.headers, strict=True):
                for r in unpack([value or b""])[0].to_pylist():
                    time = round(r["time"].timestamp() * 1000) - NOON
                    row = (r["device"], r["channel"], time, r["value"])
                    found.append((row, BACKFILL[0] in headers))
    return found


def count(log: Log, topic: str) -> int:
    ends, begins = log.positions(topic, LATEST), log.positions(topic, EARLIEST)
    return sum(end - begins[at] for at, end in ends.items())


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def log(clock: ManualClock) -> MemoryLog:
    return MemoryLog(clock)


@pytest.fixture
def reopen(tmp_path: Path, clock: ManualClock) -> Iterator[Callable[[], SqliteLog]]:
    made: list[SqliteLog] = []

    def again() -> SqliteLog:
        made.append(SqliteLog(tmp_path / "log.db", clock))
        return made[-1]

    yield again
    for one in made:
        one.close()


def test_readings_of_all_topics_go_into_one_partition_by_time(
    log: MemoryLog, clock: ManualClock
) -> None:
    border = Gateway(log, clock)
    for topic, device in (("energy_readings", "H1"), ("power_topic", "H2"), ("replay.x", "H3")):
        border.submit(batch(powers((0, 1), (2, 1), (6, 2), (9, 2), device=device)), topic)
    play(worker(log, clock), clock)
    found = [row for row, _ in sent(log)]
    assert {row[0] for row in found} == {"H1", "H2", "H3"}
    assert [row[2] for row in found] == sorted(row[2] for row in found)
    assert sum(log.positions(READINGS.topic, LATEST).values()) == count(log, READINGS.topic)
    assert all(end == 0 for at, end in log.positions(READINGS.topic, LATEST).items() if at[1])


def test_its_own_outbox_is_not_averaged_again(log: MemoryLog, clock: ManualClock) -> None:
    Gateway(log, clock).submit(batch(powers((0, 1), (5, 1), (9, 1))), READINGS.topic)
    play(worker(log, clock), clock)
    assert len(sent(log)) == 3


def test_messages_without_a_key_find_their_device_partition_first(
    log: MemoryLog, clock: ManualClock
) -> None:
    lines = [
        b'{"device":"H7","timestamp":"2025-09-06T12:00:%02dZ","power_kw":1}' % second
        for second in range(0, 40, 2)
    ]
    for line in lines:  # any partition, in turn
        log.append("energy_readings", Records([None], [line]))
    play(worker(log, clock), clock, 60)
    averages = [row for row, _ in sent(log) if row[1] == "power_kw"]
    assert averages == [("H7", "power_kw", t, 10**9) for t in range(0, 35_000, 5000)]


def test_readings_of_the_past_go_on_as_they_are_and_say_so(
    log: MemoryLog, clock: ManualClock
) -> None:
    border = Gateway(log, clock)
    border.submit(batch(powers((0, 1), (2, 1))), "energy_readings", BACKFILL)
    border.submit(batch(powers((0, 1), (2, 1), (5, 1), (9, 1))), "energy_readings")
    play(worker(log, clock), clock)
    past = sorted(row for row, is_past in sent(log) if is_past)
    assert past == powers((0, 1), (2, 1))
    assert ("H1", "power_kw", 0, 10**9) in [row for row, is_past in sent(log) if not is_past]


def test_what_cannot_be_read_and_what_is_there_twice_is_kept_apart(
    log: MemoryLog, clock: ManualClock
) -> None:
    log.append("energy_readings", Records([b"H1"], [b"what?"]))
    border = Gateway(log, clock)
    border.submit(batch(powers((0, 1), (2, 1), (2, 1))), "energy_readings")
    play(worker(log, clock), clock)
    assert count(log, DEAD_LETTERS.name) == 1
    assert count(log, LATE.name) == 1


def test_a_device_that_is_quiet_gets_its_last_average(log: MemoryLog, clock: ManualClock) -> None:
    made = worker(log, clock)
    border = Gateway(log, clock)
    border.submit(batch(powers((0, 1), (3, 1))), "energy_readings")
    play(made, clock, 20)
    assert sent(log) == []
    play(made, clock, round(QUIET_S / 0.2))
    found = [row for row, _ in sent(log)]
    assert ("H1", "power_kw", 0, 10**9) in found
    assert ("H1", "covered_s", 0, 3 * 10**9) in found
    again = worker(log, clock)  # another process: the decision is in the log
    clock.sleep(11)
    border.submit(batch(powers((60, 1), (62, 1), (66, 1), (69, 1))), "energy_readings")
    play(again, clock, 20)
    assert Counter(row for row, _ in sent(log))["H1", "power_kw", 0, 10**9] == 1


def test_names_in_the_cloud_begin_with_the_prefix(log: MemoryLog, clock: ManualClock) -> None:
    Gateway(log, clock).submit(batch(powers((0, 1), (5, 1), (9, 1))), "energy_readings")
    play(worker(log, clock, prefix="north-"), clock)
    assert {row[0] for row, _ in sent(log)} == {"north-H1"}


def test_while_the_outbox_is_full_averages_stop_and_go_on_by_themselves(
    log: MemoryLog, clock: ManualClock
) -> None:
    outbox = LogOutbox(log, EdgeSettings(), clock)
    outbox.tend()
    made = averaging_worker(
        log, EdgeSettings(), STREAM, clock, is_full=lambda: log.is_full(READINGS.topic)
    )
    border = Gateway(log, clock)
    border.submit(batch(powers(*((s, s % 7) for s in range(300)))), "energy_readings")
    play(made, clock, 5)
    border.submit(batch(powers((302, 1), (308, 1))), "energy_readings")
    waits = log.waiting_bytes(READINGS.topic, "uplink")
    log.keep(keeping_of(EdgeSettings(outbox_bytes=waits)))
    before = len(sent(log))
    with pytest.raises(Overloaded, match="goes on by itself"):
        border.submit(batch(powers((309, 1))), "energy_readings")
    play(made, clock, 5)
    assert len(sent(log)) == before
    with pytest.raises(Overloaded), log.transaction(made.consumer._member) as transaction:
        transaction.append(READINGS.topic, Records([None], [b"x"], partitions=[0]))
    outbox.acknowledged(READINGS, log.positions(READINGS.topic, LATEST)[READINGS])
    clock.sleep(2)
    outbox.tend()
    SYSTEM.sleep(LOOK_S + 0.05)
    border.submit(batch(powers((310, 1), (329, 1))), "energy_readings")
    play(made, clock, 10)
    assert [row[2] for row, _ in sent(log) if row[1] == "power_kw"] == [*range(0, 310_000, 5000)]


def test_partitions_of_a_backlog_are_taken_in_step(log: MemoryLog, clock: ManualClock) -> None:
    border = Gateway(log, clock)
    homes = [powers(*((10 * i, 1) for i in range(1440)), device=f"H{home}") for home in range(12)]
    for start in range(0, 1440, 10):
        for rows in homes:
            border.submit(batch(rows[start : start + 10]), "energy_readings")
    made = averaging_worker(
        log, EdgeSettings(), STREAM.model_copy(update={"poll_readings": 900}), clock
    )
    play(made, clock, 400)
    times = [row[2] for row, _ in sent(log) if row[1] == "power_kw"]
    assert len(times) > 12 * 2800
    newest, behind = 0, 0
    for time in times:
        newest = max(newest, time)
        behind = max(behind, newest - time)
    assert behind < 600_000, "rules would take some for late"


class FailingLog(SqliteLog):
    """A log of which a transaction fails now and then, before or after it was written."""

    chance = random.Random(0)

    def transaction(self, membership: Any) -> Any:
        """One that may fail."""
        if self.chance.random() < 0.2:
            raise Unavailable("no room just now", 0.0)
        return super().transaction(membership)


@pytest.mark.parametrize("seed", range(6))
def test_kills_and_failures_change_nothing(seed: int, tmp_path: Path, clock: ManualClock) -> None:
    chance = random.Random(seed)
    homes = [Home(chance, f"H{i}") for i in range(6)]
    rows = sorted((row for home in homes for row in home.rows), key=lambda row: row[2])
    logs = [FailingLog(tmp_path / "log.db", clock)]
    made, start = worker(logs[0], clock), 0
    while start < len(rows):
        stop = start + chance.randrange(1, 120)
        Gateway(logs[-1], clock).submit(batch(rows[start:stop]), "energy_readings")
        start = stop
        for _ in range(chance.randrange(4)):
            with suppress(Unavailable):
                made.step()
            clock.sleep(chance.random())
        if chance.random() < 0.3:  # killed: its lease runs out
            clock.sleep(11)
            logs.append(FailingLog(tmp_path / "log.db", clock))
            made = worker(logs[-1], clock)
    steady = SqliteLog(tmp_path / "log.db", clock)
    clock.sleep(11)
    play(worker(steady, clock), clock, 250)
    found = sorted(row for row, _ in sent(steady))
    operator = AverageOperator()
    expected = sorted(rows_of([operator.process(readings(rows)), operator.end()]))
    for log in (*logs, steady):
        log.close()
    assert found == expected
