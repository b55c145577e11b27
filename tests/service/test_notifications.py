"""Notifications: each alert that fires, once; and who has read which."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from threading import Event, Timer

import msgspec
import pytest

from energyguard.clock import SYSTEM
from energyguard.errors import Malformed
from energyguard.log import Positions, Records, TopicPartition
from energyguard.model.alerts import State
from energyguard.records.alerts import AlertEvent
from energyguard.service.alerts.notifications import Notifications
from energyguard.service.live.updates import Updates, facts_of
from energyguard.service.service import EnergyService
from energyguard.settings.tree import Settings
from energyguard.testing import MemoryLog
from tests.service.made import StandInHistory, alert_event, raise_alerts
from tests.waiting import until

AT = TopicPartition("energyguard.alerts", 0)


def states(alert_id: str, *of: State) -> list[AlertEvent]:
    return [
        msgspec.structs.replace(alert_event(alert_id), state=state, time_ms=1_000 * n)
        for n, state in enumerate(of)
    ]


def ids(kept: Notifications, limit: int = 100) -> list[str]:
    return [one.event.id for one in kept.newest(limit)]


def test_an_alert_is_one_however_often_it_fires(log: MemoryLog, service: EnergyService) -> None:
    raise_alerts(log, *states("a1", State.PENDING, State.FIRING, State.UNKNOWN, State.FIRING))
    raise_alerts(log, *states("a2", State.PENDING), *states("a3", State.FIRING, State.RESOLVED))
    until(lambda: len(service.book.find()) == 3)
    assert ids(service.notifications) == ["a3", "a1"]
    assert ids(service.notifications, 1) == ["a3"]
    (last,) = service.notifications.newest(1)
    assert service.notifications.newest(9, last.at_ms + 1) == []


def test_each_person_has_read_others_and_a_restart_keeps_it(
    log: MemoryLog, history: StandInHistory, settings: Settings
) -> None:
    with EnergyService(log, history, settings) as service:
        raise_alerts(log, *states("a1", State.FIRING), *states("a2", State.FIRING))
        until(lambda: service.notifications.unread("mara") == 2)
        service.notifications.mark_read("mara")
        assert (service.notifications.unread("mara"), service.notifications.unread("timo")) == (
            0,
            2,
        )
        raise_alerts(log, *states("a3", State.FIRING))
        until(lambda: service.notifications.unread("mara") == 1)
    with EnergyService(log, history, settings) as later:
        kept = later.notifications
        assert (kept.unread("mara"), kept.unread("timo")) == (1, 3)
        read = {one.event.id: kept.is_read("mara", one) for one in kept.newest()}
        assert read == {"a1": True, "a2": True, "a3": False}


def test_nothing_that_came_meanwhile_counts_as_read(log: MemoryLog) -> None:
    kept = Notifications(log, SYSTEM)
    for offset in range(3):
        kept.take(AT, offset, offset, *states(f"a{offset}", State.FIRING))
    kept.mark_read("mara", "energyguard.alerts=0:2")
    assert kept.unread("mara") == 1
    kept.mark_read("mara", "energyguard.alerts=0:1")  # another page, which was behind
    assert kept.unread("mara") == 1
    assert sum(log.positions("energyguard.read-marks", "@latest").values()) == 1
    for wrong in ("yesterday", "energyguard.alerts", "energyguard.alerts=x:1"):
        with pytest.raises(Malformed):
            kept.mark_read("mara", wrong)


def test_the_oldest_go_and_memory_is_bounded(log: MemoryLog) -> None:
    kept = Notifications(log, SYSTEM, kept=3)
    for offset in range(5):
        kept.take(AT, offset, offset, *states(f"a{offset}", State.FIRING))
    assert ids(kept) == ["a4", "a3", "a2"]
    assert kept.at(AT, 1) is None and kept.at(AT, 2) is not None
    assert kept.unread("mara") == 3


def test_garbage_among_the_marks_is_passed_over(
    log: MemoryLog, history: StandInHistory, settings: Settings
) -> None:
    junk = [b"\xff", b"{}", b'{"until":"x","at_ms":1}', b'{"until":"a=b:c","at_ms":1}']
    log.append("energyguard.read-marks", Records([b"mara"] * 4, junk))
    with EnergyService(log, history, settings) as service:
        raise_alerts(log, *states("a1", State.FIRING))
        until(lambda: service.notifications.unread("mara") == 1)
        assert service.live.fault == ""


async def test_anomalies_are_told_once_and_resume(log: MemoryLog, service: EnergyService) -> None:
    async with aclosing(service.live.subscribe(["anomaly"])) as updates:
        begun = (await anext(updates)).id
        raise_alerts(log, *states("a1", State.PENDING, State.FIRING, State.UNKNOWN, State.FIRING))
        raise_alerts(log, *states("a2", State.FIRING))
        first, second = [await asyncio.wait_for(anext(updates), 10) for _ in range(2)]
        assert [u.data.notification.event.id for u in (first, second)] == ["a1", "a2"]
        assert first.data.notification.event.state is State.FIRING
    for after, expected in ((begun, ["a1", "a2", "a3"]), (first.id, ["a2", "a3"])):
        async with aclosing(service.live.subscribe(["anomaly"], after)) as updates:
            await anext(updates)
            raise_alerts(log, *states("a3", State.FIRING))
            got = [await asyncio.wait_for(anext(updates), 10) for _ in expected]
            assert [update.data.notification.event.id for update in got] == expected


async def test_who_asks_for_alerts_gets_all_of_them_as_alerts(
    log: MemoryLog, service: EnergyService
) -> None:
    both = service.live.subscribe(["alert", "anomaly"])
    async with aclosing(service.live.subscribe(["alert"])) as plain, aclosing(both) as named:
        await anext(plain), await anext(named)
        raise_alerts(log, *states("a1", State.PENDING, State.FIRING, State.RESOLVED))
        got = [await asyncio.wait_for(anext(plain), 10) for _ in range(3)]
        assert [(update.kind, update.data.id) for update in got] == [("alert", "a1")] * 3
        got = [await asyncio.wait_for(anext(named), 10) for _ in range(3)]
        assert [update.kind for update in got] == ["alert", "anomaly", "alert"]


async def test_resuming_waits_for_what_is_not_folded_yet(log: MemoryLog) -> None:
    """A record is shown as the fold knows it: a reader ahead of the fold would lose it."""
    raise_alerts(log, *states("a1", State.FIRING))
    ends = log.positions(AT.topic, "@latest")
    folded = Event()
    updates = Updates(
        log,
        {
            AT.topic: facts_of(
                "alert", lambda part: [(n, n) for n in part.offsets if folded.is_set()]
            )
        },
        lambda: ends if folded.is_set() else dict.fromkeys(ends, 0),
    )
    Timer(0.3, folded.set).start()
    async with aclosing(updates.subscribe(["alert"], f"{AT.topic}={place(ends)}")) as found:
        await asyncio.wait_for(anext(found), 10)
        assert (await asyncio.wait_for(anext(found), 5)).kind == "alert"


def place(ends: Positions) -> str:
    """The beginning of every partition, as in an event's id."""
    return ",".join(f"{at.partition}:0" for at in ends)
