"""What a kind of roll-up is: its tables, which buckets rows concern, how they are made and read.

The history has one, of readings; a domain brings one of rows of its own (``Domain.rollups``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from energyguard.history import Tables
from energyguard.records.tables import TIME, TIMES_CODEC, HistoryTable, TableColumn

Piece = tuple[int, int]  # [from, to) in seconds since 1970
BUCKET = TableColumn("bucket", TIME, codec=TIMES_CODEC)
"""The column of a roll-up that says when its bucket begins."""
SMALL_GRANULES = ("index_granularity = 4096",)


class Level(NamedTuple):
    """A roll-up: its table, the seconds of a bucket, and what it is sorted by before ``bucket``."""

    table: str
    seconds: int
    sorted_by: str = ""


class Source(NamedTuple):
    """How queries read rows of one sort.

    Attributes:
        levels: the roll-ups, coarsest first.
        columns: theirs.
        raw: the same columns of raw rows, for what lies in part of the finest bucket.
        time: what a raw row's time is called.
        table: of the raw rows.
        sorted_by: what the raw rows are sorted by, before their time.
        part: instead of raw rows: writes the query for a piece of time from the finest roll-up,
            whose rows say where in the bucket something was.
        here: the condition of rows at one place, which a query calls its ``station``.
        together: how the same is read of all places together, step by step.
    """

    levels: tuple[Level, ...]
    columns: str
    raw: str = ""
    time: str = ""
    table: str = ""
    sorted_by: str = "toStartOfDay"
    part: Callable[[Piece], str] | None = None
    here: str = ""
    together: Source | None = None


@dataclass(frozen=True, kw_only=True)
class RollUpKind:
    """Buckets of one sort of raw rows.

    Attributes:
        name: of the kind.
        raw: the raw tables whose rows are marked.
        tables: the roll-ups.
        working: tables that are empty between two settlings.
        sources: how queries read it, by what they call it: ``stays`` of ``stays_in(…)``.
        marks: ``(table, rows)`` to the buckets that these rows concern, a table of any columns.
        in_range: ``(history, from ms, to ms)`` to the same of all rows that the history has there.
        replace: makes what is marked anew, and what is coarser: ``(history, marked)``.
        max_rows: with so many raw rows marked, to wait for more would cost too much memory.
        max_marks: with so many marks; 0: as ``max_rows`` says alone.
    """

    name: str
    raw: tuple[str, ...]
    tables: tuple[HistoryTable, ...]
    working: tuple[HistoryTable, ...]
    sources: Mapping[str, Source]
    marks: Callable[[str, pa.Table], pa.Table]
    in_range: Callable[[Tables, int, int], Iterable[pa.Table]]
    replace: Callable[[Tables, pa.Table], None]
    max_rows: int = 0
    max_marks: int = 0


def statement(text: str) -> str:
    """The statement of a file, without comments."""
    return "\n".join(line.split("--")[0].rstrip() for line in text.splitlines()).strip()


@cache
def script(folder: Path, name: str) -> str:
    """The statement ``<name>.sql`` of a folder."""
    return statement((folder / f"{name}.sql").read_text("utf-8"))


def in_piece(time: str, piece: Piece, sorted_by: str, spell: Callable[[int], str]) -> str:
    """A piece as a condition; once more in terms of the sorting: the index prunes by it.

    Args:
        time: the column.
        piece: seconds, [from, to).
        sorted_by: the function of the sorting key; empty: none.
        spell: how a second is written.
    """
    low, high = piece
    whole = f"{time} >= {spell(low)} AND {time} < {spell(high)}"
    if not sorted_by:
        return f"({whole})"
    first, last = (f"{sorted_by}({as_time(at)})" for at in (low, max(low, high - 1)))
    return f"({whole} AND {sorted_by}({time}) >= {first} AND {sorted_by}({time}) <= {last})"


def as_time(second: int) -> str:
    """A second as ClickHouse's ``DateTime``."""
    return f"toDateTime({second}, 'UTC')"
