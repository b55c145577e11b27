"""What must be true after a run, whatever happened in it."""

from __future__ import annotations

from collections.abc import Iterator

from detangle import lin

from energyguard.store.node.member import Member
from energyguard.store.ring.membership import ClusterMembership
from energyguard.store.row import OWN_KEY, Row
from tests.simulation.life import GROWING, Fact, Life
from tests.simulation.world import Node


def faults(life: Life) -> list[str]:
    """Everything that is wrong."""
    return [
        *_settled(life),
        *life.thin,
        *_lost(life),
        *_back(life),
        *_latest(life),
        *_overlooked(life),
        *_held(life),
        *_unequal(life),
        *_not_linearizable(life),
    ]


def _settled(life: Life) -> Iterator[str]:
    if life.world.forked:
        yield f"epochs that are not the same for all: {sorted(life.world.forked)}"
    now = _now(life)
    if now.epoch == 0:
        yield "the cluster was never formed"
    for name in now.everyone():
        theirs = _member(life.nodes[name]).membership
        if theirs.epoch != now.epoch:
            yield f"{name} is in epoch {theirs.epoch}, others in {now.epoch}"
    if now.coming:
        yield "slots are still on their way"


def _member(node: Node) -> Member:
    assert node.member is not None
    return node.member


def _now(life: Life) -> ClusterMembership:
    """The latest epoch of all."""
    known = [node.member.membership for node in life.nodes.values() if node.member]
    return max(known, key=lambda one: one.epoch)


def _stored(life: Life) -> dict[str, set[Row]]:
    """What each owner has of the slots that it owns."""
    now = _now(life)
    return {
        name: {row for row in life.nodes[name].disk.rows.all() if name in now.owners[row.slot]}
        for name in now.everyone()
    }


def _lost(life: Life) -> Iterator[str]:
    stored, deleted = set().union(*_stored(life).values()), life.deleted()
    writes = [f.row for f in life.facts if f.kind == "write" and f.ended is not None and f.row]
    for row in writes:
        if row not in stored and row.key not in deleted:
            yield f"acknowledged and lost: {row}"


def _winner(rows: set[Row], series: str, at: int) -> Row | None:
    return max((r for r in rows if r.key == (series, at)), key=lambda r: r.rank, default=None)


def _back(life: Life) -> Iterator[str]:
    stored = set().union(*_stored(life).values())
    for fact in life.facts:
        if fact.kind == "delete" and fact.ended is not None and fact.row is not None:
            now = _winner(stored, fact.series, fact.row.at)
            if now is not None and now.value is not None and now.rank <= fact.row.rank:
                yield f"deleted, and it is back: {fact.row} is now {now}"


def _latest(life: Life) -> Iterator[str]:
    reads = [f for f in life.facts if f.kind == "latest" and f.ended is not None]
    deletes = life.deleted()
    for read in reads:
        seen = read.row.at if read.row else OWN_KEY
        for fact in life.facts:
            if fact.series == read.series and fact.ended is not None and fact.ended < read.began:
                yield from _against(read, seen, fact, deletes)


def _against(read: Fact, seen: int, earlier: Fact, deletes: set[tuple[str, int]]) -> Iterator[str]:
    row = earlier.row
    if row is None:
        return
    if earlier.kind == "write" and row.key not in deletes and seen < row.at:
        yield f"latest at {read.began} is {seen}: {row} was acknowledged at {earlier.ended}"
    if earlier.kind == "latest" and read.series in GROWING and seen < row.at:
        yield f"latest went back from {row.at} to {seen} at {read.began}"
    deleted = earlier.kind == "delete" and read.row and read.row.key == row.key
    if deleted and read.row and read.row.rank < row.rank:
        yield f"latest at {read.began} is {read.row}, which was deleted at {earlier.ended}"


def _overlooked(life: Life) -> Iterator[str]:
    """Reads of a time that miss what had been acknowledged before they began."""
    deleted = life.deleted()
    writes = [f for f in life.facts if f.kind == "write" and f.ended is not None and f.row]
    for read in [f for f in life.facts if f.kind == "read" and f.ended is not None and f.row]:
        for fact in writes:
            row, seen = fact.row, read.row
            if row is None or seen is None or row.key != seen.key or row.key in deleted:
                continue
            if fact.ended is not None and fact.ended < read.began and seen.rank < row.rank:
                yield f"read at {read.began} of {seen}: {row} was acknowledged at {fact.ended}"


def _held(life: Life) -> Iterator[str]:
    """Hints that nobody gave to their owners."""
    for name in _now(life).everyone():
        if held := _member(life.nodes[name]).replica.held():
            yield f"{name} still holds rows for others: {held}"


def _unequal(life: Life) -> Iterator[str]:
    now = _now(life)
    stored = _stored(life)
    for slot, owners in enumerate(now.owners):
        contents = [{row for row in stored[name] if row.slot == slot} for name in owners]
        if any(rows != contents[0] for rows in contents):
            yield f"slot {slot}: owners {owners} have {[len(rows) for rows in contents]} rows"


def _not_linearizable(life: Life) -> Iterator[str]:
    for entry in life.history.operations:
        if entry.status == "pending":
            life.history.info(entry)
    result = life.history.check(lin.KV())
    if not result.ok:
        yield result.explain()
