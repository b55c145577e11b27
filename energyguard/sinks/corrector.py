"""Corrections of readings, applied to the history: what was sent stays, what counts follows.

Nothing is deleted. What was sent of a corrected reading goes to a table of its own, and the table
``readings`` gets a row that replaces it: its new value, or that it counts as never sent. All of it
is made anew from what was sent and what people say, so that doing it again changes nothing: the
archive commits its positions behind it, and a crash in between does it once more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.history import Tables
from energyguard.history.corrections.corrected_spans import (
    TimeSpan,
    TimeSpans,
    lots,
    merged,
    span_of,
)
from energyguard.history.corrections.corrected_tables import CORRECTING, SENT_READINGS
from energyguard.history.corrections.correction_book import CorrectionBook
from energyguard.history.corrections.effective import ImportedRecords, effective, imported_records
from energyguard.history.query import query_named
from energyguard.log.records import Fetched
from energyguard.model.channels import CHANNELS
from energyguard.model.readings import Ints
from energyguard.records.corrections import Correction

MINUTE_MS = 60_000

_KEPT = """
SELECT toString(device) AS device, toString(channel) AS channel,
    min(toUnixTimestamp64Milli(time)) AS from_ms, max(toUnixTimestamp64Milli(time)) + 1 AS to_ms
FROM sent_readings GROUP BY device, channel, toDate(time)
"""
_INSIDE = """
    time >= fromUnixTimestamp64Milli({low:Int64}, 'UTC')
    AND time < fromUnixTimestamp64Milli({high:Int64}, 'UTC')
    AND (device, channel) IN (SELECT device, channel FROM correcting)
"""
_ROWS = f"""
WITH kept AS (
    SELECT device, channel, time, sequence, value, topic, version
    FROM sent_readings FINAL WHERE {_INSIDE}
)
SELECT
    toString(r.device) AS device, toString(r.channel) AS channel, r.ms AS ms,
    r.sequence AS sequence, any(r.value) AS value, toString(r.topic) AS topic,
    r.version AS version, max(r.kept) AS kept
FROM (
    SELECT *, toUnixTimestamp64Milli(time) AS ms, 1 AS kept FROM kept
    UNION ALL
    SELECT device, channel, time, sequence, value, topic, version,
        toUnixTimestamp64Milli(time) AS ms, 0 AS kept
    FROM readings
    WHERE {_INSIDE}
        AND toStartOfHour(time) >= toStartOfHour(fromUnixTimestamp64Milli({{low:Int64}}, 'UTC'))
        AND toStartOfHour(time) < fromUnixTimestamp64Milli({{high:Int64}}, 'UTC')
        AND topic != 'energyguard.corrections'
        AND NOT (
            version = 18446744073709551615
            AND (device, channel, time, sequence)
                IN (SELECT device, channel, time, sequence FROM kept)
        )
) AS r
INNER JOIN correcting AS c ON r.device = c.device AND r.channel = c.channel
WHERE r.ms >= c.from_ms AND r.ms < c.to_ms
GROUP BY device, channel, ms, sequence, topic, version
ORDER BY device, channel, ms, sequence, version DESC
"""


class Corrector:
    """Applies what people say of readings to one history.

    Args:
        history: the tables.
        book: what is said, up to the end of its topic as this begins.
    """

    def __init__(self, history: Tables, book: CorrectionBook) -> None:
        self._history, self._book = history, book
        self._due: list[TimeSpan] = []
        self._due_imports: set[str] = set()
        self._guarded = TimeSpans(TimeSpan(*row.values()) for row in _rows(history, _KEPT))
        for device in book.devices():
            self._guarded.add(map(span_of, book.of_device(device)))
        self._known: dict[str, ImportedRecords] = {}

    @property
    def is_due(self) -> bool:
        """Whether there is something to apply."""
        return bool(self._due or self._due_imports)

    def take(self, fetched: Fetched) -> None:
        """Take records of corrections; what they touch is applied next."""
        for correction in self._book.take(fetched.values):
            about = self._book.root(correction)
            if about.import_id:
                self._due_imports.add(about.import_id)
            else:
                self._guarded.add([span_of(about)])
                self._due.append(span_of(about))

    def seen(self, import_ids: Iterable[str]) -> None:
        """Records of imports came in: those of one that is wrong are to be looked at."""
        for import_id in import_ids:
            self._known.pop(import_id, None)
            if self._book.of_import(import_id) is not None:
                self._due_imports.add(import_id)

    def divert(self, rows: pa.Table) -> pa.Table:
        """Have those of new rows of ``readings`` wait that may concern corrected readings.

        Args:
            rows: that are to be inserted.

        Returns:
            the others; of those taken out is kept what was sent, and they are applied next.
        """
        if not self._guarded:
            return rows
        ms = rows["time"].cast(pa.int64()).to_numpy()
        found = np.zeros(rows.num_rows, np.bool_)
        for device, channel, of_channel in _by_channel(rows, self._guarded.devices):
            inside = of_channel[self._guarded.among(device, channel, ms[of_channel])]
            if len(inside):
                found[inside] = True
                ends = int(ms[inside].min()), int(ms[inside].max()) + 1
                self._due.append(TimeSpan(device, channel, *ends, len(inside)))
        if not found.any():
            return rows
        mine = rows.filter(pa.array(found))
        kept = mine.append_column("correction", pa.array([""] * mine.num_rows))
        self._history.insert(SENT_READINGS.name, kept.cast(SENT_READINGS.schema))
        return rows.filter(pa.array(~found))

    def apply(self) -> Iterator[pa.Table]:
        """Let what was taken count; where rows were replaced: device, channel, time."""
        of_imports = (span for i in sorted(self._due_imports) for span in self._of_import(i))
        touched = [*self._due, *of_imports]
        records = [self._records(correction) for correction in self._book.imports()]
        for lot in lots(merged(touched)):
            yield from self._apply(lot, records)
        self._due_imports.clear()
        self._due.clear()

    def _apply(self, lot: list[TimeSpan], records: list[ImportedRecords]) -> Iterator[pa.Table]:
        history = self._history
        history.execute(f"TRUNCATE TABLE {CORRECTING.name}")
        columns = list(zip(*(span[:4] for span in lot), strict=True))
        history.insert(CORRECTING.name, pa.table(list(map(pa.array, columns)), CORRECTING.schema))
        low, high = min(span.from_ms for span in lot), max(span.to_ms for span in lot)
        rows = history.answer(_ROWS, {"low": str(low), "high": str(high)})
        history.execute(f"TRUNCATE TABLE {CORRECTING.name}")
        if not rows.num_rows:
            return
        of_device = {span.device: self._book.of_device(span.device) for span in lot}
        found = effective(rows, of_device, records, self._book.order())
        if not found.counting.num_rows:
            return
        history.insert(SENT_READINGS.name, found.sent)
        history.insert("readings", found.counting)
        self._empty_minutes(found.counting)
        self._guarded.add(lot)
        yield found.counting

    def _empty_minutes(self, rows: pa.Table) -> None:
        """Of levels no minute is left that has no readings any more: others are made anew."""
        levels = [name for name, channel in CHANNELS.items() if channel.is_level]
        mine = rows.filter(pc.is_in(rows["channel"].cast(pa.string()), pa.array(levels)))
        if not mine.num_rows:
            return
        bucket = pc.multiply(pc.divide(mine["time"].cast(pa.int64()), MINUTE_MS), 60)
        names = [mine[name].cast(pa.string()) for name in ("device", "channel", "topic")]
        minutes = pa.table([*names, bucket], ["device", "channel", "topic", "bucket"])
        minutes = minutes.group_by(["device", "channel", "bucket"]).aggregate([("topic", "min")])
        minutes = minutes.rename_columns(["device", "channel", "bucket", "topic"])
        zeros = pa.array(np.zeros(minutes.num_rows, np.int64))
        for name in ("kwh", "counted", "first_ms", "last_ms", "first", "last", "lowest",
                     "highest", "total"):  # fmt: skip
            minutes = minutes.append_column(name, zeros)
        at = minutes["bucket"].cast(pa.timestamp("s", "UTC"))
        self._history.insert("rollup_1m", minutes.set_column(2, "bucket", at))

    def _records(self, correction: Correction) -> ImportedRecords:
        known = self._known.get(correction.import_id)
        if known is None:
            rows = self._places(correction.import_id)
            known = self._known[correction.import_id] = imported_records(correction, rows)
        return known._replace(correction=correction)

    def _places(self, import_id: str) -> pa.Table:
        """The records of an import: rows of the query ``import_places``."""
        query, bound = query_named("import_places").bind({"import_id": import_id})
        return self._history.answer(query, bound)

    def _of_import(self, import_id: str) -> Iterator[TimeSpan]:
        """Where readings of an import lie; some of others may lie between."""
        query, bound = query_named("import_spans").bind({"import_id": import_id})
        for row in self._history.answer(query, bound).to_pylist():
            ends = row["from_ms"], row["until_ms"]
            yield TimeSpan(row["device"], row["channel"], *ends, row["readings"])


def _by_channel(rows: pa.Table, devices: Collection[str]) -> Iterator[tuple[str, str, Ints]]:
    """Some devices' channels among rows, each with the numbers of its rows."""
    names = {name: rows[name].cast(pa.string()) for name in ("device", "channel")}
    numbered = pa.table(names | {"row": pa.array(np.arange(rows.num_rows))})
    mine = numbered.filter(pc.is_in(numbered["device"], pa.array(devices, pa.string())))
    grouped = mine.group_by(["device", "channel"]).aggregate([("row", "list")])
    columns = (grouped[name] for name in ("device", "channel", "row_list"))
    for device, channel, of_channel in zip(*columns, strict=True):
        yield device.as_py(), channel.as_py(), of_channel.values.to_numpy()


def _rows(
    history: Tables, sql: str, bound: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = history.answer(sql, bound or {}).to_pylist()
    return found
