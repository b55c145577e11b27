"""Which hours of chargers rows concern, and how these hours and their days are made anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.history import Tables
from energyguard.history.rollup_kind import script

HOUR_S = 3600
MAX_MARKS = 1_000_000  # hours of chargers; one settling of so many takes about 500 MB
RAW: Mapping[str, str] = {
    "stays": "start_parking", "charges": "start", "violations": "time", "occupied": "time",
}  # fmt: skip
"""The tables of which rows are marked, and when a row of each begins."""
_HERE = Path(__file__).parent
_SCHEMA = pa.schema([("charger", pa.string()), ("hour", pa.int64())])

Ints = npt.NDArray[np.int64]


def marks(table: str, rows: pa.Table) -> pa.Table:
    """The hours of chargers that these rows concern: of a stay, all that it took."""
    first = _hour(rows[RAW[table]])
    row = np.arange(rows.num_rows)
    if table == "stays":
        last = np.maximum(_hour(rows["end_parking"], -1), first)
        row = np.repeat(row, last - first + 1)
        first = first[row] + _places(last - first + 1)
    charger = pa.repeat("", len(row)) if table == "occupied" else rows["charger"].take(row)
    found = pa.table([charger.cast(pa.string()), first * HOUR_S], _SCHEMA)
    return found.group_by(_SCHEMA.names).aggregate([])


def in_range(history: Tables, lo_ms: int, hi_ms: int) -> Iterator[pa.Table]:
    """The hours of all rows that the history has in a range."""
    ends = {"lo": str(lo_ms // 1000), "hi": str(hi_ms // 1000)}
    for table, begin in sorted(RAW.items()):
        columns = {begin, "end_parking"} if table == "stays" else {begin}
        columns |= set() if table == "occupied" else {"charger"}
        sql = f"SELECT {', '.join(sorted(columns))} FROM {table} FINAL WHERE " + (
            f"toUnixTimestamp({begin}) BETWEEN {{lo:Int64}} AND {{hi:Int64}}"
        )
        yield marks(table, history.answer(sql, ends))


def replace(history: Tables, marked: pa.Table) -> None:
    """Replace the hours that are marked, and the days above them."""
    hours = marked.group_by(_SCHEMA.names).aggregate([]).sort_by("hour")
    for first in range(0, hours.num_rows, MAX_MARKS):
        _replace(history, hours.slice(first, MAX_MARKS))


def _replace(history: Tables, hours: pa.Table) -> None:
    execute = history.execute
    execute("TRUNCATE TABLE charging_touched")
    times = hours["hour"].cast(pa.timestamp("s", "UTC"))
    history.insert("charging_touched", hours.set_column(1, "hour", times))
    ends = pc.min_max(hours["hour"])
    reach = {"low_s": ends["min"].as_py(), "high_s": ends["max"].as_py() + HOUR_S}
    execute(script(_HERE, "charging_1h"), **reach)
    execute(script(_HERE, "charging_1d"))
    execute(script(_HERE, "charging_all_1h"))
    execute(script(_HERE, "occupied_1h"), **reach)
    execute("TRUNCATE TABLE charging_touched")


def _hour(times: pa.ChunkedArray, later_s: int = 0) -> Ints:
    """Hours since 1970 of times, or of so many seconds later."""
    seconds = times.cast(pa.int64()).to_numpy()
    hours: Ints = (seconds + later_s) // HOUR_S
    return hours


def _places(counts: Ints) -> Ints:
    """0, 1, …, count - 1 for each count, one after the other."""
    places: Ints = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return places
