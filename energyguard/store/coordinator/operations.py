"""What a coordinator can be asked for, each as the rounds that it takes.

Quorums are majorities unless a request says otherwise, so whoever reads meets whoever wrote. What
a reader is told is on a majority by then (*write-back*: Attiya, Bar-Noy and Dolev, 1995), so that
nobody who asks later is told something older. Facts by their time may also be read of a stand-in.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence

from energyguard.errors import Conflict
from energyguard.store.coordinator.coordinator import Coordinator, Operation, Plan, Replies, Round
from energyguard.store.coordinator.keeping import counted, keep, replies_needed
from energyguard.store.ring.effects import Contradicted, Done
from energyguard.store.ring.membership import ClusterMembership, Keepers, majority
from energyguard.store.ring.messages import (
    FOREVER,
    Found,
    Get,
    GetLatest,
    ListSeries,
    Message,
    Names,
    Scan,
)
from energyguard.store.ring.ring import slot_of
from energyguard.store.row import OWN_KEY, Row, newest, newest_versions
from energyguard.store.version import OLDEST

Asking = Callable[[int, int], Message]


def write(by: Coordinator, rows: Sequence[Row], needed: int | None = None) -> Operation:
    """Keep rows: acknowledged when they are on the disks of enough of those who keep each."""
    yield from keep(by, rows, needed)
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
    replies = yield from _found(by, series, at, needed)
    try:
        by.versions.see(max((row.version for row in _rows(replies)), default=OLDEST))
        row = Row(series, at, by.versions.next(), value, expires_ms)
    except Conflict as conflict:
        return Contradicted(str(conflict))
    yield from keep(by, [row], needed)
    return Done([row])


def read(by: Coordinator, series: str, at: int = OWN_KEY, needed: int | None = None) -> Operation:
    """The row that wins; a tombstone is one too."""
    replies = yield from _found(by, series, at, needed)
    row = newest(_rows(replies))
    if row is None:
        return Done()
    if _lacking(_of_owners(by, series, replies), [row]):
        yield from keep(by, [row], needed)
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
        known = [row for row in newest_versions(_rows(replies)) if row.at >= reached]
        now_ms = by.clock.now_ms()
        there = [row for row in known if row.is_there(now_ms)]
        if there or reached == OWN_KEY:
            break
        below = reached
    candidates = [row for row in known if there and row.at >= there[-1].at]
    if lacking := _lacking(replies, candidates):
        yield from keep(by, lacking, needed)
    return Done(there[-1:])


def scan(
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

    From one owner, if not told otherwise: one that lacks nothing that this coordinator knows of;
    and from the stand-in, where there is one: it may have hints.
    """

    def plan(membership: ClusterMembership, request: int) -> Round:
        of_slot = membership.keepers(slot_of(series))
        owners, stand_in = of_slot[0] if of_slot else Keepers(())
        first, groups = by.preferred(owners, needed, request), [(owners, needed)]
        if stand_in is not None:
            places = (*owners, stand_in)
            first, groups = [*first, stand_in], [*groups, (places, majority(places))]
        message = Scan(request, membership.epoch, series, begin, end, limit, every)
        return Round(dict.fromkeys([*owners, *first], message), groups, first)

    rows = _rows((yield plan))
    found = sorted(set(rows), key=lambda r: (r.at, r.rank)) if every else newest_versions(rows)
    times = sorted({row.at for row in found})[:limit]
    return Done([row for row in found if times and row.at <= times[-1]])


def names(above: str, limit: int) -> Operation:
    """The names of series above one, in order: from a majority of the owners of each."""

    def plan(membership: ClusterMembership, request: int) -> Round:
        requested: Message = ListSeries(request, membership.epoch, above, limit)
        keepers = {of_slot[0] for of_slot in membership.all_keepers}
        groups = [(found.places, majority(found.owners)) for found in keepers]
        return Round(dict.fromkeys(sorted({n for g, _ in groups for n in g}), requested), groups)

    replies = yield plan
    found = {n for reply in replies.values() if isinstance(reply, Names) for n in reply.names}
    return Done(names=sorted(found)[:limit])


def _found(
    by: Coordinator, series: str, at: int, needed: int | None
) -> Generator[Plan, Replies, Replies]:
    """What enough of those who keep a time have of it.

    A hint may be handed over and deleted while others are being asked. So a stand-in counts only
    with owners that were asked after it: what it has no more, those have by then.
    """
    facts = at != OWN_KEY
    find: Asking = lambda request, epoch: Get(request, epoch, series, at)  # noqa: E731
    replies = yield _finding(by, series, needed, find, facts=facts)
    of_slot = by.membership.keepers(slot_of(series))
    if all(
        len(replies.keys() & set(kept.owners)) >= replies_needed(kept, needed) for kept in of_slot
    ):
        return replies

    def again(membership: ClusterMembership, request: int) -> Round:
        keepers = membership.keepers(slot_of(series))
        requested = find(request, membership.epoch)
        requests = {node: requested for found in keepers for node in found.owners}
        return Round(requests, [(found.owners, len(found.owners) // 2) for found in keepers])

    return {**replies, **(yield again)}


def _finding(
    by: Coordinator, series: str, needed: int | None, asking: Asking, *, facts: bool = False
) -> Plan:
    """The round that asks a majority of the owners, the others when those are slow."""

    def plan(membership: ClusterMembership, request: int) -> Round:
        of_slot = membership.keepers(slot_of(series))
        requested = asking(request, membership.epoch)
        groups = [(counted(found, needed) if facts else found.owners, replies_needed(found, needed))
                  for found in of_slot]  # fmt: skip
        requests = {node: requested for group, _ in groups for node in group}
        first = None
        if len(of_slot) == 1:
            owners = of_slot[0].owners
            first = by.preferred(owners, replies_needed(of_slot[0], needed), request)
            if any(map(by.is_slow, first)):
                first = [*first, *(node for node in requests if node not in owners)]
        return Round(requests, groups, first)

    return plan


def _of_owners(by: Coordinator, series: str, replies: Replies) -> Replies:
    """What owners said: a stand-in lacks what it was never given."""
    owners = {name for g in by.membership.groups(slot_of(series)) for name in g}
    return {node: reply for node, reply in replies.items() if node in owners}


def _below(series: str, below: int) -> Asking:
    return lambda request, epoch: GetLatest(request, epoch, series, below)


def _each(replies: Replies) -> list[Sequence[Row]]:
    return [reply.rows for reply in replies.values() if isinstance(reply, Found)]


def _rows(replies: Replies) -> list[Row]:
    return [row for rows in _each(replies) for row in rows]


def _lacking(replies: Replies, candidates: Iterable[Row]) -> list[Row]:
    """What one of those who replied does not have."""
    return [row for row in candidates if any(row not in rows for rows in _each(replies))]
