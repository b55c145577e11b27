"""Alerts told outside of the house: once each, to whom they concern, when they may be told."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Event

import msgspec
import pytest

from energyguard.log import EARLIEST
from energyguard.model.alerts import Act, Severity
from energyguard.model.notify import Standing
from energyguard.model.topics import ALERTS, DELIVERIES
from energyguard.notifier.notifier import AT_ONCE
from energyguard.notify.deliveries import delivery_records, key_of_delivery
from energyguard.pipeline import NOTIFY
from energyguard.rules.windowed import RESTATED
from tests.notifier.made import GATHER_S, House, ends, fires
from tests.notify.servers import Hook, Mailbox
from tests.service.made import NOON
from tests.waiting import until

SENT, WAITING, DROPPED, FAILED = (
    Standing.SENT, Standing.WAITING, Standing.DROPPED, Standing.FAILED,
)  # fmt: skip
HOUR_S = 3_600.0


def titles(hook: Hook) -> list[str]:
    return [got["title"] for got in hook.got]


def plain(text: str) -> str:
    """With a space where a line must not break."""
    return text.replace("\u00a0", " ")


def test_an_alert_is_told_once_and_its_end_too(house: House, hook: Hook) -> None:
    house.route("desk", hook.url)
    house.raise_(fires(), fires("a2", device="H018"))
    house.step()
    assert hook.got == []  # it waits for others
    house.pass_time()
    (got,) = hook.got
    assert plain(got["title"]) == (
        "2 alerts: H017: 2.31 kWh in 15 min, limit 2 kWh · H018: 2.31 kWh in 15 min, limit 2 kWh"
    )
    assert [alert["id"] for alert in got["alerts"]] == ["a1", "a2"]
    assert "Seen: 2.31 kWh; expected: 2 kWh" in plain(got["text"])
    house.raise_(ends())
    house.pass_time()
    assert titles(hook)[1].startswith("Over since Sat 6 Sep, 12:10: H017 passed")
    house.pass_time(HOUR_S)
    assert len(hook.got) == 2
    assert house.standings() == [
        ("a1", "firing", SENT), ("a1", "resolved", SENT), ("a2", "firing", SENT),
    ]  # fmt: skip


def test_nothing_is_told_again_after_a_restart_a_replay_or_a_hand_over(
    house: House, hook: Hook
) -> None:
    house.route("desk", hook.url)
    house.raise_(fires(), ends(), fires("a2"))
    house.pass_time()
    house.again()
    house.pass_time()
    house.raise_(fires(), fires("a2"), ends())  # the same once more, as a replay brings them
    house.pass_time()
    consumer = house.notifier._consumer
    consumer.rewind(house.log.positions(ALERTS.name, EARLIEST))  # all that there is, once more
    house.again()
    house.pass_time(HOUR_S)
    assert len(hook.got) == 1
    assert len(house.deliveries()) == 3
    ends_at = house.log.positions(ALERTS.name, NOTIFY.group)
    assert sum(ends_at.values()) == 6  # all was read


def test_what_is_taken_back_is_told_to_whom_it_was_told(house: House, hook: Hook) -> None:
    house.route("desk", hook.url)
    house.route("critical", hook.url, severity="critical")
    house.raise_(fires())
    house.pass_time()
    house.raise_(ends(restated=1, reason=RESTATED))
    house.pass_time()
    house.raise_(fires(restated=2))  # corrected again: it was so, after all
    house.pass_time()
    taken_back = "Taken back, later readings show that it was not so: H017 passed"
    assert [title.startswith(taken_back) for title in titles(hook)] == [False, True, False]
    assert [one.revision for one in house.deliveries()] == [0, 0, 1]
    assert house.deliveries("critical") == []


def test_routes_are_told_what_they_want(house: House, hook: Hook) -> None:
    house.route("desk", hook.url, selector="id=H018")
    house.route("rule", hook.url, rule="floor-kw")
    house.route("hours", hook.url, hours="mon-fri 07:00-18:00")  # it is Saturday
    house.route("all", hook.url)
    house.raise_(fires("a1"), fires("a2", device="H018"), fires("a3", rule="floor-kw"))
    house.pass_time()
    found = {name: [a for a, _, _ in house.standings(name)] for name in ("desk", "rule", "hours")}
    assert found == {"desk": ["a2"], "rule": ["a3"], "hours": []}
    assert [alert for alert, _, _ in house.standings("all")] == ["a1", "a2", "a3"]


def test_what_is_of_the_past_is_told_nobody(house: House, hook: Hook) -> None:
    house.raise_(fires("before"))  # there was no route yet
    house.clock.sleep(1)
    house.route("desk", hook.url)
    day_ms = 86_400_000
    house.raise_(
        fires("replayed", topic="replay.last-year"),
        fires("late", topic="meter_readings", time_ms=NOON - 2 * day_ms),
        fires("edge", topic="edge_readings", time_ms=NOON - 2 * day_ms),
    )
    house.pass_time()
    house.raise_(fires("waited"))
    house.clock.sleep(25 * HOUR_S)  # the role was away for a day
    house.pass_time()
    assert house.deliveries() == []
    house.raise_(fires("simulated"))  # its clock is its own
    house.pass_time()
    assert [alert for alert, _, _ in house.standings()] == ["simulated"]


def test_quiet_hours_end_with_one_message_and_what_is_critical_comes_at_once(
    house: House, hook: Hook
) -> None:
    house.route("desk", hook.url, quiet="12:00-12:30")
    house.raise_(fires("a1"), fires("a2"), fires("worst", severity=Severity.CRITICAL))
    house.pass_time()
    house.raise_(ends("a2"))
    house.pass_time()
    assert [plain(title) for title in titles(hook)] == [
        "Urgent: H017: 2.31 kWh in 15 min, limit 2 kWh"
    ]
    due = {one.due_ms for one in house.deliveries() if one.standing is WAITING}
    assert due == {NOON + 1_800_000}
    house.pass_time(1_900)
    assert len(hook.got) == 2
    assert [alert["news"] for alert in hook.got[1]["alerts"]] == ["firing", "resolved"]


@pytest.mark.parametrize("act", [Act.ACKNOWLEDGE, Act.SILENCE])
def test_who_is_called_last_is_called_only_when_nobody_answers(
    house: House, hook: Hook, act: Act
) -> None:
    house.route("desk", hook.url, unanswered_min=15)
    house.raise_(fires("a1"), fires("a2"), fires("a3"))
    house.step()
    house.act("a1", act, NOON + 86_400_000)
    house.raise_(ends("a3"))
    house.pass_time(14 * 60)
    assert hook.got == []
    house.pass_time(61)
    (got,) = hook.got
    assert got["title"].startswith("Nobody has it yet: H017: 2.31")
    reasons = {(one.alert, str(one.news)): one.reason for one in house.deliveries()}
    why = "jan has it" if act is Act.ACKNOWLEDGE else "silenced"
    assert reasons == {
        ("a1", "firing"): why, ("a2", "firing"): "",
        ("a3", "firing"): "it was over before", ("a3", "resolved"): "it was over before",
    }  # fmt: skip


def test_a_route_with_too_many_messages_gets_what_came_together(house: House, hook: Hook) -> None:
    house.route("desk", hook.url, per_hour=2)
    for number in range(6):
        house.raise_(fires(f"a{number}"))
        house.pass_time()
    house.raise_(ends("a0"))
    house.step()
    assert [len(got["alerts"]) for got in hook.got] == [1, 1]
    waiting = [view for view in house.routes.deliveries() if view.standing is WAITING]
    assert {(view.reason, view.due_ms) for view in waiting} == {
        ("2 messages within an hour: what comes waits for one message of all",
         NOON + 1_000 * (2 * 15 + 600)),
    }  # fmt: skip
    house.pass_time(600)
    assert [len(got["alerts"]) for got in hook.got] == [1, 1, 5]
    assert {view.reason for view in house.routes.deliveries()} == {""}


def test_a_hook_that_fails_is_tried_again_and_at_last_given_up(house: House, hook: Hook) -> None:
    hook.status = 503
    house.route("desk", hook.url)
    house.raise_(fires())
    house.pass_time()
    assert house.deliveries()[0].reason == "http://127.0.0.1/…: answers 503"
    house.raise_(fires("a2"))
    house.pass_time()
    assert len(hook.got) == 1  # the route is not tried for every alert anew
    house.pass_time(16)
    assert [len(got["alerts"]) for got in hook.got] == [1, 2]
    for _ in range(20):
        house.pass_time(HOUR_S)
    assert len(hook.got) == 8
    assert {standing for _, _, standing in house.standings()} == {FAILED}
    house.raise_(ends())  # nobody knows that it began
    house.pass_time()
    assert len(hook.got) == 8


def test_a_hook_that_comes_back_gets_what_waited(house: House, hook: Hook) -> None:
    hook.status, hook.headers = 429, {"Retry-After": "120"}
    house.route("desk", hook.url)
    house.raise_(fires())
    house.pass_time()
    house.pass_time(60)
    assert len(hook.got) == 1
    hook.status = 200
    house.pass_time(61)
    assert house.standings() == [("a1", "firing", SENT)]
    assert hook.ids[0] == hook.ids[1]


def test_a_message_in_doubt_is_sent_once_more_with_the_same_id(house: House, hook: Hook) -> None:
    house.route("desk", hook.url)
    house.raise_(fires())
    house.step()
    house.clock.sleep(20)
    house.notifier.step(0)  # it is on its way; what becomes of it nobody writes down
    house.notifier._flights["desk"].outcome.result(10)
    house.notifier._flights.clear()
    house.again()
    house.raise_(fires("a2"))
    house.pass_time()
    assert len(hook.got) == 2  # the new one; the other is given time
    house.pass_time(61)
    house.pass_time(HOUR_S)
    assert [hook.ids.count(one) for one in hook.ids] == [2, 1, 2]
    assert {standing for _, _, standing in house.standings()} == {SENT}


def test_only_what_is_on_its_way_is_said_to_be(house: House, hook: Hook) -> None:
    may_answer = Event()
    hook.meanwhile = lambda: may_answer.wait(10)
    for number in range(AT_ONCE + 2):
        house.route(f"r{number}", hook.url)
    house.raise_(fires())
    house.step()
    house.clock.sleep(GATHER_S)
    house.notifier.step(0)
    until(lambda: len(hook.got) == AT_ONCE)
    assert [d.standing for d in house.deliveries("")].count(Standing.SENDING) == AT_ONCE
    may_answer.set()
    house.step()
    house.step()
    assert {d.standing for d in house.deliveries("")} == {SENT}
    assert len(hook.got) == AT_ONCE + 2


def test_who_lost_a_partition_does_not_undo_what_its_owner_has_sent(
    house: House, hook: Hook
) -> None:
    may_answer = Event()
    hook.status, hook.meanwhile = 503, lambda: may_answer.wait(10)
    house.route("desk", hook.url)
    house.raise_(fires())
    house.step()
    house.clock.sleep(GATHER_S)
    house.notifier.step(0)
    (mine,) = house.deliveries()
    owners = msgspec.structs.replace(mine, standing=SENT, at_ms=house.clock.now_ms())
    house.log.append(DELIVERIES.name, delivery_records({key_of_delivery(mine): owners}))
    may_answer.set()
    house.step()
    house.pass_time(HOUR_S)
    assert house.standings() == [("a1", "firing", SENT)]
    assert len(hook.got) == 1


def test_who_is_not_told_that_it_began_is_not_told_that_it_is_over_meanwhile(
    house: House, hook: Hook
) -> None:
    may_answer = Event()
    hook.status, hook.meanwhile = 404, lambda: may_answer.wait(10)
    house.route("desk", hook.url)
    house.raise_(fires())
    house.step()
    house.clock.sleep(GATHER_S)
    house.notifier.step(0)
    house.raise_(ends())  # while the other side thinks
    house.notifier.step(0)
    may_answer.set()
    house.step()
    hook.status = 204
    house.pass_time()
    assert house.standings() == [("a1", "firing", FAILED), ("a1", "resolved", DROPPED)]
    assert len(hook.got) == 1


def test_an_address_that_bounces_fails_at_once_and_a_busy_server_is_tried_again(
    house: House, mailbox: Mailbox
) -> None:
    mailbox.bounces, mailbox.is_busy = frozenset({"gone@example.org"}), False
    house.route("desk", mailbox.address("gone@example.org"))
    house.raise_(fires())
    house.pass_time()
    (one,) = house.deliveries()
    assert one.standing is FAILED
    assert "550 no such user here" in one.reason
    mailbox.is_busy = True
    house.route("busy", mailbox.address())
    house.raise_(fires("a2"))
    house.pass_time()
    assert house.standings("busy") == [("a2", "firing", WAITING)]
    mailbox.is_busy = False
    house.pass_time(31)
    assert house.standings("busy") == [("a2", "firing", SENT)]


def test_a_route_that_is_removed_is_told_nothing_more(house: House, hook: Hook) -> None:
    house.route("desk", hook.url)
    house.raise_(fires())
    house.step()
    house.routes.remove("desk", "mara")
    house.pass_time()
    assert hook.got == []
    assert [one.reason for one in house.deliveries()] == ["the route was removed"]


def test_what_is_over_for_three_months_is_forgotten(house: House, hook: Hook) -> None:
    house.route("desk", hook.url)
    house.raise_(fires())
    house.pass_time()
    house.pass_time(91 * 24 * HOUR_S)
    assert house.deliveries() == []


def test_a_quiet_hour_ends_by_the_clock_of_the_site() -> None:
    from energyguard.notify.hours import end_of

    night = round(datetime(2026, 6, 1, 21, 7, tzinfo=UTC).timestamp() * 1000)  # 23:07 in Berlin
    ends_at = datetime(2026, 6, 2, 4, 30, tzinfo=UTC).timestamp() * 1000
    assert end_of("22:00-06:30", night, "Europe/Berlin") == ends_at
    assert end_of("22:00-06:30", night, "UTC") == night
    before_change = round(datetime(2026, 3, 28, 23, 0, tzinfo=UTC).timestamp() * 1000)
    morning = datetime(2026, 3, 29, 4, 30, tzinfo=UTC).timestamp() * 1000  # 06:30, summer time
    assert end_of("22:00-06:30", before_change, "Europe/Berlin") == morning
