"""Who is believed about time: devices of a whole topic, a partition each, and who is alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random

import msgspec
import pytest

from energyguard.clock import ManualClock
from energyguard.codecs.records import pack
from energyguard.domains.charging.model import Signal
from energyguard.domains.charging.sessions.stage import session_worker
from energyguard.domains.charging.simulator.chargers import TIMINGS, signals
from energyguard.domains.charging.topics import FULL_SESSIONS
from energyguard.log import EARLIEST, Log, Records, TopicPartition, open_log
from energyguard.model.readings import Verdict, batch_from, batch_of
from energyguard.model.topics import DEAD_LETTERS, ENERGY_READINGS, LATE, TIME, TopicClock
from energyguard.settings.charging import ChargingSettings
from energyguard.settings.tree import StreamSettings
from energyguard.stream.time.clock import PartitionClock
from energyguard.stream.time.trusted import ClockLimits
from energyguard.stream.time.witnesses import Witnesses
from energyguard.stream.windows.operator import WindowOperator
from energyguard.stream.windows.stage import window_worker
from tests.domains.charging.test_session_worker import NOON, send, told_in
from tests.stream.test_worker import SETTINGS, TOPICS, book, read_all, work
from tests.stream.windows.test_windows import START

HOUR_MS = 3_600_000
YEARS_MS = 5 * 365 * 24 * HOUR_MS
DEVICES = ("H000", "H001", "H002", "H003", "H004", "H005")  # in partitions of their own
Row = tuple[str, int, int]


def append(log: Log, rows: Sequence[Row]) -> None:
    device, time, value = zip(*rows, strict=True)
    packed = pack(batch_of(device, "energy_kwh", time, value), ENERGY_READINGS.partitions)
    partitions, values = zip(*packed, strict=True)
    log.append(ENERGY_READINGS.name, Records([None] * len(values), values, partitions=partitions))


@cache
def lone_devices() -> list[str]:
    """Devices that are each alone in a partition."""
    of: dict[int, str] = {}
    for i in range(100):
        name = f"H{i:03d}"
        batch = batch_of([name], "energy_kwh", [START], [1])
        of.setdefault(pack(batch, ENERGY_READINGS.partitions)[0][0], name)
    return list(of.values())


def fill(log: Log, ticks: range, wrong: str = "", wrong_ticks: range = range(0)) -> None:
    """Ticks of devices, each alone in its partition; the clock of one jumps for a while."""
    rows = [
        (device, START + tick * 15_000 + (YEARS_MS if here else 0), 40)
        for tick in ticks
        for device in lone_devices()
        for here in (device == wrong and tick in wrong_ticks,)
    ]
    for first in range(0, len(rows), 50 * len(lone_devices())):
        append(log, rows[first : first + 50 * len(lone_devices())])


def counts(log: Log) -> Counter[str]:
    """Readings by verdict, as the partitions' last progress says."""
    last: dict[tuple[str, int], dict[str, int]] = {}
    for rows in read_all(log, "energyguard.progress").values():
        for _, value in rows:
            said = msgspec.json.decode(value or b"")
            last[said["topic"], said["partition"]] = said
    return sum(
        (Counter({v.value: said[v.value] for v in Verdict}) for said in last.values()), Counter()
    )


@pytest.mark.parametrize("wrong_ticks", [range(30, 31), range(30, 60), range(100, 101)])
def test_one_wrong_clock_of_a_topic_stops_nobody_not_even_itself(
    tmp_path: Path, wrong_ticks: range
) -> None:
    clock = ManualClock(START)
    log = open_log(f"sqlite:///{tmp_path}/log.db", clock)
    wrong = lone_devices()[3]
    worker = window_worker(log, book(), SETTINGS, TOPICS, clock)
    for first in range(0, 120, 10):  # the worker keeps up, more or less
        fill(log, range(first, first + 10), wrong, wrong_ticks)
        work(worker, 5)
        clock.sleep(2)
    work(worker)
    worker.drain()
    found = counts(log)
    assert found["accepted"] == 120 * len(lone_devices()) - len(wrong_ticks)
    assert found["late"] == 0
    at = TopicPartition(TIME.name, 0)
    told = any(b'"reached"' in (v or b"") for p in log.read({at: 0}, 10_000, 0) for v in p.values)
    assert told or len(wrong_ticks) == 1  # a single one was past before anybody was asked
    log.close()


def test_a_pause_of_all_devices_costs_no_reading(tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path}/log.db")
    fill(log, range(40))
    fill(log, range(2_000, 2_600))  # after hours; all of it is read at once
    worker = window_worker(log, book(), SETTINGS, TOPICS)
    work(worker)
    worker.drain()
    assert counts(log) == Counter(accepted=640 * len(lone_devices()))
    log.close()


def test_a_device_alone_in_its_topic_is_believed_when_it_goes_on(tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path}/log.db")
    times = [*range(20), *range(2_000, 2_020)]
    rows = [("H000", START + tick * 15_000, 40) for tick in times]
    append(log, [*rows[:10], ("H000", START + YEARS_MS, 40), *rows[10:]])
    worker = window_worker(log, book(), SETTINGS, TOPICS)
    work(worker)
    worker.drain()
    assert counts(log) == Counter(accepted=40, ahead=1)
    assert sum(map(len, read_all(log, LATE.name).values())) == 1
    log.close()


@pytest.mark.parametrize("seed", range(3))
def test_restarts_change_nothing_where_clocks_jump(tmp_path: Path, seed: int) -> None:
    found = []
    for name in ("a", "b"):
        clock, rng = ManualClock(START), Random(seed)
        log = open_log(f"sqlite:///{tmp_path}/{name}.db", clock)
        worker = window_worker(log, book(), SETTINGS, TOPICS, clock)
        for first in range(0, 100, 20):
            ticks = range(first, first + 20) if first < 60 else range(first + 2_000, first + 2_020)
            fill(log, ticks, lone_devices()[1], range(25, 27))
            work(worker)
            clock.sleep(2)
            if name == "b":  # half of them leave their successor a replay
                (worker.drain if rng.random() < 0.5 else worker.consumer.leave)()
                worker = window_worker(log, book(), SETTINGS, TOPICS, clock)
        work(worker)
        found.append((read_all(log, "energy_alerts"), read_all(log, LATE.name)))
        log.close()
    assert found[0] == found[1]
    assert sum(map(len, found[0][0].values())) > 100


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("witnesses", list(Witnesses))
def test_how_readings_are_cut_into_batches_changes_nothing(seed: int, witnesses: Witnesses) -> None:
    rng = Random(seed)
    time, rows = START, []
    for _ in range(400):
        time += rng.choice([15_000] * 20 + [3 * HOUR_MS])
        jump = YEARS_MS if rng.random() < 0.02 else 0
        rows.append((rng.choice(["A"] * 9 + ["B"] * (seed % 2)) if seed else "A", time + jump, 5))
    expected = None
    for size in (1, 7, 400):
        windows = WindowOperator("replay.t", book().active(), witnesses=witnesses)
        outcome: Counter[Verdict] = Counter()
        apart: list[tuple[str, int]] = []
        decided = {100: rows[90][1], 200: None, 300: rows[310][1]}
        cuts = sorted({*range(0, 400, size), *decided, 400})
        for a, b in pairwise(cuts):
            made = []
            if a in decided:
                made.append(windows.witness(decided[a]))
            device, times, value = zip(*rows[a:b], strict=True)
            made.append(windows.process(batch_from(batch_of(device, "energy_kwh", times, value))))
            for each in made:
                outcome += each.counts
                apart += [(v.value, int(t)) for v, batch in each.apart for t in batch.time]
        state = (outcome, sorted(apart), windows.clock.newest, windows.clock.decided)
        assert expected is None or state == expected
        expected = state


def test_a_second_device_of_another_partition_lets_go_what_waits() -> None:
    clock = PartitionClock(TopicClock.DATA, ClockLimits(), Witnesses.UNKNOWN)
    windows = WindowOperator("replay.t", book().active(), witnesses=Witnesses.UNKNOWN)
    windows.clock = clock
    jump = START + 5 * HOUR_MS
    rows = [("A", START, 5), ("A", jump, 5)]
    device, time, value = zip(*rows, strict=True)
    outcome = windows.process(batch_from(batch_of(device, "energy_kwh", time, value)))
    assert outcome.counts == {Verdict.ACCEPTED: 1}
    assert windows.witness(START).counts == {}
    assert windows.witness(jump - HOUR_MS).counts == {Verdict.ACCEPTED: 1}


# Chargers: a partition each


def far(signal: Signal, years: int) -> Signal:
    return msgspec.structs.replace(signal, second=signal.second + years * 365 * 86_400)


def test_one_chargers_wrong_clock_does_not_stop_its_own_signals(tmp_path: Path) -> None:
    given = list(signals(12, 3, NOON, 400, TIMINGS["later"]))
    mine = [signal for signal in given if signal.charger == given[0].charger]
    clock = ManualClock(NOON * 1000)
    stays = {}
    for name, wrong in (("right", []), ("wrong", [far(s, 7) for s in mine[:5]])):
        log = open_log(f"sqlite:///{tmp_path}/{name}.db", clock)
        worker = session_worker(log, ChargingSettings(), StreamSettings(snapshot="1s"), clock)
        send(log, given[:100])
        work(worker)
        if wrong:
            send(log, wrong)
            work(worker)
        send(log, given[100:])
        work(worker)
        stays[name] = Counter(told_in(log, FULL_SESSIONS.name))
        late = [v for _, v, _ in told_in(log, DEAD_LETTERS.name)]
        assert late == []
        at = dict(log.positions(TIME.name, EARLIEST))
        log.read(at, 10, 0)
        log.close()
    assert stays["right"] == stays["wrong"]
    assert len(stays["right"]) > 5
