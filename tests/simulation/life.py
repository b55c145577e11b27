"""One run: what clients do, what goes wrong, and what they have seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random

from detangle.lin import History, Operation

from energyguard.store.coordinator import clearing, cluster, operations
from energyguard.store.coordinator.coordinator import Coordinator
from energyguard.store.coordinator.coordinator import Operation as Steps
from energyguard.store.ring.effects import Contradicted, Done, Result
from energyguard.store.ring.membership import ClusterMembership, first, majority
from energyguard.store.ring.messages import FOREVER
from energyguard.store.row import Row
from energyguard.store.version import OLDEST, Version
from tests.simulation.trouble import Trouble
from tests.simulation.world import Client, Node, Weather, World

CHAOS_MS = 3_000
LONG_CHAOS_MS = 6_000  # of every eighth life: long enough that what is over is cleared within
HEAL_MS = 9_000
OWN = ("k0", "k1", "k2")
GROWING = ("g0", "g1")  # facts that nobody deletes
MIXED = ("f0", "f1")  # facts that are deleted too
SLOTS = 16


@dataclass(eq=False)
class Fact:
    """Something that a client did to a fact, or read of a series."""

    kind: str  # write, delete, latest, read
    series: str
    began: int
    row: Row | None = None
    ended: int | None = None  # None: nobody knows


@dataclass
class Life:
    """A world with nodes and clients, and the record of what the clients saw."""

    seed: int
    history: History = field(default_factory=History)
    facts: list[Fact] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world = World(self.seed)
        self.random: Random = self.world.random
        self.names = [f"n{i}" for i in range(1, self.random.randint(3, 5) + 1)]
        self.nodes = {name: Node(self.world, name) for name in (*self.names, "n9")}
        for name, node in self.nodes.items():
            self.world.actors[name] = node.receive
        self.clients = [
            Client(self.world, seat, self.random.choice((0, -200, 200, 450)))
            for seat in range(self.random.randint(1, 3))
        ]
        self.values = count(1)
        self.trouble = Trouble(self)
        self.thin: list[str] = []  # acknowledged facts that too few owners had in a new epoch
        self.world.on_epoch = self.entered
        self.over = False
        self.is_long = self.seed % 8 == 0
        self.is_paired = (
            self.seed % 4 == 1
        )  # two copies: facts have stand-ins, and are read by time
        self.chaos_ms = LONG_CHAOS_MS if self.is_long else CHAOS_MS

    @property
    def wait_ms(self) -> int:
        """Longer than a message can be on its way."""
        return 400 if self.is_long else 2_400

    def run(self) -> None:
        """Form, suffer, heal."""
        for client in self.clients:
            self.found(client)
        self.world.run(300)
        self.world.weather = Weather(
            lost=self.random.choice((0, 0.02, 0.1, 0.25)),
            doubled=self.random.choice((0, 0.05)),
            held=self.random.choice((0, 0.02, 0.05)) * (not self.is_long),
            delay_ms=self.random.choice((3, 12, 40)),
            disk_ms=self.random.choice((3, 8, 150)),
        )
        for process in range(4):
            self.world.later(self.random.randrange(100), self.act, process)
        self.world.later(100, self.trouble.happen)
        self.world.run(self.chaos_ms)
        self.over = True
        self.trouble.heal()
        self.world.run(self.chaos_ms + HEAL_MS - 2_000)
        for client in self.clients:
            client.coordinator.clear_ms = FOREVER  # what was begun ends before the look
        self.world.run(self.chaos_ms + HEAL_MS)
        self.read_all()
        self.world.run(self.chaos_ms + HEAL_MS + 1_000)

    def found(self, client: Client) -> None:
        """Form the cluster, or learn of it."""
        copies = 2 if self.is_paired else min(3, len(self.names))
        wanted = first(self.names, copies, virtual_nodes=4)
        client.ask(lambda by: cluster.found(by, self.names, wanted), lambda _result: None, 10_000)

    def entered(self, now: ClusterMembership) -> None:
        """An epoch was decided: a majority of those who keep it has what was acknowledged."""
        deleted = self.deleted()
        for fact in self.facts if self.trouble.wiped is None and not now.coming else ():
            row = fact.row
            if fact.kind == "write" and fact.ended is not None and row and row.key not in deleted:
                keepers = now.keepers(row.slot)[0]
                has = [name for name in keepers.places if row in self.nodes[name].disk.rows]
                if len(has) < majority(keepers.owners):
                    self.thin.append(f"epoch {now.epoch}: {row} is on {has} of {keepers}")

    def deleted(self) -> set[tuple[str, int]]:
        """Keys of facts that somebody has tried to delete: they may be cleared away."""
        return {fact.row.key for fact in self.facts if fact.kind == "delete" and fact.row}

    # What clients do

    def act(self, process: int) -> None:
        """Do something, and something else when it has ended."""
        if self.over:
            return
        client = self.random.choice(self.clients)
        began = self.random.choices(
            (self.put, self.get, self.record, self.forget, self.last, self.clear),
            (4, 4, 5, 1, 3, 1 + 3 * self.is_long),
        )[0]
        if self.is_paired and self.random.random() < 0.3:
            began = self.look_up
        ended = [False]

        def go_on() -> None:
            if not ended[0]:
                ended[0] = True
                self.world.later(self.random.randint(1, 60), self.act, process)

        began(client, process, go_on)
        self.world.later(700, go_on)  # a coordinator that died does not answer

    def put(self, client: Client, process: int, go_on: Callable[[], None]) -> None:
        """Put or delete a key of the user's own."""
        key = self.random.choice(OWN)
        value = None if self.random.random() < 0.2 else b"%d" % next(self.values)
        entry = self.history.invoke(object(), "put", (key, value))

        def then(result: Result) -> None:
            if isinstance(result, Done):
                self.history.ok(entry)
            elif isinstance(result, Contradicted):
                self.history.fail(entry)
            go_on()

        client.ask(lambda by: operations.change(by, key, 0, value), then)

    def get(self, client: Client, process: int, go_on: Callable[[], None]) -> None:
        """Read a key of the user's own."""
        key = self.random.choice(OWN)
        entry = self.history.invoke(object(), "get", key)
        client.ask(lambda by: operations.read(by, key), self.got(entry, go_on))

    def got(self, entry: Operation, go_on: Callable[[], None]) -> Callable[[Result], None]:
        """Note what was read."""

        def then(result: Result) -> None:
            if isinstance(result, Done):
                self.history.ok(entry, result.rows[0].value if result.rows else None)
            else:
                self.history.fail(entry)
            go_on()

        return then

    def record(self, client: Client, process: int, go_on: Callable[[], None]) -> None:
        """Write facts; sometimes again, with a higher version."""
        rows = []
        for _ in range(self.random.randint(1, 3)):
            number = next(self.values)
            at = max(1, self.world.now - self.random.choice((0, 0, 50, 500))) * 1_000
            series = self.random.choice(GROWING + MIXED)
            rows.append(Row(series, at, Version(1, number), b"%d" % number))
        facts = [Fact("write", row.series, self.world.now, row) for row in rows]
        self.facts += facts

        def then(result: Result) -> None:
            if isinstance(result, Done):
                for fact in facts:
                    fact.ended = self.world.now
            go_on()

        client.ask(lambda by: operations.write(by, rows), then)

    def forget(self, client: Client, process: int, go_on: Callable[[], None]) -> None:
        """Delete a fact that was written."""
        there = [f.row for f in self.facts if f.kind == "write" and f.series in MIXED and f.row]
        if not there:
            self.world.later(1, go_on)
            return
        row = self.random.choice(there[-6:])
        fact = Fact(
            "delete", row.series, self.world.now, Row(row.series, row.at, row.version, None)
        )
        self.facts.append(fact)

        def then(result: Result) -> None:
            if isinstance(result, Done):
                fact.ended, fact.row = self.world.now, result.rows[0]
            go_on()

        client.ask(lambda by: operations.change(by, row.series, row.at, None), then)

    def clear(self, client: Client, process: int, go_on: Callable[[], None]) -> None:
        """Take away what is over, oftener than a coordinator does by itself."""
        client.ask(clearing.clear, lambda _result: go_on())

    def last(self, client: Client, process: int, go_on: Callable[[], None]) -> None:
        """Read the latest of a series."""
        series = self.random.choice(GROWING + MIXED)
        fact = Fact("latest", series, self.world.now)
        self.facts.append(fact)

        def then(result: Result) -> None:
            if isinstance(result, Done):
                fact.ended, fact.row = self.world.now, next(iter(result.rows), None)
            go_on()

        client.ask(lambda by: operations.latest(by, series), then)

    def look_up(self, client: Client, process: int, go_on: Callable[[], None]) -> None:
        """Read a fact that was written, by its time."""
        there = [fact.row for fact in self.facts if fact.kind == "write" and fact.row]
        if not there:
            self.world.later(1, go_on)
            return
        row = self.random.choice(there[-8:])
        fact = Fact("read", row.series, self.world.now, Row(row.series, row.at, OLDEST, None))
        self.facts.append(fact)

        def then(result: Result) -> None:
            if isinstance(result, Done):
                fact.ended, fact.row = self.world.now, next(iter(result.rows), fact.row)
            go_on()

        client.ask(lambda by: operations.read(by, row.series, row.at), then)

    def read_all(self) -> None:
        """Read everything, when all is well again."""
        for key in OWN:
            entry = self.history.invoke(object(), "get", key)
            steps = self._reading(key)
            self.clients[0].ask(steps, self.got(entry, lambda: None))
        for series in GROWING + MIXED:
            fact = Fact("latest", series, self.world.now)
            self.facts.append(fact)
            self.clients[0].ask(self._last_of(series), self._noting(fact))

    @staticmethod
    def _reading(key: str) -> Callable[[Coordinator], Steps]:
        return lambda by: operations.read(by, key)

    @staticmethod
    def _last_of(series: str) -> Callable[[Coordinator], Steps]:
        return lambda by: operations.latest(by, series)

    def _noting(self, fact: Fact) -> Callable[[Result], None]:
        def then(result: Result) -> None:
            if isinstance(result, Done):
                fact.ended, fact.row = self.world.now, next(iter(result.rows), None)

        return then
