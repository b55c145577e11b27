"""What a coordinator can be asked for, each as the rounds that it takes.

Quorums are majorities unless a request says otherwise, so whoever reads meets whoever wrote. What
a reader is told is on a majority by then (*write-back*: Attiya, Bar-Noy and Dolev, 1995), so that
nobody who asks later is told something older.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from energyguard.errors import Conflict
from energyguard.store.coordinator import Coordinator, Operation, Plan, Replies, Round
from energyguard.store.effects import Contradicted, Done
from energyguard.store.membership import Membership, majority
from energyguard.store.messages import (
    FOREVER,
    Find,
    FindBetween,
    FindLatest,
    FindSeries,
    Found,
    Keep,
    Message,
    Names,
)
from energyguard.store.ring import slot_of
from energyguard.store.row import OWN_KEY, Row, newest, winners
from energyguard.store.version import OLDEST

Groups = tuple[tuple[str, ...], ...]


def write(rows: Sequence[Row], needed: int | None = None) -> Operation:
    """Keep rows: acknowledged when they are on the disks of enough owners of each."""
    yield keeping(rows, needed)
    return Done(rows)


def change(
    by: Coordinator,
    series: str,
    at: int,
    value: bytes | None,
    expires_ms: int = 0,
    needed: int | None = None,
) -> Operation:
    """Give a key a value, or delete it: above the highest version that there is."""
    replies = yield _finding(by, series, needed, lambda i, e: Find(i, e, series, at))
    try:
        by.versions.see(max((row.version for row in _rows(replies)), default=OLDEST))
        row = Row(series, at, by.versions.next(), value, expires_ms)
    except Conflict as conflict:
        return Contradicted(str(conflict))
    yield keeping([row], needed)
    return Done([row])


def read(by: Coordinator, series: str, at: int = OWN_KEY, needed: int | None = None) -> Operation:
    """The row that wins; a tombstone is one too."""
    replies = yield _finding(by, series, needed, lambda i, e: Find(i, e, series, at))
    row = newest(_rows(replies))
    if row is None:
        return Done()
    if _lacking(replies, [row]):
        yield keeping([row], needed)
    return Done([row])


def latest(by: Coordinator, series: str, needed: int | None = None) -> Operation:
    """The row of the latest time that has a value.

    Each owner tells what it has from the latest time down to the first with a value. As far down
    as all of them have come, it is known what is deleted; where nothing is left, they go on.
    """
    below = FOREVER
    while True:
        replies = yield _finding(by, series, needed, _below(series, below))
        reached = max((min(r.at for r in rows) for rows in _each(replies) if rows), default=OWN_KEY)
        known = [row for row in winners(_rows(replies)) if row.at >= reached]
        now_ms = by.clock.now_ms()
        there = [row for row in known if row.is_there(now_ms)]
        if there or reached == OWN_KEY:
            break
        below = reached
    told = [row for row in known if there and row.at >= there[-1].at]
    if lacking := _lacking(replies, told):
        yield keeping(lacking, needed)
    return Done(there[-1:])


def between(
    by: Coordinator,
    series: str,
    begin: int,
    end: int,
    limit: int,
    needed: int = 1,
    *,
    every: bool = False,
) -> Operation:
    """The rows at the first ``limit`` times in ``[begin, end)``, tombstones too.

    From one owner, if not told otherwise: one that lacks nothing that this coordinator knows of.
    """

    def plan(membership: Membership, request: int) -> Round:
        owners = membership.owners_of(series)
        first = by.preferred(owners, needed, request)
        message = FindBetween(request, membership.epoch, series, begin, end, limit, every)
        return Round(dict.fromkeys(owners, message), [(owners, needed)], first)

    rows = _rows((yield plan))
    found = sorted(set(rows), key=lambda r: (r.at, r.rank)) if every else winners(rows)
    times = sorted({row.at for row in found})[:limit]
    return Done([row for row in found if times and row.at <= times[-1]])


def names(above: str, limit: int) -> Operation:
    """The names of series above one, in order: from a majority of the owners of each."""

    def plan(membership: Membership, request: int) -> Round:
        asked: Message = FindSeries(request, membership.epoch, above, limit)
        groups = [(owners, majority(owners)) for owners in set(membership.owners)]
        return Round(dict.fromkeys(sorted({n for g, _ in groups for n in g}), asked), groups)

    replies = yield plan
    found = {n for reply in replies.values() if isinstance(reply, Names) for n in reply.names}
    return Done(names=sorted(found)[:limit])


def keeping(rows: Sequence[Row], needed: int | None = None) -> Plan:
    """The round that makes rows durable on enough owners of each."""

    def plan(membership: Membership, request: int) -> Round:
        of_slots: dict[int, list[Row]] = {}
        for row in rows:
            of_slots.setdefault(slot_of(row.series), []).append(row)
        of_groups: dict[Groups, list[Row]] = {}
        for slot, some in of_slots.items():
            groups = tuple(tuple(sorted(group)) for group in membership.groups(slot))
            of_groups.setdefault(groups, []).extend(some)
        keeps = _keeps(of_groups, request, membership.epoch)
        counted = dict.fromkeys(group for groups in of_groups for group in groups)
        return Round(keeps, [(group, _least(group, needed)) for group in counted])

    return plan


def _keeps(of_groups: dict[Groups, list[Row]], request: int, epoch: int) -> dict[str, Message]:
    if len(of_groups) == 1:  # one message for all, encoded once
        (groups, rows), *_ = of_groups.items()
        keep: Message = Keep(request, epoch, rows)
        return {node: keep for group in groups for node in group}
    of_nodes: dict[str, list[Row]] = {}
    for groups, rows in of_groups.items():
        for node in dict.fromkeys(node for group in groups for node in group):
            of_nodes.setdefault(node, []).extend(rows)
    return {node: Keep(request, epoch, rows) for node, rows in of_nodes.items()}


def _finding(
    by: Coordinator, series: str, needed: int | None, asking: Callable[[int, int], Message]
) -> Plan:
    """The round that asks a majority of the owners, the others when those are slow."""

    def plan(membership: Membership, request: int) -> Round:
        groups = membership.groups(slot_of(series))
        asked = asking(request, membership.epoch)
        requests = {node: asked for group in groups for node in group}
        counted = [(group, _least(group, needed)) for group in groups]
        first = by.preferred(*counted[0], request) if len(groups) == 1 else None
        return Round(requests, counted, first)

    return plan


def _least(group: Sequence[str], needed: int | None) -> int:
    return majority(group) if needed is None else min(needed, len(group))


def _below(series: str, below: int) -> Callable[[int, int], Message]:
    return lambda request, epoch: FindLatest(request, epoch, series, below)


def _each(replies: Replies) -> list[Sequence[Row]]:
    return [reply.rows for reply in replies.values() if isinstance(reply, Found)]


def _rows(replies: Replies) -> list[Row]:
    return [row for rows in _each(replies) for row in rows]


def _lacking(replies: Replies, told: Iterable[Row]) -> list[Row]:
    """What one of those who replied does not have."""
    return [row for row in told if any(row not in rows for rows in _each(replies))]
