"""Roll-ups: 1 min, 15 min, 1 h, 1 day, replaced from raw rows wherever readings came in.

``touch`` notes where an insert put readings; ``settle`` replaces the minutes there from the raw
rows (``rollup/*.sql``), and the coarser roll-ups from the finer. Nothing is incremented, so a
reading that comes twice, or late, cannot count twice. The archive commits its positions after
``settle``: what a crash leaves unsettled is read from the log and touched once more.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.history.chdb import ChdbHistory
from energyguard.history.questions import statements
from energyguard.model.channels import CHANNELS, MAX_GAP_MS, Kind
from energyguard.model.topics import DAY_MS

LEVELS = (
    ("rollup_1m", "rollup_15m", 900),
    ("rollup_15m", "rollup_1h", 3600),
    ("rollup_1h", "rollup_1d", 86_400),
)
MAX_RUNS = 16
FULL_ROWS = 4_000_000  # one settling of so many takes about 500 MB
_LINKED = (Kind.REGISTER, Kind.POWER)
_COLUMNS = ("device", "channel", "day", "lo_ms", "hi_ms")
_TOUCHED = pa.schema(
    [(name, pa.string() if name in ("device", "channel") else pa.int64()) for name in _COLUMNS]
)
_RANGE = """
SELECT toString(device) AS device, toString(channel) AS channel,
    intDiv(toUnixTimestamp64Milli(time), {day:Int64}) AS day,
    min(toUnixTimestamp64Milli(time)) AS lo_ms, max(toUnixTimestamp64Milli(time)) AS hi_ms
FROM readings
WHERE time >= fromUnixTimestamp64Milli({lo:Int64}) AND time <= fromUnixTimestamp64Milli({hi:Int64})
GROUP BY device, channel, day
"""


class RollUps:
    """The roll-ups of one history."""

    def __init__(self, history: ChdbHistory) -> None:
        self._history = history
        self._touched: list[pa.Table] = []
        self.rows = 0
        self._spans, self._plain, self._linked, self._coarser = (
            statements(f"rollup/{name}.sql")[0] for name in ("spans", "plain", "linked", "coarser")
        )

    @property
    def full(self) -> bool:
        """Whether so much is touched that to wait for more would cost too much memory."""
        return self.rows >= FULL_ROWS

    def touch(self, rows: pa.Table) -> None:
        """Note where these rows of ``readings`` are."""
        ms = rows["time"].cast(pa.int64())
        table = pa.table(
            {
                "device": rows["device"],
                "channel": rows["channel"],
                "day": pc.divide(ms, DAY_MS),
                "lo_ms": ms,
                "hi_ms": ms,
            }
        )
        names = [pa.field(name, pa.string()) for name in ("device", "channel")]
        self.rows += rows.num_rows
        grouped = _grouped(table)
        self._touched.append(grouped.cast(pa.schema([*names, *list(grouped.schema)[2:]])))

    def touch_range(self, lo_ms: int, hi_ms: int) -> None:
        """Note all readings of a range that the history has."""
        ends = {"lo": str(lo_ms), "hi": str(hi_ms), "day": str(DAY_MS)}
        found = pa.ipc.open_file(pa.py_buffer(self._history.ask(_RANGE, "Arrow", ends))).read_all()
        self._touched.append(found.cast(_TOUCHED))
        self.rows += found.num_rows

    def settle(self) -> None:
        """Replace what was touched, in all roll-ups."""
        touched = self.take()
        try:
            self.replace(touched)
        except BaseException:
            self.give_back(touched)
            raise

    def take(self) -> list[pa.Table]:
        """What was touched; it is the caller's now, to replace or to give back."""
        touched, self._touched, self.rows = self._touched, [], 0
        return touched

    def give_back(self, touched: list[pa.Table]) -> None:
        """Note again what could not be replaced."""
        self._touched = touched + self._touched

    def replace(self, touched: list[pa.Table]) -> None:
        """Replace the minutes of what was taken, and the coarser roll-ups above them."""
        if touched:
            for run in _runs(_grouped(pa.concat_tables(touched))):
                self._replace(run)

    def _replace(self, run: pa.Table) -> None:
        kinds = [_kind(channel) for channel in run["channel"].to_pylist()]
        run = run.select(["device", "channel", "lo_ms", "hi_ms"]).append_column(
            "kind", pa.array(kinds, pa.string())
        )
        execute = self._history.execute
        execute("TRUNCATE TABLE touched")
        execute("TRUNCATE TABLE spans")
        self._history.insert("touched", run)
        low = pc.min(run["lo_ms"]).as_py()
        execute(self._spans, gap=MAX_GAP_MS, low_s=low // DAY_MS * 86_400)
        reach = self._history.ask(
            "SELECT min(read_from), max(read_to), min(from_ms), max(to_ms) FROM spans", "TSV", {}
        )
        read_from, read_to, from_ms, to_ms = (int(n) for n in reach.split())
        ends = {"low_ms": read_from, "high_ms": read_to}
        if set(kinds) - set(_LINKED):
            execute(self._plain, **ends)
        if set(kinds) & set(_LINKED):
            day_s = read_from // DAY_MS * 86_400
            execute(self._linked, gap=MAX_GAP_MS, day_s=day_s, **ends)
        for fine, coarse, seconds in LEVELS:
            execute(
                self._coarser,
                fine=fine, coarse=coarse, seconds=seconds, low_ms=from_ms, high_ms=to_ms,
            )  # fmt: skip


def _kind(channel: str) -> Kind:
    known = CHANNELS.get(channel)
    return known.kind if known else Kind.STATE


def _grouped(table: pa.Table) -> pa.Table:
    """One row per device, channel and day, with the earliest and the latest time."""
    grouped = table.group_by(["device", "channel", "day"]).aggregate(
        [("lo_ms", "min"), ("hi_ms", "max")]
    )
    return grouped.select(["device", "channel", "day", "lo_ms_min", "hi_ms_max"]).rename_columns(
        list(_COLUMNS)
    )


def _runs(touched: pa.Table) -> Iterator[pa.Table]:
    """Split what was touched into runs of days without a day between, oldest first.

    A reading with a wrong clock must not make all others look at the years between. Where clocks
    are all over the place, one run does for all.
    """
    day = touched["day"].to_numpy()
    days = np.unique(day)
    starts = days[np.flatnonzero(np.diff(days, prepend=days[0] - 2) > 1)]
    if len(starts) > MAX_RUNS:
        starts = days[:1]
    number = np.searchsorted(starts, day, side="right")
    for i in range(1, len(starts) + 1):
        run = touched.filter(pa.array(number == i))
        merged = run.group_by(["device", "channel"]).aggregate([("lo_ms", "min"), ("hi_ms", "max")])
        yield merged.rename_columns(
            [name.removesuffix("_min").removesuffix("_max") for name in merged.column_names]
        )
