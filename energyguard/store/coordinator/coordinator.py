"""Whoever serves clients: asks the owners, and answers when enough of them have replied.

A state machine without I/O. An operation (``operations.py``) is a generator that yields *rounds*:
whom to ask what, and how many replies are enough. The coordinator sends, sends again, asks others
where some are slow, begins a round anew in a new epoch, and gives up at the deadline.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import NamedTuple

from energyguard.clock import SYSTEM, Clock
from energyguard.store.coordinator.hints import Hints
from energyguard.store.ring.effects import Answer, Effect, Result, Send, WriteUnconfirmed
from energyguard.store.ring.membership import NOBODY, ClusterMembership
from energyguard.store.ring.messages import (
    AskMembership,
    Failed,
    Install,
    Message,
    Put,
    Refused,
    Reply,
    RowsStored,
    Stale,
)
from energyguard.store.row import Row
from energyguard.store.version import HybridClock

DEADLINE_MS = 2_000
RESEND_MS = 250  # and then twice as long each time: who is slow is not to have more to do
HEDGE_MS = 30  # after which those are asked too who need not have been
SLOW_MS = 1_000  # for how long a node that was slow is not asked first
POLL_MS = 200  # how often the nodes are asked how far they are in a moving epoch
WATCH_MS = 1_000  # and how often one is asked whether the epoch is still the same

Replies = Mapping[str, Reply]
Group = tuple[Sequence[str], int]


class Round(NamedTuple):
    """Requests by node; in each group of nodes so many have to reply."""

    requests: Mapping[str, Message]
    groups: Sequence[Group]
    at_first: Collection[str] | None = None  # the others when those are slow; None: all at once
    wait_ms: int = 0  # after so long it goes on with the replies that there are
    stand_ins: Collection[str] = ()  # they keep rows for others: no hints for them

    def asks_epoch(self, node: str) -> bool:
        """Whether a node was asked which epoch it is in."""
        return isinstance(self.requests.get(node), AskMembership)


NO_ROUND = Round({}, ())


class Overtaken(Exception):
    """The cluster is in another epoch than the one that an operation was for."""


Plan = Callable[[ClusterMembership, int], Round]
"""Makes the round for an epoch, with the id for its requests; may raise ``Overtaken``."""

Operation = Generator[Plan, Replies, Result]


@dataclass(slots=True)
class _Running:
    """An operation that is under way."""

    id: int
    steps: Operation
    deadline_ms: int
    plan: Plan
    request: int = 0
    round: Round = NO_ROUND
    began_ms: int = 0
    resend_ms: int = 0
    resent: int = 0  # times, in this round
    contacted: set[str] = field(default_factory=set)
    replies: dict[str, Reply] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)  # why


class Coordinator:
    """Runs operations on a cluster; any number of coordinators may."""

    def __init__(
        self,
        name: str,
        keep_up: Callable[[Coordinator], Operation],
        membership: ClusterMembership = NOBODY,
        clock: Clock = SYSTEM,
        random: Random | None = None,
        hints: Hints | None = None,
    ) -> None:
        """Begin.

        Args:
            name: of this one, and of this life of it: it must never have been used before.
            keep_up: the operation that keeps up with the cluster: ``cluster.keep_up``.
            membership: the epoch to begin with; later ones are learnt.
            clock: the wall clock, for versions.
            random: of the pauses between two tries of two who disturb each other.
            hints: what nodes have still to be told.
        """
        self.name, self.keep_up = name, keep_up
        self.membership, self.clock = membership, clock
        self.versions = HybridClock(name, clock)
        self.random = random or Random()
        self.hints = hints or Hints()
        self._ids, self._operations = count(1), count(1)
        self.proposals: Iterator[int] = count(1)  # of later epochs
        self.expired: dict[Row, int] = {}  # what is over, and since when all owners say so
        self.clear_ms = 0  # when to look for more of that
        self._open: dict[int, _Running] = {}  # by the request of its round
        self._slow: dict[str, int] = {}
        self._poll_ms = 0
        self._now = 0
        self._learnt: list[Effect] = []

    @property
    def now_ms(self) -> int:
        """The time of what was heard last; only differences mean something."""
        return self._now

    def begin(
        self, now_ms: int, steps: Operation, deadline_ms: int = DEADLINE_MS
    ) -> tuple[int, list[Effect]]:
        """Start an operation; its number is in the ``Answer`` that ends it."""
        self._now = now_ms
        running = _Running(next(self._operations), steps, now_ms + deadline_ms, _nothing)
        return running.id, self._step(running, lambda: next(steps))

    def receive(self, now_ms: int, sender: str, reply: Reply) -> list[Effect]:
        """A node has replied."""
        self._now = now_ms
        running = self._open.get(reply.id)
        if isinstance(reply, Stale) and reply.membership.epoch != self.membership.epoch:
            return self._other_epoch(sender, reply.membership)
        if running is None or sender not in running.round.requests:
            if isinstance(reply, RowsStored):
                self.hints.kept(sender, reply.id)
            return []
        if isinstance(reply, Failed):
            return self._failed(running, sender, reply)
        if isinstance(reply, Stale) and not running.round.asks_epoch(sender):
            return []
        running.replies[sender] = reply
        self._slow.pop(sender, None)
        return self._next_round(running) if enough(running.round, running.replies) else []

    def enter(self, now_ms: int, membership: ClusterMembership) -> list[Effect]:
        """Learn of a later epoch; rounds begin anew in it."""
        self._now = now_ms
        if membership.epoch <= self.membership.epoch:
            return []
        self.membership = membership
        self.hints.enter(membership)
        return [effect for run in list(self._open.values()) for effect in self._ask(run)]

    def tick(self, now_ms: int) -> list[Effect]:
        """Time has passed: send again, ask others, give up."""
        self._now = now_ms
        effects: list[Effect] = []
        for running in list(self._open.values()):
            if running.request in self._open:
                effects += self._wake(running)
        if self.membership.epoch and now_ms >= self._poll_ms:
            self._poll_ms = now_ms + (POLL_MS if self.membership.coming else WATCH_MS)
            effects += self.begin(now_ms, self.keep_up(self))[1]
        return effects + list(self.hints.tick(now_ms, self.membership.epoch))

    def preferred(self, nodes: Sequence[str], needed: int, turn: int) -> list[str]:
        """So many of some nodes: in turn, but last those that were slow or lack something."""
        turned = [nodes[(turn + i) % len(nodes)] for i in range(len(nodes))]
        behind = self.hints.waiting()
        return sorted(turned, key=lambda n: n in behind or self.is_slow(n))[:needed]

    def is_slow(self, node: str) -> bool:
        """Whether a node was slow just now."""
        return self._slow.get(node, 0) > self._now

    def _wake(self, running: _Running) -> list[Effect]:
        if self._now >= running.deadline_ms:
            return self._end(running, self._unconfirmed(running))
        silent = running.round.requests.keys() - running.replies.keys()
        if running.round.wait_ms and self._now >= running.began_ms + running.round.wait_ms:
            self._slow |= dict.fromkeys(silent, self._now + SLOW_MS)
            return self._next_round(running)
        if self._now >= running.began_ms + HEDGE_MS and (late := silent - running.contacted):
            self._slow |= dict.fromkeys(silent & running.contacted, self._now + SLOW_MS)
            return self._send(running, late)
        if self._now >= running.resend_ms:
            running.resent += 1
            running.resend_ms = self._now + (RESEND_MS << running.resent)
            self._slow = {node: until for node, until in self._slow.items() if until > self._now}
            return self._send(running, silent)
        return []

    def _send(self, running: _Running, nodes: Collection[str]) -> list[Effect]:
        running.contacted |= set(nodes)
        return [Send(node, running.round.requests[node]) for node in sorted(nodes)]

    def _ask(self, running: _Running) -> list[Effect]:
        """Begin a round, or begin it anew."""
        self._open.pop(running.request, None)
        running.request = next(self._ids)
        try:
            running.round = running.plan(self.membership, running.request)
        except Overtaken as overtaken:
            return self._throw(running, overtaken)
        self._open[running.request] = running
        running.began_ms, running.resend_ms = self._now, self._now + RESEND_MS
        running.resent = 0
        running.replies, running.contacted, running.failed = {}, set(), {}
        first = running.round.at_first
        return self._send(running, running.round.requests.keys() if first is None else first)

    def _throw(self, running: _Running, overtaken: Overtaken) -> list[Effect]:
        return self._step(running, lambda: running.steps.throw(overtaken))

    def _next_round(self, running: _Running) -> list[Effect]:
        del self._open[running.request]
        self._hint(running)
        replies = running.replies
        return self._step(running, lambda: running.steps.send(replies))

    def _step(self, running: _Running, go_on: Callable[[], Plan]) -> list[Effect]:
        try:
            running.plan = go_on()
        except StopIteration as end:
            result: Result = end.value
            return [*self._take_learnt(), Answer(running.id, result)]
        return self._take_learnt() + self._ask(running)

    def learn(self, membership: ClusterMembership) -> None:
        """An operation has found out that a later epoch is in force."""
        self._learnt += self.enter(self._now, membership)

    def _take_learnt(self) -> list[Effect]:
        learnt, self._learnt = self._learnt, []
        return learnt

    def _end(self, running: _Running, result: Result) -> list[Effect]:
        del self._open[running.request]
        self._hint(running)
        running.steps.close()
        return [Answer(running.id, result)]

    def _hint(self, running: _Running) -> None:
        """What some nodes have not acknowledged yet they are told later."""
        tried = {*running.replies, *running.round.stand_ins}
        for node, request in running.round.requests.items():
            if isinstance(request, Put) and node not in tried:
                self.hints.add(self._now, node, request.id, request.rows)

    def _failed(self, running: _Running, node: str, reply: Failed) -> list[Effect]:
        """A node cannot: the operation ends where too few others are left."""
        running.failed[node] = reply.reason
        if running.round.wait_ms:  # others may help
            return self._next_round(running)
        for nodes, needed in running.round.groups:
            if len(set(nodes) - running.failed.keys()) < needed:
                reason = "; ".join(sorted(set(running.failed.values())))
                return self._end(running, self._unconfirmed(running)._replace(reason=reason))
        return []

    def _unconfirmed(self, running: _Running) -> WriteUnconfirmed:
        replied, needed = min(
            ((len(running.replies.keys() & set(nodes)), n) for nodes, n in running.round.groups),
            key=lambda pair: pair[0] - pair[1],
            default=(0, 1),
        )
        return WriteUnconfirmed(replied, needed)

    def _other_epoch(self, sender: str, theirs: ClusterMembership) -> list[Effect]:
        """Learn, or teach; what was asked is sent again in its time."""
        if theirs.epoch > self.membership.epoch:
            return self.enter(self._now, theirs)
        return [Send(sender, Install(0, self.membership.epoch, self.membership))]


def enough(begun: Round, replies: Replies) -> bool:
    """Whether a round is over: a refusal ends it, and so does a reply of enough of each group."""
    if any(isinstance(reply, Refused) for reply in replies.values()):
        return True
    groups = begun.groups
    return bool(groups) and all(len(replies.keys() & set(nodes)) >= n for nodes, n in groups)


def _nothing(_membership: ClusterMembership, _request: int) -> Round:
    return NO_ROUND
