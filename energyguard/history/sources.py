"""How queries read rows of one sort: from roll-ups, and raw rows at the edges; how SQL says it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

Piece = tuple[int, int]  # [from, to) in seconds since 1970


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
        ends: when the first begins and the last ends (``first_at``, ``last_at``); a row or more.
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
    ends: str = ""


READING_LEVELS: Final = (
    Level("rollup_1d", 86_400),
    Level("rollup_1h", 3600, "toStartOfDay"),
    Level("rollup_15m", 900, "toStartOfHour"),
    Level("rollup_1m", 60, "toStartOfHour"),
)
"""What readings are read from, coarsest first."""


def statement(text: str) -> str:
    """The statement of a file, without comments."""
    return "\n".join(line.split("--")[0].rstrip() for line in text.splitlines()).strip()


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


def as_text(text: str) -> str:
    """A text as ClickHouse's literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\0", "\\0")
    return f"'{escaped}'"
