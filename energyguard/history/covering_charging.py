"""Which roll-ups of chargers a range is read from: days, hours, and raw rows where it cuts hours.

A question writes ``stays_in(start_ms = …, end_ms = …, step_ms = …, station = …)`` where its rows
come from, the station perhaps empty; or ``charges_in``, ``violations_in``, ``occupied_in``,
``curve_in``: rows of ``charging_1d`` and ``charging_1h`` as far as whole days and hours go, and raw
rows in the same columns at the edges. On a ClickHouse server these are views of the same names.
Occupied time has no raw rows to look for: an hour's roll-up tells its occupied pieces. Of one
station only the rows of its chargers are read; ``…_by_step`` of all stations reads the sums of all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from energyguard.history.covering import Piece, whole_buckets, within

DAY_S: Final = 86_400
HOUR_S: Final = 3_600
_CALL = re.compile(
    r"(stays|charges|violations|occupied|curve)_(in|by_step)\("
    r"start_ms = \{start_ms:Int64\}, end_ms = \{end_ms:Int64\}, step_ms = ([^,)]+)"
    r"(, station = (?:\{station:String\}|''))?\)"
)
_HERE: Final = (
    " AND charger IN ("
    "SELECT charger FROM chargers FINAL WHERE if(station = '', charger, station) = {station:String}"
    " UNION ALL"
    " SELECT {station:String} WHERE {station:String} NOT IN (SELECT charger FROM chargers))"
)


class _Source(NamedTuple):
    """How rows of one sort are read: columns of a roll-up, and the same from raw rows."""

    columns: str
    raw: str
    time: str
    table: str
    days: str = "charging_1d"  # empty: there are none
    hours: str = "charging_1h"


_SOURCES: Final[Mapping[str, _Source]] = {
    "stays": _Source(
        "charger, bucket, stays, stayed_s",
        "charger, start_parking AS bucket, toUInt64(1) AS stays, "
        "toUInt64(greatest(dateDiff('second', start_parking, end_parking), 0)) AS stayed_s",
        "start_parking",
        "stays",
    ),
    "charges": _Source(
        "charger, bucket, charges, timed, charged_s, energy, cents",
        "charger, start AS bucket, toUInt64(1) AS charges, toUInt64(isNotNull(end)) AS timed, "
        "toUInt64(greatest(ifNull(dateDiff('second', start, end), 0), 0)) AS charged_s, "
        "energy, cents",
        "start",
        "charges",
    ),
    "violations": _Source(
        "charger, bucket, no_charge, before, after",
        "charger, time AS bucket, toUInt64(kind = 'Parking without charging') AS no_charge, "
        "toUInt64(kind = 'Long parking before recharging') AS before, "
        "toUInt64(kind = 'Long parking after recharging') AS after",
        "time",
        "violations",
    ),
    "occupied": _Source("charger, bucket, occupied_s", "", "", ""),
    "curve": _Source(
        "source, bucket, seconds, total, least, most",
        "source, time AS bucket, toUInt64(1) AS seconds, occupied AS total, occupied AS least, "
        "occupied AS most",
        "time",
        "occupied",
        "",
        "occupied_1h",
    ),
}


def with_charging(sql: str, bound: Mapping[str, str]) -> str:
    """Write the tables that cover the range where the text says ``…_in(…)``."""

    def found(call: re.Match[str]) -> str:
        step_ms = int(call[3] if call[3].isdigit() else bound["step_ms"])
        source, here = _SOURCES[call[1]], _HERE if call[4] and bound.get("station") else ""
        if call[2] == "by_step" and not here:
            columns = source.columns.replace("charger,", "'' AS charger,")
            source = source._replace(columns=columns, days="", hours="charging_all_1h")
        low, high = (within(-(-int(bound[end]) // 1000)) for end in ("start_ms", "end_ms"))
        return f"({_rows(source, (low, max(low, high)), step_ms, here)})"

    return _CALL.sub(found, sql)


def _rows(source: _Source, span: Piece, step_ms: int, here: str) -> str:
    """The seconds of a span: no bucket is coarser than a step, or lies across the border of two."""
    parts: list[str] = []
    rest: list[Piece] = [span]
    for table, seconds in ((source.days, DAY_S), (source.hours, HOUR_S)):
        if table and step_ms % (seconds * 1000) == 0:
            whole, rest = whole_buckets(rest, seconds)
            if whole:
                by_day = table == "charging_1h"
                where = " OR ".join(_in("bucket", piece, by_day) for piece in whole)
                parts.append(f"SELECT {source.columns} FROM {table} FINAL WHERE ({where}){here}")
    parts += [_edge(source, piece, here) for piece in rest or ([] if parts else [(0, 0)])]
    return " UNION ALL ".join(parts)


def _edge(source: _Source, piece: Piece, here: str) -> str:
    """What lies in part of an hour, or is asked for more finely than by the hour."""
    if source.table:
        where = _in(source.time, piece, by_day=source.table != "occupied")
        return f"SELECT {source.raw} FROM {source.table} FINAL WHERE {where}{here}"
    low, high = piece
    hours = (low // HOUR_S * HOUR_S, -(-high // HOUR_S) * HOUR_S)
    from_s, to_s = (f"toInt64({at}) - toUnixTimestamp(bucket)" for at in piece)
    return (
        "SELECT charger, bucket, toUInt64(arraySum(p -> "
        f"greatest(least(p.2, {to_s}) - greatest(p.1, {from_s}), 0), pieces)) AS occupied_s "
        f"FROM charging_1h FINAL WHERE {_in('bucket', hours, by_day=True)}{here}"
    )


def _in(time: str, piece: Sequence[int], by_day: bool) -> str:
    """The piece as a condition; once more in terms of the sorting, where that is by day."""
    low, high = piece
    whole = f"{time} >= toDateTime({low}, 'UTC') AND {time} < toDateTime({high}, 'UTC')"
    if not by_day:
        return f"({whole})"
    first, last = (f"toStartOfDay(toDateTime({at}, 'UTC'))" for at in (low, max(low, high - 1)))
    return f"({whole} AND toStartOfDay({time}) >= {first} AND toStartOfDay({time}) <= {last})"
