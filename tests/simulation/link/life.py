"""One run: edges measure, things go wrong, all is well again, and the cloud is looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from energyguard.edge.cloud import cloud_end, holding
from energyguard.edge.protocol.enrichment import EdgePlace
from tests.simulation.link.disks import CloudDisk, EdgeDisk
from tests.simulation.link.world import NAMES, CloudNode, EdgeNode, Weather, World

CHAOS_MS = 40_000
HEAL_MS = 90_000


class Life:
    """A cloud, one edge or two, and what happens to them."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.world = World(seed)
        self.random = self.world.random
        self.thins = seed % 4 == 1
        self.is_forgetful = seed % 4 == 2  # retention is short: what a restored cloud lost is gone
        self.may_lose = False
        names = NAMES[: self.random.choice((1, 2, 2))]
        places = {name: [EdgePlace(device=f"d{i}", postal_code="1", region=name) for i in range(5)]
                  for name in names}  # fmt: skip
        self.cloud = CloudNode(self.world, places)
        self.edges = [EdgeNode(self.world, name, self.cloud, self.thins) for name in names]
        self.over = False
        self.can_copy = True
        self.cloud_copies: list[CloudDisk] = []
        self.edge_copies: dict[str, list[EdgeDisk]] = {name: [] for name in names}

    def run(self) -> None:
        """Suffer, heal."""
        choice = self.random.choice
        self.world.weather = Weather(
            lost=choice((0, 0, 0.02, 0.2)),
            doubled=choice((0, 0.05, 0.2)),
            delay_ms=choice((2, 30, 200, 900)),
            reorders=choice((False, True)),
            held=choice((0, 0, 0.05)),
            commit_ms=choice((5, 50, 400)),
            crash=choice((0, 0.002, 0.02)),
            failed=choice((0, 0.1)),
        )
        if self.seed % 8 == 3:  # what a cloud said before it was restored comes late, near the end
            self.world.weather.held = 0.2
            self.world.later(CHAOS_MS - 2_500, self._restore_cloud)
        self.cloud.start()
        for edge in self.edges:
            edge.keep_ms = 2_000 if self.is_forgetful else 10**9
            edge.start()
            self._measure(edge)
        self.world.later(500, self._happen)
        self.world.run(CHAOS_MS)
        self.heal()
        self.world.run(CHAOS_MS + 8_000)
        self.over = True
        until = CHAOS_MS + 8_000
        while until < CHAOS_MS + HEAL_MS and not self.is_settled():
            until += 1_000
            self.world.run(until)
        self.world.run(until + 2_500)  # clocks and places, too

    def _measure(self, edge: EdgeNode) -> None:
        if not self.over:
            edge.measure()
            self.world.later(self.random.randint(20, 400), lambda: self._measure(edge))

    def is_settled(self) -> bool:
        """Whether every edge says that the cloud has all."""
        return all(e.end and e.end.is_welcome and not e.end.status().queued for e in self.edges)

    # What goes wrong

    def _happen(self) -> None:
        if self.world.now >= CHAOS_MS:
            return
        self.random.choices(
            (self._cut, self._away, self._crash_edge, self._crash_cloud, self._fill, self._jump,
             self._copy, self._restore_cloud, self._restore_edge, self._nothing),
            (5, 3, 3, 3, 2, 2, 4, 1.5, 1.5, 2),
        )[0]()  # fmt: skip
        self.world.later(self.random.randint(100, 2_500), self._happen)

    def _nothing(self) -> None:
        pass

    def _cut(self) -> None:
        """A line breaks, noticed or not."""
        if self.cloud.lines:
            line = self.random.choice(list(self.cloud.lines.values()))
            line.cut(is_noticed=self.random.random() < 0.7)

    def _away(self) -> None:
        """The cloud cannot be reached for a while."""
        self.cloud.is_unreachable = True
        for line in self.cloud.lines.values():
            line.cut()

        def back() -> None:
            self.cloud.is_unreachable = False

        self.world.later(self.random.choice((500, 5_000, 12_000)), back)

    def _crash_edge(self) -> None:
        edge = self.random.choice(self.edges)
        edge.crash()
        self.world.later(self.random.randint(50, 5_000), edge.start)

    def _crash_cloud(self) -> None:
        self.cloud.crash()
        self.world.later(self.random.randint(50, 5_000), self.cloud.start)

    def _fill(self) -> None:
        """An edge's disk is full for a while."""
        edge = self.random.choice(self.edges)
        edge.is_full = True

        def room() -> None:
            edge.is_full = False

        self.world.later(self.random.randint(100, 6_000), room)

    def _jump(self) -> None:
        """A clock is set."""
        machine = self.random.choice((self.cloud, *self.edges))
        machine.skew_ms = self.random.choice((0, -3_600_000, 3_600_000, 86_400_000, -2_000))

    def _copy(self) -> None:
        """Somebody makes backups."""
        self.cloud_copies.append(self.cloud.disk.copy())
        edge = self.random.choice(self.edges)
        if self.can_copy:
            self.edge_copies[edge.name].append(edge.disk.copy())

    def _restore_cloud(self) -> None:
        """The cloud's log is put back from an older backup."""
        if self.cloud_copies and self.seed % 8 != 6:
            self.may_lose = self.is_forgetful
            self.cloud.crash()
            self.cloud.disk = self.random.choice(self.cloud_copies).copy()
            self.world.later(self.random.randint(50, 3_000), self.cloud.start)

    def _restore_edge(self) -> None:
        """An edge's disk is put back from an older copy; it may write much before it connects."""
        edge = self.random.choice(self.edges)
        if self.edge_copies[edge.name] and not self.thins:
            edge.crash()
            edge.disk = self.random.choice(self.edge_copies[edge.name]).copy()
            self.world.later(self.random.randint(50, 3_000), edge.start)
            if self.random.random() < 0.5:
                self._away()

    def heal(self) -> None:
        """All is well again."""
        self.world.weather = Weather()
        self.cloud.is_unreachable = False
        self.cloud.skew_ms = 0
        self.cloud.start()
        for edge in self.edges:
            edge.skew_ms = 1_000
            edge.is_full = False
            edge.start()


def faults(life: Life) -> Iterator[str]:
    """What is wrong after a life."""
    yield from unbounded(life)
    for edge in life.edges:
        rows = [ids for name, ids, _ in life.cloud.disk.rows if name == edge.name]
        times = Counter(i for ids in rows for i in ids)
        yield from (f"{edge.name}: {i} is there {n} times" for i, n in times.items() if n > 1)
        missing = edge.disk.ids - times.keys()
        link = life.cloud.disk.links.get(edge.name)
        void = sum(part.void for part in link.held) if link else 0
        if missing and not (life.may_lose and void):
            yield f"{edge.name}: {sorted(missing)[:5]} of {len(edge.disk.ids)} are missing"
        if void and not life.may_lose:
            yield f"{edge.name}: {void} are said to be lost"
        yield from (f"{edge.name}: {i} was never written" for i in times.keys() - edge.ids)
        yield from _of_the_end(edge)


def unbounded(life: Life) -> Iterator[str]:
    """What took more memory than it may."""
    if life.cloud.max_pending > cloud_end.MAX_PENDING:
        yield f"{life.cloud.max_pending} bytes waited in the cloud"
    for name, link in life.cloud.disk.links.items():
        n = max((len(part.ranges) for part in link.held), default=0)
        if n > holding.MAX_RANGES:
            yield f"{name}: {n} ranges are held"


def _of_the_end(edge: EdgeNode) -> Iterator[str]:
    """Whether an edge knows how things are."""
    if edge.end is None or edge.outbox is None or not edge.end.is_welcome:
        yield f"{edge.name} has no line: {edge.end and edge.end.status().reason}"
        return
    status = edge.end.status()
    if status.queued or status.sent:
        yield f"{edge.name}: {status.queued} wait, {status.sent} are in flight"
    if status.offset_ms is None or abs(status.offset_ms + 1_000) > 50:
        yield f"{edge.name}: its clock is off by {status.offset_ms} ms"
    if edge.outbox.kept_places != {p.device: p for p in edge.cloud.places[edge.name]}:
        yield f"{edge.name}: it does not know its places"
