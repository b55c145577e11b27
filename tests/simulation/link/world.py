"""Time, lines that lose and delay, and the two kinds of machines at their ends."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random

import msgspec

from energyguard.edge.cloud.cloud_end import CloudEnd, Commit
from energyguard.edge.protocol.contract import Instant, Outgoing
from energyguard.edge.protocol.enrichment import EdgePlace
from energyguard.edge.uplink.edge_end import EdgeEnd
from energyguard.errors import DiskFull, Unavailable
from energyguard.records.edges import EdgeEntry
from energyguard.settings.edge import CloudSettings, EdgeSettings
from tests.simulation.link.disks import (
    PARTITIONS,
    READINGS,
    CloudDisk,
    Crashed,
    EdgeDisk,
    ModelOutbox,
)

BEGIN_MS = 1_700_000_000_000
SETTINGS = EdgeSettings(heartbeat="1s", silent="5s", live="4s")
NAMES = ("e1", "e2")


@dataclass
class Weather:
    """What the lines do to frames, and the disks to steps."""

    lost: float = 0.0
    doubled: float = 0.0
    delay_ms: int = 20
    reorders: bool = False
    held: float = 0.0  # frames that come out of some buffer seconds later
    commit_ms: int = 30
    crash: float = 0.0  # at any step of an edge's outbox
    failed: float = 0.0  # a transaction of the cloud that certainly wrote nothing


@dataclass
class World:
    """A clock, what is to happen, chance."""

    seed: int
    weather: Weather = field(default_factory=Weather)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.now = 0  # ms
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._count = count()

    def later(self, ms: float, what: Callable[[], None]) -> None:
        """Something is to happen."""
        heapq.heappush(self._queue, (self.now + int(ms), next(self._count), what))

    def run(self, until: int) -> None:
        """Let happen what is due."""
        while self._queue and self._queue[0][0] <= until:
            self.now, _, what = heapq.heappop(self._queue)
            what()
        self.now = until


class Machine:
    """Clocks: one that begins anew with each start, one that may be wrong."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.skew_ms = 0
        self.base_s = 0.0

    def restart(self) -> None:
        """The machine's own clock begins somewhere."""
        self.base_s = self.world.random.uniform(0, 1_000) - self.world.now / 1000

    def instant(self) -> Instant:
        """Now, as it sees it."""
        now = self.world.now
        return Instant(self.base_s + now / 1000, BEGIN_MS + now + self.skew_ms)


class Line:
    """One connection of an edge to the cloud."""

    def __init__(self, world: World, number: int, edge: EdgeNode, cloud: CloudNode) -> None:
        self.world, self.number, self.edge, self.cloud = world, number, edge, cloud
        self.is_open = True
        self._last = {True: 0, False: 0}

    def send(self, frame: bytes, *, up: bool) -> None:
        """Put a frame on its way; up is to the cloud."""
        weather, random = self.world.weather, self.world.random
        if random.random() < weather.lost:
            return
        for _ in range(1 + (random.random() < weather.doubled)):
            at = self.world.now + random.randint(1, weather.delay_ms)
            if random.random() < weather.held:
                at += random.randint(500, 8_000)
            elif not weather.reorders:
                at = self._last[up] = max(at, self._last[up])
            self.world.later(at - self.world.now, lambda: self._arrive(frame, up))

    def _arrive(self, frame: bytes, up: bool) -> None:
        """A frame is there; a socket's buffers outlive its connection, at either end."""
        if up and self.is_open:
            self.cloud.arrived(self.number, frame)
        elif up:
            self.edge.stuck.append(frame)
        elif self.edge.line is not None:
            self.edge.arrived(frame)

    def cut(self, *, is_noticed: bool = True) -> None:
        """It is gone; each end is told later, or only finds out."""
        self.is_open = False
        if is_noticed:
            self.world.later(self.world.random.randint(0, 50), lambda: self.edge.lost(self))
        self.world.later(self.world.random.randint(0, 3_000), lambda: self.cloud.lost(self.number))


class EdgeNode(Machine):
    """An edge: it measures, keeps, dials, sends, dies and comes back."""

    def __init__(self, world: World, name: str, cloud: CloudNode, thins: bool) -> None:
        super().__init__(world)
        self.name, self.cloud, self.thins = name, cloud, thins
        self.disk = EdgeDisk()
        self.outbox: ModelOutbox | None = None
        self.end: EdgeEnd | None = None
        self.line: Line | None = None
        self.stuck: list[bytes] = []
        self.is_full = False
        self.keep_ms = 10**9
        self.capacity = 60
        self.ids: set[int] = set()
        """Every reading that was ever written, on any disk."""
        self._life = 0
        self._numbers = count()
        self._due = 0

    # Lives

    def start(self) -> None:
        """Come up with what the disk has."""
        if self.end is not None:
            return
        self.restart()
        self._life += 1
        try:
            self.outbox = self.open_outbox()
            chance = Random(self.world.random.random())
            self.end = EdgeEnd(self.name, self.outbox, SETTINGS, chance)
        except (Unavailable, Crashed):
            self.crash()
            self.world.later(500, self.start)
            return
        self._tick(self._life)

    def open_outbox(self) -> ModelOutbox:
        """The outbox that the disk is."""
        return ModelOutbox(self.disk, self._step)

    def crash(self) -> None:
        """Lose all that is not on the disk."""
        self.end = self.outbox = None
        self.stuck = []
        if self.line is not None:
            self.line.cut(is_noticed=False)
            self.line = None

    def _step(self, step: str) -> None:
        """Whether a step of the outbox is done: the process may die before it, and after it."""
        if self.world.random.random() < self.world.weather.crash:
            raise Crashed(step)
        if self.is_full and step != "after":
            raise DiskFull("no room")

    def _do(self, what: Callable[[EdgeEnd], list[bytes] | None]) -> None:
        """Have the end do something and send what it says."""
        if self.end is None:
            return
        try:
            frames = what(self.end) or []
        except Crashed:
            self.crash()
            self.world.later(self.world.random.randint(50, 3_000), self.start)
            return
        for frame in frames:
            if self.line is not None:
                self.line.send(frame, up=True)
        if self.line is not None and not self.end.is_connected:
            self.line.cut(is_noticed=False)
            self.line = None
        self._wake()

    def _wake(self) -> None:
        """Poll when it is due."""
        if self.end is None or self.end.due_s == float("inf"):
            return
        at = max(self.world.now + 1, int((self.end.due_s - self.base_s) * 1000) + 1)
        if self._due <= self.world.now or at < self._due:
            self._due, life = at, self._life

            def poll() -> None:
                if life == self._life and self._due == self.world.now:
                    self._do(lambda end: end.poll(self.instant()))

            self.world.later(at - self.world.now, poll)

    # The line

    def _dial(self) -> None:
        """Connect, if it is time."""
        end = self.end
        if end is None or self.line is not None or end.is_connected:
            return
        if self.instant().monotonic_s < end.redial_s:
            return
        if self.cloud.end is None or self.cloud.is_unreachable:
            self._do(lambda e: e.disconnected(self.instant()))
            return
        self.line = self.cloud.accept(self)
        stuck, self.stuck = self.stuck, []
        for frame in stuck:
            self.line.send(frame, up=True)
        self._do(lambda e: e.connected(self.instant()))

    def lost(self, line: Line) -> None:
        """A connection is gone."""
        if self.line is line:
            self.line = None
            self._do(lambda end: end.disconnected(self.instant()))

    def arrived(self, frame: bytes) -> None:
        """A frame came."""
        self._do(lambda end: end.received(frame, self.instant()))

    # What it measures

    def _tick(self, life: int) -> None:
        """Every now and then: housekeeping, dialling."""
        if life != self._life or self.end is None or self.outbox is None:
            return
        self._dial()
        if self.outbox is not None and self.world.random.random() < 0.2:
            try:
                self.outbox.flush()
            except Unavailable:
                pass
            except Crashed:
                self.crash()
                self.world.later(self.world.random.randint(50, 3_000), self.start)
                return
            self.outbox.retain(self.instant().wall_ms - self.keep_ms)
        self.world.later(self.world.random.randint(50, 150), lambda: self._tick(life))

    def measure(self) -> None:
        """Write something, if there is room."""
        outbox = self.outbox
        if outbox is None or self.end is None:
            return
        at = READINGS if self.world.random.random() < 0.9 else PARTITIONS[next(self._numbers) % 2]
        numbers = [next(self._numbers) for _ in range(self.world.random.randint(1, 3))]
        try:
            is_full = at == READINGS and outbox.waiting() >= self.capacity
            if is_full and not (self.thins and outbox.thin(self.instant().wall_ms)):
                return
            outbox.append(at, numbers, self.instant().wall_ms)
        except Unavailable:
            return
        except Crashed:
            self.crash()
            self.world.later(self.world.random.randint(50, 3_000), self.start)
            return
        finally:
            self.ids |= self.disk.ids & {*numbers}
        self._do(lambda end: end.poll(self.instant()))


class CloudNode(Machine):
    """The cloud's role: it takes, commits, answers, dies and comes back."""

    def __init__(self, world: World, places: dict[str, list[EdgePlace]]) -> None:
        super().__init__(world)
        self.disk = CloudDisk()
        self.end: CloudEnd | None = None
        self.lines: dict[int, Line] = {}
        self.is_unreachable = False
        self.places = places
        self.max_pending = 0
        self._numbers = count(1)
        self._life = 0
        self._writing = False

    def start(self) -> None:
        """Come up with what the log has."""
        if self.end is not None:
            return
        self.restart()
        self._life += 1
        self._writing = False
        entries = {n: EdgeEntry(identity=f"{n}#1", by="test", at_ms=0) for n in NAMES}
        epoch = f"c{self.world.random.getrandbits(32):08x}"
        self.end = CloudEnd(dict(self.disk.links), entries, CloudSettings(flight=6), epoch)
        for edge, places in self.places.items():
            self.end.places(edge, places)
        self._tick(self._life)

    def crash(self) -> None:
        """Lose all that is not in the log; all lines go."""
        self.end = None
        for line in self.lines.values():
            line.cut(is_noticed=self.world.random.random() < 0.7)
        self.lines = {}

    def accept(self, edge: EdgeNode) -> Line:
        """A line to an edge."""
        line = Line(self.world, next(self._numbers), edge, self)
        self.lines[line.number] = line
        assert self.end is not None
        self._send(self.end.connected(line.number, f"{edge.name}#1", self.instant()))
        return line

    def lost(self, number: int) -> None:
        """A line is gone."""
        if self.lines.pop(number, None) is not None and self.end is not None:
            self.end.disconnected(number, self.instant())

    def arrived(self, number: int, frame: bytes) -> None:
        """A frame came."""
        if self.end is not None and number in self.lines:
            self._send(self.end.received(number, frame, self.instant()))
            self.max_pending = max(self.max_pending, self.end._pending_bytes)
            self._commit()

    def _send(self, outgoing: list[Outgoing]) -> None:
        for number, frame in outgoing:
            line = self.lines.get(number)
            if line is None:
                continue
            if frame is None:
                line.cut()
            else:
                line.send(frame, up=False)

    def _tick(self, life: int) -> None:
        if life != self._life or self.end is None:
            return
        self._send(self.end.poll(self.instant()))
        if not self._writing and self.world.random.random() < 0.1:
            self.disk.links.update(self.end.report(self.instant()))
        self._commit()
        self.world.later(100, lambda: self._tick(life))

    def _commit(self) -> None:
        """One transaction at a time; it is written at some moment of it, or never."""
        if self.end is None or self._writing:
            return
        commit = self.end.pending(self.instant())
        if commit is None:
            return
        self._writing, life, weather = True, self._life, self.world.weather
        takes = self.world.random.randint(1, weather.commit_ms)
        fails = self.world.random.random() < weather.failed

        def write() -> None:
            if life == self._life and self.end is not None and not fails:
                self._write(commit)

        def done() -> None:
            if life == self._life and self.end is not None:
                self._writing = False
                if fails:
                    self.end.failed(commit)
                else:
                    self._send(self.end.committed(commit, self.instant()))
                self._commit()

        self.world.later(self.world.random.randint(0, takes), write)
        self.world.later(takes + 1, done)

    def _write(self, commit: Commit) -> None:
        for arrived in commit.arrived:
            batch = arrived.batch
            for i, value in enumerate(batch.values):
                ids = tuple(msgspec.msgpack.decode(value or b""))
                backfill = batch.backfill or bool(batch.headers and batch.headers[i])
                self.disk.rows.append((arrived.edge, ids, backfill))
        self.disk.links.update(commit.links)
