"""VictoriaMetrics' import of CSV: ``format=1:time:unix_s,2:label:device,3:metric:power_watts``.

https://docs.victoriametrics.com/#how-to-import-csv-data. A row becomes a line of JSON for each of
its metrics, so that what is refused can be decoded again.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple

from energyguard.errors import Malformed
from energyguard.model.days import ms_of

_COLUMN: Final = re.compile(r"(\d{1,4}):(metric|label|time):(.+)")
_PER_SECOND: Final = {"unix_s": 1, "unix_ms": 1_000, "unix_ns": 10**9}
_RFC3339: Final = "rfc3339"


class _Column(NamedTuple):
    place: int
    name: str


class CsvFormat(NamedTuple):
    """What the columns of a body are; ``time`` is None where rows have none."""

    metrics: list[_Column]
    labels: list[_Column]
    time: _Column | None

    @property
    def lines_each(self) -> int:
        """Lines of JSON that a row becomes."""
        return len(self.metrics)


def csv_format(text: str) -> CsvFormat:
    """The columns that ``format`` names.

    Raises:
        Malformed: it is none, or has no metric.
    """
    metrics, labels, times = list[_Column](), list[_Column](), list[_Column]()
    for part in text.split(","):
        found = _COLUMN.fullmatch(part.strip())
        if found is None or found[1] == "0":
            raise Malformed(f"format: {part[:64]!r} is no COLUMN:metric|label|time:NAME", "format")
        column = _Column(int(found[1]) - 1, found[3])
        {"metric": metrics, "label": labels, "time": times}[found[2]].append(column)
    if not metrics:
        raise Malformed("format: no column is a metric", "format")
    if len(times) > 1:
        raise Malformed("format: more than one column is the time", "format")
    for _, kind in times:
        if kind not in (*_PER_SECOND, _RFC3339):
            raise Malformed(
                f"format: the time {kind[:64]!r} is not known; there are unix_s, unix_ms, unix_ns "
                "and rfc3339",
                "format",
            )
    return CsvFormat(metrics, labels, times[0] if times else None)


def csv_lines(body: bytes, columns: CsvFormat, now_ms: int) -> Iterator[bytes]:
    """Lines of JSON; where a row cannot be read the line says it, and is refused by that.

    Args:
        body: the rows; there is no header.
        columns: what they have.
        now_ms: the time of rows without one, ms.
    """
    rows = csv.reader(body.decode("utf-8", "replace").splitlines())
    for row in rows:
        if not row:
            continue
        try:
            time_ms = now_ms if columns.time is None else _ms(row, columns.time)
            labels = {name: _cell(row, place) for place, name in columns.labels}
            for place, name in columns.metrics:
                text = _cell(row, place).strip()
                line = {
                    "metric": {"__name__": name, **{k: v for k, v in labels.items() if v}},
                    "values": [text or "NaN"],
                    "timestamps": [time_ms],
                }
                yield json.dumps(line, ensure_ascii=False).encode()
        except Malformed as error:
            for _ in columns.metrics:
                yield json.dumps({"row": row, "reason": error.reason}).encode()


def _cell(row: list[str], place: int) -> str:
    if place >= len(row):
        raise Malformed(f"the row has {len(row)} columns, format names {place + 1}")
    return row[place]


def _ms(row: list[str], column: _Column) -> int:
    text = _cell(row, column.place).strip()
    try:
        if column.name == _RFC3339:
            when = datetime.fromisoformat(text)
            if when.tzinfo is None:
                raise Malformed(f"a time without an offset: {text[:64]!r}", "time")
            return ms_of(when)
        return int(Decimal(text) * 1_000 / _PER_SECOND[column.name])
    except (ValueError, OverflowError, InvalidOperation):
        raise Malformed(f"no time of {column.name}: {text[:64]!r}", "time") from None
