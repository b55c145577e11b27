"""Stays at chargers: what was told is billed once, whatever was lost, doubled, reordered."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from energyguard.domains.charging.model import (
    NANO,
    ChargingTransaction,
    Ignored,
    Occupied,
    Outcome,
    ParkingLimits,
    SessionEnded,
    Signal,
    SignalKind,
    Violation,
    ViolationRaised,
    energy_nano_kwh,
    profit_cents,
)
from energyguard.domains.charging.sessions.bay import BayState
from energyguard.domains.charging.sessions.bays import OTHER_CONNECT, TRANSITIONS
from energyguard.domains.charging.sessions.operator import AHEAD, LATENESS_S, SessionOperator
from energyguard.domains.charging.simulator.chargers import TIMINGS, signals
from tests.domains.charging import oracle
from tests.thorough import examples

NOON = 1_716_120_000
CENTS_55 = 550_000_000
ANNA, BERT = "anna567890123456", "bert567890123456"


def s(
    second: int, kind: SignalKind, who: str = "", amount: int = 0, charger: str = "charger-1"
) -> Signal:
    return Signal(charger, NOON + second, kind, who, amount)


def arrive(second: int, plate: str = "AB12CD34") -> Signal:
    return s(second, SignalKind.ARRIVE, plate)


def leave(second: int, plate: str = "AB12CD34") -> Signal:
    return s(second, SignalKind.LEAVE, plate)


def connect(second: int, user: str = ANNA, price: int = CENTS_55) -> Signal:
    return s(second, SignalKind.CONNECT, user, price)


def disconnect(second: int, user: str = ANNA, price: int = CENTS_55) -> Signal:
    return s(second, SignalKind.DISCONNECT, user, price)


def start(second: int, power_kw: float = 22) -> Signal:
    return s(second, SignalKind.START, amount=round(power_kw * NANO))


def stop(second: int) -> Signal:
    return s(second, SignalKind.STOP)


WHOLE = [arrive(0), connect(2), start(4), stop(30), disconnect(30), leave(33)]


def lived(told: Iterable[Signal], until: int | None = None) -> list[Outcome]:
    sessions = SessionOperator()
    return (
        sessions.process(told)
        + sessions.end()
        + ([] if until is None else sessions.advance(NOON + until))
    )


def of(outcomes: Iterable[Outcome], kind: type) -> list[Outcome]:
    return [outcome for outcome in outcomes if isinstance(outcome, kind)]


def charges(outcomes: Iterable[Outcome]) -> list[ChargingTransaction]:
    return [one for one in outcomes if isinstance(one, ChargingTransaction)]


def counted(outcomes: Iterable[Outcome]) -> list[tuple[int, int]]:
    """How many cars stood, second by second."""
    return [
        (second, one.occupied)
        for one in outcomes
        if isinstance(one, Occupied)
        for second in range(one.first, one.last + 1)
    ]


def same(some: list[Outcome], others: list[Outcome]) -> bool:
    """Whether the same has happened; seconds may be counted in other portions."""
    apart = [[one for one in each if not isinstance(one, Occupied)] for each in (some, others)]
    return apart[0] == apart[1] and counted(some) == counted(others)


def bill(charge: ChargingTransaction) -> oracle.Bill:
    return oracle.Bill(*(getattr(charge, name) for name in oracle.Bill._fields))


def qualities(outcomes: Iterable[Outcome]) -> list[str]:
    return [one.session.quality for one in outcomes if isinstance(one, SessionEnded)]


def test_a_whole_stay_is_complete_and_billed_once() -> None:
    found = lived(WHOLE)
    paid = ChargingTransaction(
        "charger-1",
        ANNA,
        NOON + 4,
        NOON + 30,
        22 * NANO,
        CENTS_55,
        session_id=f"charger-1/{NOON}/0",
    )
    assert charges(found) == [paid]
    assert qualities(found) == ["complete"]
    assert not of(found, ViolationRaised)
    assert not of(found, Ignored)


def test_money_is_rounded_once_half_to_even() -> None:
    hour = ParkingLimits().seconds_per_hour
    whole = ChargingTransaction("c", ANNA, 0, 26, 22 * NANO, CENTS_55)
    assert energy_nano_kwh(whole, hour) == 9_533_333_333
    assert profit_cents(whole, hour) == 524
    cent = replace(whole, power=10 * NANO, price=NANO // 100)
    assert profit_cents(replace(cent, end=3), hour) == 0  # half a cent: to even
    assert profit_cents(replace(cent, end=9), hour) == 2  # one and a half


@pytest.mark.parametrize("lost", range(len(WHOLE)))
def test_one_lost_signal_is_inferred_and_said(lost: int) -> None:
    then = [
        arrive(40, "ZZ99ZZ99"),
        connect(41, BERT),
        start(42, 11),
        stop(50),
        disconnect(50, BERT),
    ]
    found = lived([*WHOLE[:lost], *WHOLE[lost + 1 :], *then, leave(52, "ZZ99ZZ99")])
    said = qualities(found)
    assert said[-1] == "complete"
    assert said[0] != "complete"
    bills = charges(found)
    assert bills[-1].user == BERT
    assert [bill.user for bill in bills[:-1]] == ([] if lost == 2 else [ANNA])


def test_a_lost_leave_never_bills_the_next_car_to_the_user_before() -> None:
    found = lived([arrive(0), connect(1), start(2), arrive(50, "ZZ99ZZ99"), start(52), stop(60)])
    assert charges(found) == []
    found = lived(
        [arrive(0), connect(1), connect(20, BERT), start(22), stop(30), disconnect(30, BERT)]
    )
    assert [charge.user for charge in charges(found)] == [BERT]


def test_repeated_and_late_signals_bill_once() -> None:
    doubled = [signal for signal in WHOLE for _ in range(3)]
    found = lived([*doubled, s(90, SignalKind.DISCONNECT, ANNA, CENTS_55)])
    assert len(charges(found)) == 1
    assert len(of(found, SessionEnded)) == 1


def test_signals_of_one_second_have_an_order() -> None:
    told = [
        stop(30),
        disconnect(30),
        leave(30),
        arrive(30, "ZZ99ZZ99"),
        connect(30, BERT),
        start(30),
    ]
    wanted = lived([*WHOLE[:3], *told, leave(60, "ZZ99ZZ99")])
    assert [one.session.plate for one in wanted if isinstance(one, SessionEnded)] == [
        "AB12CD34",
        "ZZ99ZZ99",
    ]
    for seed in range(20):
        shuffled = Random(seed).sample(told, len(told))
        assert lived([*WHOLE[:3], *shuffled, leave(60, "ZZ99ZZ99")]) == wanted


def test_a_car_that_never_leaves_is_told_when_its_time_is_up() -> None:
    sessions, limits = SessionOperator(), ParkingLimits()
    assert not of(sessions.process(WHOLE[:-1]), ViolationRaised)
    up = 30 + limits.after_s
    assert not of(sessions.advance(NOON + up), ViolationRaised)
    (fired,) = of(sessions.advance(NOON + up + 1), ViolationRaised)
    assert isinstance(fired, ViolationRaised)
    assert (fired.what, fired.session.user, fired.session.end_parking) == (
        Violation.AFTER,
        ANNA,
        None,
    )
    assert not of(sessions.advance(NOON + 10_000), ViolationRaised)


@pytest.mark.parametrize(("stays_s", "kinds"), [(10, 1), (11, 2)])
def test_a_limit_is_broken_by_more_than_it_only(stays_s: int, kinds: int) -> None:
    found = lived([arrive(0), leave(stays_s)])
    assert len(of(found, ViolationRaised)) == kinds  # parking without charging is one in any case


def test_a_second_charge_begins_the_time_anew() -> None:
    again = [
        arrive(0),
        connect(1),
        start(2),
        stop(10),
        start(12),
        stop(15),
        disconnect(15),
        leave(20),
    ]
    found = lived(again)
    assert len(charges(found)) == 2
    assert not of(found, ViolationRaised)


def test_a_clock_that_is_ahead_moves_nobody() -> None:
    far = Signal("charger-9", NOON + 10**8, SignalKind.ARRIVE, "ZZ99ZZ99")
    found = lived([WHOLE[0], far, *WHOLE[1:]])
    assert len(charges(found)) == 1
    assert [one.reason for one in found if isinstance(one, Ignored)] == [AHEAD]
    assert len(counted(found)) < 100


def test_every_second_is_counted_once() -> None:
    told = [*WHOLE, *(replace(signal, charger="charger-2") for signal in WHOLE)]
    found = counted(lived(sorted(told, key=lambda one: one.second)))
    assert [second - NOON for second, _ in found] == list(range(34))
    assert [occupied for _, occupied in found] == [2] * 33 + [0]


def visit(second: int, plate: str, *more: Signal) -> list[Signal]:
    """A car that charges; its sensor does not say that it leaves."""
    some = [replace(arrive(0), who=plate), connect(0), start(2), stop(30), disconnect(32), *more]
    return [replace(one, second=one.second + second) for one in some]


@pytest.mark.parametrize("second_plate", ["AB12CD34", "ZZ99ZZ99"])
def test_a_sensor_that_never_tells_of_a_leave(second_plate: str) -> None:
    """The next arrival shows it; from then on a car is gone when its user has unplugged."""
    three = [visit(0, "AB12CD34"), visit(100, second_plate), visit(200, "AB12CD34")]
    found = lived([signal for one in three for signal in one])
    closed = [one.session for one in found if isinstance(one, SessionEnded)]
    assert [(one.start_parking - NOON, (one.end_parking or 0) - NOON) for one in closed] == [
        (0, 32), (100, 132), (200, 232)
    ]  # fmt: skip
    assert {one.quality for one in closed} == {"leave from disconnect"}
    sessions = SessionOperator()
    sessions.process([signal for one in three[:2] for signal in one])
    states = []
    for second in (6, 20):
        sessions.advance(NOON + 132 + second)
        states.append(sessions.bays["charger-1"].state)
    assert states == [BayState.UNPLUGGED, BayState.FREE]
    again = SessionOperator()
    again.restore({k: v for k, v in sessions.snapshot().items() if v is not None})
    assert again.bays["charger-1"].only_arrivals


def test_one_leave_and_leaves_are_waited_for() -> None:
    signals = [*visit(0, "AB12CD34", leave(40)), *visit(100, "AB12CD34")]
    sessions = SessionOperator()
    found = [*sessions.process(signals), *sessions.advance(NOON + 400)]
    assert len([one for one in found if isinstance(one, SessionEnded)]) == 1
    assert sessions.bays["charger-1"].state is BayState.UNPLUGGED
    flicker = [*visit(0, "AB12CD34"), replace(arrive(35), who="AB12CD34"), leave(37)]
    closed = [one.session for one in lived(flicker) if isinstance(one, SessionEnded)]
    assert [one.quality for one in closed] == ["complete"]


def test_each_state_knows_each_signal() -> None:
    assert {(state, kind) for state in BayState for kind in SignalKind} <= TRANSITIONS.keys()
    assert {state for state, event in TRANSITIONS if event == OTHER_CONNECT} == {*BayState} - {
        BayState.FREE
    }


@settings(max_examples=examples(66, 200), deadline=None)
@given(
    st.integers(0, 2**32),
    st.sampled_from(sorted(TIMINGS)),
    st.sampled_from([0.0, 0.05, 0.3]),
    st.sampled_from([0.0, 0.2]),
)
def test_whatever_is_lost_doubled_and_reordered_the_slow_way_agrees(
    seed: int, timings: str, lost: float, doubled: float
) -> None:
    random = Random(seed)
    told = [
        signal
        for signal in signals(3, seed, NOON, 300, TIMINGS[timings])
        if random.random() >= lost
        for _ in range(1 + (random.random() < doubled))
    ]
    arrived = sorted(told, key=lambda one: one.second + random.randrange(LATENESS_S))
    found = lived(arrived)
    assert not [one for one in found if isinstance(one, Ignored) and "late" in one.reason]
    bills: list[oracle.Bill] = []
    seen: list[oracle.Told] = []
    for charger in sorted({signal.charger for signal in told}):
        mine = {signal for signal in told if signal.charger == charger}
        for stay in oracle.stays(sorted(mine, key=lambda one: (one.second, one.kind))):
            seen += [oracle.told(stay)] if oracle.is_over(stay) else []
            bills += oracle.bills(stay)
    assert sorted(map(bill, charges(found))) == sorted(bills)
    hour = ParkingLimits().seconds_per_hour
    for charge in charges(found):
        assert profit_cents(charge, hour) == oracle.cents(bill(charge), hour)
    closed = [one.session for one in found if isinstance(one, SessionEnded)]
    assert sorted(
        oracle.Told(one.charger, one.start_parking, one.end_parking or 0, one.plate)
        for one in closed
    ) == sorted(seen)
    assert same(lived(sorted(told, key=lambda one: one.second)), found)
    sessions = SessionOperator()
    apart = [outcome for signal in arrived for outcome in sessions.process([signal])]
    assert same(apart + sessions.end(), found)


def metered(first: int | None, last: int | None) -> list[Signal]:
    ends = [replace(start(4), register=first), replace(stop(30), register=last)]
    return [*WHOLE[:2], *ends, *WHOLE[4:]]


def test_a_register_that_was_told_at_both_ends_is_what_is_paid() -> None:
    hour = ParkingLimits().seconds_per_hour
    (paid,) = charges(lived(metered(1_000 * 10**9, 1_008_250_000_000)))
    assert energy_nano_kwh(paid, hour) == 8_250_000_000
    assert profit_cents(paid, hour) == 454  # 8.25 kWh at 0.55: 4.5375 EUR
    for first, last in ((None, 10**12), (10**12, None)):
        (paid,) = charges(lived(metered(first, last)))
        assert energy_nano_kwh(paid, hour) == 9_533_333_333


def test_a_register_that_goes_back_is_not_believed_and_said() -> None:
    found = lived(metered(10**12, 10**12 - 1))
    (paid,) = charges(found)
    assert energy_nano_kwh(paid, ParkingLimits().seconds_per_hour) == 9_533_333_333
    assert qualities(found) == ["energy from power and time: the register went back"]


def test_ids_are_the_same_in_every_replay_and_no_two_are_alike() -> None:
    told = list(signals(5, 7, NOON, 900, TIMINGS["listed"]))
    found = lived(told)
    for kind in (ViolationRaised, ChargingTransaction):
        ids = [one.id for one in of(found, kind)]  # type: ignore[union-attr]
        assert len(ids) == len(set(ids)) > 5
    stays = [one.session.id for one in found if isinstance(one, SessionEnded)]
    assert {stay.rpartition("/")[2] for stay in stays} == {"0"}  # none begin in one second
    assert len(stays) == len(set(stays)) > 50
    assert [one.session.id for one in lived(told) if isinstance(one, SessionEnded)] == stays
