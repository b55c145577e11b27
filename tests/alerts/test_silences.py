"""Standing silences over the alert book: what is quiet, until when, and what is not."""

from __future__ import annotations

from energyguard.alerts.book import AlertBook
from energyguard.clock import ManualClock
from energyguard.log import Fetched
from energyguard.model.alerts import Act, State
from energyguard.model.selector import DeviceFacts
from energyguard.records.silences import StandingSilence
from tests.alerts.test_book import action, event

HOUR = 3_600_000


def silence(**fields: object) -> StandingSilence:
    known: dict[str, object] = {"until_ms": HOUR, "by": "timo", "at_ms": 10}
    return StandingSilence(**known | fields)  # type: ignore[arg-type]


def book_at(clock: ManualClock) -> AlertBook:
    book = AlertBook(clock=clock)
    book.silences.facts = lambda device: DeviceFacts(device, ("floor-2", "lindenhof"))
    book.tell(event(State.FIRING), 5)
    return book


def test_an_alert_is_quiet_while_a_silence_stands_over_its_device_and_rule() -> None:
    clock = ManualClock(20)
    book = book_at(clock)
    for missed in ("site=elsewhere", "id=H018", "kind=meter"):
        book.silences.put("s1", silence(selector=missed))
        assert book.get("a1").state is State.FIRING
    book.silences.put("s1", silence(selector="site=lindenhof", rule="another"))
    assert book.get("a1").state is State.FIRING
    book.silences.put("s1", silence(selector="site=lindenhof", rule="household-prod"))
    book.silences.put("s2", silence(selector="id=H*", until_ms=2 * HOUR, by="mara"))
    quiet = book.get("a1")
    assert (quiet.state, quiet.condition) == (State.SILENCED, State.FIRING)
    assert (quiet.silenced_by, quiet.silenced_until_ms, quiet.standing) == ("mara", 2 * HOUR, "s2")
    assert quiet.sentence.endswith("; silenced by mara")
    clock.sleep(2 * HOUR / 1000)
    assert book.get("a1").state is State.FIRING  # it ran out by the wall clock, by itself


def test_of_a_silent_device_nobody_hears_and_what_is_over_is_over() -> None:
    book = book_at(ManualClock(20))
    book.silences.put("s1", silence())
    book.tell(event(State.UNKNOWN, 2_000), 6)
    assert (book.get("a1").state, book.get("a1").condition) == (State.SILENCED, State.UNKNOWN)
    book.tell(event(State.RESOLVED, 3_000), 7)
    assert (book.get("a1").state, book.get("a1").standing) == (State.RESOLVED, "")


def test_whoever_wants_to_hear_of_an_alert_does_until_another_silence() -> None:
    book = book_at(ManualClock(20))
    book.silences.put("s1", silence(at_ms=10))
    book.tell(action(Act.UNSILENCE, at_ms=15), 15)
    assert book.get("a1").state is State.FIRING
    book.silences.put("s2", silence(at_ms=16))
    assert book.get("a1").standing == "s2"


def test_a_window_is_quiet_while_it_lasts_and_says_until_when() -> None:
    clock = ManualClock(20)
    book = book_at(clock)
    book.silences.put("s1", silence(until_ms=9 * HOUR, every="02:00-04:00", zone="UTC"))
    assert book.get("a1").state is State.FIRING
    clock.sleep(2 * HOUR / 1000)
    quiet = book.get("a1")
    assert (quiet.state, quiet.silenced_until_ms) == (State.SILENCED, 4 * HOUR)
    book.tell(action(Act.UNSILENCE, at_ms=clock.now_ms()), clock.now_ms())
    assert book.get("a1").state is State.FIRING  # for this time, not for those to come
    book.silences.put("s1", silence(until_ms=9 * 24 * HOUR, every="02:00-04:00", zone="UTC"))
    clock.sleep(24 * HOUR / 1000)
    assert book.get("a1").state is State.SILENCED


def test_one_that_begins_later_or_ends_between_says_when_it_holds() -> None:
    book = book_at(ManualClock(20))
    every = {"every": "01:00-03:00", "zone": "UTC"}
    book.silences.put("s1", silence(from_ms=2 * HOUR, until_ms=26 * HOUR, **every))
    row = book.silences.get("s1")
    assert row is not None
    assert row.next_span(0) == (2 * HOUR, 3 * HOUR)  # it begins in the midst of one
    assert row.next_span(2 * HOUR + 1) == (25 * HOUR, 26 * HOUR)
    assert row.next_span(25 * HOUR + 1) is None
    assert [row.is_over(hour * HOUR) for hour in (0, 2, 5, 25, 26)] == [False] * 4 + [True]
    book.silences.put("s1", silence(from_ms=2 * HOUR, until_ms=HOUR, ended_by="jan"))
    row = book.silences.get("s1")
    assert row is not None
    assert row.is_over(20)  # ended before it began


def test_a_record_that_cannot_be_read_silences_nothing() -> None:
    book = book_at(ManualClock(20))
    values = [
        b"?",
        b'{"until_ms":99999,"by":"x","at_ms":1,"selector":"floor"}',
        b'{"until_ms":99999,"by":"x","at_ms":1,"every":"soon","zone":"UTC"}',
        None,
    ]
    book.silences.put("s3", silence())
    book.silences.take(
        Fetched(
            "energyguard.silences",
            0,
            offsets=[0, 1, 2, 3],
            timestamps_ms=[0] * 4,
            keys=[b"s1", b"s2", b"s4", b"s3"],
            values=values,
            headers=[()] * 4,
        )
    )
    assert book.silences.all() == []
