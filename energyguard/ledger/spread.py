"""How much of an entry lies before a time, in a bucket, and at least and at most there: exactly.

An entry's energy E is spread evenly over [start, end): until t it has
F(t) = s·floor(|E|·(t − start) / (end − start)), s the sign of E; a part is the difference of two F,
so the parts of any grid add up to E. The same formula holds in NumPy, SQL, Spark and Flink.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from energyguard.ledger.plausible import largest_energies, reach_ms
from energyguard.model.readings import Ints

EXACT_MS: Final = 3_037_000_499
"""Up to 35 days (2^31.5 ms) all is within 64 bits; of longer entries Python counts the few."""


class EntryParts(NamedTuple):
    """Parts of entries in buckets."""

    entry: Ints  # which entry
    bucket: Ints  # the bucket's number: its start over the grid's step
    energy: Ints
    inside_ms: Ints  # how much of the entry's time is in the bucket


def part(energy: Ints, start: Ints, end: Ints, border: Ints | int) -> Ints:
    """(n,) what entries have before a time; of a point all, where the time is later than it.

    Args:
        energy: 1e-9 kWh, signed.
        start: ms.
        end: ms; start = end: a point.
        border: ms, of each or of all.
    """
    length = end - start
    passed = np.clip(border - start, 0, length)
    size = np.abs(energy)
    share, rest = np.divmod(size, np.maximum(length, 1))
    before = share * passed + rest * passed // np.maximum(length, 1)
    long = np.flatnonzero(length > EXACT_MS)
    for n in long.tolist():
        before[n] = int(size[n]) * int(passed[n]) // int(length[n])
    before = np.where(length > 0, before, np.where(border > start, size, 0))
    return np.where(energy < 0, -before, before)


def spread(
    energy: Ints, start: Ints, end: Ints, step_ms: int, first: int = 0, last: int = 2**62
) -> EntryParts:
    """The parts of entries in the buckets ``first`` to ``last`` of a grid from 1970 UTC on.

    Returns:
        the parts, of each entry in order of time. An entry without energy has its parts, too: they
        say that its time is covered.
    """
    begins, ends = start // step_ms, np.maximum(end - 1, start) // step_ms
    if (begins == ends).all():
        entry = np.flatnonzero((begins >= first) & (begins <= last))
        return EntryParts(entry, begins[entry], energy[entry], (end - start)[entry])
    begins = np.maximum(begins, first)
    buckets = np.maximum(np.minimum(ends, last) - begins + 1, 0)
    entry = np.repeat(np.arange(len(begins)), buckets)
    bucket = (
        begins[entry] + np.arange(len(entry)) - np.repeat(np.cumsum(buckets) - buckets, buckets)
    )
    energy, start, end = energy[entry], start[entry], end[entry]
    low, high = bucket * step_ms, (bucket + 1) * step_ms
    parts = part(energy, start, end, high) - part(energy, start, end, low)
    return EntryParts(entry, bucket, parts, np.minimum(end, high) - np.maximum(start, low))


def cumulated(energy: Ints, start: Ints, end: Ints, borders: Ints) -> Ints:
    """(borders,) what all entries together have before each border.

    Cost: sorting the entries, and one part for each border that lies within an entry.

    Args:
        energy: 1e-9 kWh, signed.
        start: ms.
        end: ms; start = end: a point.
        borders: ms, increasing.
    """
    over = np.maximum(end, start + 1)  # all of a point is there one millisecond after it
    order = np.argsort(over, kind="stable")
    whole = np.append(0, np.cumsum(energy[order]))
    found = whole[np.searchsorted(over[order], borders, "right")]
    first = np.searchsorted(borders, start, "right")
    inside = np.maximum(np.searchsorted(borders, over, "left") - first, 0)
    entry = np.repeat(np.arange(len(start)), inside)
    border = first[entry] + np.arange(len(entry)) - np.repeat(np.cumsum(inside) - inside, inside)
    np.add.at(found, border, part(energy[entry], start[entry], end[entry], borders[border]))
    return found


def part_bounds(
    low: Ints, high: Ints, inside_ms: Ints, outside_ms: Ints, power_w: int, export_w: int,
    resolution: int,
) -> tuple[Ints, Ints]:  # fmt: skip
    """What parts of entries are at least and at most, where the largest powers hold.

    Args:
        low: at least of the whole entries.
        high: at most of them.
        inside_ms: how much of each entry's time is in its part.
        outside_ms: how much is not.
        power_w: the largest plausible power.
        export_w: the same the other way.
        resolution: the smallest step of the register, 1e-9 kWh.

    Returns:
        the bounds; of an entry that is whole its own.
    """
    in_reach, out_reach = reach_ms(power_w), reach_ms(export_w)
    lowest = np.maximum(
        -largest_energies(export_w, out_reach, inside_ms),
        low - largest_energies(power_w, in_reach, outside_ms) - resolution,
    )
    greatest = np.minimum(
        largest_energies(power_w, in_reach, inside_ms),
        high + largest_energies(export_w, out_reach, outside_ms) + resolution,
    )
    whole = outside_ms == 0
    return np.where(whole, low, lowest), np.where(whole, high, greatest)
