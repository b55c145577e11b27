"""A flood of late signals: only the session that a signal belongs to is folded anew."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from energyguard.domains.charging.model import Ignored, ParkingLimits, Signal, ViolationRaised
from energyguard.domains.charging.sessions import refold, restate
from energyguard.domains.charging.sessions.bay import MAX_SIGNALS, Bay, Cut, base
from energyguard.domains.charging.sessions.bays import happen
from energyguard.domains.charging.sessions.operator import SessionOperator
from energyguard.domains.charging.simulator.chargers import TIMINGS, signals
from tests.domains.charging.test_late_signals import REAL, text, witnessed
from tests.domains.charging.test_sessions import (
    NOON,
    arrive,
    connect,
    disconnect,
    leave,
    start,
    stop,
)


def visit(begin: int) -> list[Signal]:
    """A stay with its charge; six signals."""
    at = [begin + step for step in (0, 5, 10, 1_000, 1_001, 1_050)]
    makers: list[Callable[[int], Signal]] = [arrive, connect, start, stop, disconnect, leave]
    return [make(second) for make, second in zip(makers, at, strict=True)]


def test_each_signal_of_a_queue_folds_one_session(monkeypatch: pytest.MonkeyPatch) -> None:
    folded = 0

    def counted(*args: Any) -> None:
        nonlocal folded
        folded += 1
        happen(*args)

    queue = [one for number in range(40) for one in visit(2_000 * number)]
    sessions = SessionOperator(REAL, restates=True)
    for part in witnessed(queue):
        sessions.process(part)
    sessions.advance(NOON + 2_000 * 41)
    monkeypatch.setattr(refold, "happen", counted)
    found = sessions.process(queue)
    assert not [one for one in found if isinstance(one, Ignored)]
    assert sessions.bays["charger-1"].signals <= MAX_SIGNALS
    assert folded <= len(queue) * 2 * len(visit(0))  # twice: without it, and with it


@pytest.mark.parametrize("seed", range(12))
def test_a_part_of_the_journal_comes_to_what_all_of_it_comes_to(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits, chance = ParkingLimits(20, 12), Random(seed)
    some = [
        one
        for one in signals(1, seed, NOON, 200, TIMINGS["later" if seed % 2 else "listed"])
        if chance.random() > 0.08 and (seed % 3 or one.who[:8] != one.who)
    ][: MAX_SIGNALS - 1]
    chance.shuffle(some)

    def lived() -> list[tuple[object, ...]]:
        sessions, found = SessionOperator(limits, restates=True), []
        for one in [*some[:3], replace(arrive(900), charger="charger-9"), *some[3:]]:
            found += sessions.process([one])
            found += sessions.advance(NOON + 900)
        found += sessions.advance(NOON + 2_000)
        return [said(one) for one in found]

    def said(one: Any) -> tuple[object, ...]:
        revision = getattr(one, "revision", 0), getattr(one, "withdrawn", False)
        result = getattr(one, "result", one)
        try:
            return (*revision, *text(result))
        except AssertionError:
            return (repr(one),)

    partly = lived()

    def whole(bay: Bay, second: int, gone_s: int) -> Cut:
        return base(bay)

    monkeypatch.setattr(restate, "newest_before", whole)
    assert partly == lived()


def test_a_violation_that_waits_is_written_before_its_session_is_let_go() -> None:
    sessions = SessionOperator(REAL, restates=True)
    sessions.process([replace(arrive(0), charger="charger-9")])
    sessions.advance(NOON + 90_000)
    long = [arrive(0), leave(5_000)]  # it stood there for too long
    queue = [one for number in range(3, 12) for one in visit(2_000 * number)]
    found = [*sessions.process(long), *sessions.process(queue)]
    raised = [one for one in found if isinstance(one, ViolationRaised)]
    assert [one.second for one in raised if one.session.start_parking == NOON] == [
        NOON + 5_000, NOON + 601,
    ]  # fmt: skip
