"""Which readings of a channel count: late, duplicate and conflicting ones do not.

A reading that is newer than all of its key before it is new. Only the others have to be looked up,
among themselves and in the ring: the readings of the horizon (lateness and longest window), in
pieces in order of arrival, which are sorted for searching only when one has to look there. A sealed
piece never changes: a snapshot writes it once. The first of an identity wins, in log order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from energyguard.model.readings import Bools, Ints
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.numbering import by_key_and_time

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
    oldest: int = 0
    _order: Ints | None = field(default=None)
    _sorted: Ints | None = field(default=None)

    def __post_init__(self) -> None:
        self.oldest = int(self.time.min())
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
        self._kept: int | None = None  # the piece of what slow keys need of pieces that went
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
        if not [serial for serial in old if serial != self._kept]:
            return None
        gone: list[tuple[Ints, ...]] = []
        for piece in self.pieces():
            if piece.oldest < newest_ms:
                mine = (piece.time < before[piece.key]) & (piece.time >= since[piece.key])
                gone.append((piece.key[mine], piece.time[mine], piece.value[mine]))
        self._keep([self.sealed.pop(serial) for serial in old], before)
        key, time, value = (np.concatenate(column) for column in zip(*gone, strict=True))
        order = by_key_and_time(key, time)
        return key[order], time[order], value[order]

    def _keep(self, pieces: Sequence[ReadingRun], before: Ints) -> None:
        """Seal again what slow keys still need of pieces that go."""
        parts = [
            (p.key[mine], p.time[mine], p.value[mine], p.sequence[mine])
            for p in pieces
            for mine in (p.time >= before[p.key],)
            if mine.any()
        ]
        self._kept = None
        if parts:
            key, time, value, sequence = (np.concatenate(c) for c in zip(*parts, strict=True))
            self._kept = self.next_serial
            self.sealed[self._kept] = ReadingRun(key, time, value, sequence, int(time.max()))
            self.next_serial += 1

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


_LIFT = 1 << 45  # above any span of times in ms: lifts each key's times above the one before


@dataclass(frozen=True, slots=True)
class LaneRows:
    """Readings of one channel in log order; ``at`` is each one's place in the whole batch."""

    at: Ints
    key: Ints
    time: Ints
    value: Ints
    sequence: Ints

    def __len__(self) -> int:
        return len(self.at)

    def where(self, which: Bools | Ints | slice) -> LaneRows:
        """Some of the rows."""
        columns = self.at, self.key, self.time, self.value, self.sequence
        return LaneRows(*(column[which] for column in columns))


@dataclass(frozen=True, slots=True)
class Judged:
    """Masks over rows: what is wrong with each, if anything."""

    late: Bools
    duplicate: Bools
    conflicting: Bools
    behind: Bools | None = None  # counted, though windows that it changes were closed before it

    @property
    def good(self) -> Bools:
        """What counts."""
        return ~(self.late | self.duplicate | self.conflicting)


def joined(parts: Sequence[Judged]) -> Judged:
    """Masks of consecutive rows as one."""
    return Judged(
        np.concatenate([part.late for part in parts]),
        np.concatenate([part.duplicate for part in parts]),
        np.concatenate([part.conflicting for part in parts]),
        np.concatenate([p.late & False if p.behind is None else p.behind for p in parts]),
    )


def by_key(rows: LaneRows, keys: int) -> Ints:
    """The order that brings rows of a key together and keeps log order within each."""
    small = rows.key.astype(np.uint16) if keys <= 1 << 16 else rows.key  # a radix sort: faster
    return np.argsort(small, kind="stable")


def newest_before(rows: LaneRows, newest: Ints) -> Ints:
    """For each row: the newest time of its key before it, in log order (``NEVER``: none)."""
    n = len(rows)
    if n and np.bincount(rows.key, minlength=1).max() == 1:
        return newest[rows.key]
    order = by_key(rows, len(newest))
    key, time = rows.key[order], rows.time[order]
    first = np.ones(n, bool)
    first[1:] = key[1:] != key[:-1]
    lift = np.cumsum(first) * _LIFT
    highest = np.maximum.accumulate(time + lift) - lift
    prior = np.empty(n, np.int64)
    prior[1:] = highest[:-1]
    prior[first] = NEVER
    out = np.empty(n, np.int64)
    out[order] = np.maximum(prior, newest[key])
    return out


def judge(rows: LaneRows, late: Bools, prior: Ints, ring: RecentReadings) -> Judged:
    """Tell duplicates and conflicts; the good rows that are new are put into the ring.

    Args:
        rows: the readings.
        late: those already known to be late.
        prior: the newest time of each one's key before it.
        ring: the readings of the horizon; gets the good ones.
    """
    n = len(rows)
    duplicate, conflicting = np.zeros(n, bool), np.zeros(n, bool)
    old = (rows.time <= prior) & ~late
    new = rows.where(~old & ~late) if old.any() or late.any() else rows
    ring.add(new.key, new.time, new.value, new.sequence)
    if old.any():
        places = np.flatnonzero(old)
        doubtful = rows.where(places)
        known, same = ring.look_up(doubtful.key, doubtful.time, doubtful.value, doubtful.sequence)
        first, again = _among_themselves(doubtful, known)
        duplicate[places[known & same]] = True
        conflicting[places[known & ~same]] = True
        repeated = places[again >= 0]
        equal = doubtful.value[again >= 0] == doubtful.value[again[again >= 0]]
        duplicate[repeated[equal]] = True
        conflicting[repeated[~equal]] = True
        fresh = doubtful.where(first)
        ring.add(fresh.key, fresh.time, fresh.value, fresh.sequence)
    return Judged(late, duplicate, conflicting)


def _among_themselves(rows: LaneRows, known: Bools) -> tuple[Ints, Ints]:
    """The first of each unknown identity, and for each later one which it repeats (-1: none)."""
    unknown = np.flatnonzero(~known)
    code = identity(rows.key[unknown], rows.time[unknown])
    order = np.lexsort((unknown, rows.sequence[unknown], code))
    code, sequence = code[order], rows.sequence[unknown][order]
    first = np.ones(len(order), bool)
    first[1:] = (code[1:] != code[:-1]) | (sequence[1:] != sequence[:-1])
    group = np.cumsum(first) - 1
    heads = unknown[order][first]
    again = np.full(len(rows), -1)
    again[unknown[order][~first]] = heads[group[~first]]
    return np.sort(heads), again
