"""Entries over the panes and windows that they touch; the arithmetic is the ledger's."""

from __future__ import annotations

import numpy as np

from energyguard.ledger.spread import part, spread
from energyguard.model.readings import Ints
from energyguard.stream.windows.panes.panes import Amounts

Columns = tuple[Ints, Ints, Ints]
"""Start, end and energy of entries."""


def sums_of(columns: Columns, ends_ms: Ints, window_ms: int) -> Ints:
    """What windows hold of entries that end then: (ends,)."""
    start, end, energy = columns
    if not len(start) or not len(ends_ms):
        return np.zeros(len(ends_ms), np.int64)
    borders = np.concatenate([ends_ms, ends_ms - window_ms])
    if (start[1:] >= end[:-1]).all():
        until = _until(columns, borders)
    else:
        times = len(borders)
        of = np.tile(energy, times), np.tile(start, times), np.tile(end, times)
        until = part(*of, np.repeat(borders, len(start))).reshape(times, -1).sum(axis=1)
    sums: Ints = until[: len(ends_ms)] - until[len(ends_ms) :]
    return sums


def _until(columns: Columns, borders_ms: Ints) -> Ints:
    """What entries, of which none begins before the one before it ends, have until some times."""
    start, end, energy = columns
    place = np.searchsorted(start, borders_ms) - 1
    at = np.maximum(place, 0)
    whole = (np.cumsum(energy) - energy)[at]
    found: Ints = np.where(place < 0, 0, whole + part(energy[at], start[at], end[at], borders_ms))
    return found


def in_panes(
    key: Ints, columns: Columns, slide_ms: int, first: int, last: int
) -> tuple[Ints, Amounts]:
    """Which entry each part is of, and the parts that lie in panes ``first`` to ``last``."""
    start, end, energy = columns
    row, pane, amount, _ = spread(energy, start, end, slide_ms, first, last)
    return row, Amounts(key[row], pane, amount)
