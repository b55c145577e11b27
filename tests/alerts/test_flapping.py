"""What comes and goes is one state of the alerts that are about the same."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from energyguard.alerts.alert import Alert
from energyguard.alerts.book import AlertBook
from energyguard.alerts.flapping import (
    HOUR_MS,
    MAX_TIMES,
    STEADY_MS,
    flapping,
    newest_of_each,
)
from energyguard.model.alerts import State
from energyguard.records.alerts import AlertEvent
from tests.service.made import NOON, alert_event

MINUTE = 60_000


def comes(number: int, step_ms: int = 5 * MINUTE, **fields: object) -> AlertEvent:
    """The alert of a number, which begins so much after the one before."""
    at_ms = NOON + number * step_ms
    event = msgspec.structs.replace(alert_event(f"a{number}"), since_ms=at_ms, time_ms=at_ms)
    return msgspec.structs.replace(event, **fields)


def ends_of(event: AlertEvent) -> AlertEvent:
    """Its end, a minute later."""
    return msgspec.structs.replace(event, state=State.RESOLVED, time_ms=event.since_ms + MINUTE)


def alerts(*events: AlertEvent) -> list[Alert]:
    """Alerts that were over a minute after they began; the log took that at once."""
    book = AlertBook()
    for event in events:
        for change in (event, ends_of(event)):
            book.tell(change, change.time_ms)
    return book.find()


def so(events: Iterable[AlertEvent], after_ms: int = MINUTE) -> dict[str, tuple[int, int]]:
    known = alerts(*events)
    now_ms = max(alert.logged_ms for alert in known) + after_ms
    return {part: found[:2] for part, found in flapping(known, now_ms).items()}


def test_what_begins_more_often_than_four_times_an_hour_flaps() -> None:
    assert so(comes(n) for n in range(MAX_TIMES)) == {}
    found = so(comes(n) for n in range(MAX_TIMES + 1))
    assert found == dict.fromkeys(("a0", "a1", "a2", "a3", "a4"), (5, NOON))


def test_only_the_last_hour_and_only_the_same_counts() -> None:
    late = so(comes(n) for n in range(20))  # every five minutes
    assert set(late.values()) == {(12, NOON + 8 * 5 * MINUTE)}
    assert set(late) == {f"a{n}" for n in range(8, 20)}
    assert so(comes(n, step_ms=HOUR_MS // 4) for n in range(20)) == {}
    assert so(comes(n, device=f"H{n % 2}") for n in range(8)) == {}


def test_it_is_over_when_nothing_has_changed_for_a_quarter_of_an_hour() -> None:
    events = [comes(n) for n in range(6)]
    assert len(so(events, STEADY_MS - 1)) == 6
    assert so(events, STEADY_MS) == {}


def test_of_what_comes_and_goes_the_newest_is_shown() -> None:
    known = alerts(*(comes(n) for n in range(6)), comes(7, device="H018"))
    flaps = flapping(known, known[0].logged_ms)
    assert [alert.id for alert in newest_of_each(known, flaps)] == ["a7", "a5"]
