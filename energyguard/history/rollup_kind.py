"""What a kind of roll-up is: its tables, which buckets rows concern, how they are made and read.

The history has one, of readings; a domain brings one of rows of its own (``Domain.rollups``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pyarrow as pa

from energyguard.history import Tables
from energyguard.history.sources import Source, statement
from energyguard.records.tables import TIME, TIMES_CODEC, HistoryTable, TableColumn

BUCKET = TableColumn("bucket", TIME, codec=TIMES_CODEC)
"""The column of a roll-up that says when its bucket begins."""
SMALL_GRANULES = ("index_granularity = 4096", "min_compress_block_size = 16384")
"""Of what is sorted by time first, a question about a device takes a few rows of each granule."""
MERGED_WHEN_OLD = (
    "min_age_to_force_merge_seconds = 3600",
    "min_age_to_force_merge_on_partition_only = 1",
)
"""A month or a year into which nothing was put for an hour becomes one part, which is read as it
is: of several the engine has to find out which rows replace others."""


@dataclass(frozen=True, kw_only=True)
class RollUpKind:
    """Buckets of one sort of raw rows.

    Attributes:
        name: of the kind.
        raw: the raw tables whose rows are marked.
        tables: the roll-ups.
        working: tables that are empty between two settlings.
        sources: how queries read it, by what they call it: ``stays`` of ``stays_in(…)``.
        named: what else queries read by a name: the text of a query each.
        marks: ``(table, rows)`` to the buckets that these rows concern, a table of any columns.
        in_range: ``(history, from ms, to ms)`` to the same of all rows that the history has there.
        replace: of a history, what makes what is marked anew, and what is coarser.
        max_rows: with so many raw rows marked, to wait for more would cost too much memory.
        max_marks: with so many marks; 0: as ``max_rows`` says alone.
    """

    name: str
    raw: tuple[str, ...]
    tables: tuple[HistoryTable, ...]
    working: tuple[HistoryTable, ...]
    sources: Mapping[str, Source]
    named: Mapping[str, str] = field(default_factory=dict)
    marks: Callable[[str, pa.Table], pa.Table]
    in_range: Callable[[Tables, int, int], Iterable[pa.Table]]
    replace: Callable[[Tables], Callable[[pa.Table], None]]
    max_rows: int = 0
    max_marks: int = 0


@cache
def script(folder: Path, name: str) -> str:
    """The statement ``<name>.sql`` of a folder."""
    return statement((folder / f"{name}.sql").read_text("utf-8"))
