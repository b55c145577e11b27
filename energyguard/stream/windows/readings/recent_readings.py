"""The readings of the horizon (lateness and longest window), which any to come may repeat.

They are kept in pieces in order of arrival, which are sorted for searching only when one has to
look there. A sealed piece never changes: a snapshot writes it once. Its columns are packed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from energyguard.model.readings import Bools, Ints
from energyguard.stream.windows.readings.numbering import by_key_and_time
from energyguard.stream.windows.readings.packed import PackedInts

SEAL_ROWS = 32_768
SEAL_SPAN_MS = 120_000
KEPT_SHARE = 4
"""What slow keys need of pieces that went is gone through again for a quarter as many readings."""
_TIME_BITS = 42  # ms until the year 2109


@dataclass(slots=True)
class ReadingRun:
    """Some accepted readings, column by column."""

    newest: int
    oldest: int
    columns: tuple[PackedInts, ...]  # key, time, value and sequence
    rows: int
    _order: npt.NDArray[Any] | None = field(default=None)  # by identity, once one has looked here

    @classmethod
    def of(cls, *columns: Ints, pack: bool = True) -> ReadingRun:
        """A run of readings: their key, time, value and sequence; packed, if they are to stay."""
        time, column_of = columns[1], PackedInts.of if pack else PackedInts.plain
        return cls(int(time.max()), int(time.min()), tuple(map(column_of, columns)), len(time))

    def unpacked(self) -> Iterator[Ints]:
        """Key, time, value and sequence of each, (n,)."""
        return (column.values() for column in self.columns)

    def find(self, key: Ints, time: Ints, sequence: Ints) -> Ints:
        """Where each identity stands here; -1: not here."""
        own_key, own_time, _, own_sequence = self.columns
        code = identity(own_key.values(), own_time.values())
        if self._order is None:
            order = np.lexsort((own_sequence.values(), code))
            self._order = order.astype(np.min_scalar_type(len(order)))
        code = code[self._order]
        wanted = identity(key, time)
        at = np.searchsorted(code, wanted)
        found = np.full(len(wanted), -1)
        for step in range(len(code)):  # several sequences may share a key and a time
            here = np.minimum(at + step, len(code) - 1)
            same = (code[here] == wanted) & (at + step < len(code))
            if not same.any():
                break
            place = self._order[here]
            hit = same & (own_sequence.values(place) == sequence) & (found < 0)
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
        self._kept: int | None = None  # the piece of what slow keys need of pieces that went
        self._open: list[tuple[Ints, ...]] = []
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
        if self._open:
            self._seal(*_together(self._open))
        self._open, self._open_rows, self._whole = [], 0, None

    def _seal(self, *columns: Ints) -> int:
        """Keep readings as a piece; its serial number."""
        self.sealed[self.next_serial] = ReadingRun.of(*columns)
        self.next_serial += 1
        return self.next_serial - 1

    def _opened(self) -> ReadingRun | None:
        if self._whole is None and self._open:
            self._open = [columns := _together(self._open)]
            self._whole = ReadingRun.of(*columns, pack=False)
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
        for piece in self.pieces():
            near = np.flatnonzero((time >= piece.oldest) & (time <= piece.newest) & ~known)
            if not len(near):
                continue
            at = piece.find(key[near], time[near], sequence[near])
            hit, at = near[at >= 0], at[at >= 0]
            known[hit] = True
            same[hit] = piece.columns[2].values(at) == value[hit]
        return known, same

    def let_go(self, before: Ints, since: Ints, newest_ms: int) -> tuple[Ints, Ints, Ints] | None:
        """Let go of readings older than a time of their key; what is sealed goes when all is old.

        Args:
            before: of each key, which readings go.
            since: the same, the time before: these are gone, though they may still lie here.
            newest_ms: no key keeps less than what is newer.

        Returns:
            Key, time and value of those that go, sorted by key and time; None: none yet.
        """
        old = [serial for serial, piece in self.sealed.items() if piece.newest < newest_ms]
        new = sum(self.sealed[serial].rows for serial in old if serial != self._kept)
        kept_rows = self.sealed[self._kept].rows if self._kept in self.sealed else 0
        if new <= kept_rows // KEPT_SHARE:  # what stays is copied: seldom, where it is much
            return None
        gone: list[tuple[Ints, ...]] = []
        kept: list[tuple[Ints, ...]] = []  # what slow keys still need of pieces that go
        opened = self._opened()
        for piece in self.pieces():
            if piece.oldest >= newest_ms:
                continue
            key, time, value = (column.values() for column in piece.columns[:3])
            stays = time >= before[key]
            gone.append(_where(~stays & (time >= since[key]), key, time, value))
            if piece.newest < newest_ms and piece is not opened and stays.any():
                kept.append(_where(stays, *piece.unpacked()))
        for serial in old:
            del self.sealed[serial]
        self._kept = self._seal(*_together(kept)) if kept else None
        key, time, value = _together(gone)
        order = by_key_and_time(key, time)
        return key[order], time[order], value[order]

    def evict(self, before_ms: int) -> list[ReadingRun]:
        """Let go of sealed pieces that are wholly older than a time, and give them back."""
        gone = [serial for serial, piece in self.sealed.items() if piece.newest < before_ms]
        return [self.sealed.pop(serial) for serial in gone]

    def of_keys(self, wanted: Bools | None) -> tuple[Ints, Ints, Ints]:
        """Key, time and value of the readings of the keys marked (a mask); None: of all."""
        parts: list[tuple[Ints, ...]] = []
        for piece in self.pieces():
            key, time, value = (column.values() for column in piece.columns[:3])
            mine = slice(None) if wanted is None else wanted[key]
            parts.append((key[mine], time[mine], value[mine]))
        if not parts:
            empty = np.empty(0, np.int64)
            return empty, empty, empty
        key, time, value = _together(parts)
        return key, time, value


def _where(mine: Bools, *columns: Ints) -> tuple[Ints, ...]:
    """Some of the rows of columns."""
    return columns if mine.all() else tuple(column[mine] for column in columns)


def _together(parts: Sequence[tuple[Ints, ...]]) -> tuple[Ints, ...]:
    """Columns of several parts as one."""
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))
