"""Roll-ups: minutes to days, replaced from raw rows wherever rows came in.

There is a kind of them for readings, and one for each domain that sums up rows of its own; all go
the same way. ``mark`` notes where an insert put rows; ``settle`` makes the buckets there anew from
deduplicated raw rows (a kind's ``.sql`` files), and the coarser ones from the finer. Nothing is
incremented, so a row that comes twice, or late, cannot count twice. The archive commits its
positions after ``settle``: what a crash leaves unsettled is read from the log and marked once more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import pyarrow as pa

from energyguard.domain import installed, load
from energyguard.history import Tables
from energyguard.history.energy.energy_channels import Changes
from energyguard.history.reading_buckets import READINGS, ReadingBuckets
from energyguard.history.rollup_kind import RollUpKind

Taken = dict[str, list[pa.Table]]
"""What was marked, by kind of roll-up."""


@dataclass(slots=True)
class Marks:
    """Where rows were put, and how many, by kind of roll-up."""

    taken: Taken = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, marks: pa.Table, rows: int) -> None:
        """Note where some more are."""
        self.taken.setdefault(kind, []).append(marks)
        self.rows[kind] = self.rows.get(kind, 0) + rows


@cache
def rollup_kinds() -> tuple[RollUpKind, ...]:
    """All kinds: of readings, and those that installed domains bring."""
    return (READINGS, *(load(domain.rollups) for domain in installed() if domain.rollups))


class RollUps:
    """The roll-ups of one history."""

    def __init__(self, history: Tables) -> None:
        self._history = history
        self._kinds = rollup_kinds()
        self._replace = {kind.name: kind.replace(history) for kind in self._kinds}
        buckets = self._replace[READINGS.name]
        assert isinstance(buckets, ReadingBuckets)
        self._of_readings = buckets
        self._marked, self._first = Marks(), Marks()
        self._described: Changes = {}

    @property
    def readings(self) -> int:
        """How many readings are marked, those that go first left out."""
        return self._marked.rows.get(READINGS.name, 0)

    @property
    def full(self) -> bool:
        """Whether so much is marked that to wait for more would cost too much memory."""
        return any(
            0 < kind.max_rows <= marks.rows.get(kind.name, 0)
            or 0 < kind.max_marks <= sum(map(len, marks.taken.get(kind.name, ())))
            for kind in self._kinds
            for marks in (self._marked, self._first)
        )

    def mark(self, table: str, rows: pa.Table, *, first: bool = False) -> bool:
        """Note where rows were put; false: no roll-up is made of this table.

        Args:
            table: where they were put.
            rows: all of them.
            first: they may be taken without the others.
        """
        for kind in self._kinds:
            if table in kind.raw:
                if rows.num_rows:
                    marks = self._first if first else self._marked
                    marks.add(kind.name, kind.marks(table, rows), rows.num_rows)
                return True
        return False

    def describe(self, changes: Changes) -> None:
        """Count by what is said of channels of energy from the next settling on, the past too."""
        self._described = {**self._described, **changes}

    def mark_range(self, lo_ms: int, hi_ms: int) -> None:
        """Note where all rows of a range are that the history has."""
        for kind in self._kinds:
            for marks in kind.in_range(self._history, lo_ms, hi_ms):
                self._marked.add(kind.name, marks, 0)

    def take(self, *, only_first: bool = False) -> Taken:
        """What is marked; it is the caller's now, to replace or to restore."""
        first, self._first = self._first, Marks()
        if only_first:
            return first.taken
        marked, self._marked = self._marked, Marks()
        return _joined(first.taken, marked.taken)

    def restore(self, taken: Taken) -> None:
        """Mark again what could not be replaced."""
        self._marked.taken = _joined(taken, self._marked.taken)

    def interrupt(self) -> None:
        """Let what replaces readings give up soon, in whichever thread it is."""
        self._of_readings.stopping.set()

    def settle(self) -> None:
        """Replace what is marked."""
        taken = self.take()
        try:
            self.replace(taken)
        except BaseException:
            self.restore(taken)
            raise

    def replace(self, taken: Taken) -> None:
        """Make the buckets of what was taken anew, and the coarser ones above them.

        Raises:
            Interrupted: some were not.
        """
        changes, self._described = self._described, {}
        if changes:
            taken.setdefault(READINGS.name, []).append(self._of_readings.describe(changes))
        for kind in self._kinds:
            marked = pa.concat_tables(taken[kind.name]) if taken.get(kind.name) else ()
            if len(marked):
                self._replace[kind.name](marked)


def _joined(before: Taken, after: Taken) -> Taken:
    return {name: before.get(name, []) + after.get(name, []) for name in before | after}
