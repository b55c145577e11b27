"""Powers that hold until the next reading, summed over intervals of event time; whole numbers.

A power holds from its reading to the next one of its device. A gap longer than the longest one
that is bridged says nothing, not even of its beginning. Energies are in 1e-9 kW · ms until a whole
1e-9 kWh has come together; what is left is carried to the device's next interval, so that the sum
of a day is exact whatever it was cut into.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energyguard.model.channels import MS_PER_HOUR
from energyguard.model.readings import Ints

_NONE = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class PowerRows:
    """Powers by device, then time, then sequence. Times in ms, values in 1e-9 kW."""

    device: Ints
    time: Ints
    sequence: Ints
    value: Ints

    def __len__(self) -> int:
        return len(self.device)

    def where(self, which: np.ndarray) -> PowerRows:
        """Some of the rows."""
        return PowerRows(
            self.device[which], self.time[which], self.sequence[which], self.value[which]
        )


NO_ROWS = PowerRows(_NONE, _NONE, _NONE, _NONE)


@dataclass(frozen=True, slots=True)
class Sums:
    """What devices drew and fed in, interval by interval; by device, then time.

    ``start`` and ``covered`` in ms, ``drawn`` and ``fed`` in 1e-9 kW · ms.
    """

    device: Ints
    start: Ints
    covered: Ints
    drawn: Ints
    fed: Ints

    def __len__(self) -> int:
        return len(self.device)

    @property
    def mean(self) -> Ints:
        """The net power of the covered part, in 1e-9 kW, rounded."""
        whole, rest = np.divmod(self.drawn - self.fed, self.covered)
        return np.asarray(whole + (2 * rest >= self.covered), np.int64)


def steps(rows: PowerRows) -> Ints:
    """How long each row's power holds: to the device's next row; of its last one 0."""
    step = np.zeros(len(rows), np.int64)
    if len(rows) > 1:
        follows = rows.device[1:] == rows.device[:-1]
        step[:-1] = np.where(follows, rows.time[1:] - rows.time[:-1], 0)
    return step


def sums(rows: PowerRows, held: Ints, begin: Ints, end: Ints, length_ms: int) -> Sums:
    """Sum powers over intervals.

    Args:
        rows: n powers.
        held: how long each holds, in ms.
        begin: of each row's device, from when on it counts.
        end: of each row's device, until when it counts.
        length_ms: of an interval; one begins at 0.
    """
    start, stop = np.maximum(rows.time, begin), np.minimum(rows.time + held, end)
    counts = np.flatnonzero(stop > start)
    start, stop = start[counts], stop[counts]
    first = start // length_ms
    many = (stop - 1) // length_ms - first + 1
    row = np.repeat(np.arange(len(counts)), many)
    number = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(many) - many, many)
    low = np.maximum(start[row], number * length_ms)
    time = np.minimum(stop[row], (number + 1) * length_ms) - low
    device, value = rows.device[counts][row], rows.value[counts][row]
    if not len(row):
        return Sums(_NONE, _NONE, _NONE, _NONE, _NONE)
    new = np.ones(len(row), bool)
    new[1:] = (device[1:] != device[:-1]) | (number[1:] != number[:-1])
    at = np.flatnonzero(new)
    return Sums(
        device[at],
        number[at] * length_ms,
        np.add.reduceat(time, at),
        np.add.reduceat(np.maximum(value, 0) * time, at),
        np.add.reduceat(np.maximum(-value, 0) * time, at),
    )


def energies(device: Ints, amount: Ints, carry: Ints) -> Ints:
    """Energies in 1e-9 kWh of amounts in 1e-9 kW · ms, in order of device and time.

    Args:
        device: of each amount.
        amount: of each.
        carry: what is left of each device, below 1e-9 kWh; brought up to date.
    """
    whole, rest = np.divmod(amount, MS_PER_HOUR)
    if not len(device):
        return whole
    first = np.ones(len(device), bool)
    first[1:] = device[1:] != device[:-1]
    at = np.flatnonzero(first)
    run = np.cumsum(rest)
    before = np.repeat((run - rest)[at] - carry[device[at]], np.diff(np.append(at, len(device))))
    run = run - before
    carried = np.concatenate([[0], run[:-1] // MS_PER_HOUR])
    carried[first] = 0
    last = np.append(at[1:], len(device)) - 1
    carry[device[last]] = run[last] % MS_PER_HOUR
    return np.asarray(whole + run // MS_PER_HOUR - carried, np.int64)
