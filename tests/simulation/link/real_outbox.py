"""An edge of the simulation whose outbox is a log: in memory, or a file of SQLite."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import msgspec

from energyguard.edge.outbox.edge_log import EmbeddedLog
from energyguard.edge.outbox.outbox import LogOutbox
from energyguard.edge.protocol.enrichment import EdgePlace
from energyguard.errors import Fenced
from energyguard.log import Records, TopicPartition
from energyguard.log.sqlite.log import SqliteLog
from energyguard.testing import MemoryLog
from tests.simulation.link.disks import READINGS, EdgeDisk, ModelOutbox
from tests.simulation.link.world import BEGIN_MS, SETTINGS, EdgeNode, World


class WorldClock:
    """The time of a world, for a log: nobody sets it."""

    def __init__(self, world: World) -> None:
        self.world = world

    def now_ms(self) -> int:
        return BEGIN_MS + self.world.now

    def monotonic(self) -> float:
        return self.world.now / 1000

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing waits")


class LogDisk:
    """A log that outlives its edge. That of SQLite is closed and opened, and may be copied."""

    def __init__(self, edge: LogEdge, folder: Path | None) -> None:
        self.edge, self.folder = edge, folder
        self.ids: set[int] = set()
        self.log: MemoryLog | SqliteLog | None = None
        self.spans: dict[TopicPartition, tuple[int, int]] = {}

    def open(self) -> EmbeddedLog:
        clock = WorldClock(self.edge.world)
        if self.folder is not None:
            self.log = SqliteLog(self.folder / "log.db", clock)
        elif self.log is None:
            self.log = MemoryLog(clock)
        return cast(EmbeddedLog, self.log)

    def close(self) -> None:
        if self.folder is not None and self.log is not None:
            self.log.close()
            self.log = None

    def copy(self) -> LogDisk:
        """The edge is stopped for it."""
        was_up = self.edge.end is not None and self.edge.disk is cast(EdgeDisk, self)
        if was_up:
            self.edge.crash()
        copied = LogDisk(self.edge, self.edge.folder())
        copied.ids = set(self.ids)
        assert self.folder is not None and copied.folder is not None
        shutil.copytree(self.folder, copied.folder, dirs_exist_ok=True)
        if was_up:
            self.edge.start()
        return copied


class StepOutbox(LogOutbox):
    """Such a log's outbox, which may die or find no room at each step."""

    def __init__(self, disk: LogDisk, step: Callable[[str], None]) -> None:
        self.disk = disk
        self._step: Callable[[str], None] = lambda _step: None  # until it is open
        super().__init__(disk.open(), SETTINGS, WorldClock(disk.edge.world))
        self.kept_places: dict[str, EdgePlace] = {}
        self.tend()
        self._step = step

    def commit(self, outputs: Callable[[], Sequence[tuple[str, Records]]]) -> None:
        self._step("commit")
        super().commit(outputs)
        self._step("after")

    def places(self, places: Sequence[EdgePlace]) -> None:
        self._step("places")
        super().places(places)
        self.kept_places.update({place.device: place for place in places})

    def append(self, at: TopicPartition, ids: list[int], _at_ms: int) -> None:
        self._step("append")
        value = msgspec.msgpack.encode(ids)
        self.log.append(at.topic, Records([b"k"], [value], partitions=[at.partition]))
        self.disk.ids |= {*ids}
        self._step("after")

    def waiting(self) -> int:
        return self.span(READINGS)[1] - self.position(READINGS)

    def flush(self) -> None:
        self.tend()

    def retain(self, _before_ms: int) -> None:
        """The log's own maintenance does that."""

    def thin(self, _at_ms: int) -> bool:
        return False


class LogEdge(EdgeNode):
    """Such an edge. A crash is one whose lease has run out when it comes back."""

    def __init__(self, like: EdgeNode, folders: Path | None) -> None:
        super().__init__(like.world, like.name, like.cloud, thins=False)
        self.folders, self._made = folders, 0
        self.disk = cast(EdgeDisk, LogDisk(self, self.folder()))

    def folder(self) -> Path | None:
        """A new one."""
        if self.folders is None:
            return None
        self._made += 1
        made = self.folders / f"{self.name}-{self._made}"
        made.mkdir(parents=True)
        return made

    def open_outbox(self) -> ModelOutbox:
        return cast(ModelOutbox, StepOutbox(cast(LogDisk, self.disk), self._step))

    def crash(self) -> None:
        outbox = cast(StepOutbox | None, self.outbox)
        super().crash()
        if outbox is not None:
            try:
                outbox._member.leave()
                outbox._kept_member.leave()
            except Fenced:
                pass
            cast(LogDisk, self.disk).close()
