"""Which roll-ups a range is read from: whole days from the days, the rest from finer ones.

A query writes ``covering(start_ms = …, end_ms = …, step_ms = …)`` where its rows come from, or for
chargers ``stays_in(…, station = …)``, ``charges_in``, ``violations_in``, ``occupied_in``,
``curve_in`` (on a ClickHouse server views of the same names). The borders are worked out here, so
the engine plans only the roll-ups that the range needs: planning all of them anew for each query
took three times as long as reading them. What lies in part of the finest bucket comes from raw
rows in the same columns; occupied time has none: an hour's roll-up has its occupied pieces. Of one
station only the rows of its chargers are read; ``…_by_step`` of all reads the sums of all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

Piece = tuple[int, int]  # [from, to) in seconds since 1970
_LAST_S: Final = 2**32 // 60 * 60  # of a DateTime
_CALL = re.compile(
    r"(covering|(?:stays|charges|violations|occupied|curve)_(?:in|by_step))\("
    r"start_ms = \{start_ms:Int64\}, end_ms = \{end_ms:Int64\}, step_ms = ([^,)]+)"
    r"(, station = (?:\{station:String\}|''))?\)"
)
_HERE: Final = (
    " AND charger IN ("
    "SELECT charger FROM chargers FINAL WHERE if(station = '', charger, station) = {station:String}"
    " UNION ALL"
    " SELECT {station:String} WHERE {station:String} NOT IN (SELECT charger FROM chargers))"
)


class Level(NamedTuple):
    """A roll-up: its table, the seconds of a bucket, and what it is sorted by before ``bucket``."""

    table: str
    seconds: int
    sorted_by: str = ""


class Source(NamedTuple):
    """How rows of one sort are read: columns of roll-ups, coarsest first; the same of raw rows."""

    levels: tuple[Level, ...]
    columns: str
    raw: str = ""  # empty: `bucket` has pieces instead
    time: str = ""
    table: str = ""
    sorted_by: str = "toStartOfDay"  # the raw table


_WINDOWS: Final = (
    Level("rollup_1d", 86_400),
    Level("rollup_1h", 3600, "toStartOfDay"),
    Level("rollup_15m", 900, "toStartOfDay"),
    Level("rollup_1m", 60, "toStartOfHour"),
)
_CHARGING: Final = (Level("charging_1d", 86_400), Level("charging_1h", 3600, "toStartOfDay"))
_ALL: Final = (Level("charging_all_1h", 3600),)
_SOURCES: Final[Mapping[str, Source]] = {
    "covering": Source(_WINDOWS, "device, channel, bucket, kwh, counted, total"),
    "stays": Source(
        _CHARGING,
        "charger, bucket, stays, stayed_s",
        "charger, start_parking AS bucket, toUInt64(1) AS stays, "
        "toUInt64(greatest(dateDiff('second', start_parking, end_parking), 0)) AS stayed_s",
        "start_parking",
        "stays",
    ),
    "charges": Source(
        _CHARGING,
        "charger, bucket, charges, timed, charged_s, energy, cents",
        "charger, start AS bucket, toUInt64(1) AS charges, toUInt64(isNotNull(end)) AS timed, "
        "toUInt64(greatest(ifNull(dateDiff('second', start, end), 0), 0)) AS charged_s, "
        "energy, cents",
        "start",
        "charges",
    ),
    "violations": Source(
        _CHARGING,
        "charger, bucket, no_charge, before, after",
        "charger, time AS bucket, toUInt64(kind = 'Parking without charging') AS no_charge, "
        "toUInt64(kind = 'Long parking before recharging') AS before, "
        "toUInt64(kind = 'Long parking after recharging') AS after",
        "time",
        "violations",
    ),
    "occupied": Source(_CHARGING, "charger, bucket, occupied_s"),
    "curve": Source(
        (Level("occupied_1h", 3600),),
        "source, bucket, seconds, total, least, most",
        "source, time AS bucket, toUInt64(1) AS seconds, occupied AS total, occupied AS least, "
        "occupied AS most",
        "time",
        "occupied",
        "",
    ),
}


def with_rollups(sql: str, bound: Mapping[str, str]) -> str:
    """Write the tables that cover the range where the text calls for them."""

    def found(call: re.Match[str]) -> str:
        step_ms = int(call[2] if call[2].isdigit() else bound["step_ms"])
        start_ms, end_ms = int(bound["start_ms"]), int(bound["end_ms"])
        if call[1] == "covering":
            return f"({_windows(covering(start_ms, end_ms, step_ms))})"
        sort, _, how = call[1].partition("_")
        source, here = _SOURCES[sort], _HERE if call[3] and bound.get("station") else ""
        if how == "by_step" and not here:
            columns = source.columns.replace("charger,", "'' AS charger,")
            source = source._replace(columns=columns, levels=_ALL)
        low, high = (within(-(-ms // 1000)) for ms in (start_ms, end_ms))
        return f"({_charging(source, (low, max(low, high)), step_ms, here)})"

    return _CALL.sub(found, sql)


def covering(start_ms: int, end_ms: int, step_ms: int) -> dict[Level, list[Piece]]:
    """Cover the minutes that touch [start_ms, end_ms) with as few buckets as can be.

    No bucket is coarser than a step, or lies across the border of two.
    """
    span = (within(start_ms // 60_000 * 60), within(-(-end_ms // 60_000) * 60))
    covered, _ = _levels(_WINDOWS, span, step_ms, finest=60)
    return covered or {_WINDOWS[-1]: [(0, 0)]}


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
    columns = _SOURCES["covering"].columns
    return _union(covered, columns, "", str)


def _charging(source: Source, span: Piece, step_ms: int, here: str) -> str:
    """The seconds of a span: no bucket is coarser than a step, or lies across the border of two."""
    covered, rest = _levels(source.levels, span, step_ms)
    parts = [_union(covered, source.columns, here, _time)] if covered else []
    parts += [_edge(source, piece, here) for piece in rest or ([] if parts else [(0, 0)])]
    return " UNION ALL ".join(parts)


def _union(
    covered: Mapping[Level, Sequence[Piece]], columns: str, here: str, spell: Callable[[int], str]
) -> str:
    """The rows of whole buckets."""
    return " UNION ALL ".join(
        f"SELECT {columns} FROM {level.table} FINAL WHERE "
        f"({' OR '.join(_in('bucket', piece, level.sorted_by, spell) for piece in pieces)}){here}"
        for level, pieces in covered.items()
    )


def _edge(source: Source, piece: Piece, here: str) -> str:
    """What lies in part of an hour, or is wanted more finely than by the hour."""
    if source.table:
        where = _in(source.time, piece, source.sorted_by, _time)
        return f"SELECT {source.raw} FROM {source.table} FINAL WHERE {where}{here}"
    low, high = piece
    hours = (low // 3600 * 3600, -(-high // 3600) * 3600)
    from_s, to_s = (f"toInt64({at}) - toUnixTimestamp(bucket)" for at in piece)
    return (
        "SELECT charger, bucket, toUInt64(arraySum(p -> "
        f"greatest(least(p.2, {to_s}) - greatest(p.1, {from_s}), 0), pieces)) AS occupied_s "
        f"FROM charging_1h FINAL WHERE {_in('bucket', hours, 'toStartOfDay', _time)}{here}"
    )


def _time(second: int) -> str:
    return f"toDateTime({second}, 'UTC')"


def _in(time: str, piece: Piece, sorted_by: str, spell: Callable[[int], str]) -> str:
    """The piece as a condition; once more in terms of the sorting: the index prunes by it."""
    low, high = piece
    whole = f"{time} >= {spell(low)} AND {time} < {spell(high)}"
    if not sorted_by:
        return f"({whole})"
    first, last = (f"{sorted_by}({_time(at)})" for at in (low, max(low, high - 1)))
    return f"({whole} AND {sorted_by}({time}) >= {first} AND {sorted_by}({time}) <= {last})"
