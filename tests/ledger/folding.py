"""Readings through a ledger, cut in any way; and the entries that are left of them."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from energyguard.ledger.channels import EnergyChannel
from energyguard.ledger.entries import Entries, EntryKind
from energyguard.ledger.ledger import Ledger
from energyguard.model.channels import Kind
from energyguard.model.quantities import to_nano

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
MONDAY = 1_772_409_600_000  # 2026-03-02T00:00:00Z
KWH = 10**9
Row = tuple[int, ...]  # key, stamp, start, end, energy, low, high, kind, evidence, number


def ledger_of(channel: EnergyChannel, keys: int = 1) -> Ledger:
    ledger = Ledger(channel.kind, lambda _: channel)
    ledger.grow(keys)
    return ledger


def take(ledger: Ledger, rows: dict[tuple[int, int], Row], entries: Entries) -> None:
    """Let entries count: those of a reading that has one replace it."""
    columns = [column.tolist() for column in entries.columns()]
    found = list(zip(*columns, strict=True))
    assert [row[:2] for row in found] == sorted({row[:2] for row in found}), "sorted, each once"
    rows.update((row[:2], row) for row in found)


def folded(
    channel: EnergyChannel,
    values: Sequence[float | str],
    step: int | Sequence[int] = 15 * MINUTE,
    start: int = MONDAY,
    cuts: Iterable[int] = (),
    *,
    ended: bool = True,
) -> list[Row]:
    """The entries of one key: of values that come ``step`` apart, or at these times from start."""
    times = [n * step for n in range(len(values))] if isinstance(step, int) else list(step)
    time = start + np.array(times, np.int64)
    value = np.array([to_nano(v) for v in values], np.int64)
    ledger = ledger_of(channel)
    rows: dict[tuple[int, int], Row] = {}
    for first, last in pairwise([0, *cuts, len(values)]):
        part = slice(first, last)
        entries = ledger.fold(np.zeros(last - first, np.int64), time[part], value[part])
        take(ledger, rows, entries)
    if ended:
        take(ledger, rows, ledger.end())
    return [rows[identity] for identity in sorted(rows)]


def total(rows: Sequence[Row]) -> float:
    return round(sum(row[4] for row in rows) / KWH, 9)


def bounds(rows: Sequence[Row]) -> tuple[float, float]:
    return sum(row[5] for row in rows) / KWH, sum(row[6] for row in rows) / KWH


def kinds(rows: Sequence[Row]) -> str:
    """The kinds of entries, by their first letters: ``f`` first, ``d`` difference, ``D`` dip …"""
    letters = {EntryKind.DIP: "D", EntryKind.GAP: "G", EntryKind.ROLLOVER: "O"}
    return "".join(letters.get(EntryKind(r[7]), EntryKind(r[7]).name[0].lower()) for r in rows)


REGISTER = EnergyChannel(Kind.REGISTER)
INTERVAL = EnergyChannel(Kind.INTERVAL)
POWER = EnergyChannel(Kind.POWER)
