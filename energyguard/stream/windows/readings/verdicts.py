"""Which readings of a channel count: late, duplicate and conflicting ones do not.

A reading that is newer than all of its key before it is new. Only the others have to be looked up,
among themselves and in the ring of recent readings. The first of an identity wins, in log order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from energyguard.model.readings import Bools, Ints
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.readings.recent_readings import RecentReadings, identity

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
    highest = time
    if (~first[1:] & (time[1:] < time[:-1])).any():  # out of order
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
