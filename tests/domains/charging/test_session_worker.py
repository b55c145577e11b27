"""Sessions on a real log: the same records whatever restarts, hand-overs and silences."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from energyguard.clock import ManualClock
from energyguard.codecs.seconds import text_of
from energyguard.domains.charging.codec import message
from energyguard.domains.charging.model import Signal, partition_of
from energyguard.domains.charging.offline import ResultTopic, evaluate
from energyguard.domains.charging.records.stations import BayNow, Charger
from energyguard.domains.charging.sessions.occupancy import total_worker
from energyguard.domains.charging.sessions.stage import session_worker
from energyguard.domains.charging.simulator.chargers import TIMINGS, signals
from energyguard.domains.charging.topics import (
    BAYS,
    CHARGERS,
    FULL_SESSIONS,
    SIGNALS,
    TOTAL_OCCUPIED,
    TRANSACTION_PROFIT,
    VIOLATIONS,
)
from energyguard.log import EARLIEST, Log, Records, open_log
from energyguard.model.topics import DEAD_LETTERS, TIME
from energyguard.settings.charging import ChargingSettings
from energyguard.settings.tree import StreamSettings

NOON = 1_716_120_000
STREAM = StreamSettings(snapshot="1s")
CHARGING = ChargingSettings()
RESULTS = (FULL_SESSIONS, VIOLATIONS, TRANSACTION_PROFIT)
Told = tuple[bytes | None, bytes | None, bytes]
"""Key, value and id."""


def send(log: Log, told: Iterable[Signal], topic: str = SIGNALS.name) -> None:
    """Append signals as a sender does: a record each, in the charger's partition."""
    told = list(told)
    log.append(
        topic,
        Records(
            [one.charger.encode() for one in told],
            [message(one) for one in told],
            partitions=[partition_of(one.charger, SIGNALS.partitions) or 0 for one in told],
        ),
    )


def told_in(log: Log, topic: str) -> list[Told]:
    """Every record of a topic."""
    at, out = dict(log.positions(topic, EARLIEST)), []
    while fetched := log.read(at, 10_000, 0):
        for part in fetched:
            ids = [dict(headers).get("id", b"") for headers in part.headers]
            out += list(zip(part.keys, part.values, ids, strict=True))
            at[part.at] = part.next_offset
    return out


def results(log: Log) -> dict[str, Counter[Told]]:
    return {topic.name: Counter(told_in(log, topic.name)) for topic in RESULTS}


@contextmanager
def opened(path: Path, clock: ManualClock) -> Iterator[Log]:
    log = open_log(f"sqlite:///{path}", clock)
    try:
        yield log
    finally:
        log.close()


def work(*workers: Any, steps: int = 400) -> None:
    idle = 0
    for _ in range(steps):
        idle = 0 if sum(worker.step() for worker in workers) else idle + 1
        if idle > 2:
            return


def quiet(clock: ManualClock, seconds: int, *workers: Any) -> None:
    """Let wall time pass in which nothing is sent."""
    for _ in range(seconds):
        clock.sleep(1.0)
        work(*workers)


def evaluated(told: Iterable[Signal], output: ResultTopic) -> list[bytes]:
    out = io.BytesIO()
    lines = io.BytesIO(b"".join(message(one) + b"\n" for one in told))
    evaluate([("signals", lines)], out, output)
    return out.getvalue().splitlines()


def test_the_log_comes_to_what_the_file_comes_to(tmp_path: Path) -> None:
    told = list(signals(12, 3, NOON, 400, TIMINGS["later"]))
    clock = ManualClock(NOON * 1000)
    with opened(tmp_path / "log.db", clock) as log:
        send(log, told)
        workers = session_worker(log, CHARGING, STREAM, clock), total_worker(log, STREAM, clock)
        work(*workers)
        quiet(clock, 90, *workers)
        for topic, output in zip(RESULTS, ("full-sessions", "violations", None), strict=True):
            if output is not None:
                wanted = Counter(evaluated(told, ResultTopic(output)))
                found = Counter(value for _, value, _ in told_in(log, topic.name))
                assert wanted <= found  # what happened after the file's end came, too
        charges = Counter(value for _, value, _ in told_in(log, TRANSACTION_PROFIT.name))
        assert charges == Counter(evaluated(told, ResultTopic.TRANSACTION_PROFIT))
        totals = [value for _, value, _ in told_in(log, TOTAL_OCCUPIED.name)]
        wanted_totals = evaluated(told, ResultTopic.TOTAL_OCCUPIED)
        assert totals[: len(wanted_totals)] == wanted_totals
        for one in results(log).values():
            assert one
            assert max(one.values()) == 1
        ids = [key for topic in RESULTS for _, _, key in told_in(log, topic.name)]
        assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 5))]
)
def test_restarts_and_hand_overs_change_nothing(tmp_path: Path, seed: int) -> None:
    told = list(signals(15, seed, NOON, 300, TIMINGS["listed"]))
    portions = [told[i : i + 150] for i in range(0, len(told), 150)]

    def run(name: str, *, disturbed: bool) -> tuple[dict[str, Counter[Told]], list[Told]]:
        rng, clock = Random(seed), ManualClock(NOON * 1000)
        with opened(tmp_path / name, clock) as log:
            started = [session_worker(log, CHARGING, STREAM, clock)]
            totals = total_worker(log, STREAM, clock)
            for portion in portions:
                send(log, portion)
                for _ in range(4):
                    clock.sleep(rng.choice([0.1, 1.1]))
                    for worker in started:
                        worker.step()
                    totals.step()
                if disturbed:
                    what = rng.randrange(4)
                    if what == 0:  # dies: another one begins when its lease has run out
                        started.pop(rng.randrange(len(started)))
                        clock.sleep(11)
                    elif what == 1:
                        started.pop(rng.randrange(len(started))).drain()
                    elif what == 2 and len(started) < 3:
                        started.append(session_worker(log, CHARGING, STREAM, clock))
                    if rng.random() < 0.3:
                        totals.drain()
                        totals = total_worker(log, STREAM, clock)
                    if not started:
                        started.append(session_worker(log, CHARGING, STREAM, clock))
            for _ in range(12):
                clock.sleep(2)
                work(*started, totals)
            quiet(clock, 80, *started, totals)
            return results(log), told_in(log, TOTAL_OCCUPIED.name)

    calm, calm_totals = run("calm.db", disturbed=False)
    found, totals = run("disturbed.db", disturbed=True)
    assert found == calm
    seconds = min(len(calm_totals), len(totals))
    assert seconds > 300
    assert totals[:seconds] == calm_totals[:seconds]


def test_a_car_that_never_leaves_is_told_when_nothing_comes_any_more(tmp_path: Path) -> None:
    told = list(signals(1, 1, NOON, 200, TIMINGS["listed"]))[:1]
    clock = ManualClock(told[0].second * 1000)
    with opened(tmp_path / "log.db", clock) as log:
        send(log, told)
        workers = session_worker(log, CHARGING, STREAM, clock), total_worker(log, STREAM, clock)
        work(*workers)
        quiet(clock, 20, *workers)  # 10 s allowed, 5 s on the way, 5 s late
        assert not told_in(log, VIOLATIONS.name)
        quiet(clock, 2, *workers)
        ((_, value, _),) = told_in(log, VIOLATIONS.name)
        assert b"Long parking before recharging" in (value or b"")
        quiet(clock, 60, *workers)
        assert len(told_in(log, VIOLATIONS.name)) == 1
        totals = [
            msgspec.json.decode(value or b"") for _, value, _ in told_in(log, TOTAL_OCCUPIED.name)
        ]
        assert {one["occupied"] for one in totals} == {1}
        assert totals[0]["timestamp"] == text_of(told[0].second)
        assert len(totals) > 50


def test_a_replay_of_the_log_gives_the_same_bytes(tmp_path: Path) -> None:
    """Silence was decided by the wall clock once; a replay does not ask it again."""
    told = list(signals(8, 5, NOON, 250, TIMINGS["later"]))
    clock = ManualClock(NOON * 1000)
    with opened(tmp_path / "first.db", clock) as log, opened(tmp_path / "again.db", clock) as again:
        worker = session_worker(log, CHARGING, STREAM, clock)
        for start in range(0, len(told), 40):
            send(log, told[start : start + 40])
            quiet(clock, 3, worker)
        quiet(clock, 70, worker)
        for topic in (SIGNALS.name, TIME.name):
            at = dict(log.positions(topic, EARLIEST))
            while fetched := log.read(at, 10_000, 0):
                for part in fetched:
                    n = len(part)
                    again.append(
                        topic, Records(part.keys, part.values, partitions=[part.partition] * n)
                    )
                    at[part.at] = part.next_offset
        assert told_in(log, TIME.name)
        clock.sleep(100_000)
        replayed = session_worker(again, CHARGING, STREAM, ManualClock(0))
        work(replayed)
        assert results(again) == results(log)


def test_what_cannot_be_is_a_dead_letter_and_the_state_stays_sound(tmp_path: Path) -> None:
    clock = ManualClock(NOON * 1000)
    told = list(signals(2, 1, NOON, 120, TIMINGS["listed"]))
    first = told[0].charger
    bad = {
        b'{"timestamp":"2024-05-19","charger_id":"charger-0","recharging":true}': "no time",
        b'{"timestamp":"1970-01-01 00:00:01","charger_id":"charger-0"}': "1970",
        b'{"timestamp":"2024-05-19 12:00:00","charger_id":"charger-0","payment":1}': "superseded",
        b'{"timestamp":"2024-05-19 12:00:00","charger_id":"charger-0","recharging":true,'
        b'"energy_delivered":-4}': "cannot be",
        b'{"timestamp":"2024-05-19 12:00:00","charger_id":"charger-77","recharging":false,'
        b'"energy_delivered":0}': "not listed",
        b"what": "JSON",
    }
    listed = [
        Charger(charger=name, station="here", topic=SIGNALS.name)
        for name in ("charger-0", "charger-1")
    ]
    with opened(tmp_path / "log.db", clock) as log:
        keys = [one.charger.encode() for one in listed]
        log.append(CHARGERS.name, Records(keys, [msgspec.json.encode(one) for one in listed]))
        worker = session_worker(log, CHARGING, STREAM, clock)
        half = len(told) // 2
        send(log, told[:half])
        places = [int(first.removeprefix("charger-"))] * len(bad)
        log.append(SIGNALS.name, Records([b"charger-0"] * len(bad), list(bad), partitions=places))
        work(worker)
        send(log, [replace(told[half - 1], second=NOON - 40 * 86_400)])  # late
        send(log, told[half:])
        work(worker)
        letters = told_in(log, DEAD_LETTERS.name)
        reasons = [dict(headers)["reason"].decode() for headers in headers_in(log)]
        assert [value for _, value, _ in letters][: len(bad)] == list(bad)
        for reason, part in zip(reasons, bad.values(), strict=False):
            assert part in reason
        assert reasons[-1].startswith("late")
        assert len(letters) == len(bad) + 1
        found = Counter(value for _, value, _ in told_in(log, TRANSACTION_PROFIT.name))
        assert found <= Counter(evaluated(told, ResultTopic.TRANSACTION_PROFIT))
        assert found


def headers_in(log: Log) -> list[Any]:
    at = dict(log.positions(DEAD_LETTERS.name, EARLIEST))
    return [headers for part in log.read(at, 1_000, 0) for headers in part.headers]


def test_bays_say_what_is_so_now(tmp_path: Path) -> None:
    clock = ManualClock(NOON * 1000)
    told = list(signals(6, 4, NOON, 200, TIMINGS["listed"]))
    with opened(tmp_path / "log.db", clock) as log:
        worker = session_worker(log, CHARGING, STREAM, clock)
        send(log, told)
        work(worker)
        quiet(clock, 60, worker)
        newest = {key: value for key, value, _ in told_in(log, BAYS.name)}
        bays = {
            one.charger: one
            for value in newest.values()
            if (one := msgspec.json.decode(value or b"", type=BayNow))
        }
        assert set(bays) == {one.charger for one in told}
        last = {one.charger: one for one in told}
        for charger, signal in last.items():
            assert bays[charger].since == signal.second
        assert any(bay.violation for bay in bays.values())  # nobody left at the end
