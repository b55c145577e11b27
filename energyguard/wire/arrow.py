"""Arrow IPC streams with the columns of a reading: device, channel, time, value, sequence.

``value`` may be int64 (1e-9 of the unit), a decimal or a float (in the unit); other columns are
cast where nothing is lost. Nulls are refused, but for the sequence.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.model.fixed import NANO, from_nano
from energyguard.model.readings import SCHEMA, Verdict
from energyguard.wire import Decoded, Refused
from energyguard.wire.checks import check_part
from energyguard.wire.columns import Part, milliseconds
from energyguard.wire.delimited import EMPTY
from energyguard.wire.limits import Plausible

_NEEDED = ("device", "channel", "time", "value")


def decode_arrow(data: bytes, limits: Plausible, first_row: int = 1) -> Decoded:
    """Read an IPC stream. Never raises for what stands in it."""
    try:
        table = pa.ipc.open_stream(pa.BufferReader(data)).read_all()
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        return _refuse(first_row, "row", f"not an Arrow stream: {error}", data)
    missing = [name for name in _NEEDED if name not in table.column_names]
    if missing:
        return _refuse(first_row, missing[0], f"{missing[0]} is missing", data)
    columns = {}
    for field in SCHEMA:
        if field.name not in table.column_names:
            columns[field.name] = pa.nulls(table.num_rows, field.type)
            continue
        try:
            column = table.column(field.name)
            columns[field.name] = (
                _nano(column) if field.name == "value" else column.cast(field.type)
            ).combine_chunks()
        except (pa.ArrowException, ValueError) as error:
            return _refuse(first_row, field.name, f"{field.name}: {error}", data)
    return _checked(columns, limits, first_row)


def _nano(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_integer(column.type):
        return column.cast(pa.int64())
    exact = column.cast(pa.decimal128(38, 9), safe=False)
    return pc.multiply(exact, pa.scalar(NANO, pa.decimal128(10, 0))).cast(pa.int64())


def _checked(columns: dict[str, pa.Array], limits: Plausible, first_row: int) -> Decoded:
    """Readings of columns; each row with a null or out of range is refused."""
    n = len(columns["time"])
    whole = np.ones(n, bool)
    refused: list[Refused] = []
    for name in _NEEDED:
        nulls = columns[name].is_null().to_numpy(zero_copy_only=False)
        for i in np.flatnonzero(nulls & whole).tolist():
            refused.append(
                _bad(first_row + i, Verdict.MALFORMED, name, f"{name} is missing", columns, i)
            )
        whole &= ~nulls
    rows = np.flatnonzero(whole) + first_row
    batch = pa.RecordBatch.from_arrays([columns[f.name] for f in SCHEMA], SCHEMA.names)
    batch = batch.filter(pa.array(whole)).cast(SCHEMA)
    part = Part(
        "value",
        batch.column("device"),
        batch.column("channel"),
        milliseconds(batch.column("time")),
        batch.column("value").to_numpy(),
    )
    wrong, faults = check_part(part, "time", limits)
    for fault in faults:
        row = int(rows[fault.place])
        refused.append(
            _bad(row, fault.verdict, fault.field, fault.reason, columns, row - first_row)
        )
    good = ~wrong
    return Decoded(
        batch.filter(pa.array(good)), rows[good], tuple(sorted(refused, key=lambda r: r.row))
    )


def _bad(
    row: int, verdict: Verdict, field: str, reason: str, columns: dict[str, pa.Array], place: int
) -> Refused:
    return Refused(row, verdict, field, reason, _json_line(columns, place))


def _json_line(columns: dict[str, pa.Array], place: int) -> bytes:
    """A row as the line that ``json.py`` reads: it can be decoded again; a null stays null."""
    value = columns["value"][place].as_py()
    time = pc.strftime(columns["time"].slice(place, 1), format="%Y-%m-%dT%H:%M:%S")[0].as_py()
    fields = {
        "timestamp": time and f"{time}Z",
        "device": columns["device"][place].as_py(),
        "channel": columns["channel"][place].as_py(),
        "value": None if value is None else msgspec.Raw(from_nano(value).encode()),
        "sequence": columns["sequence"][place].as_py(),
    }
    return msgspec.json.encode(fields)


def _refuse(row: int, field: str, reason: str, data: bytes) -> Decoded:
    return replace(EMPTY, refused=(Refused(row, Verdict.MALFORMED, field, reason, data),))
