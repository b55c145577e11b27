"""Every channel becomes a register: readings of a key, in order of time, to amounts per pane.

Interval energy: the reading's own value, in the pane that holds its time: panes are
``[start, end)``. A register: the difference to the reading before, in the pane that holds its
time; panes are ``(start, end]``, so a reading on a border is the border's value. A lower value is
a counter that began again, or another meter: what it used meanwhile is not known, and counts as
nothing. A power: it holds until the next reading, and its energy
goes to the panes that this spans. Nothing is counted across a gap longer than ``LONGEST_GAP_MS``
for registers, nor beyond it for powers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energyguard.model.channels import LONGEST_GAP_MS, Kind
from energyguard.stream.batch import Bools, Ints

MS_PER_HOUR = 3_600_000


@dataclass(frozen=True, slots=True)
class Measure:
    """How a kind of channel is counted: ``shift`` moves a border's reading to the pane before."""

    kind: Kind
    shift: int
    per_nano: int  # how many units of an amount make 1e-9 kWh
    grows: bool  # more readings can only add: an alert may fire before the window closes


MEASURES = {
    Kind.INTERVAL: Measure(Kind.INTERVAL, 0, 1, grows=True),
    Kind.REGISTER: Measure(Kind.REGISTER, 1, 1, grows=False),
    Kind.POWER: Measure(Kind.POWER, 0, MS_PER_HOUR, grows=False),
    Kind.STATE: Measure(Kind.STATE, 0, 1, grows=False),
}


@dataclass(frozen=True, slots=True)
class Amounts:
    """m amounts: what to add to which pane of which key."""

    key: Ints
    pane: Ints
    amount: Ints


@dataclass(frozen=True, slots=True)
class Rows:
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
NO_ROWS = Rows(NOTHING, NOTHING, Amounts(NOTHING, NOTHING, NOTHING))


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
    near = links.has & (gain >= 0) & (links.time - links.time_before <= LONGEST_GAP_MS)
    return Amounts(links.key[near], (links.time[near] - 1) // slide_ms, gain[near])


def power_amounts(links: Chain, slide_ms: int) -> Amounts:
    """What a power used from each reading to the next, split at the pane borders."""
    has = links.has & (links.value_before != 0)
    key, start, power = links.key[has], links.time_before[has], links.value_before[has]
    end = np.minimum(links.time[has], start + LONGEST_GAP_MS)
    first, last = start // slide_ms, (end - 1) // slide_ms
    spans = last - first + 1
    row = np.repeat(np.arange(len(key)), spans)
    pane = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(spans) - spans, spans)
    held = np.minimum(end[row], (pane + 1) * slide_ms) - np.maximum(start[row], pane * slide_ms)
    return Amounts(key[row], pane, power[row] * held)


def held_until(border_ms: Ints, last_time: Ints, last_value: Ints) -> Ints:
    """What each key's newest power has used by some borders: shape (borders, keys)."""
    until = np.minimum(border_ms[:, None], last_time + LONGEST_GAP_MS)
    return np.maximum(until - last_time, 0) * last_value
