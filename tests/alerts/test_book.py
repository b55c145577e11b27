"""The alert book: transitions, attention, idempotence, and no matter how the topics interleave."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from energyguard.alerts.book import TRANSITIONS, AlertBook
from energyguard.clock import ManualClock
from energyguard.errors import NotFound
from energyguard.model.alerts import Act, Severity, State
from energyguard.records.alerts import AlertAction, AlertEvent

WORKER = (State.PENDING, State.FIRING, State.RESOLVED, State.UNKNOWN)
TOPIC = "energy_readings"
Line = tuple[int, AlertEvent | AlertAction]


def event(
    state: State, time_ms: int = 1_000, alert_id: str = "a1", observed: int = 2_100_000_000
) -> AlertEvent:
    return AlertEvent(
        id=alert_id,
        rule="household-prod",
        device="H017",
        channel="energy_kwh",
        severity=Severity.WARNING,
        state=state,
        time_ms=time_ms,
        since_ms=1_000,
        window_start_ms=0,
        window_end_ms=900_000,
        observed=observed,
        expected=2_000_000_000,
        peak=observed,
        unit="kWh",
        topic=TOPIC,
        about="H017 passed 2.0 kWh in 15 minutes",
    )


def action(act: Act, by: str = "mara", at_ms: int = 5, **more: object) -> AlertAction:
    return AlertAction(id="a1", act=act, by=by, at_ms=at_ms, **more)  # type: ignore[arg-type]


def told(*what: AlertEvent | AlertAction) -> AlertBook:
    book = AlertBook()
    for at_ms, one in enumerate(what):
        book.tell(one, at_ms)
    return book


@pytest.mark.parametrize(("before", "says"), list(product([None, *WORKER], WORKER)))
def test_the_condition_follows_the_table_and_nothing_else(
    before: State | None, says: State
) -> None:
    first = [event(before, 1)] if before else []
    expected = TRANSITIONS.get((before, says), before or says)
    assert told(*first, event(says, 2)).get("a1").condition is expected


def test_an_alert_whose_rule_runs_again_is_open_again() -> None:
    """The worker says so only of a window that is still open: the same episode, the same id."""
    book = told(event(State.FIRING, 1), event(State.RESOLVED, 2), event(State.FIRING, 3))
    assert [alert.state for alert in book.open()] == [State.FIRING]
    book.tell(event(State.RESOLVED, 4), 4)
    assert book.open() == []
    book.tell(event(State.UNKNOWN, 5), 5)  # of a device that is silent, and was brought back
    assert [alert.state for alert in book.open()] == [State.UNKNOWN]


def test_acknowledged_by_whom_with_a_note() -> None:
    alert = told(event(State.FIRING), action(Act.ACKNOWLEDGE, note="oven")).get("a1")
    assert (alert.state, alert.acknowledged_by, alert.note) == (State.ACKNOWLEDGED, "mara", "oven")
    assert alert.condition is State.FIRING
    assert alert.sentence == "H017 passed 2.0 kWh in 15 minutes; mara has it"


def test_a_quiet_device_is_unknown_and_still_someones() -> None:
    book = told(event(State.FIRING, 1), action(Act.ACKNOWLEDGE), event(State.UNKNOWN, 2))
    alert = book.get("a1")
    assert (alert.state, alert.acknowledged_by) == (State.UNKNOWN, "mara")
    assert alert.open and book.open() == [alert]
    assert "nobody knows" in alert.sentence and alert.sentence.endswith("mara has it")


def test_a_silence_ends_by_the_wall_clock_whatever_time_the_data_is_of() -> None:
    clock = ManualClock(2_000_000_000_000)
    book = AlertBook(clock=clock)
    book.tell(event(State.FIRING, 1_000), 1)
    book.tell(action(Act.SILENCE, until_ms=clock.now_ms() + 5_000), 2)
    book.tell(event(State.FIRING, 4_000_000_000_000), 3)  # the data is of 2096
    clock.sleep(4.9)
    assert book.get("a1").state is State.SILENCED
    clock.sleep(0.1)
    assert book.get("a1").state is State.FIRING


def test_unsilence_uncovers_the_acknowledgement() -> None:
    book = told(
        event(State.FIRING),
        action(Act.ACKNOWLEDGE),
        action(Act.SILENCE, until_ms=9_000),
        action(Act.UNSILENCE),
    )
    assert book.get("a1").state is State.ACKNOWLEDGED


def test_told_twice_changes_nothing() -> None:
    lines: list[AlertEvent | AlertAction] = [
        event(State.FIRING, 1),
        action(Act.ACKNOWLEDGE),
        event(State.RESOLVED, 2),
    ]
    book = told(*lines)
    before = book.get("a1"), book.story("a1")
    assert [book.tell(line, at_ms) for at_ms, line in enumerate(lines)] == [False] * 3
    assert (book.get("a1"), book.story("a1")) == before


def test_a_rule_that_stops_and_runs_again_twice_while_its_device_sends_nothing() -> None:
    """Each time the worker says it in the same words: the time of the data stands still."""
    first, over, again = event(State.FIRING, 1), event(State.RESOLVED, 2), event(State.FIRING, 2)
    book = told(first, over, again)
    for at_ms, what in ((3, over), (5, over), (7, over)):
        assert book.tell(what, at_ms)
        assert not book.tell(what, at_ms) and not book.tell(what, at_ms + 1)
        assert book.open() == []
        assert book.tell(again, at_ms + 1)
        assert not book.tell(again, at_ms + 1) and not book.tell(over, at_ms)
        assert [alert.state for alert in book.open()] == [State.FIRING]
    assert len(book.story("a1")) == 9
    assert book.get("a1").logged_ms == 8


LEVEL = 2_000_000_000


def test_the_peak_is_the_highest_and_the_beginning_stays() -> None:
    observed = (LEVEL + 5, LEVEL + 9, LEVEL - 4)
    events = [
        event(State.FIRING, 1, observed=observed[0]),
        event(State.FIRING, 2, observed=observed[1]),
        event(State.RESOLVED, 3, observed=observed[2]),
    ]
    alert = told(*events).get("a1")
    assert (alert.observed, alert.peak) == (LEVEL - 4, LEVEL + 9)
    assert (alert.since_ms, alert.changed_ms, alert.is_below) == (1_000, 3, False)


@pytest.mark.parametrize("level", [LEVEL, -5_000_000_000])
def test_the_peak_of_what_fell_below_is_the_lowest(level: int) -> None:
    """Of degrees it may be below zero."""
    events = [
        replace(event(state, at_ms, observed=level - below), expected=level)
        for at_ms, (state, below) in enumerate(
            [(State.PENDING, 5), (State.FIRING, 9), (State.RESOLVED, -4)]
        )
    ]
    alert = told(*events).get("a1")
    assert (alert.observed, alert.peak, alert.is_below) == (level + 4, level - 9, True)


def test_an_alert_that_is_over_was_held_against_what_raised_it() -> None:
    """What is usual differs by the half-hour: at six in the morning more is than at midnight."""
    fires = event(State.FIRING, 1)
    over = replace(event(State.RESOLVED, 2), expected=LEVEL + 4_000_000_000)
    assert told(fires, over).get("a1").expected == over.expected  # its rule was changed
    over = replace(over, evidence=(("usual", 1),))
    assert told(fires, over).get("a1").expected == fires.expected
    assert told(fires, replace(over, state=State.FIRING)).get("a1").expected == over.expected


def test_an_alert_that_fires_no_longer_says_that_it_waits() -> None:
    waits = replace(event(State.PENDING, 1), about="H017 is above 2.0 kWh, not yet for long")
    assert told(waits).get("a1").about == waits.about
    assert told(waits, event(State.UNKNOWN, 2)).get("a1").about == waits.about
    fires = event(State.FIRING, 2)
    for more in ([], [event(State.RESOLVED, 3)], [replace(event(State.FIRING, 4), about="again")]):
        assert told(waits, fires, *more).get("a1").about == fires.about


def test_find_by_state_device_rule_time_and_limit() -> None:
    book = told(
        *(event(State.FIRING, n, f"a{n}") for n in range(1, 6)), event(State.RESOLVED, 9, "a3")
    )
    assert [a.id for a in book.find()] == ["a5", "a4", "a3", "a2", "a1"]
    assert [a.id for a in book.find(state=State.RESOLVED)] == ["a3"]
    assert [a.id for a in book.find(since_ms=4)] == ["a5", "a4", "a3"]
    assert [a.id for a in book.find(limit=2)] == ["a5", "a4"]
    assert book.find(device="H018") == [] == book.find(rule="none")


def test_an_alert_that_is_not_there() -> None:
    book = told(action(Act.ACKNOWLEDGE))  # of an alert of which nothing is known yet
    for ask in (book.get, book.story):
        with pytest.raises(NotFound, match="no alert 'a1'"):
            ask("a1")
    assert book.find() == []


def test_resolved_alerts_do_not_fill_the_memory() -> None:
    book = AlertBook(closed_kept=3)
    for n in range(10):
        book.tell(event(State.FIRING, 1, f"a{n}"), n)
        book.tell(event(State.RESOLVED, 2, f"a{n}"), n)
    assert [a.id for a in book.find()] == ["a9", "a8", "a7"]


events = st.lists(
    st.builds(event, st.sampled_from(WORKER), st.integers(0, 50), st.sampled_from(["a1", "a2"])),
    max_size=8,
)
actions = st.lists(
    st.builds(
        AlertAction,
        id=st.sampled_from(["a1", "a2"]),
        act=st.sampled_from(Act),
        by=st.sampled_from(["mara", "timo"]),
        at_ms=st.integers(0, 50),
        until_ms=st.integers(0, 60),
    ),
    max_size=8,
)


@given(events, actions, st.lists(st.booleans(), max_size=16), st.data())
def test_any_interleaving_gives_the_same_book(
    seen: list[AlertEvent], done: list[AlertAction], turns: list[bool], data: st.DataObject
) -> None:
    """Each topic in its order, the two mixed at will, some records twice: the same book."""
    one_by_one: list[Line] = [(2 * n, e) for n, e in enumerate(seen)]
    other: list[Line] = [(2 * n + 1, a) for n, a in enumerate(done)]
    plain, mixed = AlertBook(), AlertBook()
    for at_ms, what in [*one_by_one, *other]:
        plain.tell(what, at_ms)
    left, right = list(one_by_one), list(other)
    for turn in [*turns, *[True] * 8, *[False] * 8]:
        queue = left if turn else right
        if queue:
            at_ms, what = queue.pop(0)
            mixed.tell(what, at_ms)
            if data.draw(st.booleans()):
                mixed.tell(what, at_ms)
    while left or right:
        at_ms, what = (left or right).pop(0)
        mixed.tell(what, at_ms)
    assert plain.find() == mixed.find()
    assert plain.open() == mixed.open()
    for alert in plain.find():
        assert plain.story(alert.id) == mixed.story(alert.id)


def restated(number: int, reason: str = "", **more: object) -> AlertEvent:
    """All of the alert anew."""
    return replace(event(State.RESOLVED, 9_000, **more), restated=number, reason=reason)  # type: ignore[arg-type]


def test_what_is_restated_counts_in_place_of_what_was_before() -> None:
    raised, over = event(State.FIRING, 1_000), event(State.RESOLVED, 5_000, observed=2_500_000_000)
    anew = replace(restated(1, observed=1_900_000_000), since_ms=500, window_end_ms=600_000)
    for lines in ((raised, over, anew), (raised, anew, over), (anew, raised, over)):
        alert = told(*lines).get("a1")
        assert (alert.state, alert.restated, alert.since_ms) == (State.RESOLVED, 1, 500)
        assert (alert.peak, alert.window_end_ms, alert.changed_ms) == (
            1_900_000_000,
            600_000,
            9_000,
        )
        assert len(told(*lines).story("a1")) == 3
    again = restated(2, observed=3_000_000_000)
    assert told(raised, again, anew).get("a1").peak == 3_000_000_000


def test_what_is_taken_back_keeps_what_was_raised() -> None:
    raised = event(State.FIRING, 1_000)
    book = told(raised, restated(1, "not so"), event(State.FIRING, 10_000))
    alert = book.get("a1")
    assert (alert.open, alert.reason, alert.peak) == (False, "not so", raised.peak)
    assert book.open() == []


def test_an_alert_of_the_past_was_never_open() -> None:
    book = told(restated(1))
    assert (book.open(), book.get("a1").state) == ([], State.RESOLVED)
    assert "counted anew" in book.get("a1").sentence
