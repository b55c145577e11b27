"""Giving rows to their owners that a node holds for them, as a stand-in: its hints.

A hint is a row in a slot that its node does not own (decision 0017). It is deleted when all of the
owners have said, in one settled epoch, that it is on their disks; while slots move, none is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from energyguard.store.node.replica import Replica
from energyguard.store.ring.effects import Effect, Save, Send
from energyguard.store.ring.messages import Put, Reply, RowsStored
from energyguard.store.row import BUCKETS, Row

LOOK_MS = 200
PATIENCE_MS = 2_000
"""After so long an owner that has not replied is told again."""
AT_ONCE = 4  # slots
ROWS_AT_ONCE = 1_000
BYTES_AT_ONCE = 1_000_000


@dataclass(slots=True)
class _Batch:
    """Some hints of a slot, and the owners that have still to say that they have them."""

    slot: int
    rows: Sequence[Row]
    missing: dict[str, int]  # the id of the request, by owner
    due_ms: int


class HandOver:
    """Hands the hints of one node over."""

    def __init__(self, replica: Replica, ids: Iterator[int]) -> None:
        """Begin.

        Args:
            replica: whose hints.
            ids: of requests.
        """
        self._replica, self._ids = replica, ids
        self._open: dict[int, _Batch] = {}  # by slot
        replica.giving = self._open.keys()
        self._look_ms = 0
        self.given = 0  # rows, since the process started

    def enter(self) -> None:
        """Another epoch has begun: what was said in the one before does not count."""
        self._open.clear()

    def tick(self, now_ms: int) -> list[Effect]:
        """Begin what can be begun, and tell those again who have not replied."""
        if not self._may_hand_over() or now_ms < self._look_ms:
            return []
        self._look_ms = now_ms + LOOK_MS
        effects: list[Effect] = []
        for batch in self._open.values():
            if batch.due_ms <= now_ms:
                batch.due_ms = now_ms + PATIENCE_MS
                effects += self._sends(batch) if batch.missing else [Save(forget=batch.rows)]
        if len(self._open) < AT_ONCE:
            effects += self._begin(now_ms)
        return effects

    def receive(self, sender: str, reply: Reply) -> list[Effect]:
        """An owner has rows on its disk; where all have them, they are hints no more."""
        if not isinstance(reply, RowsStored) or not self._may_hand_over():
            return []
        for batch in self._open.values():
            if batch.missing.get(sender) == reply.id:
                del batch.missing[sender]
                return [] if batch.missing else [Save(forget=batch.rows)]
        return []

    def saved(self, now_ms: int, save: Save) -> None:
        """Hints are deleted."""
        for batch in list(self._open.values()):
            if save.forget and save.forget is batch.rows:
                del self._open[batch.slot]
                self.given += len(batch.rows)
                self._look_ms = now_ms  # what is next need not wait

    def _may_hand_over(self) -> bool:
        now = self._replica.membership
        return bool(now.epoch) and not now.coming and not self._replica.is_leaving

    def _begin(self, now_ms: int) -> list[Effect]:
        membership, effects = self._replica.membership, list[Effect]()
        for slot in self._replica.held():
            if len(self._open) == AT_ONCE:
                break
            if slot not in self._open and (rows := self._some(slot)):
                missing = {owner: next(self._ids) for owner in membership.owners[slot]}
                batch = self._open[slot] = _Batch(slot, rows, missing, now_ms + PATIENCE_MS)
                effects += self._sends(batch)
        return effects

    def _some(self, slot: int) -> list[Row]:
        found: list[Row] = []
        size = 0
        for row in self._replica.rows.rows_of(slot, range(BUCKETS)):
            found.append(row)
            size += len(row.value or b"")
            if len(found) == ROWS_AT_ONCE or size >= BYTES_AT_ONCE:
                break
        return found

    def _sends(self, batch: _Batch) -> list[Effect]:
        epoch = self._replica.membership.epoch
        return [Send(node, Put(i, epoch, batch.rows)) for node, i in batch.missing.items()]
