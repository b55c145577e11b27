"""Every channel becomes a register: readings of a key, in order of time, to amounts per pane.

Interval energy: the reading's own value, in the pane that holds its time: panes are
``[start, end)``. A register: the difference to the reading before, in the pane that holds its
time; panes are ``(start, end]``, so a reading on a border is the border's value. A lower value is
a counter that began again, or another meter: what it used meanwhile is not known, and counts as
nothing. A power: it holds until the next reading, and its energy
goes to the panes that this spans. A level does the same, counted from what is nothing (0 K), so
that a time without readings lowers the mean of a window and never raises it. Nothing is counted
across a gap longer than ``MAX_GAP_MS`` for registers, nor beyond it for powers and levels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energyguard.model.channels import MAX_GAP_MS
from energyguard.stream.time.batch import Bools, Ints


@dataclass(frozen=True, slots=True)
class Amounts:
    """m amounts: what to add to which pane of which key."""

    key: Ints
    pane: Ints
    amount: Ints


@dataclass(frozen=True, slots=True)
class Increments:
    """Readings with what they added, in log order: ``at`` is each one's place in the batch."""

    at: Ints
    time: Ints
    amounts: Amounts

    def of(self, key: int) -> list[tuple[int, int, int, int]]:
        """Place, time, pane and amount of a key's readings."""
        mine = np.flatnonzero(self.amounts.key == key)
        columns = (self.at, self.time, self.amounts.pane, self.amounts.amount)
        return list(zip(*(c[mine].tolist() for c in columns), strict=True))


NOTHING = np.empty(0, np.int64)
NO_ROWS = Increments(NOTHING, NOTHING, Amounts(NOTHING, NOTHING, NOTHING))


@dataclass(frozen=True, slots=True)
class Chain:
    """Readings by key and time, each with the one before it (``has`` is false: there is none)."""

    key: Ints
    time: Ints
    value: Ints
    time_before: Ints
    value_before: Ints
    has: Bools


def chain(key: Ints, time: Ints, value: Ints, last_time: Ints, last_value: Ints) -> Chain:
    """Link readings that are sorted by key and time; ``last_…`` are each key's reading before."""
    first = np.ones(len(key), bool)
    first[1:] = key[1:] != key[:-1]
    time_before, value_before = np.roll(time, 1), np.roll(value, 1)
    time_before[first] = last_time[key[first]]
    value_before[first] = last_value[key[first]]
    return Chain(key, time, value, time_before, value_before, time_before > 0)


def register_amounts(links: Chain, slide_ms: int) -> Amounts:
    """What a counter gained, at the time of each reading."""
    gain = links.value - links.value_before
    near = links.has & (gain >= 0) & (links.time - links.time_before <= MAX_GAP_MS)
    return Amounts(links.key[near], (links.time[near] - 1) // slide_ms, gain[near])


def power_amounts(links: Chain, slide_ms: int) -> Amounts:
    """What a power used, or a level was, until the next reading, split at the pane borders."""
    has = links.has & (links.value_before != 0)
    end = np.minimum(links.time, links.time_before + MAX_GAP_MS)
    return _spread(links, has, end, links.value_before, slide_ms)


def covered_amounts(links: Chain, slide_ms: int, gap_ms: int, holds: bool) -> Amounts:
    """How many ms of each pane readings speak of.

    A reading speaks of the time since the one before it if that is no longer than ``gap_ms``; where
    readings hold, of the time until the next one, for so long.
    """
    end = np.minimum(links.time, links.time_before + gap_ms)
    has = links.has if holds else links.has & (end == links.time)
    return _spread(links, has, end, np.ones_like(end), slide_ms)


def _spread(links: Chain, has: Bools, end: Ints, per_ms: Ints, slide_ms: int) -> Amounts:
    """What something comes to from each reading before until ``end``, split at pane borders."""
    key, start, end, per_ms = links.key[has], links.time_before[has], end[has], per_ms[has]
    first, last = start // slide_ms, (end - 1) // slide_ms
    spans = last - first + 1
    row = np.repeat(np.arange(len(key)), spans)
    pane = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(spans) - spans, spans)
    held = np.minimum(end[row], (pane + 1) * slide_ms) - np.maximum(start[row], pane * slide_ms)
    return Amounts(key[row], pane, per_ms[row] * held)


def held_until(
    border_ms: Ints, last_time: Ints, last_value: Ints, gap_ms: int = MAX_GAP_MS
) -> Ints:
    """What each key's newest reading, held, adds by some borders: shape (borders, keys)."""
    until = np.minimum(border_ms[:, None], last_time + gap_ms)
    return np.maximum(until - last_time, 0) * last_value
