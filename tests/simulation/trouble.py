"""What goes wrong in a life, and how it is put right."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from energyguard.errors import Conflict
from energyguard.store.coordinator import cluster
from energyguard.store.ring.membership import ClusterMembership, moving
from tests.simulation.world import CALM, Client, Node

if TYPE_CHECKING:
    from tests.simulation.life import Life


class Trouble:
    """Crashes, partitions, wrong clocks, lost disks, and operators who change the cluster."""

    def __init__(self, life: Life) -> None:
        self.life, self.world, self.random = life, life.world, life.world.random
        self.wiped: str | None = None

    def happen(self) -> None:
        """Something happens, and something else soon."""
        if self.life.over:
            return
        self.random.choices(
            (
                self.crash,
                self.crash_client,
                self.partition,
                self.behind,
                self.skew,
                self.change,
                self.wipe,
            ),
            (5, 2, 2, 3, 1, 2, 0.4),
        )[0]()
        self.world.later(self.random.randint(50, 500), self.happen)

    def crash(self) -> None:
        """A node dies, and comes back."""
        node = self.life.nodes[self.random.choice(self.life.names)]
        if node.member is not None:
            node.crash()
            longest = 3_500 if self.life.is_long else 1_200
            self.world.later(self.random.randint(20, longest), self._up, node)

    def _up(self, node: Node) -> None:
        if node.member is None:
            node.start()

    def wipe(self) -> None:
        """A node loses its disk, once; its operator gives it up."""
        memberships = [client.coordinator.membership for client in self.life.clients]
        enough = all(len(now.nodes) > 3 and not now.coming for now in memberships)
        if self.wiped is None and enough:
            self.wiped = self.random.choice(self.life.names)
            self.life.nodes[self.wiped].wipe()
            self._up(self.life.nodes[self.wiped])

    def crash_client(self) -> None:
        """A coordinator dies, and one with a new name takes its place."""
        client = self.random.choice(self.life.clients)
        client.crash()
        self.life.found(client)

    def partition(self) -> None:
        """Some do not reach some others for a while."""
        seats = self.seats()
        one = {seat for seat in seats if self.random.random() < 0.4}
        self.world.cut = {frozenset((a, b)) for a in one for b in seats if b not in one}
        self.world.later(self.random.randint(50, 1_000), self.world.cut.clear)

    def behind(self) -> None:
        """A node misses something, and the cluster changes as soon as it is back."""
        one = self.random.choice(self.life.names)
        self.world.cut = {frozenset((one, other)) for other in self.seats() if other != one}

        def back() -> None:
            self.world.cut = set()
            if not self.life.over:
                self.change()

        self.world.later(self.random.randint(100, 700), back)

    def seats(self) -> list[str]:
        """All who are on the network."""
        return [*self.life.nodes, *(f"c{client.seat}" for client in self.life.clients)]

    def skew(self) -> None:
        """A clock is set."""
        self.random.choice(self.life.clients).clock.skew_ms = self.random.choice(
            (-400, 0, 300, 900)
        )

    def change(self) -> None:
        """The operator changes the cluster; now and then two of them do."""
        for client in self.random.sample(
            self.life.clients, k=self.random.randint(1, len(self.life.clients))
        ):
            self._change(client)
        if self.random.random() < 0.4:  # and is in a hurry
            self.world.later(self.random.randint(150, 500), self._again)

    def _again(self) -> None:
        if not self.life.over:
            self._change(self.random.choice(self.life.clients))

    def _change(self, client: Client) -> None:
        if self.wiped is not None:  # whoever has lost a disk sees to that first
            self._give_up(client, self.wiped)
            return
        number = self.random.randrange(60)
        what = self.random.choice(
            (
                lambda now: cluster.joined(now, "n9"),
                lambda now: cluster.left(now, now.nodes[number % len(now.nodes)]),
                lambda now: moving(now, copies=2 + number % 2),
                lambda now: moving(now, strategy=("full", "consistent")[number % 2]),
            )
        )
        client.ask(lambda by: cluster.reconfigure(by, _formed(what)), lambda _result: None, 1_500)

    def heal(self) -> None:
        """All is well again; a node without its disk is replaced."""
        self.world.weather = CALM
        self.world.cut = set()
        for client in self.life.clients:
            client.clock.skew_ms = 0
        for node in self.life.nodes.values():
            self._up(node)
        if self.wiped is not None:
            self._give_up_wiped()

    def _give_up_wiped(self) -> None:
        """Again and again, until it is out: another change may come first."""
        client, now = self.life.clients[0], self.life.clients[0].coordinator.membership
        if self.wiped is not None and (self.wiped in now.nodes or not now.epoch):
            self._give_up(client, self.wiped)
            self.world.later(500, self._give_up_wiped)

    @staticmethod
    def _give_up(client: Client, wiped: str) -> None:
        change = _formed(lambda now: _without(now, wiped))
        client.ask(lambda by: cluster.reconfigure(by, change), lambda _result: None, 1_500)


def _without(now: ClusterMembership, wiped: str) -> ClusterMembership:
    nodes = [name for name in now.nodes if name != wiped]
    return moving(now, nodes, min(now.copies, len(nodes)))


def _formed(
    change: Callable[[ClusterMembership], ClusterMembership],
) -> Callable[[ClusterMembership], ClusterMembership]:
    def checked(now: ClusterMembership) -> ClusterMembership:
        if now.epoch == 0:
            raise Conflict("in no cluster yet")
        return change(now)

    return checked
