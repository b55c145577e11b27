"""Rows that were read lately, in front of a node's disk."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping

from energyguard.store.node_storage import NodeStorage
from energyguard.store.row import Row
from energyguard.store.writer import Digest

Place = tuple[str, int | None]
"""A series and a time, or None: its latest."""


class Cache:
    """The rows of a node; the least recently used answers are forgotten first.

    For one thread. What is cached was durable; ``written`` has to be called with all that is.
    """

    def __init__(self, storage: NodeStorage, max_items: int) -> None:
        """Put a cache in front of them; of no items: none."""
        self._storage, self.max_items = storage, max_items
        self._found: OrderedDict[Place, list[Row]] = OrderedDict()
        self._slots: Mapping[int, Digest] | None = None
        self.hits = self.misses = 0

    def __len__(self) -> int:
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
        return (
            self._keep((series, at), self._storage.history(series, at)) if found is None else found
        )

    def latest(self, series: str, below: int) -> list[Row]:
        """See ``NodeStorage.latest``."""
        if below < 2**62:
            return self._storage.latest(series, below)
        found = self._lookup((series, None))
        return self._keep((series, None), self._storage.latest(series)) if found is None else found

    def scan(
        self, series: str, begin: int, end: int, limit: int, *, every: bool = False
    ) -> list[Row]:
        """See ``NodeStorage.scan``."""
        return self._storage.scan(series, begin, end, limit, every=every)

    def over(self, before_ms: int, limit: int) -> list[Row]:
        """See ``NodeStorage.over``."""
        return self._storage.over(before_ms, limit)

    def series(self, above: str, limit: int) -> list[str]:
        """See ``NodeStorage.series``."""
        return self._storage.series(above, limit)

    def slots(self) -> Mapping[int, Digest]:
        """See ``NodeStorage.slots``."""
        if self._slots is None:
            self._slots = self._storage.slots()
        return self._slots

    def digests(self, slot: int) -> Mapping[int, Digest]:
        """See ``NodeStorage.digests``."""
        return self._storage.digests(slot)

    def fingerprints(self, slot: int, buckets: Collection[int]) -> list[int]:
        """See ``NodeStorage.fingerprints``."""
        return self._storage.fingerprints(slot, buckets)

    def rows_of(self, slot: int, buckets: Collection[int]) -> Iterable[Row]:
        """See ``NodeStorage.rows_of``."""
        return self._storage.rows_of(slot, buckets)

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
