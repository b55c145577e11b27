"""What one key's readings come to, entry by entry, and what its windows hold.

Readings are folded as they come. One that is older than the newest of its key has all of them
folded again, from what the ledger knew before the oldest that is kept.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from energyguard.ledger.bounds import BoundedEntries
from energyguard.ledger.channels import EnergyChannel
from energyguard.ledger.entries import Entries
from energyguard.ledger.ledger import Ledger
from energyguard.model.channels import Kind
from energyguard.model.readings import Ints
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.panes.spreading import Columns

ALL = np.zeros(1, np.int64)
"""The only key of a ledger of one."""
Counted = tuple[int, ...]
"""What an entry counts: from when, until when, how much in 1e-9 kWh; and its bounds and its kind,
where somebody asks for them.
"""
_PLAIN = BoundedEntries._fields[:3]


@dataclass(frozen=True, slots=True)
class CountedAnew:
    """What a reading changed: entries that are there now, and those that they replace."""

    made: list[Counted]
    gone: list[Counted]

    @property
    def first_ms(self) -> int:
        """The beginning of the time of which another sum is known now."""
        return min(single[0] for single in (*self.made, *self.gone))

    @property
    def last_ms(self) -> int:
        """Its end: the last time of which one of them speaks."""
        return max(max(single[1], single[0] + 1) for single in (*self.made, *self.gone))

    def __bool__(self) -> bool:
        return self.made != self.gone


class KeyEntries:
    """The entries of one key.

    Args:
        base: the fold of its readings before those kept; a ledger of one key, not shared.
        time, value: its readings that are kept, sorted by time.
        channel: what is said of its channel, where bounds are wanted.
    """

    def __init__(
        self, base: Ledger, time: Ints, value: Ints, channel: EnergyChannel | None = None
    ) -> None:
        self._base, self.ledger, self.channel = base, base.of(ALL), channel
        self._names = _PLAIN if channel is None else BoundedEntries._fields
        self.readings = list(zip(time.tolist(), value.tolist(), strict=True))
        self._of: dict[int, Counted] = {}  # by stamp
        self._table: Ints | None = None  # the same, a column a row
        self._columns: Columns | None = None
        self._ahead: deque[tuple[int, int, int, Counted]] = (
            deque()
        )  # of readings that are still to be taken
        self._is_first = not base.begun()[0]
        self._put(self._fold(time, value))

    def _fold(self, time: Ints, value: Ints) -> Entries:
        if not len(time):
            return Entries.none()
        return self.ledger.fold(np.zeros(len(time), np.int64), time, value)

    def _put(self, entries: Entries) -> CountedAnew:
        """Know entries that were made or replaced."""
        made: list[Counted] = []
        gone: list[Counted] = []
        for stamp, single in zip(entries.stamp.tolist(), self._counted_of(entries), strict=True):
            if (before := self._of.get(stamp)) is not None:
                gone.append(before)
            self._of[stamp] = single
            made.append(single)
        if made:
            self._table = self._columns = None
        return CountedAnew(made, gone)

    def look_ahead(self, rows: Sequence[tuple[int, int, int]]) -> Ints:
        """Fold what comes next, as far as each reading only follows the one before it.

        Args:
            rows: place, time and value of the next readings, in log order: these are taken next.

        Returns:
            (n,) from when the entries of the first n of them speak.
        """
        if not self._ahead:
            _, time, value = np.array(rows, np.int64).T
            follows = self.ledger.follows(np.zeros(len(time), np.int64), time, value)
            if (many := int(np.count_nonzero(follows))) > 1:
                entries = self._fold(time[:many], value[:many])
                self._ahead += zip(
                    time[:many].tolist(), value[:many].tolist(), entries.stamp.tolist(),
                    self._counted_of(entries), strict=True,
                )  # fmt: skip
        return np.array([single[0] for *_, single in self._ahead], np.int64)

    def take_many(self, many: int) -> CountedAnew:
        """Count so many of the readings ahead."""
        made: list[Counted] = []
        for _ in range(many):
            time, value, stamp, single = self._ahead.popleft()
            self.readings.append((time, value))
            self._of[stamp] = single
            made.append(single)
        if self._table is not None:
            self._table = np.concatenate([self._table, np.array(made, np.int64).T], axis=1)
        self._columns = None
        return CountedAnew(made, [])

    def take_back(self, many: int) -> None:
        """The newest so many readings, which came from ahead, are to be taken again."""
        for _ in range(many):
            stamp, single = self._of.popitem()
            self._ahead.appendleft((*self.readings.pop(), stamp, single))
        self._table = self._columns = None

    def _counted_of(self, entries: Entries) -> list[Counted]:
        return list(zip(*(getattr(entries, n).tolist() for n in self._names), strict=True))

    def take(self, time: int, value: int) -> CountedAnew:
        """Count a reading."""
        if self._ahead:
            return self.take_many(1)
        newest = self.readings[-1][0] if self.readings else time
        if time >= newest:
            self.readings.append((time, value))
            return self._put(self._fold(np.array([time]), np.array([value])))
        insort(self.readings, (time, value), key=itemgetter(0))
        before = self.counted
        self.ledger, self._of, self._table = self._base.of(ALL), {}, None
        every = np.array(self.readings, np.int64)
        self._put(self._fold(every[:, 0], every[:, 1]))
        after = self.counted
        was, now = set(before), set(after)
        return CountedAnew(
            [single for single in after if single not in was],
            [single for single in before if single not in now],
        )

    def end(self) -> None:
        """No more readings come, or not in time: what waits counts as far as it is known."""
        self._put(self.ledger.end())

    @property
    def doubt_ms(self) -> int:
        """How much longer its windows wait: two rhythms while its newest reading is in doubt."""
        if self.ledger.kind is not Kind.REGISTER or not self.ledger.waits()[0]:
            return 0
        return 2 * int(self.ledger.cadence_ms()[0])

    def held_until(self, time_ms: int) -> list[Counted] | None:
        """What counts at a time that no reading has reached, where a power holds; else None."""
        if self.ledger.kind is not Kind.POWER or not self.readings:
            return None
        if self.ledger.newest_ms()[0] >= time_ms:  # of those that are plausible
            return None
        entries = self.ledger.end()
        known = [single for stamp, single in self._of.items() if stamp not in entries.stamp]
        return [*known, *self._counted_of(entries)]

    @property
    def newest_value(self) -> Ints:
        """(1,) what its newest reading says, in the channel's unit."""
        time, value = (np.array([of]) for of in self.readings[-1])
        return self.ledger.in_unit(ALL, time, value)

    @property
    def counted(self) -> list[Counted]:
        """What all entries count."""
        return list(self._of.values())

    @property
    def table(self) -> Ints:
        """What all entries count: a row for each column, (columns, entries)."""
        if self._table is None:
            every = np.array(self.counted, np.int64).reshape(-1, len(self._names))
            self._table = np.ascontiguousarray(every.T)
        return self._table

    @property
    def columns(self) -> Columns:
        """Start, end and energy of the entries that count."""
        if self._columns is None:
            start, end, energy = self.table[:3, self.table[2] != 0]
            self._columns = start, end, energy
        return self._columns

    @property
    def bounded(self) -> BoundedEntries:
        """The entries that count, with their bounds; only where these are wanted."""
        return BoundedEntries(*self.table)

    @property
    def begins_ms(self) -> int:
        """Since when it has entries; of a key that had readings before those kept ``NEVER``."""
        if not self._of or not self._is_first:
            return NEVER
        return int(self.table[0].min())

    @property
    def span(self) -> tuple[int, int] | None:
        """From when to when entries speak; None: there are none."""
        if not self._of:
            return None
        start, end = self.table[:2]
        return int(start.min()), int(np.maximum(end, start + 1).max())

    @property
    def times(self) -> Ints:
        """When it has readings, sorted."""
        return np.array([single[0] for single in self.readings], np.int64)


def columns_of(counted: list[Counted]) -> Columns:
    """Start, end and energy of what counts."""
    if not counted:
        return _NONE, _NONE, _NONE
    every = np.array(counted, np.int64)
    start, end, energy = every[every[:, 2] != 0][:, :3].T
    return start, end, energy


def bounded_of(counted: list[Counted]) -> BoundedEntries:
    """All columns of what counts."""
    every = np.array(counted, np.int64).reshape(-1, len(BoundedEntries._fields))
    return BoundedEntries(*every.T)


_NONE = np.empty(0, np.int64)


def covered_by(time: Ints, ends_ms: Ints, reach_ms: int, gap_ms: int, *, holds: bool) -> Ints:
    """Of how many ms before some ends readings at these times speak: (ends,)."""
    start, end = time[:-1], time[1:]
    if holds:
        start, end = time, np.append(np.minimum(end, start + gap_ms), time[-1:] + gap_ms)
    near = end - start <= gap_ms
    start, end = start[near], end[near]
    until = np.minimum(end, ends_ms[:, None]) - np.maximum(start, ends_ms[:, None] - reach_ms)
    covered: Ints = np.maximum(until, 0).sum(axis=1)
    return covered
