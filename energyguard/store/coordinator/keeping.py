"""Making rows durable: on enough of the owners of each; a fact on a stand-in's disk where need be.

Owners are asked first. Of an even number of them one that is slow would hold up all writes of its
keys; a fact is then given to the stand-in too, whose disk counts as an owner's (decision 0017).
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping, Sequence
from typing import TypeAlias

from energyguard.store.coordinator.coordinator import (
    Coordinator,
    Group,
    Plan,
    Replies,
    Round,
    enough,
)
from energyguard.store.ring.membership import ClusterMembership, Keepers, majority
from energyguard.store.ring.messages import Message, Put
from energyguard.store.ring.ring import slot_of
from energyguard.store.row import OWN_KEY, Row

STAND_IN_MS = 30
"""So long the owners are waited for, before a stand-in is given what they have not confirmed."""

Steps: TypeAlias = Generator[Plan, Replies, None]
Everyone = tuple[Keepers, ...]


def keep(by: Coordinator, rows: Sequence[Row], needed: int | None = None) -> Steps:
    """The rounds that make rows durable on enough disks; None: a majority of the owners of each."""
    keeping = _Keeping(by, rows, needed)
    replies = yield keeping.owners_first
    if keeping.round.wait_ms and not enough(keeping.round, replies):
        yield keeping.rest(replies)


def replies_needed(keepers: Keepers, needed: int | None) -> int:
    """How many have to reply."""
    owners = keepers.owners
    return majority(owners) if needed is None else min(needed, len(owners))


def counted(keepers: Keepers, needed: int | None) -> tuple[str, ...]:
    """Whose replies count for a fact: a stand-in's, where a majority has to reply."""
    enough_of_them = replies_needed(keepers, needed) >= majority(keepers.owners)
    return keepers.places if enough_of_them else keepers.owners


class _Keeping:
    """Rows on their way to the disks of those who keep them."""

    def __init__(self, by: Coordinator, rows: Sequence[Row], needed: int | None) -> None:
        self._by, self._rows, self._needed = by, rows, needed
        self._epoch = 0
        self._parts: dict[Everyone, list[Row]] = {}
        self.round = Round({}, ())

    def owners_first(self, membership: ClusterMembership, request: int) -> Round:
        """All owners; where one is known to be slow, and a stand-in may help, it at once."""
        self._split(membership)
        helped = [
            keepers
            for part in self._parts
            for keepers in part
            if counted(keepers, self._needed) != keepers.owners
        ]
        slow = any(self._by.is_slow(node) for keepers in helped for node in keepers.owners)
        self.round = self._made(request, (), stand_ins=slow)
        if helped and not slow:
            self.round = self.round._replace(wait_ms=STAND_IN_MS)
        return self.round

    def rest(self, replies: Replies) -> Plan:
        """Those who have not replied, and the stand-ins; in another epoch, all anew."""

        def plan(membership: ClusterMembership, request: int) -> Round:
            have: Collection[str] = replies if membership.epoch == self._epoch else ()
            self._split(membership)
            return self._made(request, have, stand_ins=True)

        return plan

    def _split(self, membership: ClusterMembership) -> None:
        """The rows by who keeps them; nobody stands in for a key of a user's own."""
        if membership.epoch == self._epoch and self._parts:
            return
        self._epoch, self._parts = membership.epoch, {}
        for row in self._rows:
            part = membership.keepers(slot_of(row.series))
            if row.at == OWN_KEY:
                part = tuple(Keepers(keepers.owners) for keepers in part)
            self._parts.setdefault(part, []).append(row)

    def _made(self, request: int, have: Collection[str], *, stand_ins: bool) -> Round:
        groups: list[Group] = []
        of_nodes: dict[str, list[Sequence[Row]]] = {}
        helpers: set[str] = set()
        for part, rows in self._parts.items():
            nodes: dict[str, None] = {}
            for keepers in part:
                silent = [name for name in keepers.owners if name not in have]
                missing = replies_needed(keepers, self._needed) - (
                    len(keepers.owners) - len(silent)
                )
                if missing <= 0 and have:
                    continue
                if stand_ins:
                    own = set(keepers.owners)
                    helping = [n for n in counted(keepers, self._needed) if n not in own]
                    helpers |= set(helping)
                    silent += helping
                nodes |= dict.fromkeys(silent)
                groups.append((silent, missing))
            for node in nodes:
                of_nodes.setdefault(node, []).append(rows)
        return Round(self._keeps(of_nodes, request), groups, stand_ins=helpers)

    def _keeps(
        self, of_nodes: Mapping[str, Sequence[Sequence[Row]]], request: int
    ) -> dict[str, Message]:
        if len(self._parts) == 1:  # one message for all, encoded once
            keep: Message = Put(request, self._epoch, next(iter(self._parts.values())))
            return dict.fromkeys(of_nodes, keep)
        return {
            node: Put(request, self._epoch, [row for rows in parts for row in rows])
            for node, parts in of_nodes.items()
        }
