"""The tables of a history in memory, as far as roll-ups of energy ask them.

What is durable is what an insert has left; a crash in one may leave the rows of some months and not
those of others, as the engine writes a part for each. ``test_tables.py`` holds it to the engine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa

from energyguard.history import reading_buckets
from energyguard.history.corrections.corrected_tables import LAST_VERSION
from energyguard.history.energy import energy_rollup, energy_spans, energy_writes
from energyguard.history.rollup_kind import script
from energyguard.history.tables import ALL
from energyguard.model.channels import CHANNELS
from energyguard.model.topics import DAY_MS
from energyguard.records.corrections import WITHDRAWN
from energyguard.records.tables import HistoryTable
from energyguard.sinks import corrector
from tests.simulation.counting.steps import Crashed, Step

Row = dict[str, Any]
Channel = tuple[str, str]
MONTH_S = 30 * 86_400
_TABLES: Mapping[str, HistoryTable] = {table.name: table for table in ALL}
_KEYS = {
    name: tuple(re.sub(r"\w+\((\w+)\)", r"\1", table.order_by).strip("()").split(", "))
    for name, table in _TABLES.items()
}
_FINER = {coarse: (fine, seconds) for fine, coarse, seconds in reading_buckets.LEVELS}
_BUCKETS = {
    energy_writes._BUCKETS.replace("{table}", name): name for name in ("rollup_1m", *_FINER)
}
_COARSER = script(Path(reading_buckets.__file__).parent / "rollup", "coarser")
_DESCRIBED = (
    "SELECT toString(device) AS device, toString(channel) AS channel, facts"
    " FROM energy_channels FINAL WHERE facts != ''"
)
_SENT = "SELECT device, channel FROM sent_channels"


class MemoryTables:
    """``Tables`` over dictionaries: by table, by device and channel, by what else is in the key."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[Channel, dict[tuple[Any, ...], Row]]] = {
            name: {} for name in _TABLES
        }
        self._answers: dict[str, tuple[str, Callable[[Mapping[str, str]], list[Row]]]] = {
            **dict.fromkeys(
                (energy_rollup._READINGS, energy_rollup._OF_SPANS),
                ("device ms value topic version", self._readings),
            ),
            energy_rollup._ALL_DAYS: ("device channel day lo_ms hi_ms rows", self._all_days),
            energy_spans._COUNTS: ("device channel counted first_ms last_ms", self._counts),
            energy_writes._LONG: ("key day stamp", self._long),
            _DESCRIBED: ("device channel facts", self._described),
            _SENT: ("device channel", lambda _: list(self.all("sent_channels"))),
            energy_rollup._WITH_READINGS: ("device channel", self._with_readings),
            corrector._KEPT: ("device channel from_ms to_ms", self._kept),
            corrector._ROWS: (
                "device channel ms sequence value topic version kept",
                self._correcting,
            ),
            **{sql: ("key start", partial(self._begun, name)) for sql, name in _BUCKETS.items()},
        }

    def all(self, table: str) -> Iterator[Row]:
        """Every row of a table, the newest of each key."""
        for of_one in self.rows[table].values():
            yield from of_one.values()

    def of(self, table: str, what: Channel) -> dict[tuple[Any, ...], Row]:
        """The rows of a device's channel, by the rest of their key."""
        return self.rows[table].get(what, {})

    # What a history does

    def insert(
        self, table: str, rows: pa.Table, months: Callable[[int], bool] | None = None
    ) -> None:
        """Add rows; of one key that with the largest version stays, else the last.

        Args:
            table: its name.
            rows: with some of its columns.
            months: of which months they arrive; None: of all.
        """
        about, keys = _TABLES[table], _KEYS[table]
        columns = {name: _plain(rows[name]) for name in rows.column_names}
        time = next((c for c in ("time", "bucket", "day") if c in columns), "")
        kept = self.rows[table]
        version = about.version.split(",")[0]
        for values in zip(*columns.values(), strict=True):
            row = dict(zip(columns, values, strict=True))
            if months and time and not months(row[time] // (1000 if time == "time" else 1)):
                continue
            mine = kept.setdefault((row.get("device", ""), row.get("channel", "")), {})
            key = (len(mine),) if not about.order_by else tuple(row[name] for name in keys)
            there = mine.get(key)
            if there is None or not version or row[version] >= there[version]:
                mine[key] = row

    def execute(self, sql: str, **parameters: object) -> None:
        """Empty a table, or make a coarser roll-up."""
        if found := re.fullmatch(r"TRUNCATE TABLE (\w+)", sql):
            self.rows[found[1]].clear()
        elif sql == _COARSER:
            self.coarser(str(parameters["coarse"]))
        elif sql.lstrip().startswith("INSERT INTO sent_channels"):
            self._note_sent()
        else:
            raise NotImplementedError(sql)

    def _note_sent(self) -> None:
        """Note the channels of energy that have buckets already."""
        for what, days in self.rows["rollup_1d"].items():
            if days and not CHANNELS[what[1]].is_level:
                row = dict(zip(_KEYS["sent_channels"], what, strict=True))
                self.rows["sent_channels"].setdefault(what, {}).setdefault(what, row)

    def coarser(self, coarse: str, months: Callable[[int], bool] | None = None) -> None:
        """Make the buckets anew that what is in the table ``spans`` touches."""
        fine, seconds = _FINER[coarse]
        for span in [*self.all("spans")]:
            what = (span["device"], span["channel"])
            found: dict[int, list[Row]] = {}
            for row in self.of(fine, what).values():
                start = row["bucket"] // seconds * seconds
                is_in = span["from_ms"] - seconds * 1000 < start * 1000 < span["to_ms"]
                if is_in and (months is None or months(start)):
                    found.setdefault(start, []).append(row)
            mine = self.rows[coarse].setdefault(what, {})
            for start, rows in found.items():
                mine[(*what, start)] = _together(what, start, rows)

    def answer(self, sql: str, parameters: Mapping[str, str]) -> pa.Table:
        """What a query of the roll-ups of energy gives."""
        names, answer = self._answers[sql]
        rows = answer(parameters)
        kinds = {name: _KINDS.get(name, pa.int64()) for name in names.split()}
        columns = [pa.array([row[name] for row in rows], kind) for name, kind in kinds.items()]
        return pa.table(columns, [*kinds])

    # What is asked of it

    def _readings(self, given: Mapping[str, str]) -> list[Row]:
        low, high = int(given["low"]), int(given["high"])
        return [
            {**row, "ms": row["time"]}
            for whose in self.all("folded")
            for row in self.of("readings", (whose["device"], given["channel"])).values()
            if low <= row["time"] < high and row["topic"] != WITHDRAWN
        ]

    def _kept(self, _: Mapping[str, str]) -> list[Row]:
        return [
            {**row, "from_ms": row["time"], "to_ms": row["time"] + 1}
            for row in self.all("sent_readings")
        ]

    def _correcting(self, _: Mapping[str, str]) -> list[Row]:
        found: dict[tuple[Any, ...], Row] = {}
        for whose in self.all("correcting"):
            what = (whose["device"], whose["channel"])
            sent = [{**row, "kept": 1} for row in self.of("sent_readings", what).values()]
            known = {(row["time"], row["sequence"]) for row in sent}
            rows = sent + [
                {**row, "kept": 0}
                for row in self.of("readings", what).values()
                if row["topic"] != WITHDRAWN
                and not (row["version"] == LAST_VERSION and (row["time"], row["sequence"]) in known)
            ]
            for row in rows:
                if whose["from_ms"] <= row["time"] < whose["to_ms"]:
                    key = (*what, row["time"], row["sequence"], -row["version"], row["topic"])
                    found.setdefault(key, {**row, "ms": row["time"]})
        return [found[key] for key in sorted(found)]

    def _touched(self) -> set[Channel]:
        return {(row["device"], row["channel"]) for row in self.all("touched")}

    def _with_readings(self, _: Mapping[str, str]) -> list[Row]:
        days = [row for row in self.all("rollup_1d") if row["counted"]]
        named = dict.fromkeys((row["device"], row["channel"]) for row in days)
        return [{"device": device, "channel": channel} for device, channel in named]

    def _all_days(self, _: Mapping[str, str]) -> list[Row]:
        return [
            {
                **row,
                "day": row["bucket"] * 1000 // DAY_MS,
                "lo_ms": row["first_ms"],
                "hi_ms": row["last_ms"],
                "rows": row["counted"],
            }
            for what in self._touched()
            for row in self.of("rollup_1d", what).values()
            if row["counted"]
        ]

    def _counts(self, given: Mapping[str, str]) -> list[Row]:
        low, high, warm = (int(given[name]) for name in ("low", "high", "warm"))
        found = []
        for what in self._touched():
            hours = [row for row in self.of("rollup_1h", what).values() if row["counted"]]
            days = [row for row in self.of("rollup_1d", what).values() if row["counted"]]
            days.sort(key=lambda row: int(row["bucket"]))
            found += [row for row in hours if low <= row["bucket"] < high]
            found += [row for row in days if row["bucket"] < low][-warm:]
            found += [row for row in days if row["bucket"] >= high][:warm]
        return sorted(found, key=lambda row: (row["device"], row["channel"], row["first_ms"]))

    def _described(self, _: Mapping[str, str]) -> list[Row]:
        return [row for row in self.all("energy_channels") if row["facts"]]

    def _begun(self, table: str, _: Mapping[str, str]) -> list[Row]:
        return [
            {"key": whose["number"], "start": row["bucket"] * 1000}
            for whose in self.all("folded")
            for row in self.of(table, (whose["device"], whose["channel"])).values()
            if (row["kwh"] or row["counted"])
            and whose["from_ms"] <= row["bucket"] * 1000 < whose["to_ms"]
        ]

    def _long(self, _: Mapping[str, str]) -> list[Row]:
        return [
            {"key": whose["number"], "day": row["day"] * 1000, "stamp": row["stamp_ms"]}
            for whose in self.all("folded")
            for row in self.of("long_entries", (whose["device"], whose["channel"])).values()
            if row["end_ms"] > row["start_ms"]
            and row["end_ms"] > whose["from_ms"]
            and row["start_ms"] < whose["to_ms"]
        ]


class StepTables:
    """Such tables for a process that may die at each step, or find them not there."""

    def __init__(self, tables: MemoryTables, step: Step, random: Random) -> None:
        self.tables, self._step, self._random = tables, step, random

    def answer(self, sql: str, parameters: Mapping[str, str]) -> pa.Table:
        self._step("ask")
        return self.tables.answer(sql, parameters)

    def execute(self, sql: str, **parameters: object) -> None:
        try:
            self._step("execute")
        except Crashed:
            if sql == _COARSER:
                self.tables.coarser(str(parameters["coarse"]), self._some())
            raise
        self.tables.execute(sql, **parameters)

    def insert(self, table: str, rows: pa.Table) -> None:
        try:
            self._step("insert")
        except Crashed:
            self.tables.insert(table, rows, self._some())
            raise
        self.tables.insert(table, rows)
        self._step("inserted")

    def _some(self) -> Callable[[int], bool]:
        """A crash leaves the rows of some months."""
        bits = self._random.getrandbits(256)
        return lambda second: bool(bits >> second // MONTH_S % 256 & 1)


def _plain(column: pa.ChunkedArray) -> list[Any]:
    """Texts and whole numbers, whatever the column's type."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    found: list[Any] = column.to_pylist()
    return found


_KINDS = dict.fromkeys(("device", "channel", "topic", "facts"), pa.string())
_KINDS["version"] = pa.uint64()


def _together(what: Channel, start: int, rows: list[Row]) -> Row:
    """A coarser bucket of finer ones."""
    has = sorted((row for row in rows if row["counted"]), key=lambda row: int(row["first_ms"]))
    first, last = (has[0], max(has, key=lambda row: int(row["last_ms"]))) if has else ({}, {})
    return {
        "device": what[0], "channel": what[1], "bucket": start, "topic": last.get("topic", ""),
        "kwh": sum(row["kwh"] for row in rows), "counted": sum(row["counted"] for row in rows),
        "first_ms": first.get("first_ms", 0), "last_ms": last.get("last_ms", 0),
        "first": first.get("first", 0), "last": last.get("last", 0),
        "lowest": min((row["lowest"] for row in has), default=0),
        "highest": max((row["highest"] for row in has), default=0),
        "total": sum(row["total"] for row in rows),
    }  # fmt: skip
