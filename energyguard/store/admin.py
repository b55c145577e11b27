"""What the operator of a replicated store sees and does, whatever its backend."""

from __future__ import annotations

from typing import Protocol

import msgspec

from energyguard.store.ring.membership import ClusterMembership


class NodeStatus(msgspec.Struct, frozen=True):
    """One node, as its coordinator sees it."""

    node: str  # its address
    up: bool  # it has replied just now
    share: float  # of all copies of slots, between 0 and 1
    slots: int  # that it owns, or is going to
    rows: int | None  # that it has; None: it is silent
    lacking: int  # slots in which another owner has rows that it has not, or the other way round
    to_fetch: int  # slots that it has still to fetch in a moving epoch
    hints: int  # batches of rows that wait for it, at all coordinators
    for_others: int = 0  # rows that it holds for their owners, as a stand-in: durable hints


class ClusterStatus(msgspec.Struct, frozen=True):
    """The cluster, as one coordinator sees it."""

    epoch: int
    strategy: str
    copies: int
    virtual_nodes: int
    moving: bool  # slots are on their way to new owners
    nodes: tuple[NodeStatus, ...]
    slots_alike: int  # slots whose owners have the same rows, all of them
    slots: int

    @property
    def hints(self) -> int:
        """Batches of rows that wait for some node."""
        return sum(node.hints for node in self.nodes)

    @property
    def is_whole(self) -> bool:
        """Whether all owners have the same rows, and nobody waits for any."""
        return self.slots_alike == self.slots and not self.hints and not self.for_others

    @property
    def for_others(self) -> int:
        """Rows that stand-ins hold and have still to give to their owners."""
        return sum(node.for_others for node in self.nodes)


class ClusterAdmin(Protocol):
    """A store on several nodes, as its operator has it."""

    @property
    def membership(self) -> ClusterMembership:
        """Who owns what, as far as known here: ``membership.owners_of(series)``."""
        ...

    async def status(self) -> ClusterStatus:
        """How the nodes are; those that do not reply within a second are not up."""
        ...

    async def join(self, node: str, instead_of: str | None = None) -> ClusterMembership:
        """Let a node in; its slots are on their way when this returns.

        Args:
            node: the new one; it runs already.
            instead_of: one whose place it takes, dead or alive.

        Raises:
            NotFound: there is no node to be replaced.
            Conflict: it is in already, or another change came first.
            Unavailable: too few nodes replied to decide, or the new one does not reply.
        """
        ...

    async def leave(self, node: str) -> ClusterMembership:
        """Give a node up, dead or alive; its slots are on their way when this returns.

        Raises:
            NotFound: there is no such node.
            Conflict: too few would be left for the copies, or another change came first.
            Unavailable: too few nodes replied to decide.
        """
        ...

    async def reconfigure(
        self, copies: int | None = None, strategy: str | None = None
    ) -> ClusterMembership:
        """Change how many copies there are, or how they are laid out (``consistent``, ``full``).

        Raises:
            Conflict: there are not so many nodes, there is no such strategy, or another change
                came first.
            Unavailable: too few nodes replied to decide.
        """
        ...

    async def pause(self, node: str, *, paused: bool) -> None:
        """Fault injection: have a node take no traffic, or take it again.

        Raises:
            NotFound: there is no such node.
            Conflict: the node does not allow fault injection.
            Unavailable: it does not reply.
        """
        ...
