"""Rows for nodes that did not answer: kept for a while, and delivered when they are back.

A hint is no acknowledgement. It shortens the time until a node is complete; repair is what makes
it complete, so hints may be forgotten: when there are too many, when they are old, when the
process that has them dies.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from energyguard.store.ring.effects import Effect, Send
from energyguard.store.ring.membership import ClusterMembership
from energyguard.store.ring.messages import Put
from energyguard.store.row import Row

MAX_BYTES = 64_000_000
OLDEST_MS = 3_600_000
GRACE_MS = 500  # until a reply that is only slow is no longer waited for
PATIENCE_MS = 1_000
AT_ONCE = 4  # per node: whoever has just come back is not to be flooded


@dataclass(slots=True)
class _Hint:
    rows: Sequence[Row]
    size: int
    since_ms: int
    due_ms: int


class Hints:
    """What a coordinator has still to tell to whom."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._of: dict[str, OrderedDict[int, _Hint]] = {}
        self.size = 0  # bytes, about
        self.forgotten = self.delivered = 0  # rows

    def __len__(self) -> int:
        """How many batches of rows wait."""
        return sum(map(len, self._of.values()))

    def waiting(self) -> dict[str, int]:
        """How many batches wait for each node."""
        return {node: len(hints) for node, hints in self._of.items() if hints}

    def add(self, now_ms: int, node: str, request: int, rows: Sequence[Row]) -> None:
        """Remember what a node has not acknowledged; a late reply to the request settles it."""
        size = sum(len(row.series) + len(row.value or b"") + 40 for row in rows)
        hint = _Hint(rows, size, now_ms, now_ms + GRACE_MS)
        self._of.setdefault(node, OrderedDict())[request] = hint
        self.size += size
        while self.size > self._max_bytes:
            fullest = max(self._of, key=lambda node: len(self._of[node]))
            self._forget(fullest, next(iter(self._of[fullest])))

    def kept(self, node: str, request: int) -> None:
        """A node has the rows of a request now."""
        hint = self._of.get(node, OrderedDict()).pop(request, None)
        if hint is not None:
            self.size -= hint.size
            self.delivered += len(hint.rows)
            for waiting in list(self._of[node].values())[:AT_ONCE]:
                waiting.due_ms = min(waiting.due_ms, hint.since_ms)  # it is back: go on at once

    def tick(self, now_ms: int, epoch: int) -> Iterator[Effect]:
        """Deliver what is due: the oldest first."""
        for node, hints in self._of.items():
            for request, hint in list(hints.items())[:AT_ONCE]:
                if hint.since_ms + OLDEST_MS <= now_ms:
                    self._forget(node, request)
                elif hint.due_ms <= now_ms:
                    hint.due_ms = now_ms + PATIENCE_MS
                    yield Send(node, Put(request, epoch, hint.rows))

    def enter(self, membership: ClusterMembership) -> None:
        """Go by another epoch: forget what nodes are to have no longer."""
        for node, hints in list(self._of.items()):
            for request, hint in list(hints.items()):
                rows = [
                    row for row in hint.rows
                    if any(node in group for group in membership.groups(row.slot))
                ]  # fmt: skip
                if len(rows) < len(hint.rows):
                    self._forget(node, request)
                    if rows:
                        self.add(hint.since_ms, node, request, rows)

    def _forget(self, node: str, request: int) -> None:
        hint = self._of[node].pop(request)
        self.size -= hint.size
        self.forgotten += len(hint.rows)
