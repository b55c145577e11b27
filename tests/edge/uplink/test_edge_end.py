"""The edge's end: sessions, what goes first, what is sent again, what it believes."""

from __future__ import annotations

from dataclasses import replace as replaced
from itertools import pairwise

import pytest
from msgspec.structs import replace

from energyguard.edge.protocol.enrichment import EdgePlace
from energyguard.edge.protocol.messages import (
    Ack,
    Heartbeat,
    Hello,
    LineBatch,
    LineRefused,
    LineVoid,
    Places,
    Welcome,
    decode,
    encode,
)
from energyguard.edge.uplink import flights, lanes
from energyguard.edge.uplink.edge_end import HELLO_S
from energyguard.edge.uplink.redial import MAX_REDIAL_S
from energyguard.edge.uplink.status import LineState
from energyguard.errors import DiskFull
from energyguard.log.records import TopicPartition
from energyguard.model.topics import ALERTS
from energyguard.records.edges import HeldPartition, HeldRange
from tests.edge.pair import Pair, sent
from tests.simulation.link.disks import READINGS

ALERT = TopicPartition(ALERTS.name, 0)


def batches(frames: list[bytes]) -> list[LineBatch]:
    return [m for m in map(decode, frames) if isinstance(m, LineBatch)]


def hello_of(pair: Pair) -> Hello:
    (hello,) = [m for m in map(decode, pair.up) if isinstance(m, Hello)]
    return hello


def welcome(pair: Pair, *ranges: tuple[int, int], credit: int = 4, cloud: str = "c") -> Welcome:
    hello = hello_of(pair)
    held = (HeldPartition(topic=READINGS.topic, partition=0,
                          ranges=tuple(HeldRange(*r) for r in ranges)),)  # fmt: skip
    return Welcome(hello.epoch, hello.session, cloud, held if ranges else (), credit, False)


def test_a_greeting_is_repeated_until_there_is_an_answer() -> None:
    pair = Pair()
    pair.connect()
    first = pair.up.pop()
    assert pair.edge.poll(pair.edge_now()) == []
    pair.poll(HELLO_S)
    assert pair.up == [first]
    assert pair.edge.status().state is LineState.GREETING
    pair.travel()
    assert pair.edge.is_welcome


def test_nothing_is_sent_before_the_welcome_and_at_most_the_credit_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(flights, "BATCH_BYTES", 1)
    pair = Pair()
    pair.write(10)
    pair.connect()
    pair.poll(0.1)
    assert sent(pair.up, LineBatch) == []
    answer = welcome(pair, credit=4)
    pair.up = []
    pair.arrive(answer)
    assert [(b.first, b.next) for b in batches(pair.up)] == [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert pair.edge.status().sent == 4
    pair.up = []
    held = (HeldPartition(topic=READINGS.topic, partition=0, ranges=(HeldRange(0, 2),)),)
    pair.arrive(Ack(answer.epoch, answer.session, "c", held, 3))
    assert [b.first for b in batches(pair.up)] == [4]
    assert pair.outbox.position(READINGS) == 2


def test_consecutive_records_make_one_batch() -> None:
    pair = Pair()
    pair.write(10)
    pair.connect()
    pair.travel()
    (batch,) = batches(pair.up)
    assert (batch.first, batch.next, len(batch.values), batch.offsets) == (0, 10, 10, ())


def test_alerts_go_first_then_what_is_live_then_the_backlog() -> None:
    pair = Pair(live="1m")
    pair.write(3)
    pair.now_s += 120
    pair.write(2)
    pair.write(1, ALERT)
    pair.connect()
    pair.travel()
    order = [(b.topic, b.first, b.next, b.backfill) for b in batches(pair.up)]
    assert order == [
        (ALERTS.name, 0, 1, False),
        (READINGS.topic, 3, 5, False),
        (READINGS.topic, 0, 3, True),
    ]


def test_what_is_written_while_the_backlog_drains_overtakes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(flights, "BATCH_BYTES", 1)
    pair = Pair(live="1m")
    pair.write(50)
    pair.now_s += 120
    pair.connect()
    pair.travel()
    assert {b.backfill for b in batches(pair.up)} == {True}
    pair.up = []
    pair.write(1)
    pair.poll()  # slots are kept for it
    assert [(b.first, b.backfill) for b in batches(pair.up)] == [(50, False)]


def test_too_many_ranges_and_the_backlog_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "MAX_SCATTERED", 2)
    pair = Pair(live="1m")
    pair.write(9)
    pair.now_s += 120
    pair.write(1)
    pair.connect()
    answer = welcome(pair, (0, 1), (3, 4))
    pair.up = []
    pair.arrive(answer)
    assert [(b.first, b.next) for b in batches(pair.up)][:1] == [(1, 3)]


def test_what_is_not_acknowledged_is_sent_again_less_and_less_often() -> None:
    pair = Pair(silent="1000s")
    pair.write(1)
    pair.connect()
    answer = welcome(pair)
    pair.up = []
    pair.arrive(answer)
    times = []
    for _ in range(400):
        pair.up = []
        pair.poll(0.1)
        if batches(pair.up):
            times.append(round(pair.now_s - 100, 1))
    waits = [b - a for a, b in pairwise(times)]
    assert times[0] == pytest.approx(flights.RESEND_S, abs=0.2)
    assert waits == sorted(waits)
    assert waits[0] >= 2 * flights.RESEND_S - 0.2


def test_an_answer_of_an_earlier_session_changes_nothing() -> None:
    pair = Pair()
    pair.write(5)
    pair.connect()
    first = hello_of(pair)
    pair.travel()
    pair.edge.disconnected(pair.edge_now())
    pair.now_s += 60
    pair.connect()
    pair.travel()
    pair.up = []
    held = (HeldPartition(topic=READINGS.topic, partition=0, ranges=(HeldRange(0, 5),)),)
    cloud = "c100.0"
    for stale in (
        Ack(first.epoch, first.session, cloud, held, 9),
        Ack(first.epoch, first.session + 1, "another cloud", held, 9),
        Ack("another", first.session + 1, cloud, held, 9),
        LineRefused("go away", first.epoch, first.session),
    ):
        pair.arrive(stale)
        assert pair.outbox.position(READINGS) == 0
        assert pair.edge.is_welcome
    pair.arrive(Ack(first.epoch, first.session + 1, cloud, held, 9))
    assert pair.outbox.position(READINGS) == 5


def test_it_believes_the_cloud_and_sends_again_what_was_lost_there() -> None:
    pair = Pair()
    pair.write(5)
    pair.connect()
    pair.settle()
    assert pair.outbox.position(READINGS) == 5
    pair.links = {}
    pair.rows = []
    pair.start_cloud()
    pair.edge.disconnected(pair.edge_now())
    pair.connect()
    pair.travel()
    assert pair.outbox.position(READINGS) == 0
    pair.settle()
    assert pair.offsets() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("at", [READINGS, ALERT], ids=["readings", "alerts"])
def test_what_retention_took_is_void_and_lost(at: TopicPartition) -> None:
    pair = Pair()
    pair.write(5, at)
    pair.connect()
    pair.settle()
    pair.outbox.flush()
    pair.outbox.retain(2**60)
    pair.write(2, at)
    pair.links, pair.rows = {}, []
    pair.start_cloud()
    pair.edge.disconnected(pair.edge_now())
    pair.connect()
    pair.travel()
    voids = [m for m in map(decode, pair.up) if isinstance(m, LineVoid)]
    assert [(void.first, void.next, void.lost) for void in voids] == [(0, 5, 5)]
    pair.settle()
    assert pair.offsets(at) == [5, 6]
    assert pair.edge.status().lost == 5
    (part,) = pair.links["e1"].held
    assert (part.ranges, part.void) == ((HeldRange(0, 7),), 5)


def test_merged_records_are_void_and_not_lost() -> None:
    pair = Pair()
    pair.write(5)
    assert pair.outbox.thin(0)
    pair.connect()
    pair.settle()
    assert pair.offsets() == [4, 5]
    assert pair.edge.status().lost == 0
    assert pair.outbox.position(READINGS) == 6


def test_a_batch_says_which_offsets_between_have_no_record() -> None:
    pair = Pair()
    pair.write(5)
    del pair.disk.rows[READINGS][2]
    pair.connect()
    pair.travel()
    (batch,) = batches(pair.up)
    assert (batch.first, batch.next, batch.offsets) == (0, 5, (0, 1, 3, 4))
    pair.settle()
    assert pair.offsets() == [0, 1, 3, 4]
    assert pair.outbox.position(READINGS) == 5


def test_promised_before_it_is_sent_and_a_full_disk_holds_it_back() -> None:
    pair = Pair()
    pair.write(5)
    pair.connect()
    pair.is_full = True
    pair.travel()
    assert batches(pair.up) == []
    assert "no room" in pair.edge.status().reason
    assert pair.edge.due_s <= pair.now_s + 1
    pair.is_full = False
    pair.poll(1.0)
    assert [b.next for b in batches(pair.up)] == [5]
    assert pair.disk.sent[READINGS].first_missing(0) >= 5
    assert pair.edge.status().reason == ""


def test_a_record_that_is_too_long_is_lost_and_does_not_stop_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("energyguard.edge.uplink.batching.MAX_FRAME", 5_000)
    pair = Pair()
    pair.write(1)
    pair.outbox.append(READINGS, [*range(2_000)], 0)
    pair.write(1)
    pair.connect()
    pair.settle()
    assert pair.offsets() == [0, 2]
    assert pair.edge.status().lost == 1


def test_silence_ends_the_session_and_it_dials_after_waits_that_grow() -> None:
    pair = Pair(silent="15s")
    pair.connect()
    pair.travel()
    pair.poll(14.0)
    assert pair.edge.is_connected
    pair.poll(1.1)
    assert not pair.edge.is_connected
    assert "silent" in pair.edge.status().reason
    waits = []
    for _ in range(12):
        waits.append(pair.edge.redial_s - pair.now_s)
        pair.now_s = pair.edge.redial_s
        pair.edge.disconnected(pair.edge_now())
    assert 0.25 <= waits[0] <= 0.5
    assert all(MAX_REDIAL_S / 2 <= wait <= MAX_REDIAL_S for wait in waits[-3:])
    assert len({*waits[-3:]}) == 3
    pair.connect()
    pair.travel()
    pair.edge.disconnected(pair.edge_now())
    assert pair.edge.redial_s - pair.now_s <= 0.5


def test_a_refusal_is_shown_and_it_waits() -> None:
    pair = Pair()
    pair.connect()
    pair.arrive(LineRefused("no edge 'e1' was let in"))
    assert not pair.edge.is_connected
    assert pair.edge.status().reason == "refused: no edge 'e1' was let in"
    assert pair.edge.redial_s > pair.now_s


def test_another_version_is_shown() -> None:
    pair = Pair()
    pair.connect()
    frame = encode(Ack("e", 1, "c", (), 1))
    pair.edge.received(frame[:2] + b"\x09" + frame[3:], pair.edge_now())
    assert "update EnergyGuard at this end" in pair.edge.status().reason


@pytest.mark.parametrize("frame", [b"", b"EG\x01", b"x" * 100, b"x" * (9 * 2**20)])
def test_a_frame_that_is_none_is_dropped(frame: bytes) -> None:
    pair = Pair()
    pair.write(3)
    pair.connect()
    pair.travel()
    assert pair.edge.received(frame, pair.edge_now()) == []
    assert pair.edge.is_welcome


def test_a_cloud_that_holds_more_than_was_written_makes_it_begin_an_epoch() -> None:
    pair = Pair()
    pair.write(3)
    pair.connect()
    before = hello_of(pair).epoch
    pair.arrive(welcome(pair, (0, 9)))
    assert not pair.edge.is_connected
    pair.connect()
    after = hello_of(pair)
    assert [epoch.id for epoch in after.past] == [before, after.epoch]
    assert after.acknowledged == ()


def test_each_start_begins_an_epoch_or_says_that_the_disk_is_full() -> None:
    pair = Pair()
    pair.write(3)
    pair.start_edge()
    assert [[s.first for s in epoch.starts] for epoch in pair.disk.epochs] == [[], [3]]
    pair.is_full = True
    with pytest.raises(DiskFull):
        pair.start_edge()


def test_clocks_are_compared_whatever_they_show() -> None:
    pair = Pair(heartbeat="1s")
    pair.edge_clock_ms = -86_400_000
    pair.connect()
    for _ in range(40):
        pair.poll(0.1)
        pair.travel()
    assert pair.edge.status().offset_ms == pytest.approx(86_400_000, abs=200)
    assert pair.cloud.report(pair.cloud_now())["e1"].offset_ms == pytest.approx(
        -86_400_000, abs=200
    )


def test_heartbeats_say_what_waits_and_raise_the_credit() -> None:
    pair = Pair()
    pair.write(4)
    pair.connect()
    answer = welcome(pair, credit=0)
    pair.up = []
    pair.arrive(answer)
    (beat,) = [m for m in map(decode, pair.up) if isinstance(m, Heartbeat)]
    assert (beat.queued, beat.oldest_ms) == (4, pair.disk.rows[READINGS][0].at_ms)
    assert batches(pair.up) == []
    pair.up = []
    pair.arrive(replace(beat, credit=2))
    assert [b.next for b in batches(pair.up)] == [4]


def test_places_are_kept_and_their_mark_is_said_when_all_parts_are_here() -> None:
    pair = Pair(heartbeat="1s")
    pair.connect()
    pair.travel()
    hello_epoch = pair.disk.epochs[-1].id
    names = (hello_epoch, 1, "c100.0")
    place = EdgePlace(device="d", postal_code="10115", region="DE-BE")
    for part, mark in ((0, 0), (1, 7)):
        pair.arrive(Places(*names, 7, part, 2, (replace(place, device=f"d{part}"),)))
        pair.up = []
        pair.poll(1.0)
        (beat,) = [m for m in map(decode, pair.up) if isinstance(m, Heartbeat)]
        assert beat.places == mark
    assert set(pair.outbox.kept_places) == {"d0", "d1"}


def test_status_counts() -> None:
    pair = Pair()
    pair.write(3)
    pair.connect()
    pair.travel()
    status = pair.edge.status()
    assert (status.state, status.queued, status.sent, status.acknowledged) == ("up", 3, 3, 0)
    pair.settle()
    status = replaced(pair.edge.status(), oldest_ms=None)
    assert (status.queued, status.sent, status.acknowledged) == (0, 0, 3)
