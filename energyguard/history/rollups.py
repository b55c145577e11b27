"""Roll-ups: minutes to days, replaced from raw rows wherever rows came in.

``mark`` notes where an insert put rows; ``settle`` makes the buckets there anew from deduplicated
raw rows (``rollup/*.sql``), and the coarser ones from the finer. Nothing is incremented, so a row
that comes twice, or late, cannot count twice. The archive commits its positions after ``settle``:
what a crash leaves unsettled is read from the log and marked once more.
"""

from __future__ import annotations

from types import ModuleType
from typing import Final

import pyarrow as pa

from energyguard.history import Tables, charging_buckets, reading_buckets

_KINDS: Final = (reading_buckets, charging_buckets)
"""Each says of which tables it has buckets, which buckets rows concern, and how they are made."""

Taken = dict[ModuleType, list[pa.Table]]
"""What was marked, by kind of bucket."""


class RollUps:
    """The roll-ups of one history."""

    def __init__(self, history: Tables) -> None:
        self._history = history
        self._marked: Taken = {kind: [] for kind in _KINDS}
        self.readings = 0
        """How many readings are marked."""

    @property
    def full(self) -> bool:
        """Whether so much is marked that to wait for more would cost too much memory."""
        hours = sum(map(len, self._marked[charging_buckets]))
        return self.readings >= reading_buckets.FULL_ROWS or hours >= charging_buckets.FULL_ROWS

    def mark(self, table: str, rows: pa.Table) -> bool:
        """Note where rows were put; false: no roll-up is made of this table."""
        for kind in _KINDS:
            if table in kind.TABLES:
                if rows.num_rows:
                    self._marked[kind].append(kind.marks(table, rows))
                    self.readings += rows.num_rows if kind is reading_buckets else 0
                return True
        return False

    def mark_range(self, lo_ms: int, hi_ms: int) -> None:
        """Note where all rows of a range are that the history has."""
        for kind in _KINDS:
            self._marked[kind] += kind.in_range(self._history, lo_ms, hi_ms)

    def take(self) -> Taken:
        """What is marked; it is the caller's now, to replace or to restore."""
        marked, self._marked, self.readings = self._marked, {kind: [] for kind in _KINDS}, 0
        return marked

    def restore(self, taken: Taken) -> None:
        """Mark again what could not be replaced."""
        self._marked = {kind: taken[kind] + self._marked[kind] for kind in _KINDS}

    def settle(self) -> None:
        """Replace what is marked."""
        taken = self.take()
        try:
            self.replace(taken)
        except BaseException:
            self.restore(taken)
            raise

    def replace(self, taken: Taken) -> None:
        """Make the buckets of what was taken anew, and the coarser ones above them."""
        for kind in _KINDS:
            marked = pa.concat_tables(taken[kind]) if taken.get(kind) else ()
            if len(marked):
                kind.replace(self._history, marked)
