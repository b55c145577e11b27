"""Rules about virtual devices: windows of all terms are summed, whenever they close."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.clock import SYSTEM
from energyguard.log import Records
from energyguard.model.alerts import State
from energyguard.model.catalogue import Device, DeviceGroup, Site, SumPeriod, Term
from energyguard.model.readings import batch_from, batch_of
from energyguard.model.topics import ALERTS, RULES, WINDOW_TERMS, partition_for
from energyguard.records.alerts import AlertEvent
from energyguard.records.window_terms import WINDOW_TERM, WindowTerms
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.registry import RuleBook
from energyguard.rules.rule import CHANGED, LEFT, RETIRED, STOPPED
from energyguard.rules.sums import term_rules
from energyguard.rules.term_rule import TermRule
from energyguard.rules.windowed import WindowBasis
from energyguard.service import sum_waits
from energyguard.service.late_sums import LateSums
from energyguard.service.sum_waits import WaitingSum, waiting_sums
from energyguard.stream.sums import window_sum
from energyguard.stream.sums.operator import SumOperator, SumWait
from energyguard.stream.sums.stage import sum_worker
from energyguard.stream.sums.window_sum import TermWait
from energyguard.stream.windows.operator import WindowOperator
from energyguard.stream.windows.panes.terms import term_records
from energyguard.stream.windows.stage import window_worker
from tests.stream.test_catalogue_rules import Campus
from tests.stream.test_worker import SETTINGS, read_all, work
from tests.stream.windows.test_windows import START
from tests.thorough import examples, first_of

STEP, WINDOW = 15_000, 60_000
RULE = ThresholdRule(
    id="house", channels=("energy_kwh", "energy_register_kwh", "power_kw"), window_ms=WINDOW,
    slide_ms=STEP, raise_above=100, clear_at=80, selector="id=house",
)  # fmt: skip
WEIGHTS = {"H000": 1, "H001": 1, "H002": -1}
Rows = list[tuple[str, str, int, int]]
"""Device, channel, time in ms, value in 1e-9 of the channel's unit."""


def rules_of(rule: ThresholdRule, weights: Mapping[str, int] = WEIGHTS) -> list[Any]:
    periods = {"house": [SumPeriod(0, weights)]}
    return [rule, *term_rules([rule], lambda device: periods.get(device, []))]


def told(rows: Rows, rules: Sequence[Any], cuts: set[int], until_ms: int) -> list[WindowTerms]:
    """What one partition tells of its readings, cut into batches."""
    operator, found = WindowOperator("energy_readings", rules), []
    parts: dict[str, bytes | None] = {}
    places = sorted({0, len(rows), *(cut for cut in cuts if cut < len(rows))})
    for a, b in pairwise([*places, len(rows)]):
        if a == b:
            outcome = operator.advance(until_ms)
        else:
            outcome = operator.process(
                batch_from(batch_of(*map(list, zip(*rows[a:b], strict=True))))
            )
        if outcome.closed:
            records = term_records(outcome.closed, operator.devices, "energy_readings")
            found += [WINDOW_TERM.decode(value) for value in records.values if value]
        if a in cuts:  # who goes on has what is in a snapshot
            parts |= operator.snapshot()
            operator = WindowOperator("energy_readings", rules)
            operator.restore({name: part for name, part in parts.items() if part is not None})
    return found


def summed(streams: list[list[WindowTerms]], rules: Sequence[Any], seed: int) -> list[AlertEvent]:
    """The alerts of what partitions told, in some order of these, with restarts between."""
    rng, operator, events = random.Random(seed), SumOperator(), []
    operator.set_rules(rules)
    waiting = [list(stream) for stream in streams if stream]
    while waiting:
        stream = rng.choice(waiting)
        many = rng.randint(1, len(stream))
        events += operator.process(stream[:many])
        del stream[:many]
        waiting = [stream for stream in waiting if stream]
        if rng.random() < 0.3:
            parts = {name: part for name, part in operator.snapshot().items() if part is not None}
            operator = SumOperator()
            operator.restore(parts)
    return events


def readings(seed: int, ticks: int = 100) -> Rows:
    """Three devices: intervals, a register read now and then, a power; one of them falls silent."""
    rng, total, rows = random.Random(seed), 0, Rows()
    silent, gone = f"H00{seed % 4}", range(30, 30 + seed % 3 * 25)
    for tick in range(ticks):
        time = START + tick * STEP
        rows.append(("H000", "energy_kwh", time, rng.choice([5, 20, 60]) * 10**6))
        total += rng.choice([5, 20, 30]) * 10**6
        if tick % 3 == 0:
            rows.append(("H001", "energy_register_kwh", time, total))
        rows.append(("H002", "power_kw", time, rng.choice([0, 1, 4]) * 10**9))
    since, until = START + gone.start * STEP, START + gone.stop * STEP
    return [row for row in rows if row[0] != silent or not since <= row[2] < until]


def partitioned(rows: Rows, many: int) -> list[Rows]:
    """Rows by partition; in each a neighbour sends, so that all have the same time."""
    times = sorted({row[2] for row in rows})
    parts = [[(f"N{i}", "energy_kwh", time, 0) for time in times] for i in range(many)]
    for row in rows:
        parts[int(row[0][1:]) % many].append(row)
    return [sorted(part, key=lambda row: (row[2], not row[0].startswith("N"))) for part in parts]


@pytest.mark.parametrize("basis", WindowBasis)
@given(seed=st.integers(0, 999), cuts=st.sets(st.integers(1, 320), max_size=12))
@settings(max_examples=examples(2, 4), deadline=None)
def test_partitions_batches_and_restarts_change_nothing(
    basis: WindowBasis, seed: int, cuts: set[int]
) -> None:
    rule = RULE.changed({"basis": basis}, {}).with_fields(raise_above=5 * 10**7, clear_at=4 * 10**7)
    rules, rows, until = rules_of(rule), readings(seed), START + 3_600_000
    expected = summed([told(partitioned(rows, 1)[0], rules, set(), until)], rules, 0)
    assert expected or basis == "low"
    for many in (3, 8):
        parts = [told(part, rules, cuts, until) for part in partitioned(rows, many)]
        assert summed(parts, rules, seed) == expected


@pytest.mark.parametrize("cuts", [set(), {130, 460}, set(range(0, 800, 7))])
def test_a_sum_with_a_silent_term_may_raise_and_ends_nothing(cuts: set[int]) -> None:
    """The load falls silent while it is too much: nobody knows, until it is back."""
    rules, gone, back = rules_of(RULE.with_fields(raise_above=10**8, clear_at=8 * 10**7)), 50, 120
    rows = [
        (device, "energy_kwh", START + tick * STEP, value)
        for tick in range(200)
        for device, value in (("H000", 6 * 10**7 if tick < gone else 10), ("H001", 10), ("H002", 0))
        if device != "H000" or not gone <= tick < back
    ]
    found = summed([told(rows, rules, cuts, START + 200 * STEP + 600_000)], rules, 0)
    assert [event.state for event in found] == [State.FIRING, State.RESOLVED]
    assert found[-1].time_ms == START + (back + 1) * STEP


def test_what_is_taken_away_is_not_nothing_where_it_is_silent() -> None:
    weights, gone = {"H000": 1, "H002": -1}, 50
    rows = [
        (device, "energy_kwh", START + tick * STEP, 6 * 10**7)
        for tick in range(200)
        for device in weights
        if device == "H000" or tick < gone
    ]
    rules = rules_of(RULE.with_fields(raise_above=10**8, clear_at=8 * 10**7), weights)
    found = summed([told(rows, rules, set(), START + 200 * STEP + 600_000)], rules, 0)
    assert found == []


class House(Campus):
    """A log with a virtual device in its catalogue, and the workers that sum it."""

    of = "house"

    def __init__(self, **changed: Any) -> None:
        super().__init__()
        selector = {"selector": f"id={self.of}"}
        self.rule = RULE.with_fields(channels=("energy_kwh",), **{**selector, **changed})
        self.say(*WEIGHTS.items())

    def say(self, *terms: tuple[str, int]) -> None:
        parts = tuple(Term(device=device, minus=weight < 0) for device, weight in terms)
        self.put("device/house", Device(name="House", terms=parts))

    def book(self, **changed: Any) -> RuleBook:
        return RuleBook([self.rule.with_fields(**changed)], ["house"])

    def go_on(self, worker: Any, sums: Any, ticks: int) -> list[AlertEvent]:
        """So many more readings of each device; what is told of the house by then."""
        self.go(worker, ticks)
        self.clock.sleep(1.5)
        work(sums)
        return [event for event in self.events() if event.device == self.of]

    def sums(self, **changed: Any) -> Any:
        return sum_worker(self.log, self.book(**changed), SETTINGS, self.clock)

    def summing(self, **changed: Any) -> Any:
        return window_worker(
            self.log, self.book(**changed), SETTINGS, ("energy_readings",), self.clock
        )


def sums_of(
    ticks: int, weights_at: Callable[[int], Mapping[str, int]] = lambda end_ms: WEIGHTS
) -> dict[int, int]:
    """By their ends in ms, what windows of the house hold, of the values that ``fill`` sends."""
    rng = random.Random(1)
    values = [[rng.choice([5, 20, 30, 60]) for _ in range(6)] for _ in range(ticks)]
    ends = {START + (i + 1) * STEP: values[max(i - 3, 0) : i + 1] for i in range(ticks)}
    return {
        end_ms: sum(n * tick[int(name[1:])] for tick in window for name, n in weights.items())
        for end_ms, window in ends.items()
        for weights in [weights_at(end_ms)]
    }


def episodes_of(
    sums: Mapping[int, int], until_ms: int, rule: ThresholdRule = RULE
) -> list[tuple[State, int, int]]:
    """State, time and observed of the alerts of these windows."""
    found, is_open = [], False
    for end_ms, energy in sums.items():
        if end_ms > until_ms:
            break
        if energy > rule.level if not is_open else energy <= rule.clear_level:
            is_open = not is_open
            found.append((State.FIRING if is_open else State.RESOLVED, end_ms, energy))
    return found


def test_a_virtual_device_raises_by_the_sum_of_its_terms() -> None:
    house = House()
    found = house.go_on(house.summing(), house.sums(), 200)
    until = START + 199 * STEP - 600_000
    expected = episodes_of(sums_of(200), until)
    assert [(event.state, event.time_ms, event.observed) for event in found] == expected
    assert len(expected) > 3
    assert {event.rule for event in found} == {"house"}


def test_terms_are_those_of_the_catalogue_whoever_read_it() -> None:
    house = House()
    worker = house.summing()
    house.go(worker, 5)
    house.say(("H001", 1))
    worker.stage.catalogue.refresh()  # as for a partition that another worker has pinned to it
    house.go(worker, 5)
    rules = [rule for task in worker.tasks.values() for rule in task.operator.rules]
    terms = [rule.terms for rule in rules if isinstance(rule, TermRule)]
    assert terms
    assert all(single == {"H001": 1} for single in terms)


def test_without_such_a_rule_there_is_no_record_more() -> None:
    house = House(selector="id=H00*")
    assert house.go_on(house.summing(), house.sums(), 60) == []
    assert not any(read_all(house.log, WINDOW_TERMS.name).values())
    assert any(read_all(house.log, ALERTS.name).values())


@pytest.mark.parametrize("seed", first_of(2))
def test_workers_that_are_replaced_tell_the_same(seed: int) -> None:
    whole, broken, rng = House(), House(), random.Random(seed)
    expected = whole.go_on(whole.summing(), whole.sums(), 200)
    for _ in range(8):
        worker, sums = broken.summing(), broken.sums()
        found = broken.go_on(worker, sums, 25)
        for member in (worker, sums):  # half of them leave their successor a replay
            (member.drain if rng.random() < 0.5 else member.consumer.leave)()
    assert found == expected


@pytest.mark.parametrize("reason", [STOPPED, CHANGED, LEFT])
def test_what_a_rule_or_a_device_becomes_ends_its_alert(reason: str) -> None:
    house = House(raise_above=1, clear_at=0)
    worker, sums = house.summing(), house.sums()
    assert house.go_on(worker, sums, 100)[-1].state is State.FIRING
    if reason == LEFT:
        house.say()
    else:
        rule = house.rule.with_fields(window_ms=30_000)
        value = msgspec.json.encode({"rule": rule, "active": reason == CHANGED})
        house.log.append(RULES.name, Records([b"house"], [value]))
    found = house.go_on(worker, sums, 30)
    assert [event.reason for event in found if event.reason] == [reason]


def test_an_alert_ends_when_its_virtual_device_is_retired() -> None:
    house = House(raise_above=1, clear_at=0)
    worker, sums = house.summing(), house.sums()
    assert house.go_on(worker, sums, 100)[-1].state is State.FIRING
    there = Device(name="House", terms=(Term(device="H000"),))
    gone_ms = START + 110 * STEP
    house.put("device/house", msgspec.structs.replace(there, retired_ms=gone_ms))
    last = house.go_on(worker, sums, 60)[-1]
    assert (last.state, last.reason, last.time_ms) == (State.RESOLVED, RETIRED, gone_ms)
    assert house.go_on(worker, sums, 60)[-1] == last
    house.put("device/house", there)  # it is brought back
    assert house.go_on(worker, sums, 30)[-1].state is State.FIRING


LIMITS = {"raise_above": 250, "clear_at": 200}
MOVED_MS = START + 100 * STEP + 7_000
"""Between two ends of windows."""


class Flats(House):
    """A campus with a floor and three meters; one of them is moved to the floor later."""

    of = "site/campus"

    def say(self, *terms: tuple[str, int]) -> None:
        self.put("device/house", Device(name="House", site="campus", terms=(Term(device="H004"),)))
        self.put("device/H001", Device(name="Oven", site="floor"))  # a part of the campus
        self.put("device/H002", Device(name="Hob", site="campus"))
        self.put("device/H003", Device(name="Lamp"))

    def move(self) -> None:
        self.put("site/attic", Site(name="Attic"))
        self.put("device/H002", Device(name="Hob", site="attic"), MOVED_MS)
        self.put("device/H003", Device(name="Lamp", site="floor"), MOVED_MS)

    @staticmethod
    def weights_at(end_ms: int) -> Mapping[str, int]:
        return {"H001": 1, ("H003" if end_ms > MOVED_MS else "H002"): 1}


@pytest.mark.parametrize("seed", range(2))
def test_a_site_is_summed_and_who_is_moved_counts_from_then_on(seed: int) -> None:
    """Whoever works meanwhile, and whenever it was said: each window has all that was there."""
    flats, rng = Flats(**LIMITS), random.Random(seed)
    flats.move()
    for _ in range(4):
        worker, sums = flats.summing(), flats.sums()
        found = flats.go_on(worker, sums, 50)
        for member in (worker, sums):
            (member.drain if rng.random() < 0.5 else member.consumer.leave)()
    until = START + 199 * STEP - 600_000
    expected = episodes_of(sums_of(200, Flats.weights_at), until, flats.rule)
    assert [(event.state, event.time_ms, event.observed) for event in found] == expected
    assert any(end > MOVED_MS for _, end, _ in expected)
    assert {event.device for event in flats.events()} == {"site/campus"}


def test_a_move_that_is_said_meanwhile_counts_from_its_time_too() -> None:
    flats = Flats(**LIMITS)
    worker, sums = flats.summing(), flats.sums()
    flats.go_on(worker, sums, 50)
    flats.move()
    found = flats.go_on(worker, sums, 150)
    expected = episodes_of(sums_of(200, Flats.weights_at), START + 199 * STEP - 600_000, flats.rule)
    assert [(event.state, event.time_ms, event.observed) for event in found] == expected


def test_a_group_is_summed_and_a_retired_device_counts_until_then() -> None:
    class Pumps(House):
        of = "group/pumps"

        def say(self, *terms: tuple[str, int]) -> None:
            self.put("group/pumps", DeviceGroup(name="Pumps"))
            for name in ("H001", "H005"):
                retired_ms = MOVED_MS if name == "H005" else None
                pump = Device(name="", groups=("pumps",), retired_ms=retired_ms)
                self.put(f"device/{name}", pump)

    pumps = Pumps(**LIMITS)
    found = pumps.go_on(pumps.summing(), pumps.sums(), 200)
    expected = episodes_of(
        sums_of(200, lambda end_ms: {"H001": 1, "H005": int(end_ms <= MOVED_MS)}),
        START + 199 * STEP - 600_000,
        pumps.rule,
    )
    assert [(event.state, event.time_ms, event.observed) for event in found] == expected


@pytest.mark.parametrize("drains", [True, False])
def test_a_device_that_never_sent_is_waited_for_so_long_and_no_longer(
    drains: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By event time. Then the sum raises by what the others hold at least, and ends nothing."""
    monkeypatch.setattr(window_sum, "FIRST_HOLD_MS", 900_000)
    monkeypatch.setattr(sum_waits, "LONG_MS", 300_000)
    house = House()
    house.say(("H001", 1), ("H099", 1))
    known: list[tuple[int, list[WaitingSum]]] = []
    for ticks in (80, 40, 80):
        worker, sums = house.summing(), house.sums()
        found = house.go_on(worker, sums, ticks)
        sums.drain()
        known.append((len(found), list(waiting_sums(house.log))))
        (worker.drain if drains else worker.consumer.leave)()
    (first, *_) = episodes_of(sums_of(200, lambda end_ms: {"H001": 1}), START + 199 * STEP)
    assert [(event.state, event.time_ms, event.observed) for event in found] == [first]
    lacks = WaitingSum("house", "house", "H099", since_ms=known[0][1][0].since_ms, goes_on=False)
    assert START <= lacks.since_ms <= START + WINDOW
    assert known == [(0, [lacks]), *[(1, [lacks._replace(goes_on=True)])] * 2]
    (late,) = LateSums(house.log, SYSTEM).of("device/house")
    assert (late.waits_for, late.behind_ms, late.until_ms) == ("H099", None, None)


def test_nobody_is_given_up_whose_readings_wait_to_be_read() -> None:
    """A partition that nobody reads: what its devices sent is not known yet."""
    house = House()
    house.say(("H001", 1), ("H002", 1))
    worker, sums = house.summing(), house.sums()
    house.go_on(worker, sums, 20)
    stage = sums.stage
    (at,) = [at for at in worker.tasks if at.partition == partition_for(b"H002", 8)]
    house.log.append(at.topic, Records([None], [b"{}"], partitions=[at.partition]))
    wait = TermWait("H002", START, START + 10**9, is_newcomer=False, is_given_up=False)
    assert wait.is_over
    assert not stage._is_read(SumWait(at.topic, "house", "house", wait))
    work(worker)
    assert stage._is_read(SumWait(at.topic, "house", "house", wait))
