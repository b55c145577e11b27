"""Roll-ups of readings: 1 min, 15 min, 1 h, 1 day.

Energy is what the ledger's entries come to (``energy_rollup.py``); levels are summed up by SQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.history import Tables
from energyguard.history.energy.energy_buckets import LONG_ENTRIES
from energyguard.history.energy.energy_channels import (
    ENERGY_CHANNELS,
    SENT_CHANNELS,
    Changes,
    SentChannels,
)
from energyguard.history.energy.energy_rollup import (
    FOLDED,
    MAX_READINGS,
    EnergyRollUp,
    TouchedSpan,
    touch,
)
from energyguard.history.rollup_kind import (
    BUCKET,
    MERGED_WHEN_OLD,
    SMALL_GRANULES,
    RollUpKind,
    script,
)
from energyguard.history.sources import READING_LEVELS, Source
from energyguard.model.channels import CHANNELS
from energyguard.model.topics import DAY_MS
from energyguard.records.tables import NAME, HistoryTable, TableColumn, memory_table

_DAILY = HistoryTable(
    "rollup_1d",
    "What a device's channel did in a day.",
    (
        TableColumn("device", NAME),
        TableColumn("channel", NAME),
        BUCKET,
        TableColumn("topic", NAME),
        TableColumn("kwh", "Int64", "1e-9 kWh; 0 for channels without energy"),
        TableColumn("counted", "UInt64", "readings"),
        *(
            TableColumn(name, "Int64")
            for name in ("first_ms", "last_ms", "first", "last", "lowest", "highest")
        ),
        TableColumn("total", "Float64", "of the values: the mean is total / counted"),
    ),
    order_by="(device, channel, bucket)",
    partition_by="toYear(bucket)",
    settings=(*MERGED_WHEN_OLD, *HistoryTable.settings),
)


def _finer(
    name: str, about: str, sorted_by: str, settings: tuple[str, ...] = _DAILY.settings
) -> HistoryTable:
    return replace(
        _DAILY,
        settings=(*SMALL_GRANULES, *settings),
        name=name,
        about=f"The same in {about}.",
        order_by=f"({sorted_by}(bucket), device, channel, bucket)",
        partition_by="toYYYYMM(bucket)",
    )


QUARTERS = _finer("rollup_15m", "15 minutes", "toStartOfHour")
_TABLES = (
    _finer("rollup_1m", "a minute", "toStartOfHour", HistoryTable.settings),  # hardly read when old
    QUARTERS,
    _finer("rollup_1h", "an hour", "toStartOfDay"),
    _DAILY,
    LONG_ENTRIES,
    ENERGY_CHANNELS,
    SENT_CHANNELS,
)

_WHAT = tuple(TableColumn(name, "String") for name in ("device", "channel"))


def _ms(*names: str) -> tuple[TableColumn, ...]:
    return tuple(TableColumn(name, "Int64") for name in names)


_WORKING = (
    memory_table(
        "touched",
        "What is to be replaced; empty between two roll-ups.",
        _WHAT + _ms("lo_ms", "hi_ms"),
    ),
    memory_table(
        "spans",
        "What is replaced, [from, to).",
        _WHAT + _ms("from_ms", "to_ms"),
    ),
    FOLDED,
)

_script = partial(script, Path(__file__).parent / "rollup")

LEVELS = (
    ("rollup_1m", "rollup_15m", 900),
    ("rollup_15m", "rollup_1h", 3600),
    ("rollup_1h", "rollup_1d", 86_400),
)
MAX_RUNS = 16
ENERGY = frozenset(name for name, channel in CHANNELS.items() if not channel.is_level)
_COLUMNS = ("device", "channel", "day", "lo_ms", "hi_ms", "rows")
_SCHEMA = pa.schema(
    [(name, pa.string() if name in ("device", "channel") else pa.int64()) for name in _COLUMNS]
)
_RANGE = """
SELECT toString(device) AS device, toString(channel) AS channel,
    intDiv(toUnixTimestamp64Milli(time), {day:Int64}) AS day,
    min(toUnixTimestamp64Milli(time)) AS lo_ms, max(toUnixTimestamp64Milli(time)) AS hi_ms,
    count() AS rows
FROM readings
WHERE time >= fromUnixTimestamp64Milli({lo:Int64}) AND time <= fromUnixTimestamp64Milli({hi:Int64})
GROUP BY device, channel, day
"""

RUN_READINGS = MAX_READINGS * 3 // 4
"""So many readings are rolled up in a run; some before them are folded with them, at once."""
MAX_ROWS = 4_000_000  # one settling of so many takes about 500 MB


def _marks(table: str, rows: pa.Table) -> pa.Table:
    """Where these rows of ``readings`` are: earliest, latest, number by device, channel, day."""
    ms = rows["time"].cast(pa.int64())
    one = pa.array(np.ones(len(ms), np.int64))
    columns = [rows["device"], rows["channel"], pc.divide(ms, DAY_MS), ms, ms, one]
    return _grouped(pa.table(columns, list(_COLUMNS))).cast(_SCHEMA)


def _in_range(history: Tables, lo_ms: int, hi_ms: int) -> Iterator[pa.Table]:
    """Where all readings of a range are that the history has."""
    ends = {"lo": str(lo_ms), "hi": str(hi_ms), "day": str(DAY_MS)}
    yield history.answer(_RANGE, ends).cast(_SCHEMA)


class Interrupted(Exception):
    """Somebody wants to stop: what was not replaced yet is to be marked again."""


class ReadingBuckets:
    """Replaces the minutes of what is marked, and the coarser roll-ups above them.

    Attributes:
        stopping: set: no further run of days is begun.
    """

    def __init__(self, history: Tables) -> None:
        self.stopping = Event()
        self._history = history
        self._energy, self._sent = EnergyRollUp(history), SentChannels(history)

    def __call__(self, marked: pa.Table) -> None:
        """Replace what is marked: device, channel, day, earliest and latest time (ms), rows.

        Raises:
            Interrupted: not all of it was.
        """
        for run in _runs(_grouped(marked)):
            if self.stopping.is_set():
                raise Interrupted
            is_energy = pc.is_in(run["channel"], pa.array(sorted(ENERGY)))
            self._levels(run.filter(pc.invert(is_energy)))
            self._energies(run.filter(is_energy))
        self._energy.keep_described()

    def describe(self, changes: Changes) -> pa.Table:
        """Fold by what is said of channels now: marks of all their readings, to be replaced."""
        return self._energy.describe(changes).cast(_SCHEMA)

    def _levels(self, run: pa.Table) -> None:
        if not run.num_rows:
            return
        execute = self._history.execute
        touch(self._history, run)
        execute("TRUNCATE TABLE spans")
        execute(_script("spans"))
        reach = self._history.answer("SELECT min(from_ms), max(to_ms) FROM spans", {})
        from_ms, to_ms = (column[0].as_py() for column in reach.itercolumns())
        execute(_script("levels"), low_ms=from_ms, high_ms=to_ms)
        self._coarser(LEVELS, from_ms, to_ms)

    def _energies(self, run: pa.Table) -> None:
        names = zip(run["device"].to_pylist(), run["channel"].to_pylist(), strict=True)
        where = (run[name].to_pylist() for name in ("lo_ms", "hi_ms", "rows"))
        touched = dict(zip(names, map(TouchedSpan, *where), strict=True))
        self._sent.note(touched)
        for replaced in self._energy.replace(touched):
            for level in LEVELS[1:]:
                for rest in replaced.rest(level[2] * 1000):
                    self._history.execute("TRUNCATE TABLE spans")
                    self._history.insert("spans", rest.rows())
                    self._coarser([level], int(rest.from_ms.min()), int(rest.to_ms.max()))

    def _coarser(self, levels: Sequence[tuple[str, str, int]], low_ms: int, high_ms: int) -> None:
        for fine, coarse, seconds in levels:
            self._history.execute(
                _script("coarser"),
                fine=fine, coarse=coarse, seconds=seconds, low_ms=low_ms, high_ms=high_ms,
            )  # fmt: skip


def _grouped(table: pa.Table) -> pa.Table:
    """One row per device, channel and day, with the earliest and the latest time, and how many."""
    return _merged(table, ["device", "channel", "day"]).select(list(_COLUMNS))


def _merged(table: pa.Table, by: list[str]) -> pa.Table:
    merged = table.group_by(by).aggregate([("lo_ms", "min"), ("hi_ms", "max"), ("rows", "sum")])
    return merged.rename_columns([*by, "lo_ms", "hi_ms", "rows"])


def _runs(marked: pa.Table) -> Iterator[pa.Table]:
    """Split what is marked into runs of days without a day between, oldest first.

    A reading with a wrong clock must not make all others look at the years between. Where clocks
    are all over the place, one run does for all. No run has more rows than are folded at a time, or
    else it is a day: a span of time is read as a whole, whoever's readings of it are folded.
    """
    day = marked["day"].to_numpy()
    days, place = np.unique(day, return_inverse=True)
    begins = np.diff(days, prepend=days[0] - 2) > 1
    if begins.sum() > MAX_RUNS:
        begins[1:] = False
    rows = np.zeros(len(days), np.int64)
    np.add.at(rows, place, marked["rows"].to_numpy())
    so_far = 0
    for i in range(len(days)):
        so_far = rows[i] if begins[i] else so_far + rows[i]
        if so_far > RUN_READINGS:
            begins[i], so_far = True, rows[i]
    number = np.cumsum(begins)[place]
    for i in range(1, int(begins.sum()) + 1):
        yield _merged(marked.filter(pa.array(number == i)), ["device", "channel"])


READINGS = RollUpKind(
    name="readings",
    raw=("readings",),
    tables=_TABLES,
    working=_WORKING,
    sources={"covering": Source(READING_LEVELS, "device, channel, bucket, kwh, counted, total")},
    marks=_marks,
    in_range=_in_range,
    replace=ReadingBuckets,
    max_rows=MAX_ROWS,
)
"""Minutes to days of what devices measure."""
