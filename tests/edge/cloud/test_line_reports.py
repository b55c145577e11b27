"""What the cloud's end tells of a line: when an edge was heard, after it has gone too."""

from __future__ import annotations

import pytest

from energyguard.edge.cloud.line_alerts import SILENT, LineWatch
from energyguard.model.alerts import State
from energyguard.settings.edge import CloudSettings
from energyguard.telemetry import METRICS
from tests.edge.pair import ENTRIES, Pair


@pytest.fixture
def pair() -> Pair:
    made = Pair()
    made.connect()
    made.settle()
    return made


def idle(pair: Pair, seconds: int) -> None:
    """Nothing is measured, and both ends say that they are there."""
    for _ in range(seconds):
        pair.poll(1.0)
        pair.travel()


def test_an_edge_with_nothing_to_send_was_heard_until_its_line_went(pair: Pair) -> None:
    idle(pair, 600)
    connected = pair.cloud.report(pair.cloud_now())["e1"]
    assert connected.connected_ms is not None
    pair.cloud.disconnected(pair.peer, pair.cloud_now())
    pair.now_s += 40
    gone = pair.cloud.report(pair.cloud_now())["e1"]
    assert gone.connected_ms is None
    assert gone.heartbeat_ms is not None
    assert 40_000 <= pair.cloud_now().wall_ms - gone.heartbeat_ms < 45_000
    assert (gone.queued, gone.offset_ms) == (0, connected.offset_ms)


def test_what_waited_when_a_line_went_is_told(pair: Pair) -> None:
    pair.write(7)
    idle(pair, 10)
    pair.cloud.disconnected(pair.peer, pair.cloud_now())
    gone = pair.cloud.report(pair.cloud_now())["e1"]
    assert gone.queued == 7, "they travelled, and no transaction took them"
    assert gone.behind_ms is not None
    assert gone.behind_ms > 3_000


def test_its_silence_is_one_alert_that_its_return_ends(pair: Pair) -> None:
    watch = LineWatch({}, CloudSettings(silent="1m"))
    found: list[tuple[str, State]] = []

    def look(seconds: int) -> None:
        for _ in range(seconds // 5):
            pair.now_s += 5
            now = pair.cloud_now()
            report = watch.look(pair.cloud.report(now), ENTRIES, now.monotonic_s, now.wall_ms)
            watch.committed(report)
            found.extend((event.rule, event.state) for event in report.events)

    idle(pair, 30)
    look(20)
    pair.cloud.disconnected(pair.peer, pair.cloud_now())
    look(30)
    assert found == []
    look(600)
    assert found == [(SILENT, State.FIRING)]
    pair.edge.disconnected(pair.edge_now())
    pair.connect()
    pair.settle()
    look(20)
    assert found == [(SILENT, State.FIRING), (SILENT, State.RESOLVED)]


def test_frames_are_counted_by_kind_and_those_that_come_again(pair: Pair) -> None:
    for name in ("edge_frames", "edge_resent"):
        METRICS[name].clear()
    pair.write(3)
    pair.poll(5.0)
    frames = list(pair.up)
    pair.travel()
    pair.commit()
    for frame in frames:  # the line says it twice
        pair.take(pair.cloud.received(pair.peer, frame, pair.cloud_now()))
    counted = METRICS["edge_frames"]
    assert counted.labels("e1", "batch")._value.get() == 2
    assert counted.labels("e1", "heartbeat")._value.get() >= 2
    assert METRICS["edge_resent"].labels("e1")._value.get() == 1
