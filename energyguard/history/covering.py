"""Which roll-ups a range is read from: whole days from the days, the rest from finer ones.

A question writes ``covering(start_ms = …, end_ms = …, step_ms = …)`` where its rows come from. The
borders are worked out here, so the engine plans only the roll-ups that the range needs: planning
all four anew for each question took three times as long as reading them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

Piece = tuple[int, int]  # [from, to) in seconds since 1970
Level = tuple[str, int, str]  # table, seconds of a bucket, what the table is sorted by first

_LEVELS: Final[Sequence[Level]] = (
    ("rollup_1d", 86_400, ""),
    ("rollup_1h", 3600, "toStartOfDay"),
    ("rollup_15m", 900, "toStartOfDay"),
    ("rollup_1m", 60, "toStartOfHour"),
)
_LAST_S: Final = 2**32 // 60 * 60  # of a DateTime
_CALL = re.compile(
    r"covering\(start_ms = \{start_ms:Int64\}, end_ms = \{end_ms:Int64\}, step_ms = (\S+)\)"
)


def with_levels(sql: str, bound: Mapping[str, str]) -> str:
    """Write the roll-ups that cover the range where the text says ``covering(…)``."""

    def found(call: re.Match[str]) -> str:
        step_ms = int(call[1] if call[1].isdigit() else bound["step_ms"])
        return _rows(covering(int(bound["start_ms"]), int(bound["end_ms"]), step_ms))

    return _CALL.sub(found, sql)


def covering(start_ms: int, end_ms: int, step_ms: int) -> dict[Level, list[Piece]]:
    """Cover the minutes that touch [start_ms, end_ms) with as few buckets as can be.

    No bucket is coarser than a step, or lies across the border of two.
    """
    levels = [level for level in _LEVELS[:-1] if step_ms % (level[1] * 1000) == 0]
    rest = [(within(start_ms // 60_000 * 60), within(-(-end_ms // 60_000) * 60))]
    covered: dict[Level, list[Piece]] = {}
    for level in (*levels, _LEVELS[-1]):
        whole, rest = whole_buckets(rest, level[1])
        if whole:
            covered[level] = whole
    return covered or {_LEVELS[-1]: [(0, 0)]}


def whole_buckets(pieces: Sequence[Piece], seconds: int) -> tuple[list[Piece], list[Piece]]:
    """Of pieces of time, what is whole buckets of so many seconds; and the rest, in order."""
    whole: list[Piece] = []
    rest: list[Piece] = []
    for low, high in pieces:
        first, end = -(-low // seconds) * seconds, high // seconds * seconds
        if first < end:
            whole.append((first, end))
            rest += [(low, first), (end, high)]
        else:
            rest.append((low, high))
    return whole, [(low, high) for low, high in rest if low < high]


def within(second: int) -> int:
    """The time nearest to a second that a DateTime can hold."""
    return min(max(second, 0), _LAST_S)


def _rows(covered: Mapping[Level, Sequence[Piece]]) -> str:
    parts = (
        "SELECT device, channel, bucket, kwh, counted, total "
        f"FROM {table} FINAL WHERE {' OR '.join(_in(piece, by) for piece in pieces)}"
        for (table, _, by), pieces in covered.items()
    )
    return f"({' UNION ALL '.join(parts)})"


def _in(piece: Piece, by: str) -> str:
    """The piece as a condition, once more in terms of the sorting: the index prunes by it."""
    low, high = piece
    whole = f"bucket >= {low} AND bucket < {high}"
    if not by:
        return f"({whole})"
    first, last = (f"{by}(toDateTime({at}, 'UTC'))" for at in (low, max(low, high - 1)))
    return f"({whole} AND {by}(bucket) >= {first} AND {by}(bucket) <= {last})"
