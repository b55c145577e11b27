"""Signals of chargers without Kafka: by a body, by files, by dead letters taken again."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from energyguard.domains.charging.codec import signal
from energyguard.domains.charging.intake import BORDER, decode_signals
from energyguard.domains.charging.replay import SignalPlayer, SignalReplay
from energyguard.domains.charging.topics import SIGNALS
from energyguard.errors import Malformed, Overloaded
from energyguard.intake.gateway import Gateway
from energyguard.intake.messages import TakenMessages, held_by, of_shape, recognised
from energyguard.log import EARLIEST, Log, Records
from energyguard.model.topics import DEAD_LETTERS
from energyguard.simulators.ticker import patiently
from energyguard.testing import MemoryLog

BASE = Path(__file__).parents[2] / "cases" / "charging" / "s00_base.jsonl"


@pytest.fixture
def log() -> Iterator[MemoryLog]:
    made = MemoryLog()
    yield made
    made.close()


def messages(log: Log, topic: str) -> list[tuple[int, bytes]]:
    at = dict(log.positions(topic, EARLIEST))
    found: list[tuple[int, bytes]] = []
    while fetched := log.read(at, 1_000, 0):
        for part in fetched:
            found += [(part.partition, value) for value in part.values if value is not None]
            at[part.at] = part.next_offset
    return found


def test_signals_are_known_by_their_first_object() -> None:
    lines = BASE.read_bytes()
    signals = of_shape("signal")
    assert signals is not None
    assert recognised(lines) is signals
    assert recognised(b"\xef\xbb\xbf" + lines) is signals
    assert recognised(b'[\n {"charger_id": "c-1"}]') is signals
    assert not recognised(b'{"timestamp":"2025-09-06T17:54:02Z","household_id":"H1"}\n' + lines)
    assert not recognised(b"timestamp,household_id,energy_kwh\n")
    assert held_by([BASE]) is signals
    assert not held_by([BASE.parent / "id_reuse.csv"])


def take(log: MemoryLog, body: bytes) -> TakenMessages:
    return BORDER.take(Gateway(log), body, source="api", topic=SIGNALS.name)


def test_a_body_goes_in_order_of_time_to_the_chargers_partition(log: MemoryLog) -> None:
    lines = BASE.read_bytes().splitlines()
    for body in (b"\n".join(lines[::-1]), b"[" + b",".join(lines[::-1]) + b"]"):
        taken, bad = take(log, body)
        assert (len(taken), bad) == (6, ())
    found = messages(log, SIGNALS.name)
    assert {partition for partition, _ in found} == {7}
    seconds = [signal(value).second for _, value in found]
    assert seconds[:6] == sorted(seconds[:6]) == seconds[6:]


def test_what_is_no_signal_costs_only_itself(log: MemoryLog) -> None:
    body = BASE.read_bytes() + b'{"charger_id":"c-1","payment":3}\n{"charger_id":\n'
    taken, bad = take(log, body)
    assert (len(taken), [row.row for row in bad]) == (6, [7, 8])
    assert len(messages(log, DEAD_LETTERS.name)) == 2
    many = b"\n".join([BASE.read_bytes().strip(), *[b'{"charger_id":1}'] * 5_000])
    _, bad = decode_signals(many)
    assert len(bad) == 1_001
    with pytest.raises(Malformed, match="no JSON array"):
        take(log, b'[{"charger_id":"c-1"}')


def test_files_keep_their_times_in_a_topic_of_their_own(log: MemoryLog, tmp_path: Path) -> None:
    packed = tmp_path / "day.jsonl.gz"
    packed.write_bytes(gzip.compress(BASE.read_bytes()))
    assert held_by([packed])
    replay = SignalReplay(paths=[packed, BASE], keep_time="day", speedup=math.inf, prefix="x-")
    assert len(SignalPlayer(replay, log, Event()).play()) == 12
    found = messages(log, "charger-station-signals.day")
    assert {json.loads(value)["charger_id"] for _, value in found} == {"x-charger-7"}
    assert json.loads(found[0][1])["timestamp"] == "2024-05-19 10:00:00"


def test_files_are_moved_onto_the_running_clock(log: MemoryLog) -> None:
    from energyguard.testing import ManualClock

    clock = ManualClock(1_800_000_000_000)
    seconds = SignalPlayer(SignalReplay(paths=[BASE], speedup=math.inf), log, Event(), clock).play()
    assert (seconds[0], seconds[-1]) == (1_800_000_000, 1_800_000_040)


def test_a_full_log_is_waited_for(log: MemoryLog, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, refusals = log.append, iter([True, True])

    def full(topic: str, records: Records) -> object:
        if next(refusals, False):
            raise Overloaded("full", 0.01)
        return whole(topic, records)

    monkeypatch.setattr(log, "append", full)
    replay = SignalReplay(paths=[BASE], keep_time="x", speedup=math.inf)
    assert len(SignalPlayer(replay, log, Event()).play()) == 6


def test_a_stop_ends_the_wait_for_a_log_that_takes_nothing() -> None:
    stop = Event()

    def append() -> None:
        stop.set()
        raise Overloaded("full", 0.01)

    assert not patiently(append, stop)
    assert patiently(lambda: None, Event())
