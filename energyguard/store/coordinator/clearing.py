"""Taking away what is over: keys whose last row says so, when every owner has it.

Such a row may go when no node can bring back what it hides: every owner has it, none has anything
below it, no stand-in holds a hint of its slot, and nothing that was sent before is still on its
way. A round of ``Expire`` makes the first ones so, and tells where something had to be done, now or
within the wait; when another, later, finds nothing of it anywhere, a round of ``Forget`` takes the
rows away. Whoever misses that gives them back to the others, and they go another time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from energyguard.store.coordinator.coordinator import Coordinator, Operation, Overtaken, Plan, Round
from energyguard.store.ring.effects import Done
from energyguard.store.ring.membership import ClusterMembership
from energyguard.store.ring.messages import Expire, Expired, Forget, Found, ListExpired, Message
from energyguard.store.row import Row

GRACE_MS = 24 * 3_600_000
"""For so long what is over is kept: hints are gone by then, and clocks differ by less."""
WAIT_MS = 30 * 60_000
"""Between two rounds: no message is on its way for so long; TCP gives up after half of it."""
EVERY_MS = 10_000
AT_ONCE = 2_000
REMEMBERED = 100_000

Asking = Callable[[int, int, Sequence[Row]], Message]


def clear(by: Coordinator) -> Operation:
    """Expire some last rows of keys; forget what has been expired everywhere for some time."""
    now = by.membership
    if not now.epoch or now.coming:
        return Done()
    before_ms = by.clock.now_ms() - GRACE_MS
    try:
        node = by.random.choice(now.everyone())
        replies = yield _at(now, lambda i, e: _asking(node, ListExpired(i, e, before_ms, AT_ONCE)))
        over = [row for reply in replies.values() if isinstance(reply, Found) for row in reply.rows]
        expiring = [row for row in over if by.expired.get(row, -WAIT_MS) + WAIT_MS <= by.now_ms]
        if expiring:
            replies = yield _at_all_owners(now, expiring, Expire)
            changed = any(
                isinstance(reply, Expired) and reply.changed for reply in replies.values()
            )
            due = [] if changed else [row for row in expiring if row in by.expired]
            if due:
                yield _at_all_owners(now, due, Forget)
            _remember(by, expiring, due)
    except Overtaken:
        by.expired.clear()
    return Done()


def _remember(by: Coordinator, expired: Sequence[Row], forgotten: Sequence[Row]) -> None:
    if len(by.expired) > REMEMBERED:
        by.expired.clear()
    by.expired |= dict.fromkeys(expired, by.now_ms)
    for row in forgotten:
        del by.expired[row]


def _asking(node: str, request: Message) -> Round:
    return Round({node: request}, [([node], 1)])


def _at_all_owners(now: ClusterMembership, rows: Sequence[Row], asking: Asking) -> Plan:
    of_nodes: dict[str, list[Row]] = {}
    for row in rows:
        for node in now.keepers(row.slot)[0].places if asking is Expire else now.owners[row.slot]:
            of_nodes.setdefault(node, []).append(row)
    nodes = sorted(of_nodes)
    return _at(
        now,
        lambda i, epoch: Round(
            {node: asking(i, epoch, of_nodes[node]) for node in nodes}, [(nodes, len(nodes))]
        ),
    )


def _at(now: ClusterMembership, make: Callable[[int, int], Round]) -> Plan:
    """A round that makes sense in one epoch only."""

    def plan(membership: ClusterMembership, request: int) -> Round:
        if membership.epoch != now.epoch:
            raise Overtaken
        return make(request, membership.epoch)

    return plan
