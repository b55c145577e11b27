"""Forming a cluster and changing it: who is in, who owns what, from which epoch on.

Which epoch follows on another is decided by a majority of the nodes of the one that is in force,
once (Paxos: Lamport, 2001, "Paxos Made Simple"); two who change the cluster cannot fork it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from energyguard.errors import Conflict
from energyguard.store.coordinator.clearing import EVERY_MS, clear
from energyguard.store.coordinator.coordinator import (
    Coordinator,
    Operation,
    Overtaken,
    Plan,
    Replies,
    Round,
)
from energyguard.store.ring.effects import Contradicted, Done, NodeReply
from energyguard.store.ring.membership import ClusterMembership, majority, moving, settled
from energyguard.store.ring.messages import (
    Accept,
    AskMembership,
    AskProgress,
    Install,
    Message,
    Prepare,
    Progress,
    Promised,
    Refused,
)

PAUSE_MS = 50


def found(
    by: Coordinator, nodes: Sequence[str], wanted: ClusterMembership | None = None
) -> Operation:
    """Join the cluster of some nodes, or form it of them, when all of them are in none.

    Args:
        by: who asks.
        nodes: of the cluster, or some of them.
        wanted: the first epoch; None: nobody is to form one.
    """
    yield _asking_around(nodes, forming=wanted is not None)
    if by.membership.epoch:
        return Done()
    if wanted is None:
        return Contradicted(f"{', '.join(nodes)}: in no cluster")
    return (yield from _decide(by, wanted, nodes))


def reconfigure(
    by: Coordinator, change: Callable[[ClusterMembership], ClusterMembership]
) -> Operation:
    """Decide on a moving epoch. The slots move afterwards; ``keep_up`` ends it."""
    try:
        wanted = change(by.membership)
    except Conflict as conflict:
        return Contradicted(str(conflict))
    return (yield from _decide(by, wanted, by.membership.electors()))


def keep_up(by: Coordinator) -> Operation:
    """Keep up with the cluster, and take away what is over.

    End a moving epoch, if all who were to fetch slots have them.
    """
    now = by.membership
    if not now.coming:
        hints = tuple(by.hints.waiting().items())
        yield _asking_around([by.random.choice(now.everyone())], forming=False, hints=hints)
        if by.now_ms < by.clear_ms:
            return Done()
        by.clear_ms = by.now_ms + EVERY_MS
        return (yield from clear(by))
    fetching = sorted({node for owners in now.coming for node in owners})
    try:
        replies = yield _at(now, fetching, len(fetching), AskProgress)
    except Overtaken:
        return Contradicted("the cluster is in another epoch")
    if any(isinstance(reply, Progress) and reply.slots for reply in replies.values()):
        return Done()
    return (yield from _decide(by, settled(now), now.electors()))


def ask(node: str, asking: Callable[[int, int], Message]) -> Operation:
    """Ask one node something, in whatever epoch."""

    def plan(membership: ClusterMembership, request: int) -> Round:
        return Round({node: asking(request, membership.epoch)}, [([node], 1)])

    replies = yield plan
    return NodeReply(replies[node])


def joined(now: ClusterMembership, node: str) -> ClusterMembership:
    """The epoch in which a node is let in."""
    if node in now.nodes:
        raise Conflict(f"{node} is a node of this cluster already")
    return moving(now, (*now.nodes, node))


def replaced(now: ClusterMembership, node: str, by: str) -> ClusterMembership:
    """The epoch in which a node takes another one's place."""
    if by in now.nodes:
        raise Conflict(f"{by} is a node of this cluster already")
    if node not in now.nodes:
        raise Conflict(f"{node} is no node of this cluster")
    return moving(now, (*(name for name in now.nodes if name != node), by))


def left(now: ClusterMembership, node: str) -> ClusterMembership:
    """The epoch in which a node is given up."""
    if node not in now.nodes:
        raise Conflict(f"{node} is no node of this cluster")
    return moving(now, tuple(name for name in now.nodes if name != node))


def _decide(by: Coordinator, wanted: ClusterMembership, electors: Sequence[str]) -> Operation:
    """Paxos' proposer: two rounds, and again with a higher ballot where another one was first.

    The first epoch has to be accepted by all: whoever owns something in it and remembers no vote
    has lost its disk, and must not count as an owner.
    """
    now, number = by.membership, 0
    proposer = f"{by.name}/{next(by.proposals)}"  # this one: others may run beside it
    try:
        while True:
            ballot = (number + 1, proposer)
            replies = yield _at(now, electors, majority(electors), _prepare(ballot))
            if not (number := _refused(replies)):
                value = _accepted(replies) or wanted
                needed = majority(electors) if now.epoch else len(electors)
                replies = yield _at(now, electors, needed, _accept(ballot, value))
                if not (number := _refused(replies)):
                    break
            yield _pause(by.random.randrange(PAUSE_MS))
    except Overtaken:
        value = by.membership
    if by.membership.epoch < value.epoch:
        by.learn(value)
    yield _tell(value, {*now.everyone(), *electors, *value.everyone()})
    if value != wanted:
        return Contradicted(f"another change came first: epoch {value.epoch}")
    return Done()


def _refused(replies: Replies) -> int:
    """The highest ballot that somebody has promised already; 0: none."""
    return max((r.ballot[0] for r in replies.values() if isinstance(r, Refused)), default=0)


def _accepted(replies: Replies) -> ClusterMembership | None:
    """What may have been decided already: it must be decided again."""
    accepted = [r for r in replies.values() if isinstance(r, Promised) and r.ballot is not None]
    return max(accepted, key=lambda r: r.ballot or (0, "")).membership if accepted else None


def _prepare(ballot: tuple[int, str]) -> Callable[[int, int], Message]:
    return lambda request, epoch: Prepare(request, epoch, ballot)


def _accept(ballot: tuple[int, str], value: ClusterMembership) -> Callable[[int, int], Message]:
    return lambda request, epoch: Accept(request, epoch, ballot, value)


def _at(
    now: ClusterMembership, nodes: Sequence[str], needed: int, asking: Callable[[int, int], Message]
) -> Plan:
    """A round that makes sense in one epoch only."""

    def plan(membership: ClusterMembership, request: int) -> Round:
        if membership.epoch != now.epoch:
            raise Overtaken
        return Round(dict.fromkeys(nodes, asking(request, now.epoch)), [(nodes, needed)])

    return plan


def _asking_around(
    nodes: Sequence[str], *, forming: bool, hints: Sequence[tuple[str, int]] = ()
) -> Plan:
    """A round that teaches the epoch; that there is none, all of the nodes have to say."""

    def plan(membership: ClusterMembership, request: int) -> Round:
        requests = dict.fromkeys(nodes, AskMembership(request, membership.epoch, hints))
        all_of_them = forming and membership.epoch == 0
        return Round(requests, [(nodes, len(nodes) if all_of_them else 1)])

    return plan


def _tell(value: ClusterMembership, nodes: set[str]) -> Plan:
    """Tell everyone of an epoch: one reply is enough, the others learn when they ask."""
    names = sorted(nodes)
    return lambda membership, request: Round(
        dict.fromkeys(names, Install(request, membership.epoch, value)), [(names, 1)]
    )


def _pause(wait_ms: int) -> Plan:
    return lambda _membership, _request: Round({}, (), wait_ms=max(1, wait_ms))
