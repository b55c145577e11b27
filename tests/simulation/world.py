"""Nodes, coordinators, and all that happens to them and between them, from one seed."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from random import Random
from typing import NamedTuple

from energyguard.clock import ManualClock
from energyguard.store.coordinator.cluster import keep_up
from energyguard.store.coordinator.coordinator import Coordinator, Operation
from energyguard.store.node.member import Member
from energyguard.store.ring.effects import Answer, Effect, Result, Save, Send
from energyguard.store.ring.membership import ClusterMembership
from energyguard.store.ring.messages import Message, NodeState, Reply
from tests.simulation.disk import Disk

START_MS = 1_700_000_000_000
TICK_MS = 20


class Weather(NamedTuple):
    """How bad the network is."""

    lost: float = 0.0
    doubled: float = 0.0
    held: float = 0.0  # for up to two seconds, so that others overtake it
    delay_ms: int = 4
    disk_ms: int = 8


CALM = Weather()


class SkewedClock(ManualClock):
    """A node's clock: the world's, and a bit."""

    def __init__(self, world: World, skew_ms: int) -> None:
        super().__init__()
        self._world, self.skew_ms = world, skew_ms

    def now_ms(self) -> int:
        return START_MS + self._world.now + self.skew_ms


class Node:
    """A shard: its disk outlives it."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.clock = SkewedClock(world, 0)
        self.disk = Disk(self.clock, world.random)
        self.member: Member | None = None
        self.start()

    def start(self) -> None:
        """Come up with what the disk has."""
        self.disk.lives += 1
        first_id = self.disk.lives * 1_000_000
        self.member = Member(self.name, self.disk.rows, self.disk.state, first_id)
        self.world.later(self.world.random.randrange(TICK_MS), self._tick, self.member)

    def crash(self) -> None:
        """Die."""
        self.member = None
        self.disk.crash()

    def wipe(self) -> None:
        """Die, and lose the disk."""
        self.member = None
        self.disk = Disk(self.clock, self.world.random)

    def receive(self, sender: str, message: Message) -> None:
        """A message has come."""
        if self.member is not None:
            self._do(self.member.receive(self.world.now, sender, message))

    def _tick(self, member: Member) -> None:
        if self.member is member:
            self._do(member.tick(self.world.now))
            self.world.later(TICK_MS * 2, self._tick, member)

    def _do(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self.world.send(self.name, effect.to, effect.message)
            elif isinstance(effect, Save):
                self.disk.begin(effect, self._saved_by(self.member))
                delay = self.world.random.randint(1, self.world.weather.disk_ms)
                self.world.later(delay, self._write, self.member)
                self._note(effect.state)

    def _note(self, state: NodeState | None) -> None:
        if state is not None and self.disk.state != state:
            now = state.membership
            if now.epoch not in self.world.decided:
                self.world.decided[now.epoch] = now
                self.world.on_epoch(now)
            elif self.world.decided[now.epoch] != now:
                self.world.forked.add(now.epoch)

    def _write(self, member: Member | None) -> None:
        if self.member is member:
            self.disk.write()

    def _saved_by(self, member: Member | None) -> Callable[[Save], None]:
        def saved(save: Save) -> None:
            if self.member is member and member is not None:
                self._do(member.saved(self.world.now, save))

        return saved


class Client:
    """A coordinator and those who wait for its answers."""

    def __init__(self, world: World, seat: int, skew_ms: int) -> None:
        self.world, self.seat = world, seat
        self.clock = SkewedClock(world, skew_ms)
        self._lives = count(1)
        self.start()

    def start(self) -> None:
        """Come up knowing nothing, under a new name."""
        self.name = f"c{self.seat}.{next(self._lives)}"
        self.coordinator = Coordinator(
            self.name, keep_up, clock=self.clock, random=Random(self.world.random.random())
        )
        self._waiting: dict[int, Callable[[Result], None]] = {}
        self.world.actors[self.name] = self.receive
        self.world.later(TICK_MS, self._tick, self.coordinator)

    def crash(self) -> None:
        """Die: nobody hears what became of the operations."""
        del self.world.actors[self.name]
        self.start()

    def ask(
        self,
        operation: Callable[[Coordinator], Operation],
        then: Callable[[Result], None],
        deadline_ms: int = 600,
    ) -> None:
        """Begin an operation."""
        number, effects = self.coordinator.begin(
            self.world.now, operation(self.coordinator), deadline_ms
        )
        self._waiting[number] = then
        self._do(effects)

    def receive(self, sender: str, message: Message) -> None:
        """A node has replied."""
        assert isinstance(message, Reply)
        self._do(self.coordinator.receive(self.world.now, sender, message))

    def _tick(self, coordinator: Coordinator) -> None:
        if self.coordinator is coordinator:
            self._do(coordinator.tick(self.world.now))
            self.world.later(TICK_MS, self._tick, coordinator)

    def _do(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self.world.send(self.name, effect.to, effect.message)
            elif isinstance(effect, Answer):
                then = self._waiting.pop(effect.operation, None)
                if then is not None:
                    then(effect.result)


class World:
    """Time, the network, and everyone in it."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.now = 0  # ms
        self.weather = CALM
        self.cut: set[frozenset[str]] = set()  # pairs of seats that do not reach each other
        self.decided: dict[int, ClusterMembership] = {}
        self.forked: set[int] = set()  # epochs that are not the same for all
        self.on_epoch: Callable[[ClusterMembership], None] = lambda _now: None
        self.actors: dict[str, Callable[[str, Message], None]] = {}
        self._events: list[tuple[int, int, Callable[..., None], tuple[object, ...]]] = []
        self._order = count()

    def later(self, after_ms: int, what: Callable[..., None], *arguments: object) -> None:
        """Have something happen."""
        event = (self.now + after_ms, next(self._order), what, arguments)
        heapq.heappush(self._events, event)

    def run(self, until_ms: int) -> None:
        """Let time pass."""
        while self._events and self._events[0][0] <= until_ms:
            self.now, _, what, arguments = heapq.heappop(self._events)
            what(*arguments)
        self.now = until_ms

    def send(self, sender: str, to: str, message: Message) -> None:
        """Put a message on the network."""
        weather, chance = self.weather, self.random.random
        if frozenset((_seat(sender), _seat(to))) in self.cut or chance() < weather.lost:
            return
        for _ in range(1 + (chance() < weather.doubled)):
            held = self.random.randrange(2_000) if chance() < weather.held else 0
            delay = self.random.randint(1, weather.delay_ms) + held
            self.later(delay, self._deliver, sender, to, message)

    def _deliver(self, sender: str, to: str, message: Message) -> None:
        actor = self.actors.get(to)
        if actor is not None and frozenset((_seat(sender), _seat(to))) not in self.cut:
            actor(sender, message)


def _seat(name: str) -> str:
    return name.split(".")[0]
