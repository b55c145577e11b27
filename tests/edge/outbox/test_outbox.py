"""The outbox that an edge's log is: what waits, what may have been sent, what stays how long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from energyguard.clock import ManualClock
from energyguard.edge.outbox.edge_log import EmbeddedLog
from energyguard.edge.outbox.outbox import PLACES, READINGS, LogOutbox
from energyguard.edge.protocol.contract import Outbox
from energyguard.edge.protocol.enrichment import EdgePlace
from energyguard.errors import Corrupt, DiskFull, Fenced
from energyguard.log import EARLIEST, Records, TopicPartition
from energyguard.log.sqlite.log import SqliteLog
from energyguard.model.topics import ALERTS, EDGE_LINKS
from energyguard.records.edges import HeldRange
from energyguard.settings.edge import EdgeSettings
from energyguard.testing import MemoryLog

NOON = 1_757_160_000_000
ALERT = TopicPartition(ALERTS.name, 3)
HOUR_S = 3600


def records(*values: bytes, partition: int = 0) -> Records:
    return Records([None] * len(values), values, partitions=[partition] * len(values))


def opened(log: EmbeddedLog, clock: ManualClock, **settings: object) -> LogOutbox:
    outbox = LogOutbox(log, EdgeSettings.model_validate(settings), clock)
    outbox.tend()
    return outbox


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture(params=["memory", "sqlite"])
def reopen(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock
) -> Iterator[Callable[[], EmbeddedLog]]:
    """Opens the log, again where it is a file."""
    made: list[EmbeddedLog] = []

    def again() -> EmbeddedLog:
        if request.param == "memory":
            made.append(made[-1] if made else MemoryLog(clock))
        else:
            made.append(SqliteLog(tmp_path / "log.db", clock))
        return made[-1]

    yield again
    for log in made:
        log.close()


def test_alerts_go_first_and_all_readings_lie_in_one_partition(
    reopen: Callable[[], EmbeddedLog], clock: ManualClock
) -> None:
    outbox: Outbox = opened(reopen(), clock)
    places = outbox.partitions()
    assert [at.topic for at in places] == [ALERTS.name] * 8 + [READINGS.topic]
    assert places[-1] == READINGS


def test_records_are_read_up_to_a_size_and_at_least_one(
    reopen: Callable[[], EmbeddedLog], clock: ManualClock
) -> None:
    log = reopen()
    outbox = opened(log, clock)
    for i in range(50):
        outbox.span(READINGS)  # remembered for a moment of the outbox's own clock
        log.append(READINGS.topic, records(b"%02d" % i * 50))
    clock.sleep(0.03)
    assert outbox.span(READINGS) == (0, 50)
    assert [r.offset for r in outbox.read(READINGS, 7, 350)] == [7, 8, 9]
    assert [r.offset for r in outbox.read(READINGS, 7, 1)] == [7]
    found = outbox.read(READINGS, 0, 10_000)
    assert [r.value for r in found] == [b"%02d" % i * 50 for i in range(50)]
    assert outbox.read(READINGS, 50, 100) == []
    assert found[0].at_ms == NOON


def test_the_first_record_of_a_time(reopen: Callable[[], EmbeddedLog], clock: ManualClock) -> None:
    log = reopen()
    for _ in range(20):
        log.append(READINGS.topic, records(b"x"))
        clock.sleep(10)
    outbox = opened(log, clock)
    for wall_ms, offset in ((0, 0), (NOON, 0), (NOON + 1, 1), (NOON + 50_000, 5), (NOON * 2, 20)):
        assert outbox.offset_at(READINGS, wall_ms) == offset


def test_a_start_finds_epochs_positions_and_what_may_have_been_sent(
    reopen: Callable[[], EmbeddedLog], clock: ManualClock
) -> None:
    log = reopen()
    outbox = opened(log, clock)
    log.append(READINGS.topic, records(b"1", b"2", b"3"))
    outbox.new_epoch("first")
    outbox.may_have_sent(READINGS, 0, 2)
    outbox.acknowledged(READINGS, 1)
    outbox.acknowledged(ALERT, 0)
    clock.sleep(2)
    outbox.tend()
    clock.sleep(11)  # the process was killed: its lease runs out
    other = opened(reopen(), clock)
    assert [epoch.id for epoch in other.epochs] == ["first"]
    assert other.epochs[0].starts[-1].first == 3
    assert other.position(READINGS) == 1
    assert list(other.unsent()) == [HeldRange(2, 3)]
    with pytest.raises(Fenced):
        outbox.may_have_sent(READINGS, 2, 3)


def test_what_was_acknowledged_stays_for_as_long_as_the_settings_say(
    reopen: Callable[[], EmbeddedLog], clock: ManualClock
) -> None:
    log = reopen()
    outbox = opened(log, clock, keep="24h")
    for value in (b"1", b"2", b"3", b"4"):
        log.append(READINGS.topic, records(value))

    def pass_hours(hours: int) -> int:
        for _ in range(4 * hours):
            clock.sleep(HOUR_S / 4)
            outbox.tend()
        log.tidy()  # type: ignore[attr-defined]
        return log.positions(READINGS.topic, EARLIEST)[READINGS]

    assert pass_hours(72) == 0, "nothing of it was acknowledged"
    outbox.acknowledged(READINGS, 2)
    assert pass_hours(23) == 0
    assert pass_hours(3) == 2
    outbox.acknowledged(READINGS, 3)
    pass_hours(1)
    assert pass_hours(22) == 2
    assert pass_hours(3) == 3


def test_where_the_cloud_was_restored_the_position_goes_back_and_all_of_it_stays(
    reopen: Callable[[], EmbeddedLog], clock: ManualClock
) -> None:
    log = reopen()
    outbox = opened(log, clock, keep="2h")
    for value in (b"1", b"2", b"3", b"4"):
        log.append(READINGS.topic, records(value))
    outbox.acknowledged(READINGS, 3)
    clock.sleep(HOUR_S)
    outbox.tend()
    outbox.acknowledged(READINGS, 1)
    for _ in range(12):
        clock.sleep(HOUR_S)
        outbox.tend()
    log.tidy()  # type: ignore[attr-defined]
    assert log.positions(READINGS.topic, EARLIEST)[READINGS] <= 1
    assert log.positions(READINGS.topic, "uplink")[READINGS] == 1


def test_what_was_to_go_and_is_still_there_stays_when_the_cloud_asks_for_it_again(
    reopen: Callable[[], EmbeddedLog], clock: ManualClock
) -> None:
    log = reopen()
    outbox = opened(log, clock, keep="1h")
    for value in (b"1", b"2", b"3", b"4"):
        log.append(READINGS.topic, records(value))
    outbox.acknowledged(READINGS, 3)
    for _ in range(3):
        clock.sleep(HOUR_S)
        outbox.tend()
    assert log.positions(READINGS.topic, "uplink-kept")[READINGS] == 3
    outbox.acknowledged(READINGS, 1)
    log.tidy()  # type: ignore[attr-defined]
    assert log.positions(READINGS.topic, EARLIEST)[READINGS] <= 1


def test_marks_outlive_a_restart(reopen: Callable[[], EmbeddedLog], clock: ManualClock) -> None:
    log = reopen()
    outbox = opened(log, clock, keep="24h")
    log.append(READINGS.topic, records(b"1", b"2"))
    log.append(READINGS.topic, records(b"3"))
    outbox.acknowledged(READINGS, 2)
    for _ in range(30):  # started anew every two hours
        clock.sleep(HOUR_S)
        outbox.tend()
        clock.sleep(HOUR_S)
        outbox.tend()
        outbox.close()
        outbox = opened(log, clock, keep="24h")
    log.tidy()  # type: ignore[attr-defined]
    assert log.positions(READINGS.topic, EARLIEST)[READINGS] == 2


def test_places_are_kept(reopen: Callable[[], EmbeddedLog], clock: ManualClock) -> None:
    log = reopen()
    outbox = opened(log, clock)
    outbox.places([EdgePlace(device="H1", postal_code="10115", region="DE-BE", city="Berlin")])
    (part,) = log.read({TopicPartition(PLACES, 0): 0}, 10, 0)
    assert list(part.keys) == [b"H1"]
    assert part.values[0] == b'{"postal_code":"10115","region":"DE-BE","city":"Berlin"}'


def test_where_what_it_knew_is_damaged_all_may_have_been_sent(
    reopen: Callable[[], EmbeddedLog], clock: ManualClock
) -> None:
    log = reopen()
    log.append(READINGS.topic, records(b"1", b"2"))
    log.append(EDGE_LINKS.name, Records([b"outbox"], [b"{"]))
    outbox = opened(log, clock)
    assert len(outbox.unsent()) == 0
    assert list(outbox.epochs) == []


def test_two_processes_do_not_have_it_at_once(
    reopen: Callable[[], EmbeddedLog], clock: ManualClock
) -> None:
    log = reopen()
    outbox = opened(log, clock)
    other = opened(log, clock)
    assert outbox.is_ours and not other.is_ours
    with pytest.raises(Fenced):
        other.may_have_sent(READINGS, 0, 1)
    outbox.close()
    other.tend()
    assert other.is_ours


def test_what_was_acknowledged_is_not_merged_when_the_cloud_was_restored(
    reopen: Callable[[], EmbeddedLog], clock: ManualClock
) -> None:
    log = reopen()
    outbox = opened(log, clock)
    for i in range(6):
        log.append(READINGS.topic, records(b"%d" % i))
    outbox.may_have_sent(READINGS, 0, 4)
    outbox.state.merged_of(READINGS).add(1, 2)
    outbox.acknowledged(READINGS, 6)
    outbox.may_have_sent(READINGS, 6, 7)  # with it, what is known is written
    outbox.acknowledged(READINGS, 0)  # the cloud holds some of it, out of order
    clock.sleep(0.03)
    assert list(outbox.unsent()) == []
    assert [r.offset for r in outbox.read(READINGS, 0, 1_000)] == [0, 2, 3, 4, 5]
    assert outbox.lost(READINGS, 1, 2) == 0
    outbox.close()
    again = opened(reopen(), clock)
    assert list(again.unsent()) == []
    assert [r.offset for r in again.read(READINGS, 0, 1_000)] == [0, 2, 3, 4, 5]


def test_what_is_damaged_is_void_and_lost_and_the_rest_travels(
    tmp_path: Path, clock: ManualClock
) -> None:
    path = tmp_path / "log.db"
    with closing(SqliteLog(path, clock)) as log:
        for i in range(6):
            log.append(READINGS.topic, records(b"%d" % i * 100))
    with closing(apsw.Connection(str(path))) as file:
        rows = file.execute("SELECT id FROM segment ORDER BY id").fetchall()
        (damaged,) = rows[2]
        file.execute("UPDATE segment SET body = zeroblob(length(body)) WHERE id = ?", (damaged,))
    with closing(SqliteLog(path, clock)) as log:
        outbox = opened(log, clock)
        assert [r.offset for r in outbox.read(READINGS, 0, 10_000)] == [0, 1, 3, 4, 5]
        assert outbox.lost(READINGS, 2, 3) == 1
        assert list((tmp_path / "log.db-damaged").iterdir())


def test_a_file_that_is_no_log_says_so_and_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    path.write_bytes(b"no log at all " * 1000)
    with pytest.raises(Corrupt, match=r"log\.db"):
        SqliteLog(path)


def test_a_promise_or_an_epoch_that_found_no_room_is_none(
    reopen: Callable[[], EmbeddedLog], clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = opened(reopen(), clock)
    outbox.new_epoch("first")
    outbox.may_have_sent(READINGS, 3, 5)

    def full(_outputs: object) -> None:
        raise DiskFull("no room")

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "commit", full)
        for _ in range(2):
            with pytest.raises(DiskFull):
                outbox.may_have_sent(READINGS, 0, 9)
            with pytest.raises(DiskFull):
                outbox.new_epoch("second")
    assert list(outbox.state.may_have_sent(READINGS)) == [HeldRange(3, 5)]
    assert [epoch.id for epoch in outbox.epochs] == ["first"]
