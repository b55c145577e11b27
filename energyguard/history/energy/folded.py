"""Answers that are made of the ledger's entries: the readings of a device are folded for each.

The rows that come are those of ``to_fold(…)`` in a query: ``name`` (the channel), ``ms``, ``nano``
and ``facts``, in order, with some readings before and after the range.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from energyguard.history.corrections.entry_corrections import counted, with_corrections
from energyguard.history.energy.energy_buckets import Readings
from energyguard.history.energy.energy_channels import read_channel
from energyguard.history.energy.energy_folds import entries_of
from energyguard.history.energy.preferred import PREFERRED
from energyguard.ledger.bounds import BoundedEntries, window_bounds
from energyguard.ledger.channels import EnergyChannel, channel_of
from energyguard.ledger.entries import Entries, EntryKind
from energyguard.ledger.evidence import OF_ENERGIES, Evidence, sentence
from energyguard.ledger.scales import Scale, scale_at, scaled
from energyguard.ledger.spread import cumulated, part, spread
from energyguard.model.quantities import NANO, from_nano
from energyguard.model.readings import Ints

_MS = pa.timestamp("ms", "UTC")
_NEWEST = 8
_GAPS, _MIN_GAP_MS = 3, 900_000
"""When nothing for so many usual steps, and so long, is a gap: as the ledger has it."""


class FoldedChannel:
    """The channel of a device that counts: the first of ``PREFERRED`` with readings in a range."""

    def __init__(self, device: str, rows: pa.Table, start_ms: int, end_ms: int) -> None:
        names = np.array(rows["name"].to_pylist(), object)
        time, value = rows["ms"].to_numpy(), rows["nano"].to_numpy()
        inside = (time >= start_ms) & (time <= end_ms)
        there = {name: mine for name in PREFERRED if (mine := names == name).any()}
        self.name = min(
            there, key=lambda name: (not (there[name] & inside).any(), PREFERRED.index(name))
        )
        mine = there[self.name]
        facts = rows["facts"][int(np.flatnonzero(mine)[0])].as_py() or ""
        self.channel: EnergyChannel = channel_of(device, read_channel(facts, self.name))
        self.time, self.value = time[mine], value[mine]
        zeros = np.zeros(len(self.time), np.int64)
        self.entries: Entries = entries_of(
            Readings(zeros, self.time, self.value, zeros), self.channel
        )

    def within(self, start_ms: int, end_ms: int) -> Entries:
        """The entries that have a part in a range, or whose reading does."""
        e = self.entries
        is_point = e.start == e.end
        at = np.where(is_point, e.stamp, e.start)
        return e.where((at < end_ms) & (np.where(is_point, e.stamp + 1, e.end) > start_ms))

    def decided_after(self, entries: Entries) -> list[int | None]:
        """How long after each entry's reading the one came that decided; None: none is named."""
        found: list[int | None] = [None] * len(entries)
        named = np.isin(entries.evidence, (Evidence.RETURNED, Evidence.NOT_FOLLOWED))
        for n in np.flatnonzero(named).tolist():
            later = (self.time > entries.stamp[n]) & (self.value == entries.number[n])
            if later.any():
                found[n] = int(self.time[later][0] - entries.stamp[n])
        return found

    def numbers_in_unit(self, entries: Entries) -> Ints:
        """What each entry's evidence is about; energies and registers in the channel's unit."""
        if not (scales := self.channel.scales):
            return entries.number
        energies = np.isin(entries.evidence, OF_ENERGIES)
        return np.where(energies, scaled(scales, entries.stamp, entries.number), entries.number)

    @property
    def begins_ms(self) -> int:
        """Since when it should be known what was used: before its first reading nothing is missing.

        Of who has sent before the readings that were folded, no later than these.
        """
        return int(min(self.time[0], self.entries.start.min(initial=self.time[0])))

    def known_until(self, end_ms: int) -> int:
        """Up to when it should be known what was used: the end, or that of the newest entry."""
        e = self.entries
        lengths = np.sort((e.end - e.start)[-_NEWEST:])
        newest = int((e.end + (e.start == e.end)).max(initial=0))  # a point is in its millisecond
        usual = int(lengths[-2]) if len(lengths) > 3 else int(lengths.max(initial=0))
        is_near = 0 < end_ms - newest <= max(_GAPS * usual, _MIN_GAP_MS)
        return newest if is_near else end_ms


def _times(energy: int, scale: Scale) -> str:
    """How what was sent came to an energy (1e-9 kWh): ``12.5 × 40 = 500 kWh``; none: empty."""
    sent = Fraction(energy * scale.per, scale.times)
    factor = f"{Decimal(scale.times) / scale.per:f}"
    return f"{from_nano(round(sent))} × {factor} = {from_nano(energy)} kWh" if energy else ""


def energy_within(folded: FoldedChannel, start_ms: int, end_ms: int) -> int:
    """What of the entries lies in a range, in 1e-9 kWh."""
    return int(_inside(folded.within(start_ms, end_ms), start_ms, end_ms).sum())


def _inside(e: Entries, start_ms: int, end_ms: int) -> Ints:
    """What of each entry lies in a range."""
    whose = (e.energy, e.start, e.end)
    return part(*whose, np.full(len(e), end_ms)) - part(*whose, np.full(len(e), start_ms))


def window_sums(rows: pa.Table, bound: Mapping[str, str]) -> pa.Table:
    """Sum the entries in windows.

    Args:
        rows: to fold.
        bound: ``start_ms``, ``end_ms``, ``window_ms`` and ``slide_ms`` of the question.

    Returns:
        The start and the end of each window that lies in the range, and its kWh.
    """
    start_ms, end_ms, window_ms, slide_ms = (
        int(bound[name]) for name in ("start_ms", "end_ms", "window_ms", "slide_ms")
    )
    ends = np.arange(-(-(start_ms + window_ms) // slide_ms), end_ms // slide_ms + 1) * slide_ms
    sums = np.zeros(len(ends), np.int64)
    if rows.num_rows and len(ends):
        e = FoldedChannel(bound["device"], rows, start_ms, end_ms).entries
        until, before = (cumulated(e.energy, e.start, e.end, at) for at in (ends, ends - window_ms))
        sums = until - before
    times = (pa.array(at).cast(_MS) for at in (ends - window_ms, ends))
    return pa.table([*times, sums / NANO], ["window_start", "window_end", "kwh"])


def entries(rows: pa.Table, bound: Mapping[str, str]) -> pa.Table:
    """List the entries of a range: what of each lies in it, and why it is what it is.

    Returns:
        channel, time and value of the reading, from when to when it speaks, its energy, what of
        that lies in the range, at least and at most of the whole, its kind and the reason: as a
        sentence, and as what it is made of.
    """
    counting, wrong = counted(rows)
    return with_corrections(_entries(counting, bound), counting, wrong)


def _entries(rows: pa.Table, bound: Mapping[str, str]) -> pa.Table:
    """The entries of the readings that count."""
    start_ms, end_ms = int(bound["start_ms"]), int(bound["end_ms"])
    if not rows.num_rows:
        return pa.table({name: pa.array([], kind) for name, kind in _ENTRY.items()})
    folded = FoldedChannel(bound["device"], rows, start_ms, end_ms)
    e = folded.within(start_ms, end_ms)
    inside = _inside(e, start_ms, end_ms)
    at = np.minimum(np.searchsorted(folded.time, e.stamp), len(folded.time) - 1)
    e, after = replace(e, number=folded.numbers_in_unit(e)), folded.decided_after(e)
    why = list(zip(e.evidence.tolist(), e.number.tolist(), after, strict=True))
    scales = [scale_at(folded.channel.scales, stamp) for stamp in e.stamp.tolist()]
    columns = (
        [folded.name] * len(e),
        *(pa.array(of).cast(_MS) for of in (e.stamp,)),
        folded.value[at] / NANO,
        *(pa.array(of).cast(_MS) for of in (e.start, e.end)),
        *(of / NANO for of in (e.energy, inside, e.low, e.high)),
        [EntryKind(kind).name.lower() for kind in e.kind.tolist()],
        [
            "; ".join(filter(None, (scale and _times(energy, scale), sentence(*of_entry))))
            for energy, scale, of_entry in zip(e.energy.tolist(), scales, why, strict=True)
        ],
        [Evidence(evidence).name.lower() for evidence, _, _ in why],
        e.number,
        pa.array(after, pa.int64()),
        pa.array([scale and scale.times / scale.per for scale in scales], pa.float64()),
    )
    return pa.table(dict(zip(_ENTRY, map(pa.array, columns), strict=True)))


_ENTRY = {
    "channel": pa.string(), "time": _MS, "value": pa.float64(), "start": _MS, "end": _MS,
    "kwh": pa.float64(), "inside": pa.float64(), "low": pa.float64(), "high": pa.float64(),
    "kind": pa.string(), "why": pa.string(), "evidence": pa.string(), "number": pa.int64(),
    "after_ms": pa.int64(), "scale": pa.float64(),
}  # fmt: skip


def bounds(rows: pa.Table, bound: Mapping[str, str]) -> pa.Table:
    """What was used in each step: the estimate, at least and at most, and how much is covered.

    Returns:
        The start of each step, kWh, what of it was drawn and fed in, low, high, and the ms of it
        that entries speak of. Of a time that none speaks of, at most is what the largest plausible
        power would come to.
    """
    start_ms, end_ms, step_ms = (int(bound[name]) for name in ("start_ms", "end_ms", "step_ms"))
    first, last = start_ms // step_ms * step_ms, -(-end_ms // step_ms) * step_ms
    steps = np.arange(first, last, step_ms)
    folded = None
    if rows.num_rows and len(steps):
        folded = FoldedChannel(bound["device"], rows, start_ms, end_ms)
    found = _bounds(folded, first, step_ms, len(steps))
    return pa.table([pa.array(steps).cast(_MS), *found], ["time", *_BOUNDS])


def bounds_between(rows: pa.Table, bound: Mapping[str, str]) -> pa.Table:
    """The same between any borders.

    The last step ends with the newest entry, where no more time has passed since than three of the
    steps that the meter usually makes (and 15 min): what it has not sent yet is not missing. The
    first one begins with its very first reading, where that lies in it.

    Returns:
        The start and the end of each step, and the columns of ``bounds``.
    """
    borders = [int(border) for border in bound["borders"].split(",")]
    folded = None
    if rows.num_rows:
        folded = FoldedChannel(bound["device"], rows, borders[0], borders[-1])
        borders[-1] = max(borders[-2] + 1, folded.known_until(borders[-1]))
        borders[0] = min(borders[1] - 1, max(borders[0], folded.begins_ms))
    found = [_bounds(folded, a, b - a, 1) for a, b in pairwise(borders)]
    times = (pa.array(at).cast(_MS) for at in (borders[:-1], borders[1:]))
    columns = map(np.concatenate, zip(*found, strict=True))
    return pa.table([*times, *columns], ["start", "end", *_BOUNDS])


_BOUNDS = ("kwh", "import_kwh", "export_kwh", "low", "high", "covered_ms")


def _bounds(
    folded: FoldedChannel | None, first_ms: int, step_ms: int, steps: int
) -> list[npt.NDArray[Any]]:
    """(steps,) each of ``_BOUNDS``, of steps from a time on; None: there are no readings."""
    drawn, fed_in, low, high, covered = (np.zeros(steps, np.int64) for _ in range(5))
    if folded is not None:
        e = folded.within(first_ms, first_ms + steps * step_ms)
        parts = spread(e.energy, e.start - first_ms, e.end - first_ms, step_ms, 0, steps - 1)
        for found, amount in ((drawn, parts.energy), (fed_in, -parts.energy)):
            np.add.at(found, parts.bucket, np.maximum(amount, 0))
        of = BoundedEntries.of(e), parts, folded.channel
        _, low, high, covered = window_bounds(*of, steps, step_ms)
    amounts = (drawn - fed_in, drawn, fed_in, low, high)
    return [*(amount / NANO for amount in amounts), covered]
