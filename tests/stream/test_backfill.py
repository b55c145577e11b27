"""A backfill is kept and counted: it moves no clock, alerts nobody, is no silence and ends none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from energyguard.clock import ManualClock
from energyguard.intake.gateway import Gateway
from energyguard.intake.replay import Player, ReplayRun
from energyguard.log import LATEST, Log, open_log
from energyguard.model.readings import BACKFILL, batch_of
from energyguard.model.topics import DAY_MS, METER_READINGS
from energyguard.service.intake.intake import Reception
from energyguard.service.live.readings import LiveReadings
from energyguard.settings.tree import StreamSettings, WireSettings
from energyguard.stream.windows.stage import window_worker
from tests.domains.conftest import StopAfter, records
from tests.stream.test_witnesses import counts
from tests.stream.test_worker import SETTINGS, TOPICS, book, read_all, work
from tests.stream.windows.test_windows import START

MINUTE_MS = 60_000
PATIENT = StreamSettings(snapshot="1s", idle="10m")


def lines(first_ms: int, minutes: int, device: str = "A", kwh: float = 0.5) -> bytes:
    times = (np.datetime64(first_ms + i * MINUTE_MS, "ms") for i in range(minutes))
    rows = (f"{time}Z,{device},{kwh}" for time in times)
    return "\n".join(["timestamp,household_id,energy_kwh", *rows]).encode()


def headers(log: Log, topic: str = METER_READINGS.name) -> set[tuple[tuple[str, bytes], ...]]:
    found = set()
    at = dict.fromkeys(log.positions(topic, LATEST), 0)
    while fetched := log.read(at, 1000, 0):
        for part in fetched:
            found |= set(part.headers)
            at[part.at] = part.next_offset
    return found


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def log(tmp_path: Path, clock: ManualClock) -> Iterator[Log]:
    with closing(open_log(f"sqlite:///{tmp_path}/log.db", clock)) as log:
        yield log


@pytest.mark.parametrize(
    ("age_ms", "asked", "is_backfill"),
    [(0, False, False), (0, True, True), (DAY_MS + 1, False, True), (DAY_MS, False, False)],
)
def test_what_marks_a_backfill(
    log: Log, clock: ManualClock, age_ms: int, asked: bool, is_backfill: bool
) -> None:
    newest = START - age_ms
    batch = batch_of(["A", "B"], "energy_kwh", [newest, newest - 10 * DAY_MS], [1, 1])
    Gateway(log, clock).submit(batch, METER_READINGS.name, BACKFILL if asked else ())
    assert headers(log) == {BACKFILL if is_backfill else ()}


def test_it_changes_nothing_but_the_count(log: Log, clock: ManualClock, tmp_path: Path) -> None:
    other = ManualClock(START)
    plain = open_log(f"sqlite:///{tmp_path}/plain.db", other)
    for each, at, with_past in ((log, clock, True), (plain, other, False)):
        service = Reception(each, WireSettings(), at)
        worker = window_worker(each, book(), PATIENT, TOPICS, at)
        for i in range(60):
            if with_past and i % 7 == 3:  # of a device that measures now, and of another
                past = START - 400 * DAY_MS + i * DAY_MS
                assert service.take(lines(past, 500), None, "api").accepted == 500
                service.take(lines(past, 500, "B"), None, "api")
            service.take(lines(at.now_ms(), 1, "A", i % 5 / 1000), None, "api")
            at.sleep(60)
            work(worker, 3)
        work(worker)
        worker.drain()
    for topic in ("energy_alerts", "energyguard.alerts", "energyguard.late"):
        assert read_all(log, topic) == read_all(plain, topic)
    assert counts(plain) == Counter(accepted=60)
    assert counts(log) == Counter(accepted=60 + 1000 * len(range(3, 60, 7)))


def test_a_replay_of_a_log_with_backfills_gives_the_same(log: Log, clock: ManualClock) -> None:
    service = Reception(log, WireSettings(), clock)
    worker = window_worker(log, book(), SETTINGS, TOPICS, clock)
    for i in range(20):
        service.take(lines(START - 100 * DAY_MS, 50), None, "api")
        service.take(lines(START + i * MINUTE_MS, 1), None, "api")
        clock.sleep(60)
        work(worker, 3)
        if i % 6 == 5:
            worker.consumer.leave()  # its successor replays
            worker = window_worker(log, book(), SETTINGS, TOPICS, clock)
    work(worker)
    worker.drain()
    assert counts(log) == Counter(accepted=20 * 51)


def test_a_replayed_file_is_a_backfill_where_that_is_said(
    log: Log, clock: ManualClock, tmp_path: Path
) -> None:
    path = tmp_path / "old.csv"
    path.write_bytes(lines(START - 300 * DAY_MS, 100))
    replay = ReplayRun(paths=[path], backfill=True)
    done = Player(replay, log, StopAfter(clock, 1e9), clock).play()
    assert (done.topic, done.readings, done.first_ms) == (
        METER_READINGS.name,
        100,
        START - 300 * DAY_MS,
    )
    assert headers(log) == {BACKFILL}
    assert len(records(log, METER_READINGS.name)) == 1


def test_a_body_newest_first_is_one_delivery(log: Log, clock: ManualClock) -> None:
    clock.sleep(3_600)
    body = lines(START, 60).splitlines()
    mixed = b"\n".join([body[0], *body[:0:-1]])
    Reception(log, WireSettings(), clock).take(mixed, None, "api")
    worker = window_worker(log, book(), SETTINGS, TOPICS, clock)
    work(worker)
    worker.drain()
    assert counts(log) == Counter(accepted=60)


def test_the_page_does_not_take_it_for_now(log: Log, clock: ManualClock) -> None:
    def seen() -> LiveReadings:
        newest = LiveReadings(300_000)
        at = dict.fromkeys(log.positions(METER_READINGS.name, LATEST), 0)
        while fetched := log.read(at, 1000, 0):
            newest.take(fetched, clock.now_ms())
            at |= {part.at: part.next_offset for part in fetched}
        return newest

    service = Reception(log, WireSettings(), clock)
    service.take(lines(START - 300 * DAY_MS, 10, "B"), None, "api")
    alone = seen()
    drawn = alone.drawn(START)
    assert (drawn.live, drawn.sending) == (False, 0)
    assert {row.device for row in alone.rows(20)} == {"B"}  # newer than nothing
    service.take(lines(START, 1), None, "api")
    service.take(lines(START - 200 * DAY_MS, 10), None, "api")
    newest = seen()
    assert newest.newest_ms() == START
    assert newest.rows(10)[0].device == "A"
    assert [row.time_ms for row in newest.rows(20) if row.device == "A"] == [START]
    assert newest.per_minute(1, START) == [(START - START % MINUTE_MS, 1)]
