"""Both ends of a line, joined by hand: each frame travels when the test says so."""

from __future__ import annotations

from random import Random

import msgspec

from energyguard.edge.cloud.cloud_end import CloudEnd, Commit
from energyguard.edge.protocol.contract import Instant, Outgoing
from energyguard.edge.protocol.messages import Message, decode, encode
from energyguard.edge.uplink.edge_end import EdgeEnd
from energyguard.errors import DiskFull
from energyguard.log.records import TopicPartition
from energyguard.records.edges import EdgeEntry, EdgeLink
from energyguard.settings.edge import CloudSettings, EdgeSettings
from tests.simulation.link.disks import READINGS, EdgeDisk, ModelOutbox

WALL_MS = 1_700_000_000_000
ENTRIES = {"e1": EdgeEntry(identity="e1#1", by="test", at_ms=0)}


class Pair:
    """An edge named ``e1`` with an outbox in memory, and a cloud."""

    def __init__(self, **settings: object) -> None:
        self.now_s = 100.0
        self.edge_clock_ms = 0
        """By how much the edge's clock is ahead."""
        self.settings = EdgeSettings.model_validate(settings)
        self.disk = EdgeDisk()
        self.is_full = False
        self.links: dict[str, EdgeLink] = {}
        self.rows: list[tuple[str, TopicPartition, int, bool]] = []
        """What the cloud's log has: topic and partition, offset, whether it is backfill."""
        self.peer = 0
        self.up: list[bytes] = []
        self.down: list[bytes] = []
        self.dropped: list[int] = []
        self.start_edge()
        self.start_cloud()

    # Lives

    def start_edge(self) -> None:
        self.outbox = ModelOutbox(self.disk, self._step)
        self.edge = EdgeEnd("e1", self.outbox, self.settings, Random(1 + len(self.disk.epochs)))

    def start_cloud(self, **settings: object) -> None:
        cloud_settings = CloudSettings.model_validate(settings)
        self.cloud = CloudEnd(dict(self.links), ENTRIES, cloud_settings, f"c{self.now_s}")

    def _step(self, step: str) -> None:
        if self.is_full and step != "after":
            raise DiskFull("no room")

    # Time

    def edge_now(self) -> Instant:
        return Instant(self.now_s, WALL_MS + int(self.now_s * 1000) + self.edge_clock_ms)

    def cloud_now(self) -> Instant:
        return Instant(self.now_s + 5_000, WALL_MS + int(self.now_s * 1000))

    # What happens

    def write(self, count: int, at: TopicPartition = READINGS) -> None:
        for _ in range(count):
            offset = self.disk.spans[at][1]
            self.outbox.append(at, [offset], self.edge_now().wall_ms)

    def connect(self, identity: str = "e1#1") -> None:
        self.peer += 1
        self.up, self.down = [], []
        self.take(self.cloud.connected(self.peer, identity, self.cloud_now()))
        self.up += self.edge.connected(self.edge_now())

    def take(self, outgoing: list[Outgoing]) -> None:
        self.down += [out.frame for out in outgoing if out.frame is not None]
        self.dropped += [out.peer for out in outgoing if out.frame is None]

    def poll(self, after_s: float = 0.0) -> None:
        self.now_s += after_s
        self.up += self.edge.poll(self.edge_now())
        self.take(self.cloud.poll(self.cloud_now()))

    def travel(self) -> None:
        """What was sent arrives, on both ways."""
        up, self.up = self.up, []
        for frame in up:
            self.take(self.cloud.received(self.peer, frame, self.cloud_now()))
        down, self.down = self.down, []
        for frame in down:
            self.up += self.edge.received(frame, self.edge_now())

    def commit(self) -> Commit | None:
        """The cloud's transaction, if it has something to write."""
        commit = self.cloud.pending(self.cloud_now())
        if commit is not None:
            self.written(commit)
            self.take(self.cloud.committed(commit, self.cloud_now()))
        return commit

    def written(self, commit: Commit) -> None:
        for arrived in commit.arrived:
            batch = arrived.batch
            at = TopicPartition(batch.topic, batch.partition)
            for offset in batch.offsets or range(batch.first, batch.next):
                self.rows.append((arrived.edge, at, offset, batch.backfill))
        self.links.update(commit.links)

    def settle(self, rounds: int = 60) -> None:
        """Frames travel and are committed until nothing moves."""
        for _ in range(rounds):
            self.poll(0.01)
            self.travel()
            self.commit()

    def say(self, message: Message) -> None:
        """The edge's end is said to have sent this."""
        self.take(self.cloud.received(self.peer, encode(message), self.cloud_now()))

    def arrive(self, message: Message) -> None:
        """The cloud is said to have sent this."""
        self.up += self.edge.received(encode(message), self.edge_now())

    def offsets(self, at: TopicPartition = READINGS) -> list[int]:
        """What the cloud's log has of a partition, in the order in which it came."""
        return [offset for _, place, offset, _ in self.rows if place == at]


def sent(frames: list[bytes], kind: type[msgspec.Struct]) -> list[object]:
    """The messages of a kind among frames."""
    return [message for message in map(decode, frames) if isinstance(message, kind)]
