"""Which roll-ups a range is read from: whole days from the days, the rest from finer ones.

A query writes ``covering(start_ms = …, end_ms = …, step_ms = …)`` where its rows come from, or for
rows of a domain such as chargers' stays ``stays_in(…, station = …)`` (on a ClickHouse server views
of the same names). The borders are worked out here, so the engine plans only the roll-ups that the
range needs: planning all of them anew for each query took three times as long as reading them. What
lies in part of the finest bucket comes from raw rows in the same columns, or as the source says. Of
one place only its rows are read; ``…_by_step`` of all reads the sums of all, unless the query is
given ``currencies``: these sums would add up several. ``stays_ends`` is when the first begins and
when the last ends; what a roll-up has ``named`` (``placed_chargers``) stands for its text.

``between(borders = …, devices = …)`` is energy in the steps between any borders, such as those of
days in a zone: each step from the coarsest buckets that lie in it whole, with its ``start_s``.
``whose(apart = …)`` is the device, and where all are asked for together none, but for devices that
have ever sent several channels of energy (known before any bucket of the second is there).
``to_fold(device = …, …)`` is the readings of a device that the ledger's entries are made of,
``sent_to_fold(…)`` the same as they were sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

from energyguard.history.sources import (
    READING_LEVELS,
    Level,
    Piece,
    Source,
    as_text,
    as_time,
    in_piece,
    statement,
)

_LAST_S: Final = 2**32 // 60 * 60  # of a DateTime
_WINDOWS: Final = "covering"
_BETWEEN: Final = re.compile(
    r"between\(borders = \{(borders|ends):String\}, devices = \{devices:String\}\)"
)
_WHOSE: Final = "whose(apart = {apart:String})"
_ENERGY: Final = "channel IN ('energy_kwh', 'energy_register_kwh', 'power_kw')"
_WITH_SEVERAL: Final = (
    f"SELECT device FROM sent_channels FINAL WHERE {_ENERGY} GROUP BY device HAVING count() > 1"
)
_OF_MANY: Final = "device IN (SELECT arrayJoin(JSONExtract({devices:String}, 'Array(String)')))"
_MAX_NAMES: Final = 10_000  # characters of ids that are written into a query for each table
_DAY_S: Final = 86_400
_MINUTES: Final = READING_LEVELS[-1]
_SCRIPTS: Final = Path(__file__).parent / "rollup"
_PARTS: Final = statement((_SCRIPTS / "minutes.sql").read_text("utf-8"))
_TO_FOLD: Final = statement((_SCRIPTS / "to_fold.sql").read_text("utf-8"))
_SENT: Final = statement((_SCRIPTS / "sent.sql").read_text("utf-8"))
_FOLD: Final = (
    "to_fold(device = {device:String}, start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64})"
)
_ARGUMENTS = (
    r"\(start_ms = \{start_ms:Int64\}, end_ms = \{end_ms:Int64\}, step_ms = ([^,)]+)"
    r"(, station = (?:\{station:String\}|''))?\)"
)


@cache
def _sources() -> Mapping[str, Source]:
    """How rows of each sort are read, by what queries call it."""
    from energyguard.history.rollups import rollup_kinds

    return {name: source for kind in rollup_kinds() for name, source in kind.sources.items()}


@cache
def _named() -> Mapping[str, str]:
    """What else queries read by a name."""
    from energyguard.history.rollups import rollup_kinds

    ends = {f"{name}_ends": source.ends for name, source in _sources().items() if source.ends}
    return ends | {name: text for kind in rollup_kinds() for name, text in kind.named.items()}


@cache
def _call() -> re.Pattern[str]:
    """A call of one of them: its name, how, the step, the place."""
    names = "|".join(name for name in _sources() if name != _WINDOWS)
    return re.compile(rf"({_WINDOWS}|(?:{names})_(?:in|by_step)){_ARGUMENTS}")


def with_rollups(sql: str, bound: Mapping[str, str], of_some: bool = False) -> str:
    """Write the tables that cover the range where the text calls for them.

    Args:
        sql: the text of a query.
        bound: its parameters.
        of_some: rows of some are left out: what is kept of all together says nothing.
    """

    def found(call: re.Match[str]) -> str:
        step_ms = int(call[2] if call[2].isdigit() else bound["step_ms"])
        start_ms, end_ms = int(bound["start_ms"]), int(bound["end_ms"])
        if call[1] == _WINDOWS:
            return f"({_windows(covering(start_ms, end_ms, step_ms))})"
        sort, _, how = call[1].partition("_")
        source = _sources()[sort]
        here = source.here if call[3] and bound.get("station") else ""
        apart = here or of_some or bound.get("currencies")
        if how == "by_step" and not apart and source.together is not None:
            source = source.together
        low, high = (within(-(-ms // 1000)) for ms in (start_ms, end_ms))
        return f"({_exactly(source, (low, max(low, high)), step_ms, here)})"

    for name, text in _named().items():
        sql = re.sub(rf"\b{name}\b", f"({text})", sql)
    for call, sent in ((f"sent_{_FOLD}", _SENT), (_FOLD, "")):
        sql = sql.replace(call, f"({_TO_FOLD.replace('{sent}', sent)})")

    def steps(call: re.Match[str]) -> str:
        given = (within(int(border) // 60_000 * 60) for border in bound[call[1]].split(","))
        return f"({_steps(sorted(set(given)), bound['devices'])})"

    if _WHOSE in sql:
        together = f"if(c.device IN ({_WITH_SEVERAL}), c.device, '')"
        sql = sql.replace(_WHOSE, "c.device" if bound["apart"] == "yes" else together)
    return _BETWEEN.sub(steps, _call().sub(found, sql))  # ids come last


def _steps(borders: Sequence[int], devices: str) -> str:
    """The rows of steps between borders (seconds), each with the second in which its step began.

    All conditions are on what the tables are sorted by, so they may come before ``FINAL``: of rows
    that are not wanted no more is read. Few devices (a JSON array; empty: all) are named: a query
    of names for each table takes longer than to read the rows of one; they come first, as they
    leave the fewest rows. Many stand twice: once more for the index.
    """
    columns = f"device, channel, {_last_of('bucket', borders)} AS start_s, kwh, counted"
    first, others, among = "", f" AND {_ENERGY}", "1"
    if 0 < len(devices) <= _MAX_NAMES and "\\" not in devices:  # nothing in it is escaped
        names = ", ".join(map(as_text, json.loads(devices)))
        among = f"device IN ({names})" if names else "0"
        first = f"{among} AND "
    elif devices:
        among = _OF_MANY
        others += f" AND {among} WHERE {among}"
    covered = between(borders)
    parts = [
        f"SELECT {columns} FROM {level.table} FINAL"
        f" PREWHERE {first}{_in_pieces(level, pieces)}{others}"
        for level, pieces in covered.items()
    ]
    if pieces := covered.get(_MINUTES):
        parts.append(f"SELECT {columns} FROM ({_long(pieces, among)})")
    return " UNION ALL ".join(parts)


def _long(pieces: Sequence[Piece], among: str = "1") -> str:
    """The minutes of entries that are longer than one: in no roll-up, so their parts are summed."""
    days = {day for low, high in pieces for day in range(low // _DAY_S, -(-high // _DAY_S))}
    starts = [f"bucket >= {low} AND bucket < {high}" for low, high in pieces]
    named = {
        "days": _list(day * _DAY_S for day in sorted(days)) or "0",
        "low": str(pieces[0][0] * 1000),
        "high": str(pieces[-1][1] * 1000),
        "pieces": " OR ".join(starts),
        "among": among,
    }
    return re.sub(r"\{(\w+)\}", lambda name: named[name[1]], _PARTS)


def _last_of(time: str, borders: Iterable[int]) -> str:
    """The last border at or before a time."""
    return f"roundDown(toUnixTimestamp({time}), [{_list(borders)}])"


def _list(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


def _in_pieces(level: Level, pieces: Sequence[Piece]) -> str:
    """Many pieces as a condition: of each as ranges the engine would plan longer than it reads."""
    low, high = pieces[0][0], pieces[-1][1]
    parts = [f"bucket >= {low} AND bucket < {high}"]
    unit = 86_400 if level.sorted_by == "toStartOfDay" else 3600
    units = {at for start, end in pieces for at in range(start // unit * unit, end, unit)}
    if len(pieces) > 1:
        buckets = {at for start, end in pieces for at in range(start, end, level.seconds)}
        slots = {at % _DAY_S for at in buckets}
        each = range(0, unit, level.seconds)
        same = {u + at for u in units for at in each if (u + at) % _DAY_S in slots}
        if level.sorted_by and buckets == {at for at in same if low <= at < high}:
            parts.append(f"toUnixTimestamp(bucket) % {_DAY_S} IN ({_list(sorted(slots))})")
        else:
            edges = sorted({edge for piece in pieces for edge in piece})
            starts = _list(start for start, _ in pieces)
            parts.append(f"{_last_of('bucket', edges)} IN ({starts})")
    if level.sorted_by:
        parts.append(f"{level.sorted_by}(bucket) IN ({_list(sorted(units))})")
    return " AND ".join(parts)


def between(borders: Sequence[int]) -> dict[Level, list[Piece]]:
    """Cover the steps between borders (seconds; whole minutes) with as few buckets as can be.

    No bucket lies across a border; what lies side by side is one piece.
    """
    covered: dict[Level, list[Piece]] = {}
    for low_s, high_s in pairwise(borders):
        for level, pieces in _levels(READING_LEVELS, (low_s, high_s), 0)[0].items():
            for low, high in pieces:
                found = covered.setdefault(level, [])
                if found and found[-1][1] == low:
                    found[-1] = (found[-1][0], high)
                else:
                    found.append((low, high))
    return covered or {READING_LEVELS[-1]: [(0, 0)]}


def covering(start_ms: int, end_ms: int, step_ms: int) -> dict[Level, list[Piece]]:
    """Cover the minutes that touch [start_ms, end_ms) with as few buckets as can be.

    No bucket is coarser than a step, or lies across the border of two.
    """
    span = (within(start_ms // 60_000 * 60), within(-(-end_ms // 60_000) * 60))
    covered, _ = _levels(READING_LEVELS, span, step_ms, finest=60)
    return covered or {READING_LEVELS[-1]: [(0, 0)]}


def _levels(
    levels: Sequence[Level], span: Piece, step_ms: int, finest: int = 0
) -> tuple[dict[Level, list[Piece]], list[Piece]]:
    """Whole buckets by level, coarsest first, and what no bucket covers."""
    covered: dict[Level, list[Piece]] = {}
    rest = [span]
    for level in levels:
        if level.seconds == finest or step_ms % (level.seconds * 1000) == 0:
            whole, rest = whole_buckets(rest, level.seconds)
            if whole:
                covered[level] = whole
    return covered, rest


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


def _windows(covered: Mapping[Level, Sequence[Piece]]) -> str:
    columns = _sources()[_WINDOWS].columns
    rows = _union(covered, columns, "", str)
    pieces = covered.get(_MINUTES)
    return rows + (f" UNION ALL SELECT {columns} FROM ({_long(pieces)})" if pieces else "")


def _exactly(source: Source, span: Piece, step_ms: int, here: str) -> str:
    """The seconds of a span: no bucket is coarser than a step, or lies across the border of two."""
    covered, rest = _levels(source.levels, span, step_ms)
    parts = [_union(covered, source.columns, here, as_time)] if covered else []
    parts += [_edge(source, piece, here) for piece in rest or ([] if parts else [(0, 0)])]
    return " UNION ALL ".join(parts)


def _union(
    covered: Mapping[Level, Sequence[Piece]], columns: str, here: str, spell: Callable[[int], str]
) -> str:
    """The rows of whole buckets."""
    parts = []
    for level, pieces in covered.items():
        among = " OR ".join(in_piece("bucket", piece, level.sorted_by, spell) for piece in pieces)
        parts.append(f"SELECT {columns} FROM {level.table} FINAL WHERE ({among}){here}")
    return " UNION ALL ".join(parts)


def _edge(source: Source, piece: Piece, here: str) -> str:
    """What lies in part of an hour, or is wanted more finely than by the hour."""
    if source.part is not None:
        return source.part(piece) + here
    where = in_piece(source.time, piece, source.sorted_by, as_time)
    return f"SELECT {source.raw} FROM {source.table} FINAL WHERE {where}{here}"
