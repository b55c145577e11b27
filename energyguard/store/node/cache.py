"""Rows that were read lately, in front of a node's disk."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path

from energyguard.clock import Clock
from energyguard.store.node.node_storage import NodeStorage
from energyguard.store.node.writer import Digest
from energyguard.store.ring.messages import FOREVER
from energyguard.store.row import Row

Place = tuple[str, int | None]
"""A series and a time, or None: its latest."""


class CachedStorage(NodeStorage):
    """The rows of a node; the least recently used answers are forgotten first.

    ``history``, ``latest`` and ``slots`` are for one thread, which calls ``written`` with all that
    is durable.
    """

    def __init__(self, path: Path, clock: Clock, max_items: int) -> None:
        """Open the file, or make it, with a cache in front; of no items: none."""
        super().__init__(path, clock)
        self.max_items = max_items
        self._found: OrderedDict[Place, list[Row]] = OrderedDict()
        self._slots: dict[int, Digest] | None = None
        self.hits = self.misses = 0

    @property
    def items(self) -> int:
        """How many answers are in it."""
        return len(self._found)

    def written(self, rows: Iterable[Row]) -> None:
        """Forget what is no longer true."""
        self._slots = None
        if self._found:
            for row in rows:
                self._found.pop((row.series, row.at), None)
                self._found.pop((row.series, None), None)

    def clear(self) -> None:
        """Forget everything."""
        self._slots = None
        self._found.clear()

    def history(self, series: str, at: int) -> list[Row]:
        """See ``NodeStorage.history``."""
        found = self._lookup((series, at))
        return self._keep((series, at), super().history(series, at)) if found is None else found

    def latest(self, series: str, below: int = FOREVER) -> list[Row]:
        """See ``NodeStorage.latest``."""
        if below < FOREVER:
            return super().latest(series, below)
        found = self._lookup((series, None))
        return self._keep((series, None), super().latest(series)) if found is None else found

    def slots(self) -> dict[int, Digest]:
        """See ``NodeStorage.slots``."""
        if self._slots is None:
            self._slots = super().slots()
        return self._slots

    def _lookup(self, place: Place) -> list[Row] | None:
        found = self._found.get(place)
        if found is None:
            self.misses += 1
        else:
            self.hits += 1
            self._found.move_to_end(place)
        return found

    def _keep(self, place: Place, rows: list[Row]) -> list[Row]:
        if self.max_items:
            self._found[place] = rows
            while len(self._found) > self.max_items:
                self._found.popitem(last=False)
        return rows
