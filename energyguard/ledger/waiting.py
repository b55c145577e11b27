"""Readings that wait until their key's rhythm is known: at most three of a key."""

from __future__ import annotations

from typing import Final

import numpy as np

from energyguard.ledger.rhythm import MIN_STEPS, UNKNOWN
from energyguard.ledger.rows import NOTHING
from energyguard.ledger.runs import KeyRuns
from energyguard.model.readings import Ints

WAITING: Final = MIN_STEPS
"""So many readings may wait."""
Part = tuple[Ints, Ints, Ints, Ints, Ints, Ints]
"""Readings: key, stamp, value, a duration, the stamps before and after it (or ``NOTHING``)."""


def resolved(runs: KeyRuns, duration: Ints) -> Ints:
    """Give the first duration of a run that is known to those before it, too (in place).

    Returns:
        (K,) it, for those that waited since before; -1: they still do.
    """
    unknown = duration == UNKNOWN
    if not unknown.any():
        return runs.firsts(duration)
    waits = np.add.reduceat(unknown, runs.first, dtype=np.int64)
    known = duration[np.minimum(runs.first + waits, runs.last)]
    duration[unknown] = np.repeat(known, runs.count)[unknown]
    return known


def following(runs: KeyRuns, column: Ints, last: int) -> Ints:
    """(n,) what a column has at the next reading of a run; at the last of a run: ``last``."""
    if runs.single:
        return np.full(runs.size, last)
    after = np.empty_like(column)
    after[:-1] = column[1:]
    after[runs.last] = last
    return after


def waited(
    runs: KeyRuns, time: Ints, value: Ints, waiting: Ints, duration: Ints, after: Ints
) -> list[Part]:
    """What waited of those keys whose duration is known by now.

    Args:
        runs: of K keys.
        time: (K, 3) of the newest readings, the newest last.
        value: (K, 3) theirs.
        waiting: (K,) how many of them wait.
        duration: (K,) what is known; -1: nothing.
        after: (K,) the time of the reading after them.
    """
    parts: list[Part] = []
    if not waiting.any():
        return parts
    for place in range(WAITING):
        chosen = np.flatnonzero((waiting >= WAITING - place) & (duration >= 0))
        if len(chosen):
            behind = after[chosen] if place == WAITING - 1 else time[chosen, place + 1]
            before = time[chosen, place - 1] if place else np.full(len(chosen), NOTHING)
            parts.append(
                (
                    runs.keys[chosen], time[chosen, place], value[chosen, place],
                    duration[chosen], before, behind,
                )
            )  # fmt: skip
    return parts


def without_newest(time: Ints, value: Ints, waiting: Ints, chosen: Ints) -> None:
    """Drop the newest reading of some keys, as it comes again (in place)."""
    for column, empty in ((time, NOTHING), (value, 0)):
        column[chosen, 1:] = column[chosen, :-1]
        column[chosen, 0] = empty
    waiting[chosen] = np.maximum(waiting[chosen] - 1, 0)


def in_order(runs: KeyRuns, new: Part, older: list[Part]) -> Part:
    """New readings, and older ones each before the new ones of its key; without unknown durations.

    Args:
        runs: of the new readings.
        new: readings, sorted by key and stamp.
        older: some that have no entry yet, or get another one.
    """
    if len(older) == 1 and new[3].max(initial=-1) < 0:
        return older[0]
    columns = list(new)
    if older:
        parts = [np.concatenate(column) for column in zip(*older, strict=True)]
        order = np.lexsort((parts[1], parts[0]))
        places = runs.first[np.searchsorted(runs.keys, parts[0][order])]
        columns = [
            np.insert(column, places, part[order])
            for column, part in zip(columns, parts, strict=True)
        ]
    if columns[3].min(initial=0) < 0:
        known = np.flatnonzero(columns[3] >= 0)
        columns = [column[known] for column in columns]
    key, stamp, value, duration, before, after = columns
    return key, stamp, value, duration, before, after


def sorted_parts(parts: list[Part]) -> Part:
    """Parts as one, sorted by key and stamp."""
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.lexsort((columns[1], columns[0]))
    key, stamp, value, duration, before, after = (column[order] for column in columns)
    return key, stamp, value, duration, before, after


def constant(value: int, like: Ints) -> Ints:
    """A column of one number, that takes no room."""
    return np.broadcast_to(np.int64(value), like.shape)
