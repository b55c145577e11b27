"""The cloud's end: who may speak, what is taken, when it is acknowledged, what a disk shares."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from energyguard.edge.cloud import cloud_end, holding
from energyguard.edge.cloud.peers import GREETING_S, PEER_SILENT_S
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
from energyguard.log.records import TopicPartition
from energyguard.records.edges import EdgeEntry, EdgeEpoch, EpochStart, HeldPartition, HeldRange
from tests.edge.pair import ENTRIES, Pair, sent
from tests.simulation.link.disks import READINGS

NAMES = ("x", 1, "c100.0")
HELLO = Hello("x", 1, "", (EdgeEpoch("x"),), (), 0.0, 0)


def batch(first: int, following: int, **fields: object) -> LineBatch:
    n = following - first
    made = LineBatch(
        *NAMES, *READINGS, first, following, False, (), (b"k",) * n, (b"v",) * n, (), (1,) * n
    )
    return replace(made, **fields)


def held(*ranges: tuple[int, int]) -> tuple[HeldPartition, ...]:
    parts = tuple(HeldRange(*each) for each in ranges)
    return (HeldPartition(topic=READINGS.topic, partition=0, ranges=parts),) if parts else ()


def greeted(**settings: object) -> Pair:
    """A cloud with which an edge in epoch ``x`` has a session."""
    pair = Pair()
    pair.start_cloud(**settings)
    pair.connect()
    pair.say(HELLO)
    (answer,) = sent(pair.down, Welcome)
    assert answer.held == ()  # type: ignore[attr-defined]
    pair.down = []
    return pair


def acks(pair: Pair) -> list[Ack]:
    found = [m for m in map(decode, pair.down) if isinstance(m, Ack)]
    pair.down = []
    return found


@pytest.mark.parametrize(
    ("identity", "entry", "reason"),
    [
        ("e2#1", None, "no edge 'e2' was let in: energyguard edge enroll e2"),
        ("e1#2", None, "a newer certificate"),
        ("e1", None, "no edge ''"),
        ("", None, "no edge ''"),
        ("e1#1", EdgeEntry(identity="e1#1", by="t", at_ms=0, forgotten_ms=5), "was forgotten"),
    ],
)
def test_who_was_not_let_in_is_refused_and_let_go_of(
    identity: str, entry: EdgeEntry | None, reason: str
) -> None:
    pair = Pair()
    if entry is not None:
        pair.cloud.entries = {"e1": entry}
    pair.connect(identity)
    (refused,) = [m for m in map(decode, pair.down) if isinstance(m, LineRefused)]
    assert reason in refused.reason
    assert pair.dropped == [pair.peer]
    pair.say(HELLO)
    assert sent(pair.down, Welcome) == []


def test_who_is_forgotten_meanwhile_is_let_go_of() -> None:
    pair = greeted()
    pair.cloud.entries = {"e1": replace(ENTRIES["e1"], forgotten_ms=1)}
    pair.take(pair.cloud.poll(pair.cloud_now()))
    assert pair.dropped == [pair.peer]
    pair.say(batch(0, 1))
    assert pair.commit() is None


def test_nothing_is_taken_before_the_greeting() -> None:
    pair = Pair()
    pair.connect()
    for message in (batch(0, 2), Heartbeat(*NAMES, 0, 0, -1, 0), LineVoid(*NAMES, "t", 0, 0, 1, 0)):
        pair.say(message)
    assert (pair.commit(), pair.down) == (None, [])


def test_acknowledged_only_when_it_is_durable() -> None:
    pair = greeted()
    pair.say(batch(0, 3))
    assert acks(pair) == []
    commit = pair.cloud.pending(pair.cloud_now())
    assert commit is not None
    assert [a.batch.next for a in commit.arrived] == [3]
    assert commit.links["e1"].held == held((0, 3))
    assert pair.cloud.report(pair.cloud_now())["e1"].held == ()
    pair.say(batch(0, 3))
    pair.say(batch(3, 4))
    assert pair.cloud.pending(pair.cloud_now()) is None, "one transaction at a time"
    assert acks(pair) == [], "it is under way"
    pair.take(pair.cloud.committed(commit, pair.cloud_now()))
    assert [ack.held for ack in acks(pair)] == [held((0, 3))]


def test_what_is_held_is_acknowledged_again_and_not_written() -> None:
    pair = greeted()
    pair.say(batch(0, 3))
    pair.commit()
    acks(pair)
    pair.say(batch(1, 3))
    assert [ack.held for ack in acks(pair)] == [held((0, 3))]
    assert pair.commit() is None
    assert pair.offsets() == [0, 1, 2]


def test_what_overlaps_is_cut_on_both_sides_and_in_the_middle() -> None:
    pair = greeted()
    pair.say(batch(2, 4))
    pair.say(batch(6, 7))
    pair.commit()
    values = tuple(b"%d" % i for i in range(9))
    pair.say(batch(0, 9, values=values))
    commit = pair.commit()
    assert commit is not None
    assert [(a.batch.first, a.batch.next, a.batch.values) for a in commit.arrived] == [
        (0, 2, (b"0", b"1")),
        (4, 6, (b"4", b"5")),
        (7, 9, (b"7", b"8")),
    ]
    assert sorted(pair.offsets()) == [*range(9)]


def test_offsets_between_that_have_no_record_are_held_too() -> None:
    pair = greeted()
    pair.say(batch(0, 2, next=9, offsets=(3, 7)))
    pair.say(batch(0, 1, next=4, offsets=(3,)))
    pair.commit()
    assert pair.offsets() == [3, 7]
    assert acks(pair)[-1].held == held((0, 9))


def test_a_transaction_that_failed_comes_again() -> None:
    pair = greeted()
    pair.say(batch(0, 3))
    commit = pair.cloud.pending(pair.cloud_now())
    assert commit is not None
    pair.cloud.failed(commit)
    assert acks(pair) == []
    pair.commit()
    assert pair.offsets() == [0, 1, 2]


def test_what_is_live_is_written_before_the_backlog(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud_end, "COMMIT_BYTES", 1)
    pair = greeted()
    pair.say(batch(0, 2, backfill=True))
    pair.say(batch(5, 6))
    pair.commit()
    assert pair.offsets() == [5]
    pair.commit()
    assert pair.offsets() == [5, 0, 1]


def test_void_is_held_and_what_is_lost_is_counted() -> None:
    pair = greeted()
    pair.say(batch(2, 4))
    for _ in range(2):
        pair.say(LineVoid(*NAMES, *READINGS, 0, 7, 2))  # on both sides of what is held
    pair.commit()
    (part,) = pair.links["e1"].held
    assert (part.ranges, part.void) == ((HeldRange(0, 7),), 2)


@pytest.mark.parametrize(
    "names", [("y", 1, "c100.0"), ("x", 2, "c100.0"), ("x", 0, "c100.0"), ("x", 1, "other")]
)
def test_another_session_is_not_listened_to(names: tuple[str, int, str]) -> None:
    pair = greeted()
    epoch, session, cloud = names
    pair.say(batch(0, 3, epoch=epoch, session=session, cloud=cloud))
    assert pair.commit() is None


@pytest.mark.parametrize("frame", [b"", b"GET /", b"EG\x01\x90", b"x" * (9 * 2**20), b"EG\x07abc"])
def test_a_frame_that_is_none_ends_the_connection_with_a_reason(frame: bytes) -> None:
    pair = greeted()
    pair.take(pair.cloud.received(pair.peer, frame, pair.cloud_now()))
    assert len(sent(pair.down, LineRefused)) == 1
    assert pair.dropped == [pair.peer]
    pair.say(batch(0, 1))
    assert pair.commit() is None


@pytest.mark.parametrize(
    "at", [TopicPartition("energyguard.rules", 0), READINGS._replace(partition=64)]
)
def test_only_readings_and_alerts_may_be_sent(at: TopicPartition) -> None:
    pair = greeted()
    pair.say(batch(0, 1, topic=at.topic, partition=at.partition))
    assert "nothing that an edge may send" in str(sent(pair.down, LineRefused))
    assert pair.commit() is None


def test_memory_is_bounded_and_the_credit_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud_end, "MAX_PENDING", 10_000)
    monkeypatch.setattr(cloud_end, "BATCH_BYTES", 1_000)
    pair = greeted(flight=3)
    for first in range(100):
        pair.say(batch(first, first + 1, values=(b"v" * 700,)))
    assert pair.cloud._pending_bytes <= 10_000
    taken = len(pair.cloud._holdings["e1"].urgent)
    assert 5 < taken < 15
    pair.now_s += 3
    pair.take(pair.cloud.poll(pair.cloud_now()))
    (beat,) = [m for m in map(decode, pair.down) if isinstance(m, Heartbeat)]
    assert beat.credit == 0
    pair.down = []
    pair.commit()
    assert [ack.credit for ack in acks(pair)] == [3]
    pair.say(batch(50, 51))
    pair.commit()
    assert pair.offsets() == [*range(taken), 50]


def test_who_was_held_back_by_another_may_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud_end, "MAX_PENDING", 10_000)
    pair = Pair()
    pair.cloud.entries = {**ENTRIES, "e2": EdgeEntry(identity="e2#7", by="t", at_ms=0)}
    pair.connect()
    pair.say(HELLO)
    pair.say(batch(0, 1, values=(b"v" * 9_000,)))
    pair.connect("e2#7")
    pair.say(HELLO)
    (answer,) = [m for m in map(decode, pair.down) if isinstance(m, Welcome)]
    assert answer.credit == 0
    pair.down = []
    pair.commit()
    assert [ack.credit > 0 for ack in acks(pair)] == [True, True]


def test_ranges_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "MAX_RANGES", 3)
    pair = greeted()
    for first in (0, 10, 20, 30, 1, 40):
        pair.say(batch(first, first + 1))
    pair.commit()
    assert pair.links["e1"].held == held((0, 2), (10, 11), (20, 21))


def test_a_greeting_again_is_answered_again_and_an_older_one_is_not() -> None:
    pair = greeted()
    for session, answers in ((1, 1), (2, 1), (1, 0)):
        pair.say(replace(HELLO, session=session))
        assert len(sent(pair.down, Welcome)) == answers
        pair.down = []
    pair.say(batch(0, 1, session=2))
    assert pair.commit() is not None


def test_of_an_edge_the_newest_connection_counts() -> None:
    pair = greeted()
    pair.connect()
    pair.say(replace(HELLO, session=2))
    assert pair.dropped == [1]
    pair.take(pair.cloud.received(1, encode(batch(0, 1)), pair.cloud_now()))
    assert pair.commit() is None


def test_silent_peers_and_those_who_do_not_greet_are_let_go_of() -> None:
    pair = Pair()
    pair.connect()
    assert pair.cloud.due_s <= pair.cloud_now().monotonic_s + 1
    pair.now_s += GREETING_S
    pair.take(pair.cloud.poll(pair.cloud_now()))
    assert pair.dropped == [1]
    pair.connect()
    pair.say(HELLO)
    pair.now_s += PEER_SILENT_S - 1
    pair.take(pair.cloud.poll(pair.cloud_now()))
    assert pair.dropped == [1]
    pair.now_s += 1
    pair.take(pair.cloud.poll(pair.cloud_now()))
    assert pair.dropped == [1, 2]
    assert pair.cloud.due_s == float("inf")


def test_an_edge_that_knows_of_more_makes_a_new_epoch_of_the_cloud() -> None:
    pair = greeted()
    pair.say(batch(0, 3))
    pair.commit()
    old = pair.links["e1"].cloud
    pair.now_s += 1
    pair.start_cloud()
    for acknowledged, restored in ((held((0, 3)), False), (held((0, 2), (5, 6)), True)):
        pair.connect()
        pair.say(replace(HELLO, session=pair.peer, acknowledged=acknowledged))
        (answer,) = [m for m in map(decode, pair.down) if isinstance(m, Welcome)]
        assert (answer.restored, answer.cloud != old) == (restored, restored)
        assert answer.held == held((0, 3))


def past(*epochs: tuple[str, int]) -> tuple[EdgeEpoch, ...]:
    return tuple(
        EdgeEpoch(name, (EpochStart(*READINGS, first),) if first else ()) for name, first in epochs
    )


def greet(pair: Pair, *epochs: tuple[str, int]) -> Welcome | LineRefused:
    pair.connect()
    name = epochs[-1][0]
    pair.say(Hello(name, 1, "", past(*epochs), (), 0.0, 0))
    (answer,) = [m for m in map(decode, pair.down) if isinstance(m, Welcome | LineRefused)]
    return answer


def test_a_disk_that_was_put_back_shares_what_was_written_before_the_copy() -> None:
    pair = greeted()
    pair.say(batch(0, 10))
    pair.commit()
    answer = greet(pair, ("x", 0), ("y", 6))
    assert isinstance(answer, Welcome)
    assert answer.held == held((0, 6))
    pair.say(batch(6, 8, epoch="y"))
    pair.commit()
    assert pair.links["e1"].held == held((0, 8))
    pair.start_cloud()  # from what the log has
    answer = greet(pair, ("x", 0), ("z", 12))  # the other disk, after all
    assert isinstance(answer, Welcome)
    assert answer.held == held((0, 10))
    again = greet(pair, ("x", 0), ("y", 6), ("w", 8))
    assert isinstance(again, Welcome)
    assert again.held == held((0, 8))


def test_a_restart_shares_everything_and_another_box_nothing() -> None:
    pair = greeted()
    pair.say(batch(0, 10))
    pair.commit()
    answer = greet(pair, ("x", 0), ("y", 10))
    assert isinstance(answer, Welcome)
    assert answer.held == held((0, 10))
    answer = greet(pair, ("a", 0))
    assert isinstance(answer, Welcome)
    assert answer.held == ()


def test_an_epoch_that_is_over_is_refused_and_may_begin_another() -> None:
    pair = greeted()
    assert isinstance(greet(pair, ("x", 0), ("y", 3)), Welcome)
    clone = greet(pair, ("x", 0))
    assert isinstance(clone, LineRefused)
    assert clone.renew
    assert "two machines use its certificate" in clone.reason
    assert isinstance(greet(pair, ("x", 0), ("z", 2)), Welcome)
    replaced = greet(pair, ("x", 0), ("y", 3))
    assert isinstance(replaced, LineRefused)


def test_a_new_epoch_waits_for_the_transaction_of_the_old_one() -> None:
    pair = greeted()
    pair.say(batch(0, 10))
    commit = pair.cloud.pending(pair.cloud_now())
    assert commit is not None
    hello = Hello("y", 1, "", past(("x", 0), ("y", 6)), (), 0.0, 0)
    pair.connect()
    pair.say(hello)
    assert pair.down == []
    pair.written(commit)
    pair.take(pair.cloud.committed(commit, pair.cloud_now()))
    pair.down = []
    pair.say(hello)
    (answer,) = [m for m in map(decode, pair.down) if isinstance(m, Welcome)]
    assert answer.held == held((0, 6))


def test_two_edges_do_not_meet() -> None:
    pair = Pair()
    pair.cloud.entries = {**ENTRIES, "e2": EdgeEntry(identity="e2#7", by="t", at_ms=0)}
    for identity in ("e1#1", "e2#7"):
        pair.connect(identity)
        pair.say(HELLO)
        pair.say(batch(0, 3))
    pair.commit()
    assert sorted((edge, offset) for edge, _, offset, _ in pair.rows) == [
        (edge, offset) for edge in ("e1", "e2") for offset in range(3)
    ]
    assert {name: link.held for name, link in pair.links.items()} == {
        "e1": held((0, 3)),
        "e2": held((0, 3)),
    }


def test_places_are_said_until_the_edge_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("energyguard.edge.protocol.place_parts.MAX_PLACES", 2)
    pair = greeted()
    places = [EdgePlace(device=f"d{i}", postal_code="1", region="DE-BE") for i in range(3)]
    pair.cloud.places("e1", places)
    beat = Heartbeat(*NAMES, 0, 0, -1, 0)
    pair.say(beat)
    parts = [m for m in map(decode, pair.down) if isinstance(m, Places)]
    assert [(p.part, p.parts, len(p.places)) for p in parts] == [(0, 2, 2), (1, 2, 1)]
    pair.down = []
    pair.say(beat)
    assert pair.down == [], "not at once"
    pair.now_s += 5
    pair.say(beat)
    assert len(pair.down) == 2
    pair.down = []
    pair.now_s += 5
    pair.say(replace(beat, places=parts[0].mark))
    assert pair.down == []
    pair.cloud.places("e1", places[:1])
    pair.say(replace(beat, places=parts[0].mark))
    assert len(pair.down) == 1


def test_the_report_says_how_a_line_is() -> None:
    pair = greeted()
    pair.now_s += 2
    pair.say(Heartbeat(*NAMES, 5.0, 1_000_000, -1.0, 0.0, queued=9, oldest_ms=940_000))
    pair.now_s += 3
    link = pair.cloud.report(pair.cloud_now())["e1"]
    now_ms = pair.cloud_now().wall_ms
    assert (link.connected_ms, link.heartbeat_ms) == (now_ms - 5_000, now_ms - 3_000)
    assert (link.queued, link.behind_ms, link.at_ms) == (9, 60_000, now_ms)
    pair.cloud.disconnected(pair.peer, pair.cloud_now())
    assert pair.cloud.report(pair.cloud_now())["e1"].connected_ms is None
