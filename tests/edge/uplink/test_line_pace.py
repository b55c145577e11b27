"""How fast a backlog drains, and how long what is live takes meanwhile: in the time of a model."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from random import Random

import pytest

from energyguard.edge.cloud.cloud_end import CloudEnd
from energyguard.edge.protocol.contract import Instant, OutboxRecord, Outgoing
from energyguard.edge.uplink.edge_end import EdgeEnd
from energyguard.log.records import TopicPartition
from energyguard.settings.edge import CloudSettings, EdgeSettings
from tests.edge.pair import ENTRIES, WALL_MS
from tests.simulation.link.disks import READINGS, EdgeDisk, ModelOutbox

ONE_WAY_S = 0.025
READINGS_EACH = 2_000
"""Of a record: powers and energies of 1,000 homes at 5 s."""
VALUE = bytes(16_000)
"""Packed; as long as such a record is."""
RECORDS_A_DAY = 17_280


class Played:
    """An edge with a backlog, a line of so many bytes a second, a cloud whose commits take time."""

    def __init__(self, backlog: int, bytes_a_second: float, commit_s: float = 0.03) -> None:
        self.now_s, self._queue, self._count = 0.0, [], count()  # type: ignore[var-annotated]
        self._rate, self._commit_s, self._free_s = bytes_a_second, commit_s, 0.0
        self.disk = EdgeDisk()
        for _ in range(backlog):
            self._write(-3_600_000)
        outbox = ModelOutbox(self.disk, lambda _step: None)
        self.edge = EdgeEnd("e1", outbox, EdgeSettings(), Random(1))
        self.cloud = CloudEnd({}, ENTRIES, CloudSettings(), "c")
        self.backlog = backlog
        self.stored = 0
        self.live_s: list[float] = []
        self.most_bytes = 0
        self._take(self.cloud.connected(1, "e1#1", self._now()))
        self._send(self.edge.connected(self._now()))
        self._at(0.0, self._tick)
        self._at(1.0, self._measure)

    def _write(self, age_ms: int) -> None:
        oldest, offset = self.disk.spans[READINGS]
        at_ms = WALL_MS + int(self.now_s * 1000) + age_ms
        self.disk.rows[READINGS][offset] = OutboxRecord(offset, None, VALUE, (), at_ms)
        self.disk.spans[READINGS] = oldest, offset + 1

    def _now(self) -> Instant:
        return Instant(self.now_s, WALL_MS + int(self.now_s * 1000))

    def _at(self, after_s: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (self.now_s + after_s, next(self._count), what))

    def run(self, until_s: float) -> None:
        """Until so late, or until all of the backlog is stored."""
        while self.now_s < until_s and self.stored < self.backlog:
            self.now_s, _, what = heapq.heappop(self._queue)
            what()

    def _measure(self) -> None:
        self._write(0)
        self._send(self.edge.poll(self._now()))
        self._at(1.0, self._measure)

    def _tick(self) -> None:
        self._send(self.edge.poll(self._now()))
        self._take(self.cloud.poll(self._now()))
        self._at(0.05, self._tick)

    def _send(self, frames: list[bytes]) -> None:
        """One frame behind the other, as fast as the line is."""
        for frame in frames:
            self._free_s = max(self._free_s, self.now_s) + len(frame) / self._rate
            self._at(self._free_s - self.now_s + ONE_WAY_S, lambda frame=frame: self._came(frame))  # type: ignore[misc]
        self.most_bytes = max(self.most_bytes, sum(len(f.frame) for f in self.edge._flights))

    def _came(self, frame: bytes) -> None:
        self._take(self.cloud.received(1, frame, self._now()))
        self._commit()

    def _take(self, outgoing: list[Outgoing]) -> None:
        for out in outgoing:
            if out.frame is not None:
                self._at(ONE_WAY_S, lambda f=out.frame: self._answered(f))  # type: ignore[misc]

    def _answered(self, frame: bytes) -> None:
        self._send(self.edge.received(frame, self._now()))

    def _commit(self) -> None:
        commit = self.cloud.pending(self._now())
        if commit is None:
            return

        def done() -> None:
            for arrived in commit.arrived:
                if arrived.batch.backfill:
                    self.stored += len(arrived.batch.values)
                else:
                    now_ms = self._now().wall_ms
                    self.live_s += [(now_ms - at_ms) / 1000 for at_ms in arrived.batch.times_ms]
            self._take(self.cloud.committed(commit, self._now()))
            self._commit()

        self._at(self._commit_s, done)


def test_a_day_of_a_thousand_homes_drains_and_live_is_not_late() -> None:
    played = Played(RECORDS_A_DAY, 12.5e6)  # 100 Mbit/s
    played.run(345)
    assert played.stored == RECORDS_A_DAY
    assert played.stored * READINGS_EACH / played.now_s >= 100_000
    assert max(played.live_s) < 2
    assert played.most_bytes < 8 * 2**20


@pytest.mark.parametrize(
    ("megabits", "commit_s"), [(100, 0.5), (10, 0.03), (2, 0.03), (1, 0.2)], ids=str
)
def test_on_a_slow_line_live_is_not_late_and_the_line_is_used(
    megabits: float, commit_s: float
) -> None:
    rate = megabits * 125_000
    played = Played(RECORDS_A_DAY, rate, commit_s)
    played.run(120)
    assert len(played.live_s) > 100
    late = sorted(played.live_s[10:])
    assert late[-1] < 2, late[-5:]
    assert played.stored * len(VALUE) > 0.6 * 120 * min(rate, 2e6 / (commit_s + 0.05))


def test_two_partitions_do_not_hold_each_other_up() -> None:
    played = Played(100, 12.5e6)
    at = TopicPartition("energyguard.alerts", 0)
    played.disk.rows[at][0] = OutboxRecord(0, b"k", b"v", (), WALL_MS)
    played.disk.spans[at] = (0, 1)
    played.run(10)
    assert played.stored == 100
    assert played.cloud.report(played._now())["e1"].held[0].topic == at.topic
