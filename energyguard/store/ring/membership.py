"""Who is in the cluster, in which epoch, and who owns what: one record that every node has.

Between two settled epochs lies one that is *moving*: the owners in force and those to come. While
it lasts every quorum is asked for in both tables, and those to come fetch what they lack.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

import msgspec

from energyguard.errors import Conflict
from energyguard.store.ring.ring import SLOTS, VIRTUAL_NODES, Owners, hash_of, slot_of, table

STRATEGIES = ("consistent", "full")


class Keepers(NamedTuple):
    """The owners of a slot in one table, and who takes a fact where one of them is away.

    An even number of owners has a stand-in: a majority of them and it is as large as one of them,
    and one more may be away (decision 0017).
    """

    owners: tuple[str, ...]
    stand_in: str | None = None

    @property
    def places(self) -> tuple[str, ...]:
        """All of them; any two majorities of these have a place in common."""
        return self.owners if self.stand_in is None else (*self.owners, self.stand_in)


class ClusterMembership(msgspec.Struct, frozen=True, array_like=True, dict=True):
    """One epoch of a cluster."""

    epoch: int
    nodes: tuple[str, ...]
    strategy: str = "consistent"
    copies: int = 3
    virtual_nodes: int = VIRTUAL_NODES
    owners: Owners = ()
    coming: Owners = ()  # empty: settled

    def tables(self) -> tuple[Owners, ...]:
        """The tables in which each quorum must be reached."""
        return tuple(table for table in (self.owners, self.coming) if table)

    def groups(self, slot: int) -> tuple[tuple[str, ...], ...]:
        """The owners of a slot, per table; those that are the same twice are told once."""
        return tuple(dict.fromkeys(table[slot] for table in self.tables()))

    def keepers(self, slot: int) -> tuple[Keepers, ...]:
        """Who keeps a slot, per table; those that are the same twice are told once."""
        return self.all_keepers[slot] if self.all_keepers else ()

    @cached_property
    def all_keepers(self) -> tuple[tuple[Keepers, ...], ...]:
        """The same for each slot."""
        tables = [_keepers(table) for table in self.tables()]
        return tuple(tuple(dict.fromkeys(found)) for found in zip(*tables, strict=True))

    @cached_property
    def slots_of(self) -> dict[str, frozenset[int]]:
        """The slots that each node owns, in force or to come."""
        found: dict[str, set[int]] = {}
        for owners in self.tables():
            for slot, group in enumerate(owners):
                for node in group:
                    found.setdefault(node, set()).add(slot)
        return {node: frozenset(slots) for node, slots in found.items()}

    def owners_of(self, series: str) -> tuple[str, ...]:
        """Who has a series now."""
        return self.owners[slot_of(series)] if self.owners else ()

    def everyone(self) -> tuple[str, ...]:
        """All nodes that own something now or are going to."""
        return tuple(sorted({n for t in self.tables() for group in t for n in group}))

    def electors(self) -> tuple[str, ...]:
        """Those who decide on the next epoch: all who own something now.

        Not those to come: whoever of them loses its disk comes again, and has forgotten its vote.
        """
        return tuple(sorted({name for owners in self.owners for name in owners}))


NOBODY = ClusterMembership(0, ())
"""What a node knows that belongs to no cluster yet."""


def majority(nodes: Sequence[str]) -> int:
    """How many of them any two majorities share one of."""
    return len(nodes) // 2 + 1


def _keepers(owners: Owners) -> list[Keepers]:
    """Who keeps each slot of a table: it follows from the table alone."""
    nodes = sorted({name for group in owners for name in group})
    found = {group: Keepers(group, _stand_in(group, nodes)) for group in set(owners)}
    return [found[group] for group in owners]


def _stand_in(group: tuple[str, ...], nodes: Sequence[str]) -> str | None:
    if len(group) % 2:
        return None
    known, others = "|".join(sorted(group)), [name for name in nodes if name not in group]
    return max(others, key=lambda name: hash_of(f"{known}|{name}"), default=None)


def first(
    nodes: Iterable[str],
    copies: int,
    strategy: str = "consistent",
    virtual_nodes: int = VIRTUAL_NODES,
) -> ClusterMembership:
    """The first epoch of a cluster.

    Raises:
        Conflict: there are not so many nodes, or there is no such strategy.
    """
    names = tuple(sorted(set(nodes)))
    wanted = ClusterMembership(1, names, _known(strategy), copies, virtual_nodes)
    return msgspec.structs.replace(wanted, owners=_table(wanted))


def moving(
    now: ClusterMembership,
    nodes: Iterable[str] | None = None,
    copies: int | None = None,
    strategy: str | None = None,
) -> ClusterMembership:
    """The epoch in which the slots move to where a change of the cluster wants them.

    A change that is under way is given up for this one: what was to come is not in force yet.

    Raises:
        Conflict: there are not so many nodes, or there is no such strategy.
    """
    wanted = ClusterMembership(
        now.epoch + 1,
        now.nodes if nodes is None else tuple(sorted(set(nodes))),
        _known(now.strategy if strategy is None else strategy),
        now.copies if copies is None else copies,
        now.virtual_nodes,
    )
    coming = _table(wanted, now.owners)
    return msgspec.structs.replace(wanted, owners=now.owners, coming=coming)


def settled(now: ClusterMembership) -> ClusterMembership:
    """The epoch after a moving one: what was to come is in force."""
    return msgspec.structs.replace(now, epoch=now.epoch + 1, owners=now.coming, coming=())


def sources(now: ClusterMembership, node: str) -> dict[int, tuple[tuple[str, ...], int]]:
    """What a node has to fetch in a moving epoch.

    Gives:
        for each slot that it is to own and whose keepers change: who has it, and from how many of
        them everything must have been fetched so that no acknowledged write is missed.
    """
    found = {}
    tables = zip(_keepers(now.owners), _keepers(now.coming), strict=True)
    for slot, (old, new) in enumerate(tables):
        if node in new.owners and set(old.places) != set(new.places):
            others = tuple(name for name in old.places if name != node)
            needed = len(old.places) - majority(old.owners) + 1 - (node in old.places)
            found[slot] = others, min(needed, len(others))
    return found


def _known(strategy: str) -> str:
    if strategy not in STRATEGIES:
        raise Conflict(f"strategy {strategy!r}: there are {' and '.join(STRATEGIES)}")
    return strategy


def _table(wanted: ClusterMembership, before: Owners = ()) -> Owners:
    copies = len(wanted.nodes) if wanted.strategy == "full" else wanted.copies
    return table(wanted.nodes, copies, before or ((),) * SLOTS, wanted.virtual_nodes)
