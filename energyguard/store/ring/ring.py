"""Slots and their owners: which nodes have a series.

A series belongs to one of 1,024 slots, for ever. The first table of owners comes from a ring of
virtual nodes (Karger et al., 1997) with bounded load (Mirrokni et al., 2018); each later one from
the one before, with the fewest moves after which every node is within one slot of its share.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain

from energyguard.errors import Conflict

SLOTS = 1024
VIRTUAL_NODES = 150

Owners = tuple[tuple[str, ...], ...]
"""For each slot its owners, the first one first."""


@lru_cache(maxsize=100_000)
def slot_of(series: str) -> int:
    """The slot of a series."""
    return hash_of(series) % SLOTS


def table(
    nodes: Sequence[str],
    copies: int,
    before: Owners | None = None,
    virtual_nodes: int = VIRTUAL_NODES,
) -> Owners:
    """The owners of every slot; the same on every machine.

    Args:
        nodes: who there is; their order does not matter.
        copies: how many owners each slot gets.
        before: the table that is in force: what can stay where it is stays.
        virtual_nodes: points of each node on the ring.

    Raises:
        Conflict: ``copies`` is below 1, or there are not so many nodes.
    """
    if not 1 <= copies <= len(set(nodes)):
        raise Conflict(f"{copies} copies of each key need as many nodes; there are {len(nodes)}")
    ring = Ring(nodes, virtual_nodes)
    draft = _Draft(ring, copies, before or ((),) * SLOTS)
    draft.shorten()
    draft.fill()
    draft.even_out()
    return tuple(tuple(owners) for owners in draft.owners)


def load(owners: Owners) -> dict[str, int]:
    """How many slots each node owns."""
    found: dict[str, int] = {}
    for node in chain.from_iterable(owners):
        found[node] = found.get(node, 0) + 1
    return found


def moved(before: Owners, after: Owners) -> dict[int, tuple[str, ...]]:
    """The slots that have new owners, and who they are: what has to be copied."""
    news = {
        slot: tuple(node for node in new if node not in old)
        for slot, (old, new) in enumerate(zip(before, after, strict=True))
    }
    return {slot: nodes for slot, nodes in news.items() if nodes}


class Ring:
    """Points of virtual nodes on a circle; who follows whom from a slot's own point."""

    def __init__(self, nodes: Sequence[str], virtual_nodes: int = VIRTUAL_NODES) -> None:
        self.nodes = sorted(set(nodes))
        points = sorted(
            (hash_of(f"{node}#{number}"), node)
            for node in self.nodes
            for number in range(virtual_nodes)
        )
        self._at = [at for at, _ in points]
        self._node = [node for _, node in points]

    def order(self, slot: int) -> list[str]:
        """All nodes, as they come round the circle from this slot on."""
        start = bisect_left(self._at, hash_of(f"slot {slot}"))
        return list(dict.fromkeys(self._node[start:] + self._node[:start]))


class _Draft:
    """A table while it is being made."""

    def __init__(self, ring: Ring, copies: int, before: Owners) -> None:
        self._copies = copies
        self._order = [ring.order(slot) for slot in range(SLOTS)]
        self.owners = [[node for node in owners if node in ring.nodes] for owners in before]
        self._load: dict[str, int] = dict.fromkeys(ring.nodes, 0) | load(
            tuple(tuple(owners) for owners in self.owners)
        )

    def shorten(self) -> None:
        """Take owners away where there are too many: from whoever has most."""
        for owners in self.owners:
            while len(owners) > self._copies:
                fullest = max(reversed(owners), key=lambda node: self._load[node])
                owners.remove(fullest)
                self._load[fullest] -= 1

    def fill(self) -> None:
        """Give every slot its copies: to the next on the ring that is not full yet."""
        full = -(-SLOTS * self._copies // len(self._load))
        for slot, owners in enumerate(self.owners):
            order = [node for node in self._order[slot] if node not in owners]
            order.sort(key=lambda node: self._load[node] >= full)  # stable: the ring's order
            for node in order[: self._copies - len(owners)]:
                owners.append(node)
                self._load[node] += 1

    def even_out(self) -> None:
        """Move slots from who has most to who has least, until nobody is a slot off.

        There always is one to move: who has more slots has one that the other has not.
        """
        while True:
            emptiest = min(self._load, key=lambda node: self._load[node])
            fullest = max(self._load, key=lambda node: self._load[node])
            if self._load[fullest] - self._load[emptiest] <= 1:
                return
            owners = self.owners[self._slot_to_move(fullest, emptiest)]
            owners[owners.index(fullest)] = emptiest
            self._load[fullest] -= 1
            self._load[emptiest] += 1

    def _slot_to_move(self, giver: str, taker: str) -> int:
        """A slot of one node that the other has not, and comes to soonest on the ring."""
        free = (
            slot
            for slot, owners in enumerate(self.owners)
            if giver in owners and taker not in owners
        )
        return min(free, key=lambda slot: self._order[slot].index(taker))


def shares(owners: Owners) -> Iterator[tuple[str, float]]:
    """Each node and which share of all copies it has, between 0 and 1."""
    counted: Mapping[str, int] = load(owners)
    whole = sum(counted.values())
    yield from ((node, n / whole) for node, n in sorted(counted.items()))


def hash_of(text: str) -> int:
    """64 bits of a text, the same on every machine."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
