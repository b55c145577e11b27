"""Whether the readings of a table are distinct: one value of a device and a channel at a time."""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.errors import Malformed
from energyguard.files.found import FileDoubt
from energyguard.files.tables.grid import kind_of
from energyguard.files.tables.reading import TableRead
from energyguard.model.readings import times_of

MAX_SHARE: Final = 0.1
"""Of readings that contradict others: fewer are corrections, more are of a column not read."""
MANY_LINES: Final = 4
"""Where so many different lines are of one time in the mean, a column tells them apart."""
_KEY: Final = ["device", "channel", "time"]
_MAX_KEY: Final = 2**63 - 1


def contradictions(batch: pa.RecordBatch) -> str:
    """How many readings contradict others; empty: none, or so few that they are corrections."""
    if _has_each_once(batch):
        return ""
    counts = pa.Table.from_batches([batch]).group_by(_KEY).aggregate(
        [("value", "min"), ("value", "max"), ([], "count_all")]
    )  # fmt: skip
    differ = counts.filter(pc.not_equal(counts["value_min"], counts["value_max"]))
    found = pc.sum(differ["count_all"]).as_py() or 0
    if found <= MAX_SHARE * batch.num_rows:
        return ""
    return (
        f"{found:,} of {batch.num_rows:,} readings have the device and the time of another one, "
        "and another value"
    )


def _has_each_once(batch: pa.RecordBatch) -> bool:
    """Whether it is sure that no device has two values of a channel at a time."""
    time = times_of(batch)
    if not len(time):
        return True
    first, span = int(time.min()), int(time.max()) - int(time.min()) + 1
    series, many = np.zeros(len(time), np.int64), 1
    for name in ("device", "channel"):
        encoded = batch.column(name).dictionary_encode()
        many *= len(encoded.dictionary)
        series = series * len(encoded.dictionary) + np.asarray(encoded.indices)
    if many * span > _MAX_KEY:
        return False
    key = np.sort(series * span + (time - first))
    return bool((key[1:] != key[:-1]).all())


def check_distinct(read: TableRead, batch: pa.RecordBatch, name: str) -> None:
    """Leave a table in doubt where a column that was not read tells its readings apart.

    Raises:
        Malformed: no column is known that does.
    """
    what = contradictions(batch) or _many_of_a_time(read, batch)
    if not what:
        return
    names = Counter(column.name for column in read.layout.values if read.layout.slots is None)
    if same := next((repr(each) for each, often in names.items() if often > 1), ""):
        raise Malformed(f"{name}: several columns are named {same}: rename them", "file")
    column = _may_tell_apart(read)
    if not column:
        raise Malformed(f"{name}: {what}: no column that is read tells them apart", "file")
    role = "channel" if read.layout.slots is not None else "device"
    read.doubts.append(
        FileDoubt(f"{what}; {column!r} may tell them apart", "--map", (role,), column)
    )


def _many_of_a_time(read: TableRead, batch: pa.RecordBatch) -> str:
    """How many lines are of how few times, where they differ in what is not read; empty: few."""
    if _has_each_once(batch):
        return ""
    times = pa.Table.from_batches([batch]).group_by(_KEY).aggregate([]).num_rows
    cells = pa.table(read.table.columns, [str(place) for place in range(read.grid.width)])
    lines = cells.group_by(cells.column_names).aggregate([]).num_rows
    if lines < MANY_LINES * times:
        return ""
    return f"{lines:,} different lines have {times:,} times of a device"


def _may_tell_apart(read: TableRead) -> str:
    """The first column of words that has no role yet, and more than one word; empty: none."""
    layout = read.layout
    taken = {
        layout.day, layout.clock, layout.start, layout.end, layout.device, layout.channel,
        layout.unit, layout.value, *(column.place for column in layout.values),
    }  # fmt: skip
    for place, name in enumerate(read.grid.header):
        words = {row[place].strip() for row in read.grid.sample}
        if place not in taken and len(words) > 1 and {kind_of(word) for word in words} == {"text"}:
            return name
    return ""
