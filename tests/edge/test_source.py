"""Powers of a log elsewhere come into the edge's own once, whatever ends when."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from energyguard.clock import SYSTEM, ManualClock
from energyguard.domains.regions.dialect import message
from energyguard.edge.averaging.stage import averaging_worker
from energyguard.edge.outbox.outbox import READINGS, LogOutbox
from energyguard.edge.source import TOPIC, SourceFollower, follow_source
from energyguard.errors import Fenced, Overloaded, Unavailable
from energyguard.log import EARLIEST, LATEST, Log, Records, open_log
from energyguard.log.keeping import LOOK_S
from energyguard.log.sqlite.log import SqliteLog
from energyguard.model.topics import DAY_MS
from energyguard.settings.edge import EdgeSettings
from energyguard.settings.tree import Settings, StreamSettings
from energyguard.testing import MemoryLog
from tests.waiting import PATIENCE_S

NOON = 1_757_160_000_000
URL = "kafka://somewhere:9092"


def write(source: Log, first: int, many: int) -> None:
    """Numbered records of three homes."""
    keys = [b"household_%d" % (i % 3) for i in range(first, first + many)]
    source.append(TOPIC, Records(keys, [b"%d" % i for i in range(first, first + many)]))


def values(log: Log) -> list[int]:
    at, found = dict(log.positions(TOPIC, EARLIEST)), list[int]()
    while parts := log.read(at, 1000, 0):
        for part in parts:
            at[part.at] = part.next_offset
            found += [int(value or b"-1") for value in part.values]
    return found


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture(params=["memory", "sqlite"])
def source(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> Iterator[Any]:
    """A log elsewhere."""
    made = MemoryLog(clock) if request.param == "memory" else SqliteLog(tmp_path / "s.db", clock)
    yield made
    made.close()


@pytest.fixture
def reopen(tmp_path: Path, clock: ManualClock) -> Iterator[Callable[[], SqliteLog]]:
    made: list[SqliteLog] = []

    def again() -> SqliteLog:
        made.append(UncertainLog(tmp_path / "log.db", clock))
        return made[-1]

    yield again
    for log in made:
        log.close()


class UncertainLog(SqliteLog):
    """A log that sometimes commits and says that it did not, and sometimes does neither."""

    chance: random.Random | None = None

    def _write(self, work: Callable[..., Any]) -> Any:
        if self.chance is None or self.chance.random() > 0.3:
            return super()._write(work)
        if self.chance.random() < 0.5:
            super()._write(work)
        raise Unavailable("who knows", 0.0)


@pytest.mark.parametrize("seed", range(4))
def test_each_record_is_taken_once_whatever_fails(
    seed: int, source: Log, reopen: Callable[[], UncertainLog], clock: ManualClock
) -> None:
    chance = random.Random(seed)
    log, written = reopen(), 0
    follower = SourceFollower(source, log, URL)
    for _ in range(40):
        many = chance.randrange(30)
        write(source, written, many)
        written += many
        log.chance = chance
        with suppress(Unavailable, Fenced):
            follower.take(0)
        log.chance = None
        if chance.random() < 0.2:  # killed: the lease runs out
            clock.sleep(11)
            log = reopen()
            follower = SourceFollower(source, log, URL)
    while follower.take(0):
        pass
    assert sorted(values(log)) == list(range(written))
    for home in range(3):
        mine = [value for value in values(log) if value % 3 == home]
        assert mine == sorted(mine), "a device keeps its order"


def test_a_source_that_was_quiet_for_long_is_not_taken_again(
    source: Any, reopen: Callable[[], SqliteLog], clock: ManualClock
) -> None:
    write(source, 0, 9)
    log = reopen()
    follower = SourceFollower(source, log, URL)
    assert follower.take(0) == 9
    follower.leave()
    clock.sleep(6 * DAY_MS / 1000)
    log.append(TOPIC, Records([b"x"] * 30, [b"99"] * 30))  # what was taken is deleted here
    clock.sleep(2 * DAY_MS / 1000)
    log.append(TOPIC, Records([b"household_1"], [b"98"]))
    log.tidy()
    again = SourceFollower(source, log, URL)
    assert again.take(0) == 0
    write(source, 9, 1)
    assert again.take(0) == 1


def test_another_source_is_taken_from_its_beginning_and_the_first_goes_on(
    source: Log, reopen: Callable[[], SqliteLog]
) -> None:
    other, log = MemoryLog(), reopen()
    write(source, 0, 5)
    write(other, 100, 5)
    for which, url, many in ((source, URL, 5), (other, "sqlite:///x", 5), (source, URL, 0)):
        follower = SourceFollower(which, log, url)
        assert follower.take(0) == many
        follower.leave()
    assert sorted(values(log)) == [0, 1, 2, 3, 4, 100, 101, 102, 103, 104]


def test_a_source_that_was_made_anew_is_taken_from_its_beginning(
    source: Log, reopen: Callable[[], SqliteLog]
) -> None:
    log = reopen()
    write(source, 0, 50)
    follower = SourceFollower(source, log, URL)
    assert follower.take(0) == 50
    follower.leave()
    anew = MemoryLog()
    write(anew, 200, 3)
    assert SourceFollower(anew, log, URL).take(0) == 3


def test_two_processes_do_not_both_take(source: Log, reopen: Callable[[], SqliteLog]) -> None:
    log = reopen()
    write(source, 0, 5)
    first, second = SourceFollower(source, log, URL), SourceFollower(source, log, URL)
    assert [second.take(0), first.take(0)] == [0, 5]


def test_a_full_outbox_leaves_the_source_where_it_is(
    source: Log, reopen: Callable[[], SqliteLog], clock: ManualClock
) -> None:
    log = reopen()
    outbox = LogOutbox(log, EdgeSettings(outbox_bytes=10), clock)
    outbox.tend()
    log.append(READINGS.topic, Records([None], [b"x" * 20], partitions=[0]))
    SYSTEM.sleep(LOOK_S + 0.05)
    write(source, 0, 5)
    follower = SourceFollower(source, log, URL)
    with pytest.raises(Overloaded):
        follower.take(0)
    assert values(log) == []
    outbox.acknowledged(READINGS, 1)
    clock.sleep(2)
    outbox.tend()
    SYSTEM.sleep(LOOK_S + 0.05)
    assert follower.take(0) == 5


def test_powers_of_a_source_are_averaged(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'source.db'}"
    settings = Settings(edge=EdgeSettings(source=url))
    with closing(open_log(url)) as source, closing(SqliteLog(tmp_path / "log.db")) as log:
        for second in range(0, 20, 2):
            record = message("household_1", 2_000_000, NOON + 1000 * second)
            source.append(TOPIC, Records([b"household_1"], [record]))
        stop = Event()
        thread = Thread(target=follow_source, args=(log, settings, stop))
        thread.start()
        worker = averaging_worker(log, settings.edge, StreamSettings())
        until = SYSTEM.monotonic() + PATIENCE_S
        while not log.positions(READINGS.topic, LATEST)[READINGS]:
            worker.step(0.1)
            assert SYSTEM.monotonic() < until
        stop.set()
        thread.join()
