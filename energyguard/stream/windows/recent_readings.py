"""The readings of the horizon (lateness and longest window), in pieces in order of arrival.

Only a reading that is not newer than all of its key has to look here; so the pieces are sorted for
searching only when one does. A sealed piece never changes: a snapshot writes it once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from energyguard.stream.time.batch import Bools, Ints

SEAL_ROWS = 32_768
SEAL_SPAN_MS = 120_000
_TIME_BITS = 42  # ms until the year 2109


@dataclass(slots=True)
class ReadingRun:
    """Some accepted readings, column by column."""

    key: Ints
    time: Ints
    value: Ints
    sequence: Ints
    newest: int
    _order: Ints | None = field(default=None)
    _sorted: Ints | None = field(default=None)

    def __post_init__(self) -> None:
        if (self.sequence == self.sequence[:1]).all():  # none has one, as a rule: takes no room
            self.sequence = np.broadcast_to(self.sequence[:1].copy(), self.sequence.shape)

    def find(self, key: Ints, time: Ints, sequence: Ints) -> Ints:
        """Where each identity stands here; -1: not here."""
        if self._order is None or self._sorted is None:
            code = identity(self.key, self.time)
            self._order = np.lexsort((self.sequence, code))
            self._sorted = code[self._order]
        wanted = identity(key, time)
        at = np.searchsorted(self._sorted, wanted)
        found = np.full(len(wanted), -1)
        for step in range(len(self.key)):  # several sequences may share a key and a time
            here = np.minimum(at + step, len(self._sorted) - 1)
            same = (self._sorted[here] == wanted) & (at + step < len(self._sorted))
            if not same.any():
                break
            place = self._order[here]
            hit = same & (self.sequence[place] == sequence) & (found < 0)
            found[hit] = place[hit]
        return found


def identity(key: Ints, time: Ints) -> Ints:
    """Key and time in one number, in that order."""
    return (key << _TIME_BITS) | time


class RecentReadings:
    """Pieces of readings; the last one is still open."""

    def __init__(self) -> None:
        self.sealed: dict[int, ReadingRun] = {}  # by serial number, oldest first
        self.next_serial = 0
        self._open: list[tuple[Ints, Ints, Ints, Ints]] = []
        self._open_rows = 0
        self._whole: ReadingRun | None = None

    def add(self, key: Ints, time: Ints, value: Ints, sequence: Ints) -> None:
        """Add accepted readings."""
        if not len(key):
            return
        self._open.append((key, time, value, sequence))
        self._open_rows += len(key)
        self._whole = None
        span = int(time.max()) - int(self._open[0][1].min())
        if self._open_rows >= SEAL_ROWS or span >= SEAL_SPAN_MS:
            self.seal()

    def seal(self) -> None:
        """Close the open piece."""
        piece = self._opened()
        if piece is not None:
            self.sealed[self.next_serial] = piece
            self.next_serial += 1
        self._open, self._open_rows, self._whole = [], 0, None

    def _opened(self) -> ReadingRun | None:
        if self._whole is None and self._open:
            key, time, value, sequence = (
                np.concatenate(column) for column in zip(*self._open, strict=True)
            )
            self._whole = ReadingRun(key, time, value, sequence, int(time.max()))
            self._open = [(key, time, value, sequence)]
        return self._whole

    def pieces(self) -> Iterator[ReadingRun]:
        """Every piece, oldest first."""
        yield from self.sealed.values()
        opened = self._opened()
        if opened is not None:
            yield opened

    def look_up(self, key: Ints, time: Ints, value: Ints, sequence: Ints) -> tuple[Bools, Bools]:
        """For each reading: is its identity here, and with the same value?"""
        known = np.zeros(len(key), bool)
        same = np.zeros(len(key), bool)
        oldest = int(time.min()) if len(time) else 0
        for piece in self.pieces():
            if piece.newest < oldest:
                continue
            at = piece.find(key, time, sequence)
            hit = (at >= 0) & ~known
            known |= hit
            same[hit] = piece.value[at[hit]] == value[hit]
        return known, same

    def evict(self, before_ms: int) -> list[ReadingRun]:
        """Let go of sealed pieces that are wholly older than a time, and give them back."""
        gone = [serial for serial, piece in self.sealed.items() if piece.newest < before_ms]
        return [self.sealed.pop(serial) for serial in gone]

    def of_keys(self, wanted: Bools | None) -> tuple[Ints, Ints, Ints]:
        """Key, time and value of the readings of the keys marked (a mask); None: of all."""
        parts = [
            (p.key[mine], p.time[mine], p.value[mine])
            for p in self.pieces()
            for mine in (slice(None) if wanted is None else wanted[p.key],)
        ]
        if not parts:
            empty = np.empty(0, np.int64)
            return empty, empty, empty
        key, time, value = (np.concatenate(column) for column in zip(*parts, strict=True))
        return key, time, value
