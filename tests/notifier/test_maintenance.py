"""Maintenance windows: what fires in one is kept and not sent; what outlasts it is told then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from energyguard.log import Fetched
from energyguard.model.alerts import Act, Severity
from energyguard.model.notify import Standing
from tests.notifier.made import GATHER_S, House, ends, fires, quiet
from tests.notify.servers import Hook
from tests.service.made import NOON

HOUR_S = 3_600.0
HOUR = 3_600_000
EVERY = "sat 12:00-14:00"
"""From noon on, UTC."""


@pytest.fixture
def desk(house: House, hook: Hook) -> House:
    """A house whose desk is told, and a window of two hours that begins now."""
    house.route("desk", hook.url)
    quiet(house.log, NOON - HOUR, every=EVERY, zone="UTC")
    return house


def alerts(hook: Hook) -> list[tuple[str, str]]:
    return [(part["id"], part["news"]) for got in hook.got for part in got["alerts"]]


def test_what_outlasts_a_window_is_told_when_it_ends(desk: House, hook: Hook) -> None:
    desk.raise_(fires("a1"), fires("a2", device="H018"))
    desk.pass_time()
    desk.raise_(ends("a2", device="H018"))
    desk.pass_time(HOUR_S)
    assert hook.got == []
    assert ("a1", "firing", Standing.WAITING) in desk.standings()
    reasons = {one.alert: one.reason for one in desk.deliveries()}
    assert reasons == {"a1": "silenced", "a2": "it was over before the silence ended"}
    desk.again()  # whoever takes it on waits, too
    desk.pass_time(HOUR_S)
    desk.pass_time()
    assert alerts(hook) == [("a1", "firing")]
    desk.raise_(ends("a1"))
    desk.pass_time()
    desk.pass_time(7 * 24 * HOUR_S)
    assert alerts(hook) == [("a1", "firing"), ("a1", "resolved")]


def test_a_window_that_is_ended_by_hand_holds_nothing_back(desk: House, hook: Hook) -> None:
    desk.raise_(fires("a1"))
    desk.pass_time(HOUR_S / 2)
    quiet(desk.log, NOON - HOUR, until_ms=NOON + HOUR // 2, every=EVERY, zone="UTC", ended_by="jan")
    desk.pass_time(0)
    assert alerts(hook) == [("a1", "firing")]


def test_what_somebody_wants_to_hear_or_has_is_not_held(desk: House, hook: Hook) -> None:
    desk.raise_(fires("a1"), fires("a2", device="H018"))
    desk.pass_time()
    desk.act("a1", Act.UNSILENCE)
    desk.act("a2", Act.ACKNOWLEDGE)
    desk.pass_time(60)
    assert alerts(hook) == [("a1", "firing")]
    desk.pass_time(3 * HOUR_S)
    assert alerts(hook) == [("a1", "firing")]
    assert {one.reason for one in desk.deliveries() if one.alert == "a2"} == {"jan has it"}


def test_after_a_window_quiet_hours_hold_what_is_not_urgent(desk: House, hook: Hook) -> None:
    desk.route("desk", hook.url, quiet="13:30-15:00")
    desk.raise_(fires("a1"), fires("a2", device="H018", severity=Severity.CRITICAL))
    desk.pass_time(2 * HOUR_S)
    assert alerts(hook) == [("a2", "firing")]
    desk.pass_time(HOUR_S)
    assert alerts(hook) == [("a2", "firing"), ("a1", "firing")]


def test_a_silence_of_now_drops_and_one_to_come_does_neither(house: House, hook: Hook) -> None:
    house.route("desk", hook.url)
    quiet(house.log, NOON - HOUR, "old", until_ms=NOON + HOUR, selector="id=H017")
    quiet(house.log, NOON - HOUR, "later", from_ms=NOON + HOUR, until_ms=NOON + 2 * HOUR)
    house.raise_(fires("a1"), fires("a2", device="H018"))
    house.pass_time()
    assert alerts(hook) == [("a2", "firing")]
    house.pass_time(HOUR_S)
    house.raise_(fires("a3", device="H019"))
    house.pass_time(HOUR_S - 2 * GATHER_S)
    assert alerts(hook) == [("a2", "firing")]
    house.pass_time()
    assert alerts(hook) == [("a2", "firing"), ("a3", "firing")]


def test_what_was_silenced_while_nothing_came_is_silenced(house: House, hook: Hook) -> None:
    house.route("desk", hook.url)
    waiting = Thread(target=house.notifier.step, args=(30.0,))
    with reading(house) as is_waiting:
        waiting.start()
        is_waiting.wait(10)
        quiet(house.log, NOON - HOUR, every=EVERY, zone="UTC")
        house.raise_(fires("a1"))
        waiting.join()
    house.pass_time()
    assert hook.got == []


@contextmanager
def reading(house: House) -> Iterator[Event]:
    """Set when the notifier has what was known before and waits for what comes."""
    consumer, waits = house.notifier._consumer, Event()
    read = consumer.read

    def seen(wait_s: float) -> Sequence[Fetched]:
        waits.set()
        return read(wait_s)

    consumer.read = seen  # type: ignore[method-assign, assignment]
    yield waits
    consumer.read = read  # type: ignore[method-assign]
