"""What windows hold at least and at most: bounds of the parts of their entries, and of open time.

The history's question and the stream's rules both come here, so that of one window they say the
same. Bounds hold the truth where the largest plausible powers do; of powers they are *sampled*: a
sample says nothing of what is between two.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from energyguard.ledger.channels import EnergyChannel
from energyguard.ledger.entries import Entries, EntryKind
from energyguard.ledger.plausible import largest_energies, reach_ms
from energyguard.ledger.rhythm import POINT_MS
from energyguard.ledger.spread import EntryParts, part, part_bounds
from energyguard.model.channels import Kind
from energyguard.model.readings import Ints

NEW_CHAINS = (EntryKind.RESET, EntryKind.SWAP)
"""After one of these a register's errors no longer cancel those of before."""


class BoundedEntries(NamedTuple):
    """What bounds need of n entries: (n,) each, ms and 1e-9 kWh."""

    start: Ints
    end: Ints
    energy: Ints
    low: Ints
    high: Ints
    kind: Ints

    @classmethod
    def of(cls, entries: Entries) -> BoundedEntries:
        """Of entries of the ledger."""
        return cls(*(getattr(entries, name) for name in cls._fields))


class WindowBounds(NamedTuple):
    """What n windows hold: (n,) each, 1e-9 kWh."""

    energy: Ints  # the estimate: low <= energy <= high
    low: Ints
    high: Ints
    covered_ms: Ints  # how much of each entries cover


def parts_in(entries: BoundedEntries, ends_ms: Ints, window_ms: int) -> EntryParts:
    """The parts of entries in windows that may overlap; a part's bucket is the window's number.

    Args:
        entries: in any order.
        ends_ms: (windows,) where each ends.
        window_ms: how long all are.
    """
    start, end = entries.start, entries.end
    until, begin = ends_ms[:, None], ends_ms[:, None] - window_ms
    is_point = (start == end) & (begin <= start) & (start < until)
    window, entry = np.nonzero(((start < until) & (end > begin) & (start < end)) | is_point)
    start, end, energy = start[entry], end[entry], entries.energy[entry]
    until, begin = ends_ms[window], ends_ms[window] - window_ms
    amount = part(energy, start, end, until) - part(energy, start, end, begin)
    inside = np.minimum(end, until) - np.maximum(start, begin)
    return EntryParts(entry, window, amount, inside)


def window_bounds(
    entries: BoundedEntries, parts: EntryParts, channel: EnergyChannel, windows: int, window_ms: int
) -> WindowBounds:
    """What windows hold at least and at most.

    Args:
        entries: those that the parts are of.
        parts: of which entry and in which window (``bucket``, from 0) each is.
        channel: what is said of the channel: its largest powers, and its smallest step r.
        windows: how many there are.
        window_ms: how long each is.

    Returns:
        sums of the parts' bounds; ± r for each chain of registers in a window (1, and 1 more for
        each reset and swap), as far as the largest powers allow; and what these may come to in the
        time that no entry speaks of.
    """
    export_w, power_w, step = channel.export_w, channel.import_w, channel.real_resolution
    of, where = parts.entry, parts.bucket
    length = (entries.end - entries.start)[of]
    lows, highs = part_bounds(
        entries.low[of], entries.high[of], parts.inside_ms, length - parts.inside_ms,
        power_w, export_w, step,
    )  # fmt: skip
    columns = parts.energy, lows, highs, parts.inside_ms
    energy, low, high, covered = (_summed(column, where, windows) for column in columns)
    if channel.kind is Kind.INTERVAL:
        point = (length == 0) & (entries.kind[of] == EntryKind.INTERVAL)
        covered += spoken_by_points(entries.start[of][point], where[point], windows)
    covered = np.minimum(covered, window_ms)
    open_ms = window_ms - covered
    fed_in, drawn = reach_ms(export_w), reach_ms(power_w)
    low -= largest_energies(export_w, fed_in, open_ms)
    high += largest_energies(power_w, drawn, open_ms)
    if channel.kind is Kind.REGISTER and step:
        anew = np.isin(entries.kind[of], NEW_CHAINS).astype(np.int64)
        chains = _summed(anew, where, windows) + (np.bincount(where, minlength=windows) > 0)
        whole = np.full(windows, window_ms)
        lowest = np.minimum(low, -largest_energies(export_w, fed_in, whole))
        highest = np.maximum(high, largest_energies(power_w, drawn, whole))
        low = np.maximum(low - step * chains, lowest)
        high = np.minimum(high + step * chains, highest)
    return WindowBounds(energy, np.minimum(low, energy), np.maximum(high, energy), covered)


def spoken_by_points(time_ms: Ints, where: Ints, windows: int) -> Ints:
    """How much of each window is covered by intervals that are points (a minute at most).

    Each covers the time to the next one in its window; the last one, and one after which some are
    missing, the usual step of the window: the lower median. One alone covers nothing.

    Args:
        time_ms: (points,) their stamps.
        where: (points,) in which window each is.
        windows: how many there are.

    Returns:
        (windows,) in ms.
    """
    order = np.lexsort((time_ms, where))
    window, step = where[order], np.diff(time_ms[order])
    together = np.diff(window) == 0
    of, step = window[1:][together], step[together]
    short = (step > 0) & (step <= POINT_MS)
    sorted_ = np.lexsort((step[short], of[short]))
    steps, counts = step[short][sorted_], np.bincount(of[short], minlength=windows)
    usual = np.zeros(windows, np.int64)
    known = counts > 0
    usual[known] = steps[(np.cumsum(counts) - counts + (counts - 1) // 2)[known]]
    spoken = np.where(2 * step <= 3 * usual[of], step, usual[of])
    return usual + _summed(spoken, of, windows)


def _summed(column: Ints, where: Ints, windows: int) -> Ints:
    found = np.zeros(windows, np.int64)
    np.add.at(found, where, column)
    return found
