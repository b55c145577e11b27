"""The role: what is in the log is in the history, once, whatever happens to the process."""

from __future__ import annotations

import random
import signal
import subprocess
import threading
import time
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from energyguard.alerts.book import AlertBook
from energyguard.clock import ManualClock
from energyguard.codecs.records import pack
from energyguard.errors import Fenced, Unavailable
from energyguard.history.alert_files import AlertFiles
from energyguard.history.chdb import ChdbHistory
from energyguard.history.client import HistoryClient
from energyguard.history.export import export_readings
from energyguard.history.people import People
from energyguard.history.reading_buckets import READINGS, ReadingBuckets
from energyguard.log import LATEST, Log, Records, open_log
from energyguard.model.alerts import Severity, State
from energyguard.model.readings import BACKFILL, batch_of
from energyguard.model.topics import DAY_MS
from energyguard.records.alerts import AlertEvent
from energyguard.service.alerts.past import folded_alerts
from energyguard.settings.tree import Settings
from energyguard.sinks.archive import Archive
from energyguard.sinks.history_role import run
from energyguard.testing import MemoryLog
from tests.forking import Forked
from tests.history.made import DAY, T0

PARTITIONS = 8
EVENT = AlertEvent(
    id="a1", rule="household-prod", device="H1", channel="energy_kwh", severity=Severity.WARNING,
    state=State.FIRING, time_ms=T0 + 5, since_ms=T0, window_start_ms=T0, window_end_ms=T0 + 900_000,
    observed=2_100_000_000, expected=2_000_000_000, peak=2_100_000_000, unit="kWh",
    topic="energy_readings", about="H1 passed 2.0 kWh in 15 minutes",
)  # fmt: skip
WINDOW = (
    b'{"household_id":"H1","window_start":"2025-09-06 00:00:00",'
    b'"window_end":"2025-09-06 00:15:00","kwh":2.100000001,"rule":"kwh>2.0 over 15 minutes",'
    b'"mode":"prod"}'
)


def append(
    log: Log,
    tick: int,
    homes: int = 20,
    topic: str = "energy_readings",
    headers: tuple[tuple[str, bytes], ...] = (),
) -> None:
    """One reading of each home, as the border appends it."""
    batch = batch_of(
        [f"H{i}" for i in range(homes)],
        "energy_kwh",
        np.full(homes, T0 + tick * 15_000),
        np.arange(homes) * 1000 + tick,
    )
    parts = pack(batch, PARTITIONS)
    log.append(
        topic,
        Records(
            [None] * len(parts),
            [v for _, v in parts],
            [headers] * len(parts),
            partitions=[p for p, _ in parts],
        ),
    )


def drain(archive: Archive) -> None:
    for _ in range(20):
        archive.step(0.0)
    archive.settle()


def test_readings_alerts_and_late_readings_are_kept(
    log: Log, history: ChdbHistory, people: People, tmp_path: Path
) -> None:
    for tick in range(8):
        append(log, tick)
    append(log, 0)  # duplicates
    log.append("energyguard.alerts", Records([b"H1"], [msgspec.json.encode(EVENT)]))
    log.append("energy_alerts", Records([b"H1"], [WINDOW], [(("id", b"w1"),)]))
    late = pack(batch_of(["H1"], "energy_kwh", [T0], [7]), 1)[0][1]
    log.append("energyguard.late", Records([None], [late], [(("verdict", b"late"),)]))
    log.append(
        "energyguard.late", Records([None], [late], [(("verdict", b"accepted"),)])
    )  # counted
    log.append("energyguard.alerts", Records([b"H1"], [b"garbage"]))
    log.append("energy_readings", Records([None], [b"garbage"]))
    files = AlertFiles(str(tmp_path / "parquet"), history)
    archive = Archive(history, log, 0.0, people, files)
    drain(archive)
    totals = history.query("totals", **DAY).to_pylist()[0]
    assert (totals["readings"], totals["devices"], totals["alerts"]) == (160, 20, 1)
    inside = {name: getattr(EVENT, name) / 1e9 for name in ("observed", "expected", "peak")}
    event = msgspec.to_builtins(EVENT) | inside
    assert history.query("alerts", limit=9, **DAY).to_pylist() == [event]
    windows = history.query("window_alerts", limit=9, **DAY).to_pylist()
    assert [(w["id"], w["device"], w["kwh"]) for w in windows] == [("w1", "H1", 2.100000001)]
    assert history.ask("SELECT verdict, device, value FROM late", "TSV", {}) == b"late\tH1\t7\n"
    assert pq.read_table(tmp_path / "parquet" / "alerts-2025-09-06.parquet").num_rows == 1
    assert pq.read_table(tmp_path / "parquet" / "window_alerts-2025-09-06.parquet").num_rows == 1
    archive.close()
    again = AlertFiles(str(tmp_path / "parquet"), history)
    again._look()
    assert not again.stale


def test_changes_of_one_time_are_in_the_order_of_the_log(
    log: Log, history: ChdbHistory, people: People
) -> None:
    firing, resolved = State.FIRING, State.RESOLVED
    lives = {"over": (firing, resolved), "again": (firing, resolved, firing)}
    book = AlertBook()
    for name, states in lives.items():
        for at_ms, state in enumerate(states):
            event = msgspec.structs.replace(EVENT, id=name, state=state)
            log.append("energyguard.alerts", Records([b"H1"], [msgspec.json.encode(event)]))
            book.tell(event, at_ms)
    with closing(Archive(history, log, 0.0, people)) as archive:
        archive.step(0.0)
    kept = folded_alerts(history.query, list(lives))
    assert {name: kept.get(name).state for name in lives} == {"over": resolved, "again": firing}
    assert all(kept.get(name).state is book.get(name).state for name in lives)
    nothing = {"text": "", "named": "", "devices": "", "severity": "", "rule": ""}
    found = history.query("resolved_alerts", **nothing, limit=9, before_ms=T0 + 1)
    assert found["id"].to_pylist() == ["over"]


def test_much_at_once_is_rolled_up_without_waiting(
    log: Log, history: ChdbHistory, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = (replace(READINGS, max_rows=100),)
    monkeypatch.setattr("energyguard.history.rollups.rollup_kinds", lambda: small)
    archive = Archive(history, log, 0.0, people)
    archive._rest_s = 60.0  # what makes it settle here is that there is much
    for tick in range(4):
        append(log, tick)
    archive.step(0.0)
    assert history.query("totals", **DAY).to_pylist()[0]["readings"] == 0
    append(log, 4)
    archive.step(0.0)  # begins: the roll-ups are made beside the next inserts
    rolled = archive._settling
    assert rolled is not None
    rolled.rolled.result(20)
    assert history.query("totals", **DAY).to_pylist()[0]["readings"] == 100
    assert set(log.positions("energy_readings", "history").values()) == {0}
    archive.step(0.0)
    assert any(log.positions("energy_readings", "history").values())
    archive.close()


@pytest.mark.parametrize("headers", [(), BACKFILL])
def test_a_little_of_the_past_is_counted_at_once(
    log: Log, history: ChdbHistory, people: People, headers: tuple[tuple[str, bytes], ...]
) -> None:
    archive = Archive(history, log, 60.0, people)
    append(log, 0, headers=headers)
    archive.step(0.0)
    if archive._settling is not None:
        archive._settling.rolled.result(20)
    counted = history.query("totals", **DAY).to_pylist()[0]["readings"]
    assert counted == (20 if headers else 0)  # what is measured now waits for more
    archive.close()


def test_much_of_the_past_is_counted_at_once_and_its_rest_when_no_more_comes(
    log: Log, history: ChdbHistory, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("energyguard.sinks.archive.MANY_ROWS", 100)
    monkeypatch.setattr("energyguard.sinks.archive.FEW_OLD_ROWS", 10)
    clock = ManualClock()
    archive = Archive(history, log, 60.0, people, clock=clock)

    def counted() -> int:
        archive.step(0.0)
        if archive._settling is not None:
            archive._settling.rolled.result(20)
        return int(history.query("totals", **DAY).to_pylist()[0]["readings"])

    for tick in range(5):
        append(log, tick, headers=BACKFILL)
    assert counted() == 100
    archive.step(0.0)
    archive._rest_s = 60.0  # the last took long
    append(log, 5, headers=BACKFILL)
    assert counted() == 100
    clock.sleep(0.5)
    assert counted() == 100  # there may be more
    clock.sleep(1.0)
    assert counted() == 120
    archive.close()


def test_the_past_is_counted_without_what_is_measured_now_and_its_positions_wait_for_that(
    log: Log, history: ChdbHistory, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("energyguard.sinks.archive.FEW_OLD_ROWS", 30)
    clock = ManualClock()
    archive = Archive(history, log, 1.0, people, clock=clock)

    def counted() -> int:
        archive.step(0.0)
        if archive._settling is not None:
            archive._settling.rolled.result(20)
        return int(history.query("totals", **DAY).to_pylist()[0]["readings"])

    for tick in range(3):
        append(log, tick)
    archive._rest_s = 60.0  # the last took long: it was much
    clock.sleep(1.5)
    assert counted() == 0
    append(log, 120, headers=BACKFILL)
    assert not archive.has_news  # nobody has read it
    assert counted() == 20
    archive.step(0.0)
    assert set(log.positions("energy_readings", "history").values()) == {0}
    clock.sleep(60.0)
    assert counted() == 80
    archive.step(0.0)
    ends = log.positions("energy_readings", LATEST)
    assert log.positions("energy_readings", "history") == ends
    archive.close()


def test_what_is_of_the_past_rests_as_its_own_roll_ups_took(
    log: Log, history: ChdbHistory, people: People
) -> None:
    clock = ManualClock()
    archive = Archive(history, log, 60.0, people, clock=clock)
    archive._old_rest_s = 0.1
    append(log, 0, headers=BACKFILL)
    archive.step(0.0)
    assert (archive._settling, archive.has_news) == (None, False)
    clock.sleep(0.4)
    assert archive.has_news  # the role takes the next step at once
    archive.step(0.0)
    assert archive._settling is not None
    assert not archive.has_news
    archive.close()


def test_several_reads_of_much_are_one_part_of_the_engine(
    log: Log, history: ChdbHistory, people: People
) -> None:
    archive = Archive(history, log, 60.0, people, clock=ManualClock())
    for tick in range(9):
        append(log, tick, homes=2**14, headers=BACKFILL)
    archive.step(0.0)
    steps = 1
    while any(archive._brought):
        archive.step(0.0)
        steps += 1
    archive.flush()
    parts = history.ask(
        "SELECT rows, level FROM system.parts WHERE active AND table = 'readings'", "TSV", {}
    )
    assert (steps > 2, parts) == (True, b"147456\t0\n")
    archive._rollups.interrupt()
    archive.close()


def test_a_replay_changes_nothing_and_the_first_value_wins(
    log: Log, history: ChdbHistory, people: People, tmp_path: Path
) -> None:
    for tick in (3, 1, 2, 1, 0):
        append(log, tick)
    archive = Archive(history, log, 0.0, people)
    drain(archive)
    before = everything(history)
    conflict = pack(batch_of(["H1"], "energy_kwh", [T0 + 15_000], [999]), PARTITIONS)
    log.append("energy_readings", Records([None], [conflict[0][1]], partitions=[conflict[0][0]]))
    drain(archive)
    archive.consumer.rewind(dict.fromkeys(archive.consumer.positions, 0))  # everything once more
    drain(archive)
    assert everything(history) == before
    archive.close()
    written = export_readings(history, tmp_path / "out.csv", "csv", DAY["start_ms"], DAY["end_ms"])
    assert written == 80
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 81


def test_of_the_very_first_readings_the_first_counts_too(
    log: Log, history: ChdbHistory, people: People
) -> None:
    batch = batch_of(["H1"] * 2, "energy_kwh", [T0] * 2, [7, 9])
    (where, value), *_ = pack(batch, PARTITIONS)
    log.append("energy_readings", Records([None], [value], partitions=[where]))
    archive = Archive(history, log, 0.0, people)
    drain(archive)
    archive.close()
    rows = history.query("readings", device="H1", channel="", limit=9, **DAY).to_pylist()
    assert [row["value"] for row in rows] == [7e-9]


def test_a_position_never_moves_back_after_a_lease_was_lost(
    history: ChdbHistory, people: People
) -> None:
    """Another archive had the partitions meanwhile: what it committed is where to go on."""
    clock = ManualClock(1_000_000_000_000)
    log = MemoryLog(clock, session_s=10.0)
    append(log, 0)
    first = Archive(history, log, 3_600.0, people, clock=clock)
    first.step(0.0)  # has read a little, and committed nothing
    for tick in range(1, 40):
        append(log, tick)
    clock.sleep(20)
    second = Archive(history, log, 0.0, people, clock=clock)
    drain(second)
    ends = log.positions("energy_readings", LATEST)
    assert log.positions("energy_readings", "history") == ends
    second.close()
    clock.sleep(2)
    for _ in range(3):
        with suppress(Fenced):
            first.consumer.limit = 1
            first.step(0.0)
            first.settle()
        assert log.positions("energy_readings", "history") == ends
        clock.sleep(2)
    assert {at: first.consumer.positions[at] for at in ends} == ends  # nothing is read twice
    first.close()


def test_an_archive_that_lost_its_lease_ends_well(history: ChdbHistory, people: People) -> None:
    """Its last rows are in the history; the next one goes on from what was committed."""
    clock = ManualClock(1_000_000_000_000)
    log = MemoryLog(clock, session_s=10.0)
    append(log, 0)
    late = Archive(history, log, 3_600.0, people, clock=clock)
    late.step(0.0)
    append(log, 1)
    take, others = late.consumer.read, list[Archive]()

    def slow(wait_s: float) -> Any:
        if not others:
            clock.sleep(20)
            others.append(Archive(history, log, 0.0, people, clock=clock))
        return take(wait_s)

    late.consumer.read = slow  # type: ignore[method-assign, assignment]
    late.close()
    (following,) = others
    drain(following)
    ends = log.positions("energy_readings", LATEST)
    assert log.positions("energy_readings", "history") == ends
    following.close()
    assert history.ask("SELECT count() FROM readings FINAL", "TSV", {}) == b"40\n"


def everything(history: ChdbHistory) -> bytes:
    raw = "SELECT device, channel, time, value FROM readings FINAL ORDER BY device, time"
    day = "SELECT device, bucket, kwh, counted FROM rollup_1d FINAL ORDER BY device"
    return history.ask(raw, "TSV", {}) + history.ask(day, "TSV", {})


ROLE = """
import pathlib, sys, threading
from energyguard.settings.tree import HistorySettings, Settings
from energyguard.history.people import People
from energyguard.history.reading_buckets import READINGS, ReadingBuckets
from energyguard.sinks.history_role import run
run(Settings(data_dir=pathlib.Path(sys.argv[1]), history=HistorySettings(port=0, flush="50ms")),
    threading.Event())
"""


def killed_under_load(folder: Path, kills: int) -> None:
    """Kill the role at random moments while readings come in; then compare with what was sent."""
    rng = random.Random(kills)
    log = open_log(f"sqlite:///{folder / 'log.db'}")
    client = HistoryClient(folder)
    stop, ticks = threading.Event(), [0]

    def load() -> None:
        while not stop.is_set():
            append(log, ticks[0])
            ticks[0] += 1
            time.sleep(0.005)

    thread = threading.Thread(target=load)
    thread.start()
    for _ in range(kills):
        role = start(folder)
        time.sleep(1.2 + rng.random() * 2)
        role.kill()
        role.wait()
    stop.set()
    thread.join()
    role = start(folder)
    wanted = {"readings": ticks[0] * 20, "devices": 20}
    ends = {"start_ms": T0, "end_ms": T0 + ticks[0] * 15_000}
    nano = sum(i * 1000 + tick for i in range(20) for tick in range(ticks[0]))
    got: dict[str, object] = {}
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and got.get("readings") != wanted["readings"]:
        time.sleep(0.3)
        try:
            got = client.query("totals", **ends).to_pylist()[0]
        except Unavailable:
            continue
    assert {k: got[k] for k in wanted} == wanted
    assert round(float(str(got["kwh"])) * 1e9) == nano
    role.send_signal(signal.SIGKILL)
    role.wait()
    client.close()
    log.close()


def start(folder: Path) -> subprocess.Popen[bytes]:
    return Forked(["-c", ROLE, str(folder)], stderr=subprocess.DEVNULL)


def test_killed_under_load_nothing_is_lost_and_nothing_counts_twice(tmp_path: Path) -> None:
    killed_under_load(tmp_path, 1)


@pytest.mark.slow
def test_killed_fifty_times(tmp_path: Path) -> None:
    killed_under_load(tmp_path, 50)


def test_a_stop_amid_roll_ups_does_not_wait_for_them_and_the_next_one_makes_them(
    log: Log, history: ChdbHistory, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = DAY_MS // 15_000
    for tick in (0, 1, 3 * day, 3 * day + 1):  # two runs of days
        append(log, tick)
    energies, runs = ReadingBuckets._energies, []

    def slow(self: ReadingBuckets, run: pa.Table) -> None:
        runs.append(run)
        assert self.stopping.wait(20)
        energies(self, run)

    with monkeypatch.context() as slowly:
        slowly.setattr("energyguard.sinks.archive.DRAIN_S", 0.5)
        slowly.setattr(ReadingBuckets, "_energies", slow)
        Archive(history, log, 0.0, people).close()
    assert len(runs) < 2
    assert not any(log.positions("energy_readings", "history").values())
    drain(archive := Archive(history, log, 0.0, people))
    archive.close()
    span = {"start_ms": T0, "end_ms": T0 + 4 * DAY_MS}
    assert history.query("totals", **span).to_pylist()[0]["readings"] == 80
    top = history.query("top", **span, by="kwh", n=20, without="").to_pydict()
    kwh = dict(zip(top["device"], top["kwh"], strict=True))
    ticks = (0, 1, 3 * day, 3 * day + 1)
    assert kwh["H3"] == pytest.approx(sum(3_000 + tick for tick in ticks) / 1e9)


def test_the_role_stops_when_told_and_says_where_it_is(log: Log, tmp_path: Path) -> None:
    append(log, 0)
    stop = threading.Event()
    settings = Settings(data_dir=tmp_path).model_copy(
        update={"history": Settings().history.model_copy(update={"port": 0})}
    )
    role = threading.Thread(target=run, args=(settings, stop))
    role.start()
    client = HistoryClient(tmp_path)
    while not (tmp_path / "run" / "history.json").exists():
        time.sleep(0.02)
    assert client.query("devices", device="").num_rows in (0, 20)
    stop.set()
    role.join()
    with pytest.raises(Unavailable):
        client.query("devices", device="")
    client.close()
    with closing(ChdbHistory(tmp_path / "history")) as again:
        assert again.query("devices", device="").num_rows == 20  # drained before it stopped
