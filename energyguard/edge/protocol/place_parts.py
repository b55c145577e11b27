"""Places of an edge's devices on the line: in parts, with a mark that says which they all are."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from energyguard.edge.protocol.enrichment import EdgePlace
from energyguard.edge.protocol.messages import MAX_PLACES, Places


class MarkedPlaces:
    """All places of an edge's devices, in parts that frames may carry.

    ``mark`` is another number for other places; 0 for none. A part: its number, how many
    parts there are, places.
    """

    def __init__(self, places: Sequence[EdgePlace]) -> None:
        ordered = tuple(sorted(places, key=lambda place: place.device))
        packed = msgspec.msgpack.encode(ordered)
        self.mark = int.from_bytes(blake2b(packed, digest_size=7).digest(), "big") if ordered else 0
        cut = [ordered[i : i + MAX_PLACES] for i in range(0, len(ordered), MAX_PLACES)]
        self.parts = [(number, len(cut), part) for number, part in enumerate(cut)]


class PlaceParts:
    """Which parts of the newest places have come."""

    def __init__(self) -> None:
        self.mark = 0
        """Of the places that are all here; 0: none are."""
        self._coming, self._parts = 0, set[int]()

    def add(self, message: Places) -> None:
        """A part has come and is kept."""
        if message.mark != self._coming:
            self._coming, self._parts = message.mark, set()
        self._parts.add(message.part)
        if len(self._parts) == message.parts:
            self.mark = message.mark
