"""Edges and a cloud as processes, homes that are measured, and what is where in the end."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa

from energyguard.codecs.records import unpack
from energyguard.edge.link.enrolment import Enrolment
from energyguard.edge.link.identity import Authority, join, write_bundle
from energyguard.errors import Unavailable
from energyguard.intake.gateway import Gateway
from energyguard.log import EARLIEST, LATEST, Log, TopicPartition
from energyguard.log.sqlite.log import SqliteLog
from energyguard.model.readings import batch_of
from energyguard.model.topics import ALERTS, EDGE_READINGS
from tests.e2e.meters import free_port
from tests.e2e.processes import LightRole, Role

START_MS = 1_757_203_200_000  # 2025-09-07T00:00:00Z
TICK_MS = 2_000
Row = tuple[str, str, int, int]
QUICK = ("log.session_timeout=2s", "edge.heartbeat=500ms", "edge.silent=3s")


class Homes(threading.Thread):
    """Powers of homes, a tick of all of them again and again, into an edge's log."""

    def __init__(self, log: Log, homes: int, pause_s: float = 0.02) -> None:
        super().__init__(daemon=True)
        self._intake, self._homes, self._pause_s = Gateway(log), homes, pause_s
        self._done = threading.Event()
        self.ticks = 0

    def run(self) -> None:
        names = pa.array([f"H{home:03d}" for home in range(self._homes)])
        chance = np.random.default_rng(self._homes)
        while not self._done.wait(self._pause_s):
            times = np.full(self._homes, START_MS + self.ticks * TICK_MS)
            powers = chance.integers(-2_000_000_000, 9_000_000_000, self._homes)
            try:
                self._intake.submit(batch_of(names, "power_kw", times, powers), "power_topic")
            except Unavailable:
                continue
            self.ticks += 1

    def stop(self) -> None:
        self._done.set()
        if self.is_alive():
            self.join()


class Field:
    """A cloud and its edges, each in a folder of its own; nothing runs yet."""

    def __init__(self, folder: Path, edges: Sequence[str], homes: int) -> None:
        self.folder, self.port = folder, free_port()
        self.cloud_dir = folder / "cloud"
        self.cloud_dir.mkdir()
        self.log = SqliteLog(self.cloud_dir / "log.db")
        authority, enrolment = Authority(self.cloud_dir), Enrolment(self.log)
        self.edges: dict[str, SqliteLog] = {}
        self.homes: dict[str, Homes] = {}
        for edge in edges:
            bundle = authority.enroll(edge, f"tls+tcp://127.0.0.1:{self.port}")
            write_bundle(folder / f"{edge}.json", bundle)
            enrolment.admit(edge, bundle.common_name, "test")
            self.edge_dir(edge).mkdir(parents=True)
            join(self.edge_dir(edge), folder / f"{edge}.json")
            self.edges[edge] = SqliteLog(self.edge_dir(edge) / "log.db")
            self.homes[edge] = Homes(self.edges[edge], homes)

    def edge_dir(self, edge: str) -> Path:
        return self.folder / edge / "data"

    def cloud_role(self, *settings: str) -> Role:
        return Role(
            "cloud", self.cloud_dir, f"cloud.listen=127.0.0.1:{self.port}", *QUICK, *settings
        )

    def edge_role(self, edge: str, port: int, *settings: str) -> Role:
        folder = self.edge_dir(edge)
        own = (f"edge.data_dir={folder}", f"edge.cloud=tls+tcp://127.0.0.1:{port}")
        return LightRole("edge", folder, *own, f"edge.prefix={edge}-", *QUICK, *settings)

    def is_drained(self, edge: str) -> bool:
        """Whether all that was measured is averaged, and the cloud has all averages."""
        log = self.edges[edge]
        measured = log.positions("power_topic", LATEST) == log.positions("power_topic", "averages")
        return measured and all(
            log.positions(topic, "uplink") == log.positions(topic, LATEST)
            for topic in (EDGE_READINGS.name, ALERTS.name)
        )

    def close(self) -> None:
        for homes in self.homes.values():
            homes.stop()
        for log in (self.log, *self.edges.values()):
            log.close()


@contextmanager
def field(folder: Path, edges: Sequence[str], homes: int) -> Iterator[Field]:
    """A cloud and its edges; their logs are open."""
    made = Field(folder, edges, homes)
    try:
        yield made
    finally:
        made.close()


def rows(log: Log, topic: str = EDGE_READINGS.name) -> Counter[Row]:
    """All readings of a topic, each as often as it is there."""
    found: Counter[Row] = Counter()
    ends = log.positions(topic, LATEST)
    for at, position in log.positions(topic, EARLIEST).items():
        while position < ends[at]:
            for part in log.read({at: position}, 4096, 0):
                found.update(_rows([value or b"" for value in part.values]))
                position = part.next_offset
    return found


def _rows(values: list[bytes]) -> Iterator[Row]:
    batch, _ = unpack(values)
    times = batch.column("time").cast(pa.int64()).to_pylist()
    columns = [batch.column(name).to_pylist() for name in ("device", "channel", "value")]
    yield from zip(columns[0], columns[1], times, columns[2], strict=True)


def count(log: Log, topic: str) -> int:
    """How many records a topic has."""
    ends = log.positions(topic, LATEST)
    begins = log.positions(topic, EARLIEST)
    return sum(ends[at] - begins[at] for at in ends)


def position(log: Log, topic: str, group: str) -> int:
    """How far a group is, over all partitions."""
    return sum(log.positions(topic, group).values())


FIRST = TopicPartition(EDGE_READINGS.name, 0)
