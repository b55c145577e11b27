"""Simulated chargers in the log: order, partitions, faults and their truth, restarts."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
import pytest

from energyguard.clock import ManualClock
from energyguard.domains.charging.codec import message, signal
from energyguard.domains.charging.records.stations import Charger
from energyguard.domains.charging.simulator.chargers import TIMINGS, signals
from energyguard.domains.charging.simulator.faults import DELAY_S, FAULTS, REORDER_S, Spoiler
from energyguard.domains.charging.simulator.feed import RUN_HEADER, ChargerFeed, ChargerRun
from energyguard.domains.charging.simulator.stations import BAYS, charger_at
from energyguard.domains.charging.topics import CHARGERS, SIGNALS, signals_topic
from energyguard.log import EARLIEST, Log, open_log
from tests.e2e.processes import kill_often, roles
from tests.waiting import until

NOON = 1_716_120_000
RUN = ChargerRun(chargers=range(7), seed=3, start_s=NOON, seconds=300, speedup=math.inf)


@contextmanager
def opened(path: Path) -> Iterator[Log]:
    log = open_log(f"sqlite:///{path}")
    try:
        yield log
    finally:
        log.close()


def messages(log: Log, topic: str = SIGNALS.name) -> dict[int, list[bytes]]:
    """What lies in each partition."""
    at = dict(log.positions(topic, EARLIEST))
    out: dict[int, list[bytes]] = defaultdict(list)
    while fetched := log.read(at, 10_000, 0):
        for part in fetched:
            out[part.partition] += [value or b"" for value in part.values]
            at[part.at] = part.next_offset
    return dict(out)


def wanted(run: ChargerRun = RUN, topic: str = "") -> dict[int, list[bytes]]:
    """The same made at once."""
    out: dict[int, list[bytes]] = defaultdict(list)
    for one in signals(run.chargers, run.seed, NOON, run.seconds, run.timings, run.minute):
        out[int(one.charger.rpartition("-")[2]) % 100].append(message(one))
    return dict(out)


def test_each_charger_has_its_partition_and_its_order(tmp_path: Path) -> None:
    run = replace(RUN, chargers=range(98, 104))
    with opened(tmp_path / "log.db") as log:
        ChargerFeed(run, log, Event()).play()
        assert messages(log) == wanted(run)
        assert set(messages(log)) == {98, 99, 0, 1, 2, 3}


def test_chargers_may_be_added_beside_others(tmp_path: Path) -> None:
    more = replace(RUN, chargers=range(100, 107))
    with opened(tmp_path / "log.db") as log:
        for run in (RUN, more):
            ChargerFeed(run, log, Event()).play()
        found = messages(log)
        for run in (RUN, more):
            for place, told in wanted(run).items():
                mine = [one for one in found[place] if one in set(told)]
                assert mine == told


def test_real_time_takes_sixty_times_as_long() -> None:
    fast = signals(2, 1, NOON, 60, TIMINGS["listed"])
    slow = signals(2, 1, NOON, 3_600, TIMINGS["listed"], 60)
    assert [
        msgspec.structs.replace(one, second=NOON + (one.second - NOON) * 60) for one in fast
    ] == list(slow)


def test_a_region_has_a_topic_of_its_own(tmp_path: Path) -> None:
    topic = signals_topic("milan")
    with opened(tmp_path / "log.db") as log:
        ChargerFeed(replace(RUN, topic=topic), log, Event()).play()
        assert messages(log, topic) == wanted()
        assert messages(log) == {}


@pytest.mark.parametrize("stop_after", [1, 90, 200])
def test_a_run_goes_on_where_it_was_cut_off(tmp_path: Path, stop_after: int) -> None:
    with opened(tmp_path / "log.db") as log:
        ChargerFeed(replace(RUN, seconds=stop_after), log, Event()).play()
        ChargerFeed(RUN, log, Event()).play()
        ChargerFeed(RUN, log, Event()).play()
        assert messages(log) == wanted()


def test_after_a_pause_the_wall_clock_counts(tmp_path: Path) -> None:
    run = replace(RUN, start_s=None, seconds=None, speedup=1.0)
    clock = ManualClock(NOON * 1000)
    with opened(tmp_path / "log.db") as log:
        play(run, log, clock, 100)
        clock.sleep(50)
        play(run, log, clock, 100)
        told = [signal(one) for some in messages(log).values() for one in some]
    whole = signals(run.chargers, run.seed, NOON, 251, run.timings)
    here = [one for one in whole if not 101 <= one.second - NOON < 150]
    assert {*told} == {*here}
    assert len(told) == len(here)


def play(run: ChargerRun, log: Log, clock: ManualClock, seconds: int) -> None:
    stop = Until(clock, seconds)
    ChargerFeed(run, log, stop, clock).play()


class Until(Event):
    """Is set after some seconds of a clock that goes on while somebody waits."""

    def __init__(self, clock: ManualClock, seconds: int) -> None:
        super().__init__()
        self._clock, self._end = clock, clock.monotonic() + seconds

    def wait(self, timeout: float | None = None) -> bool:
        self._clock.sleep(timeout or 0.1)
        if self._clock.monotonic() > self._end:
            self.set()
        return self.is_set()


def test_the_truth_tells_what_differs(tmp_path: Path) -> None:
    truth = tmp_path / "truth.jsonl"
    spoiler = Spoiler(dict.fromkeys(FAULTS, 0.05), 3)
    run = replace(RUN, seconds=1_000, spoiler=spoiler, truth=truth)
    with opened(tmp_path / "log.db") as log:
        ChargerFeed(run, log, Event()).play()
        found = Counter(one for some in messages(log).values() for one in some)
    clean = Counter(one for some in wanted(run).values() for one in some)
    labels = [json.loads(line) for line in truth.read_text().splitlines()]
    said = Counter(label["fault"] for label in labels)
    assert set(said) == set(FAULTS)
    assert (found - clean).total() == said["doubled"] + said["malformed"]
    assert (clean - found).total() == said["lost"] + said["malformed"]
    assert {label["device"] for label in labels} <= {f"charger-{n}" for n in run.chargers}


def test_delays_are_as_long_as_they_say() -> None:
    for fault, least, most in (("delayed", DELAY_S, DELAY_S), ("reordered", 1, REORDER_S)):
        told = Spoiler({fault: 1.0}, 1).spoilt(signals(3, 1, NOON, 200, TIMINGS["listed"]))
        late = [one.second - signal(one.message).second for one in told]
        assert min(late) == least
        assert max(late) == most


def test_the_same_seed_spoils_the_same() -> None:
    def sent(seed: int) -> list[Any]:
        rates = dict.fromkeys(FAULTS, 0.1)
        return list(Spoiler(rates, seed).spoilt(signals(3, 1, NOON, 200, TIMINGS["listed"])))

    assert sent(1) == sent(1) != sent(2)


def test_stations_have_places_and_bays(tmp_path: Path) -> None:
    chargers = [charger_at(number, SIGNALS.name) for number in range(2_000)]
    bays = Counter(one.station for one in chargers)
    assert max(bays.values()) <= BAYS[1]
    assert sorted(bays.values())[3] >= BAYS[0]  # what is left of a thousand may be fewer
    places = {(one.station, one.latitude, one.longitude) for one in chargers}
    assert len(places) == len(bays) == len({place[1:] for place in places})
    with opened(tmp_path / "log.db") as log:
        ChargerFeed(RUN, log, Event()).publish()
        told = [json.loads(one) for one in messages(log, CHARGERS.name)[0]]
        assert [Charger(**one) for one in told] == chargers[:7]


def test_killed_again_and_again_it_loses_and_doubles_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    more = ("simulate.chargers=30", "simulate.seed=5")
    with (
        opened(tmp_path / "data" / "log.db") as log,
        roles(data, "simulate-chargers", more=more) as (process,),
    ):
        kill_often(process, 2, lambda: sum(map(len, messages(log).values())))
        before = sum(map(len, messages(log).values()))
        until(lambda: sum(map(len, messages(log).values())) > before + 10)
        process.stop()
        found = [signal(one) for some in messages(log).values() for one in some]
        began = {
            int(dict(headers)[RUN_HEADER].rpartition(b"/")[2])
            for part in log.read(dict(log.positions(SIGNALS.name, EARLIEST)), 10_000, 0)
            for headers in part.headers
        }
    (start,) = began
    seconds = max(one.second for one in found) - start + 1
    told = set(signals(30, 5, start, seconds, RUN.timings))
    assert len(found) == len(set(found)) > 20
    assert set(found) <= told
    missing = {one.second for one in told - set(found)}  # in which nobody simulated
    assert missing.isdisjoint(one.second for one in found), "a second is there whole or not at all"
