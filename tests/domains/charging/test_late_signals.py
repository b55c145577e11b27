"""Signals that come late: sessions and bills are those of a delivery in order, each once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from energyguard.domains.charging.codec import signal
from energyguard.domains.charging.model import (
    ChargingTransaction,
    Ignored,
    Outcome,
    ParkingLimits,
    Restated,
    SessionEnded,
    Signal,
    Violation,
    ViolationRaised,
    energy_nano_kwh,
    profit_cents,
)
from energyguard.domains.charging.sessions.bay import MAX_SIGNALS
from energyguard.domains.charging.sessions.operator import LATE, SessionOperator
from energyguard.domains.charging.sessions.restate import HOLD_S, MAX_LATE_S, REPEATED
from energyguard.domains.charging.simulator.chargers import TIMINGS, signals
from tests.domains.charging.test_sessions import (
    NOON,
    arrive,
    connect,
    disconnect,
    leave,
    start,
    stop,
)
from tests.thorough import examples

REAL = ParkingLimits(600, 360, 3_600)
CASES = Path(__file__).parents[2] / "cases" / "charging"
Key = tuple[str, ...]
Text = tuple[object, ...]


def case(name: str) -> list[Signal]:
    return [signal(line) for line in (CASES / f"{name}.jsonl").read_bytes().splitlines()]


def text(result: object) -> tuple[Key, Text]:
    """What a result is about, and what it says."""
    if isinstance(result, SessionEnded):
        one = result.session
        who = (one.plate, one.user, one.price, one.power, one.quality)
        times = (one.start_parking, one.start_session, one.start_recharging, one.end_recharging)
        return ("stay", one.id), (*who, *times, one.end_session, one.end_parking)
    if isinstance(result, ViolationRaised):
        return ("violation", result.id), (result.second, result.what, result.session.plate)
    assert isinstance(result, ChargingTransaction)
    bill = replace(result, known_as="", session_id="")
    return ("bill", result.id), (bill,)


class Sink:
    """Keeps the highest revision of each, as every sink does; and checks what it is told."""

    def __init__(self) -> None:
        self.newest: dict[Key, tuple[int, Text | None]] = {}

    def take(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            result = outcome.result if isinstance(outcome, Restated) else outcome
            if not isinstance(result, SessionEnded | ViolationRaised | ChargingTransaction):
                continue
            key, said = text(result)
            revision = outcome.revision if isinstance(outcome, Restated) else 1
            gone = isinstance(outcome, Restated) and outcome.withdrawn
            assert revision == self.newest.get(key, (0, None))[0] + 1, (key, revision)
            self.newest[key] = revision, None if gone else said

    @property
    def said(self) -> list[str]:
        """What stands in the end, whatever the ids."""
        return sorted(str((key[0], said)) for key, (_, said) in self.newest.items() if said)

    def of(self, kind: str) -> list[Text]:
        return [said for key, (_, said) in self.newest.items() if said and key[0] == kind]

    def bills(self, hour: int = 3_600) -> list[tuple[float, int]]:
        made = [bill for (bill,) in self.of("bill") if isinstance(bill, ChargingTransaction)]
        return [(energy_nano_kwh(bill, hour) / 1e9, profit_cents(bill, hour)) for bill in made]


def told(parts: Sequence[Sequence[Signal]], limits: ParkingLimits = REAL) -> Sink:
    """What stands when parts have come one after another, with time going on in between."""
    sink, sessions = Sink(), SessionOperator(limits, restates=True)
    newest = max(one.second for part in parts for one in part)
    for part in parts:
        sink.take(sessions.process(sorted(part, key=lambda one: one.second)))
        sink.take(sessions.witness(None))
        sink.take(sessions.advance(newest))
    sink.take(sessions.advance(newest + HOLD_S + 1_000))
    return sink


def witnessed(some: list[Signal]) -> list[list[Signal]]:
    """Two cars elsewhere, half an hour apart, by which time is known to be later than all of it."""
    seconds = [one.second for one in some]
    steps = range(min(seconds) - 1, max(seconds) + 3_001, 1_500)
    return [
        [Signal("charger-9", second, arrive(0).kind, f"WWWW{number:04}")]
        for number, second in enumerate(steps)
    ]


@pytest.mark.parametrize(
    ("name", "bills"),
    [
        ("s00_base", [(0.183333, 9)]),
        ("s07_offline_queue", [(11.0, 550)]),
        ("s08_tariff_change", [(44.0, 1_320)]),
        ("s10_rfid", [(11.0, 550)]),
        ("s11_no_parking_sensor", [(11.0, 550)] * 3),
        ("s11b_only_arrivals", [(11.0, 550)] * 3),
        ("s13_7_4kw", [(7.4, 370)]),
        ("s04_two_stops_a", [(7.0, 350)]),
    ],
)
@pytest.mark.parametrize("order", ["file", "reversed", "two bodies", "two bodies in turn", "each"])
def test_late_cases_come_to_what_is_right(
    name: str, bills: list[tuple[float, int]], order: str
) -> None:
    some = case(name)
    half = len(some) // 2
    parts: Mapping[str, list[list[Signal]]] = {
        "file": [some],
        "reversed": [[one] for one in reversed(some)],
        "two bodies": [some[:half], some[half:]],
        "two bodies in turn": [some[half:], some[:half]],
        "each": [[one] for one in some],
    }
    sink = told([*witnessed(some), *parts[order]])
    assert [(round(kwh, 6), cents) for kwh, cents in sink.bills()] == bills
    in_order = told([sorted(some, key=lambda one: one.second)])
    mine = [text for text in sink.said if "WWWW" not in text]
    assert mine == in_order.said
    stays = {"s07_offline_queue": 2, "s11_no_parking_sensor": 3, "s11b_only_arrivals": 3}
    assert len(in_order.of("stay")) == stays.get(name, 1)


def test_two_chargers_with_queues_that_come_in_turn() -> None:
    first = case("s07_offline_queue")[2:]
    second = [replace(one, charger="charger-17", second=one.second + 7) for one in first]
    mixed = [[one] for pair in zip(first, second, strict=True) for one in pair]
    sink = told([*witnessed(first), *mixed])
    assert sink.bills() == [(11.0, 550)] * 2
    assert not [one for one in sink.of("violation") if "WWWW" not in str(one)]


def test_a_bill_is_restated_under_its_id() -> None:
    whole = [arrive(0), connect(5), start(10), stop(1_810), disconnect(1_815), leave(1_900)]
    late = [whole[0], whole[1]]
    sessions = SessionOperator(REAL, restates=True)
    first = [*sessions.process(whole[2:]), *sessions.advance(NOON + 4_000)]
    (bill,) = [one for one in first if isinstance(one, ChargingTransaction)]
    (stay,) = [one for one in first if isinstance(one, SessionEnded)]
    assert "connection from start" in stay.session.quality
    stay_id, found = stay.session.id, sessions.process(late)
    restated = [one for one in found if isinstance(one, Restated)]
    stays = [one for one in restated if isinstance(one.result, SessionEnded)]
    assert [(one.revision, one.withdrawn) for one in stays] == [
        (2, True), (3, False), (4, False),
    ]  # fmt: skip
    last = stays[-1].result
    assert isinstance(last, SessionEnded)
    assert (last.session.id, last.session.start_parking) == (stay_id, NOON)
    assert last.session.quality == "complete"
    assert not [one for one in restated if isinstance(one.result, ChargingTransaction)]
    other = sessions.process([replace(whole[3], second=NOON + 1_000)])  # an earlier stop
    (again,) = [one for one in other if isinstance(one, Restated) and _is_bill(one)]
    assert isinstance(again.result, ChargingTransaction)
    assert (again.result.id, again.result.end) == (bill.id, NOON + 1_000)


def _is_bill(one: Restated) -> bool:
    return isinstance(one.result, ChargingTransaction) and not one.withdrawn


def test_a_violation_that_a_late_signal_unmakes_is_withdrawn() -> None:
    sessions = SessionOperator(REAL, restates=True)
    found = [*sessions.process([arrive(0)]), *sessions.advance(NOON + 700)]
    (broken,) = [one for one in found if isinstance(one, ViolationRaised)]
    assert broken.what is Violation.BEFORE
    found = sessions.process([connect(100), start(200)])
    known, gone = [one for one in found if isinstance(one, Restated)]
    assert isinstance(gone.result, ViolationRaised)
    assert (known.withdrawn, known.revision) == (False, 2)  # it has a user now
    assert (gone.result.id, gone.revision, gone.withdrawn) == (broken.id, 3, True)


def test_a_violation_of_a_queue_waits_for_the_rest_of_it() -> None:
    sessions = SessionOperator(REAL, restates=True)
    sessions.process([replace(arrive(0), charger="charger-9")])
    sessions.advance(NOON + 5_000)
    found = sessions.process([arrive(1)])  # so it stood there for 5,000 s, or its queue goes on
    assert not [one for one in found if isinstance(one, ViolationRaised)]
    assert not [
        one for one in sessions.advance(NOON + 5_000 + HOLD_S) if isinstance(one, ViolationRaised)
    ]
    (broken,) = [
        one
        for one in sessions.advance(NOON + 5_001 + HOLD_S)
        if isinstance(one, ViolationRaised) and one.session.charger == "charger-1"
    ]
    assert broken.second == NOON + 602
    found = sessions.process([connect(100), start(200)])
    assert [one.withdrawn for one in found if isinstance(one, Restated)] == [False, True]


def test_what_is_too_old_or_came_before_changes_nothing() -> None:
    whole = [arrive(0), connect(5), start(10), stop(1_810), disconnect(1_815), leave(1_900)]
    sessions = SessionOperator(REAL, restates=True)
    sessions.process(whole)
    sessions.advance(NOON + 4_000)
    assert sessions.process([whole[3]]) == [Ignored(whole[3], REPEATED)]
    sessions.advance(NOON + 2 * MAX_LATE_S)
    old = arrive(NOON + MAX_LATE_S - NOON - 10)
    assert sessions.process([old]) == [Ignored(old, LATE)]


def test_signals_beyond_those_that_are_kept_are_late() -> None:
    sessions, count = SessionOperator(REAL, restates=True), 3 * MAX_SIGNALS
    for number in range(count):
        sessions.process([arrive(4_000 * number), leave(4_000 * number + 100)])
    sessions.advance(NOON + 4_000 * count)
    first, last = connect(4_000 + 10), connect(4_000 * (count - 2) + 10)
    assert sessions.process([first]) == [Ignored(first, LATE)]
    assert [one for one in sessions.process([last]) if isinstance(one, Restated)]
    assert sessions.bays["charger-1"].signals <= 2 * MAX_SIGNALS
    many = [start(4_000 * count + i) for i in range(20 * MAX_SIGNALS)]  # one that stammers
    sessions.process(many)
    sessions.advance(NOON + 4_100 * count)
    assert len(sessions.bays["charger-1"].journal) < 20_000


@settings(max_examples=examples(10, 30), deadline=None)
@given(
    seed=st.integers(0, 10_000),
    cuts=st.lists(st.integers(0, 60), max_size=4),
    chance=st.randoms(use_true_random=False),
    lost=st.sampled_from([0.0, 0.1]),
)
def test_any_order_of_bodies_comes_to_what_the_order_of_time_comes_to(
    seed: int, cuts: list[int], chance: object, lost: float
) -> None:
    limits = ParkingLimits()
    some = [
        one
        for one in signals(2, seed, NOON, 150, TIMINGS["later"])
        if chance.random() >= lost  # type: ignore[attr-defined]
    ][:60]
    if not some:
        return
    ends = sorted({0, *cuts, len(some)})
    parts = [some[a:b] for a, b in pairwise(ends)]
    chance.shuffle(parts)  # type: ignore[attr-defined]
    assert told(parts, limits).said == told([some], limits).said


def is_written(outcome: Outcome) -> bool:
    return isinstance(outcome, SessionEnded | ViolationRaised | ChargingTransaction | Restated)


def written(outcome: Outcome) -> tuple[int, Key, Text]:
    if isinstance(outcome, Restated):
        return -outcome.revision if outcome.withdrawn else outcome.revision, *text(outcome.result)
    return 1, *text(outcome)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), chance=st.randoms(use_true_random=False))
def test_restarts_in_a_late_queue_change_nothing(seed: int, chance: object) -> None:
    some = list(signals(2, seed, NOON, 100, TIMINGS["listed"]))
    chance.shuffle(some)  # type: ignore[attr-defined]

    def lived(*, restarts: bool) -> list[tuple[int, Key, Text]]:
        sessions, found = SessionOperator(restates=True), list[tuple[int, Key, Text]]()
        for one in some:
            found += map(written, filter(is_written, sessions.process([one])))
            if restarts:
                parts = {k: v for k, v in sessions.snapshot().items() if v is not None}
                sessions = SessionOperator(restates=True)
                sessions.restore(parts)
        last = filter(is_written, sessions.advance(NOON + 1_000))
        return found + list(map(written, last))

    assert lived(restarts=True) == lived(restarts=False)
