"""Rows that were read lately, in front of a node's disk."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping

from energyguard.store.row import Row
from energyguard.store.shelf import Shelf
from energyguard.store.writer import Digest

Place = tuple[str, int | None]
"""A series and a time, or None: its latest."""


class Cache:
    """The rows of a shelf; the least recently used answers are forgotten first.

    For one thread. What is cached was durable; ``written`` has to be called with all that is.
    """

    def __init__(self, shelf: Shelf, most_items: int) -> None:
        """Put a cache in front of a shelf; of no items: none."""
        self._shelf, self.most_items = shelf, most_items
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
        """See ``Shelf.history``."""
        found = self._lookup((series, at))
        return self._keep((series, at), self._shelf.history(series, at)) if found is None else found

    def latest(self, series: str, below: int) -> list[Row]:
        """See ``Shelf.latest``."""
        if below < 2**62:
            return self._shelf.latest(series, below)
        found = self._lookup((series, None))
        return self._keep((series, None), self._shelf.latest(series)) if found is None else found

    def between(
        self, series: str, begin: int, end: int, limit: int, *, every: bool = False
    ) -> list[Row]:
        """See ``Shelf.between``."""
        return self._shelf.between(series, begin, end, limit, every=every)

    def over(self, before_ms: int, limit: int) -> list[Row]:
        """See ``Shelf.over``."""
        return self._shelf.over(before_ms, limit)

    def series(self, above: str, limit: int) -> list[str]:
        """See ``Shelf.series``."""
        return self._shelf.series(above, limit)

    def slots(self) -> Mapping[int, Digest]:
        """See ``Shelf.slots``."""
        if self._slots is None:
            self._slots = self._shelf.slots()
        return self._slots

    def digests(self, slot: int) -> Mapping[int, Digest]:
        """See ``Shelf.digests``."""
        return self._shelf.digests(slot)

    def fingerprints(self, slot: int, buckets: Collection[int]) -> list[int]:
        """See ``Shelf.fingerprints``."""
        return self._shelf.fingerprints(slot, buckets)

    def rows_of(self, slot: int, buckets: Collection[int]) -> Iterable[Row]:
        """See ``Shelf.rows_of``."""
        return self._shelf.rows_of(slot, buckets)

    def _lookup(self, place: Place) -> list[Row] | None:
        found = self._found.get(place)
        if found is None:
            self.misses += 1
        else:
            self.hits += 1
            self._found.move_to_end(place)
        return found

    def _keep(self, place: Place, rows: list[Row]) -> list[Row]:
        if self.most_items:
            self._found[place] = rows
            while len(self._found) > self.most_items:
                self._found.popitem(last=False)
        return rows
