"""Roll-ups of chargers: 1 h and 1 day, replaced from raw rows wherever rows came in.

As in ``rollups.py``: ``touch`` notes the hours that an insert concerns, ``replace`` makes these
hours anew from deduplicated raw rows (``rollup/charging_1h.sql``), and their days from the hours.
A row that comes twice cannot count twice.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.history.chdb import ChdbHistory
from energyguard.history.questions import statements

HOUR_S = 3600
FULL_HOURS = 1_000_000  # hours of chargers; one settling of so many takes about 500 MB
TABLES = frozenset({"stays", "charges", "violations", "occupied"})
_BEGIN = {"stays": "start_parking", "charges": "start", "violations": "time", "occupied": "time"}
_SCHEMA = pa.schema([("charger", pa.string()), ("hour", pa.int64())])

Ints = npt.NDArray[np.int64]


class ChargingRollUps:
    """The roll-ups of the chargers of one history."""

    def __init__(self, history: ChdbHistory) -> None:
        self._history = history
        self._touched: list[pa.Table] = []
        self._hours, self._days, self._all, self._curve = (
            statements(f"rollup/{name}.sql")[0]
            for name in ("charging_1h", "charging_1d", "charging_all_1h", "occupied_1h")
        )

    @property
    def full(self) -> bool:
        """Whether so much is touched that to wait for more would cost too much memory."""
        return sum(len(part) for part in self._touched) >= FULL_HOURS

    def touch(self, table: str, rows: pa.Table) -> None:
        """Note which hours of which chargers these rows concern: of a stay, all that it took."""
        if table not in TABLES or not rows.num_rows:
            return
        first = _hour(rows[_BEGIN[table]])
        row = np.arange(rows.num_rows)
        if table == "stays":
            last = np.maximum(_hour(rows["end_parking"], -1), first)
            row = np.repeat(row, last - first + 1)
            first = first[row] + _places(last - first + 1)
        charger = pa.repeat("", len(row)) if table == "occupied" else rows["charger"].take(row)
        touched = pa.table([charger.cast(pa.string()), first * HOUR_S], _SCHEMA)
        self._touched.append(touched.group_by(_SCHEMA.names).aggregate([]))

    def touch_range(self, lo_ms: int, hi_ms: int) -> None:
        """Note the hours of all rows that the history has in a range."""
        ends = {"lo": str(lo_ms // 1000), "hi": str(hi_ms // 1000)}
        for table in sorted(TABLES):
            begin = _BEGIN[table]
            columns = {begin, "end_parking"} if table == "stays" else {begin}
            columns |= set() if table == "occupied" else {"charger"}
            sql = f"SELECT {', '.join(sorted(columns))} FROM {table} FINAL WHERE " + (
                f"toUnixTimestamp({begin}) BETWEEN {{lo:Int64}} AND {{hi:Int64}}"
            )
            answer = pa.py_buffer(self._history.ask(sql, "Arrow", ends))
            self.touch(table, pa.ipc.open_file(answer).read_all())

    def take(self) -> list[pa.Table]:
        """What was touched; it is the caller's now, to replace or to give back."""
        touched, self._touched = self._touched, []
        return touched

    def give_back(self, touched: list[pa.Table]) -> None:
        """Note again what could not be replaced."""
        self._touched = touched + self._touched

    def settle(self) -> None:
        """Replace what was touched."""
        touched = self.take()
        try:
            self.replace(touched)
        except BaseException:
            self.give_back(touched)
            raise

    def replace(self, touched: list[pa.Table]) -> None:
        """Replace the hours of what was taken, and the days above them."""
        if not touched:
            return
        hours = pa.concat_tables(touched).group_by(_SCHEMA.names).aggregate([]).sort_by("hour")
        for first in range(0, hours.num_rows, FULL_HOURS):
            self._replace(hours.slice(first, FULL_HOURS))

    def _replace(self, hours: pa.Table) -> None:
        execute = self._history.execute
        execute("TRUNCATE TABLE charging_touched")
        times = hours["hour"].cast(pa.timestamp("s", "UTC"))
        self._history.insert("charging_touched", hours.set_column(1, "hour", times))
        ends = pc.min_max(hours["hour"])
        reach = {"low_s": ends["min"].as_py(), "high_s": ends["max"].as_py() + HOUR_S}
        execute(self._hours, **reach)
        execute(self._days)
        execute(self._all)
        execute(self._curve, **reach)
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
