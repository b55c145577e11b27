"""The contract on a ring of shards: ``ring://127.0.0.1:8101,127.0.0.1:8102,…``

Whoever has one of these is a coordinator; there may be any number.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from secrets import token_hex

from energyguard.clock import SYSTEM, Clock
from energyguard.errors import ConfigError, Conflict, NotFound, Unavailable
from energyguard.store.admin import ClusterStatus
from energyguard.store.coordinator import cluster, operations
from energyguard.store.coordinator.coordinator import DEADLINE_MS, Coordinator, Operation
from energyguard.store.keys import Key
from energyguard.store.ring.effects import (
    Answer,
    Contradicted,
    Done,
    Effect,
    NodeReply,
    Result,
    Send,
    WriteUnconfirmed,
)
from energyguard.store.ring.membership import ClusterMembership, first, moving
from energyguard.store.ring.messages import (
    AskDigests,
    AskMembership,
    AskProgress,
    Digests,
    Failed,
    Message,
    Pause,
    Progress,
    Reply,
    Waiting,
)
from energyguard.store.ring.ring import VIRTUAL_NODES
from energyguard.store.ring.transport import Links, peer_address
from energyguard.store.row import OWN_KEY, Row, check
from energyguard.store.status import summary
from energyguard.store.version import OLDEST

TICK_S = 0.01
STATUS_MS = 1_000
FORM_MS = 15_000
CONNECT_S = 2.0
OF_OWN_KEYS = (
    "a key of a user's own needs a majority of its owners: stand-ins hold measurements only"
)
OF_LATEST = "the latest needs a majority of the owners: a measurement by its time may need fewer"


class RingStore:
    """A ``Store`` and a ``Cluster`` on shards; ``open`` it, in the event loop that uses it."""

    def __init__(self, nodes: Sequence[str], secret: str = "", clock: Clock = SYSTEM) -> None:
        """Prepare; nobody is called yet.

        Args:
            nodes: HTTP addresses of the shards, or of some of them.
            secret: that all nodes and coordinators share.
            clock: the wall clock.

        Raises:
            ConfigError: one of them is no address.
        """
        for node in nodes:
            peer_address(node)
        self._nodes, self._clock = list(nodes), clock
        self.coordinator = Coordinator(f"c-{token_hex(6)}", cluster.keep_up, clock=clock)
        self._links = Links(self.coordinator.name, self._receive, secret)
        self._answers: dict[int, asyncio.Future[Result]] = {}
        self._ticking: asyncio.Task[None] | None = None

    @property
    def membership(self) -> ClusterMembership:
        """See ``Cluster.membership``."""
        return self.coordinator.membership

    async def open(
        self,
        copies: int | None = None,
        strategy: str = "consistent",
        virtual_nodes: int = VIRTUAL_NODES,
        *,
        form: bool = True,
    ) -> None:
        """Find the cluster; where its nodes are in none, form it of them.

        Args:
            copies: of each key, when it is formed; None: three, or as many as there are nodes.
            strategy: when it is formed.
            virtual_nodes: points of each node on the ring, when it is formed.
            form: whether to form it.

        Raises:
            Conflict: there are not so many nodes, or no such strategy.
            Unavailable: the nodes do not reply.
        """
        loop = asyncio.get_running_loop()
        self._ticking = loop.create_task(self._tick())
        await self._links.ready(self._nodes, CONNECT_S)
        wanted = first(self._nodes, copies or min(3, len(self._nodes)), strategy, virtual_nodes)
        finding = cluster.found(self.coordinator, self._nodes, wanted if form else None)
        await self._run(finding, FORM_MS if form else DEADLINE_MS)

    async def write(self, rows: Sequence[Row], copies: int | None = None) -> None:
        """See ``Store.write``."""
        for row in rows:
            check(row)
        if rows:
            await self._run(operations.write(self.coordinator, rows, copies))

    async def change(
        self, key: Key, value: bytes | None, expires_ms: int = 0, copies: int | None = None
    ) -> Row:
        """See ``Store.change``."""
        check(Row(*key, OLDEST, value, expires_ms))
        by = self.coordinator
        changing = operations.change(by, *key, value, expires_ms, copies)
        done = await self._run(changing, about=_about(key.at))
        return done.rows[0]

    async def read(
        self, series: str, at: int | None = OWN_KEY, copies: int | None = None
    ) -> Row | None:
        """See ``Store.read``."""
        by = self.coordinator
        if at is None:
            done = await self._run(operations.latest(by, series, copies), about=OF_LATEST)
        else:
            done = await self._run(operations.read(by, series, at, copies), about=_about(at))
        row = next(iter(done.rows), None)
        return row if row is not None and row.is_there(self._clock.now_ms()) else None

    async def scan(
        self, series: str, begin: int, end: int, limit: int, *, every: bool = False
    ) -> list[Row]:
        """See ``Store.scan``."""
        by = self.coordinator
        done = await self._run(operations.scan(by, series, begin, end, limit, every=every))
        now_ms = self._clock.now_ms()
        return [row for row in done.rows if every or row.is_there(now_ms)]

    async def names(self, above: str = "", limit: int = 1_000) -> list[str]:
        """See ``Store.names``."""
        return list((await self._run(operations.names(above, limit))).names)

    async def close(self) -> None:
        """See ``Store.close``; what waits is not confirmed."""
        if self._ticking is not None:
            self._ticking.cancel()
        await self._links.close()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_result(WriteUnconfirmed(0, 1, "the coordinator was closed"))

    async def join(self, node: str, instead_of: str | None = None) -> ClusterMembership:
        """See ``Cluster.join``."""
        peer_address(node)
        if instead_of is not None:
            self._known(instead_of)
        await self._links.ready([node], CONNECT_S)
        await self._ask_node(node, AskMembership)
        if instead_of is not None:
            return await self._reconfigure(lambda now: cluster.replaced(now, instead_of, node))
        return await self._reconfigure(lambda now: cluster.joined(now, node))

    async def leave(self, node: str) -> ClusterMembership:
        """See ``Cluster.leave``."""
        self._known(node)
        return await self._reconfigure(lambda now: cluster.left(now, node))

    async def reconfigure(
        self, copies: int | None = None, strategy: str | None = None
    ) -> ClusterMembership:
        """See ``Cluster.reconfigure``."""
        return await self._reconfigure(lambda now: moving(now, None, copies, strategy))

    async def pause(self, node: str, *, paused: bool) -> None:
        """See ``Cluster.pause``."""
        self._known(node)
        reply = await self._ask_node(node, lambda i, epoch: Pause(i, epoch, paused))
        if isinstance(reply, Failed):
            raise Conflict(reply.reason)

    async def status(self) -> ClusterStatus:
        """See ``Cluster.status``."""
        now = self.membership
        status_of = [self._status_of(node) for node in now.everyone()]
        by_node = dict(zip(now.everyone(), await asyncio.gather(*status_of), strict=True))
        by = self.coordinator
        return summary(now, by_node, Waiting(by.name, 0, tuple(by.hints.waiting().items())))

    async def _status_of(self, node: str) -> tuple[Digests | None, Progress | None]:
        try:
            digests = await self._ask_node(node, AskDigests, STATUS_MS)
            progress = await self._ask_node(node, AskProgress, STATUS_MS)
        except Unavailable:
            return None, None
        assert isinstance(digests, Digests)
        assert isinstance(progress, Progress)
        return digests, progress

    def _known(self, node: str) -> None:
        if node not in self.membership.everyone():
            raise NotFound(f"{node} is no node of this cluster")

    async def _reconfigure(
        self, change: Callable[[ClusterMembership], ClusterMembership]
    ) -> ClusterMembership:
        steps = cluster.reconfigure(self.coordinator, change)
        await self._run(steps, FORM_MS, "an epoch is decided by a majority of all owners")
        return self.membership

    async def _ask_node(
        self, node: str, asking: Callable[[int, int], Message], deadline_ms: int = DEADLINE_MS
    ) -> Reply:
        result = await self._result(cluster.ask(node, asking), deadline_ms)
        if isinstance(result, NodeReply):
            return result.reply
        assert isinstance(result, WriteUnconfirmed)
        if result.reason:
            raise Conflict(result.reason)
        raise Unavailable(f"{node} does not reply")

    async def _run(self, steps: Operation, deadline_ms: int = DEADLINE_MS, about: str = "") -> Done:
        """Run an operation; ``about``: why so many nodes are needed.

        Raises:
            Conflict: it was refused; nothing was done.
            Unavailable: too few nodes replied; a write may be done, or may be yet.
        """
        result = await self._result(steps, deadline_ms)
        if isinstance(result, Done):
            return result
        if isinstance(result, Contradicted):
            raise Conflict(result.reason)
        assert isinstance(result, WriteUnconfirmed)
        reason = f" ({result.reason})" if result.reason else ""
        reason += f"; {about}" if about else ""
        raise Unavailable(
            f"{result.replied} of {result.needed} nodes that are needed replied in time; a write "
            f"may have been done, or may be yet{reason}"
        )

    async def _result(self, steps: Operation, deadline_ms: int) -> Result:
        if self._ticking is None:
            await self.open(form=False)
        number, effects = self.coordinator.begin(self._now_ms(), steps, deadline_ms)
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        self._do(effects)
        try:
            return await answer
        finally:
            self._answers.pop(number, None)

    def _now_ms(self) -> int:
        return int(SYSTEM.monotonic() * 1000)

    def _receive(self, sender: str, message: Message) -> None:
        if isinstance(message, Reply):
            self._do(self.coordinator.receive(self._now_ms(), sender, message))

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._do(self.coordinator.tick(self._now_ms()))

    def _do(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self._links.send(effect.to, effect.message)
            elif isinstance(effect, Answer):
                answer = self._answers.get(effect.operation)
                if answer is not None and not answer.done():
                    answer.set_result(effect.result)


def _about(at: int) -> str:
    return OF_OWN_KEYS if at == OWN_KEY else ""


def ring_nodes(address: str) -> list[str]:
    """The nodes in ``ring://host:port,host:port``.

    Raises:
        ConfigError: there is none.
    """
    nodes = [f"http://{node}" for node in address.split(",") if node]
    if not nodes:
        raise ConfigError("store: ring://host:port,host:port names its nodes; there is none")
    return nodes
