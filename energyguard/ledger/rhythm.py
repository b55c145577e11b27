"""The rhythm of a key: what its newest eight steps between readings, in event time, say.

*Cadence* is their lower median, *usual* the second longest of them (the longest of fewer than
four): one outlier moves neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from energyguard.ledger.runs import KeyRuns, Numbers, SingleTrail, trail_of
from energyguard.model.readings import Bools, Ints

STEPS: Final = 8
"""How many steps are kept of a key."""
MIN_STEPS: Final = 3
"""With fewer a key's rhythm is not known."""
UNKNOWN: Final = -1
"""Stands for a duration that is not known yet."""
MAX_STEP_MS: Final = 2**32 - 1
POINT_MS: Final = 60_000
_POINT_COVERS_MS: Final = 3 * POINT_MS
"""An interval of at most this is a point at its stamp."""
_SNAP = np.array(
    [n * 1000 for n in (1, 2, 5, 10, 15, 20, 30)]
    + [n * 60_000 for n in (1, 2, 5, 10, 15, 20, 30)]
    + [n * 3_600_000 for n in (1, 2, 3, 6, 12, 24)],
    np.int64,
)
_BETWEEN = (_SNAP[1:] + _SNAP[:-1]) // 2
_SORTING = (
    ((0, 1), (2, 3), (4, 5), (6, 7)), ((0, 2), (1, 3), (4, 6), (5, 7)), ((1, 2), (5, 6)),
    ((0, 4), (1, 5), (2, 6), (3, 7)), ((2, 4), (3, 5)), ((1, 2), (3, 4), (5, 6)),
)  # fmt: skip
"""Batcher's network for eight: whole columns are compared, so that thousands are sorted at once."""


def usual_of(steps: Sequence[int]) -> int:
    """The second longest of a key's steps (ms), the longest of fewer than four; 0 of none."""
    return sorted(steps)[-2 if len(steps) > MIN_STEPS else -1] if steps else 0


def snapped(cadence_ms: Ints) -> Ints:
    """Cadences as the lengths of intervals that people use, where they are within 5 % of any."""
    length = _nearest(cadence_ms)
    return np.where(_is_near(cadence_ms, length), length, cadence_ms)


def point_covers(step: Ints) -> Ints:
    """(n,) of how much time points speak (ms), by how long before each the one before it came."""
    return np.where(step <= _POINT_COVERS_MS, step, POINT_MS)


def lengths_of(cadence_ms: Ints) -> Ints:
    """The length of intervals of a cadence; 0: points."""
    length = snapped(cadence_ms)
    length[length <= POINT_MS] = 0
    return length


def _nearest(cadence_ms: Ints) -> Ints:
    """The usual length that is nearest."""
    return _SNAP[np.searchsorted(_BETWEEN, cadence_ms)]


def _is_near(cadence_ms: Ints, length: Ints) -> Bools:
    near: Bools = np.abs(cadence_ms - length) * 20 <= length
    return near


class Rhythm:
    """The rhythm at each of n readings, with the step that leads to it or without."""

    def __init__(self, runs: KeyRuns, kept: Numbers, steps: Ints) -> None:
        """Learn from what is kept and what is new.

        Args:
            runs: of the readings.
            kept: (K, 8) steps that are kept of their keys; 0 where there is none.
            steps: (n,) step to each reading; 0 or less where there is none before it.
        """
        chosen = None if (steps > 0).all() else steps > 0
        new = np.minimum(steps if chosen is None else steps[chosen], MAX_STEP_MS)
        self._trail = trail_of(runs, kept, new.astype(np.uint32), chosen)
        self._kept = kept
        self._stepped: Bools | bool = True if chosen is None else chosen

    def newest(self) -> Numbers:
        """(K, 8) the steps to be kept."""
        return self._trail.newest()

    def lengths(self) -> Ints:
        """(K,) how long the intervals of each key are at all of the readings; -1: not so simple.

        0: points. Where all steps of a key, the kept and the new, are near the same length, no
        median of eight of them need be looked for.
        """
        known = self._kept[:, STEPS - MIN_STEPS] > 0
        if self._trail.highest() <= POINT_MS:
            return np.where(known, 0, UNKNOWN)
        shortest, longest = (column.astype(np.int64) for column in self._trail.extremes())
        length = _nearest(longest)
        points = known & (length <= POINT_MS) & _is_near(longest, length)
        alike = _is_near(shortest, length) & _is_near(longest, length) & (self._kept[:, 0] > 0)
        return np.where(points, 0, np.where(alike & (length > POINT_MS), length, UNKNOWN))

    def with_step(self, chosen: Ints | None = None) -> tuple[Ints, Ints, Ints]:
        """(n,) cadence, longest usual step (ms) and how many steps they are of, at each reading.

        Of the readings that are chosen, or of all.
        """
        return self._at(self._stepped, chosen)

    def before_step(self) -> tuple[Ints, Ints, Ints]:
        """The same without the step that leads to the reading."""
        return self._at(False, None)

    def _at(self, own: Bools | bool, chosen: Ints | None) -> tuple[Ints, Ints, Ints]:
        if isinstance(self._trail, SingleTrail):
            return rhythm_of(sorted_columns(self._trail.columns(own, chosen)))
        windows = self._trail.at - STEPS + own
        windows = windows if chosen is None else windows[chosen]
        flat = self._trail.flat
        if len(flat) > 2 * len(windows):
            return rhythm_of(sorted_columns([flat[windows + n] for n in range(STEPS)]))
        stop = len(flat) - STEPS + 1
        columns = sorted_columns([flat[n : n + stop] for n in range(STEPS)])
        return rhythm_of([column[windows] for column in columns])


def sorted_columns(columns: list[Numbers]) -> list[Numbers]:
    """Eight columns, sorted in each row, the smallest in the first."""
    columns = list(columns)
    for layer in _SORTING:
        for low, high in layer:
            a, b = columns[low], columns[high]
            columns[low], columns[high] = np.minimum(a, b), np.maximum(a, b)
    return columns


def rhythm_of(columns: list[Numbers]) -> tuple[Ints, Ints, Ints]:
    """Cadence, longest usual step and number of steps, of rows of eight sorted columns."""
    if not len(columns[0]) or columns[0].min() > 0:
        full = np.full(len(columns[0]), STEPS)
        return columns[3].astype(np.int64), columns[6].astype(np.int64), full
    table = np.stack(columns).astype(np.int64)
    known = (table > 0).sum(axis=0)
    rows = np.arange(table.shape[1])
    middle = np.minimum(STEPS - known + np.maximum(known - 1, 0) // 2, STEPS - 1)
    return table[middle, rows], table[np.where(known > MIN_STEPS, 6, 7), rows], known
