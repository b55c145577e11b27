"""A node of the cluster: replica, repair and hand-over as one state machine."""

from __future__ import annotations

from itertools import count

from energyguard.store.node.handover import HandOver
from energyguard.store.node.repair import Repair
from energyguard.store.node.replica import NodeRows, Replica
from energyguard.store.ring.effects import Effect, Save, Send
from energyguard.store.ring.membership import ClusterMembership
from energyguard.store.ring.messages import (
    AskMembership,
    AskProgress,
    Message,
    NodeState,
    Progress,
    Reply,
    Request,
    Stale,
    Waiting,
)

REPORT_MS = 15_000
"""Who has not told of its hints for so long is thought to be gone."""


class Member:
    """What a shard does, without I/O."""

    def __init__(
        self, name: str, rows: NodeRows, state: NodeState | None = None, first_id: int = 1
    ) -> None:
        """Go on where a node stopped.

        Args:
            name: the node's.
            rows: what it has.
            state: what it remembers; None: it belongs to no cluster yet.
            first_id: of its requests; above those of its former lives.
        """
        self.replica = Replica(name, rows, state)
        ids = count(first_id)
        self.repair = Repair(name, rows, ids)
        self.handover = HandOver(self.replica, ids)
        self.repair.enter(self.replica.membership)
        self._reports: dict[str, tuple[int, AskMembership]] = {}  # when, by coordinator

    @property
    def membership(self) -> ClusterMembership:
        """The epoch that it is in."""
        return self.replica.membership

    def receive(self, now_ms: int, sender: str, message: Message) -> list[Effect]:
        """Do what is asked for, or go on with what was answered."""
        if isinstance(message, AskProgress) and self.replica.is_current(message.epoch):
            left, taken = self.repair.left, self.repair.taken
            return [Send(sender, Progress(message.id, left, taken, self._waiting(now_ms)))]
        if isinstance(message, AskMembership):
            self._reports[sender] = now_ms, message
        if isinstance(message, Request):
            return self.replica.receive(sender, message)
        assert isinstance(message, Reply)
        news = self.replica.adopt(message.membership) if isinstance(message, Stale) else []
        given = self.handover.receive(sender, message)
        return news + given + self.repair.receive(now_ms, message)

    def _waiting(self, now_ms: int) -> list[Waiting]:
        """What coordinators said of their hints lately."""
        reports = self._reports.items()
        self._reports = {
            name: (at, report) for name, (at, report) in reports if at + REPORT_MS > now_ms
        }
        return [
            Waiting(name, now_ms - at, report.hints) for name, (at, report) in self._reports.items()
        ]

    def saved(self, now_ms: int, save: Save) -> list[Effect]:
        """Something is durable."""
        before = self.membership
        effects = self.replica.saved(save)
        if self.membership is not before:
            self.repair.enter(self.membership)
            self.handover.enter()
        self.handover.saved(now_ms, save)
        return effects + self.repair.saved(now_ms, save)

    def tick(self, now_ms: int) -> list[Effect]:
        """Time has passed."""
        return self.repair.tick(now_ms) + self.handover.tick(now_ms)
