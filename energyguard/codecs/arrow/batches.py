"""Arrow IPC streams and files with the columns of readings, by the names that headers have too.

``value`` may be int64 (1e-9 of the unit), a decimal or a float (in the unit), exact to nine places;
a column named by its channel and unit (``power_w``) is in that unit. Each row is judged by itself,
as a line of CSV is. How much a stream unfolds to is known before it is unfolded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from energyguard.codecs import Decoded
from energyguard.codecs.arrow import ipc
from energyguard.codecs.arrow.columns import Converted, convert, plain, size_of
from energyguard.codecs.assembly import EMPTY, TableRows, assemble, merge
from energyguard.codecs.columns import ColumnLayout
from energyguard.codecs.context import DecodeContext
from energyguard.codecs.dialect import Dialect
from energyguard.codecs.headers import layout_of, unknown
from energyguard.codecs.refusals import Refusals, refused_whole
from energyguard.errors import Malformed
from energyguard.model.quantities import from_nano

MAX_ROWS = 4 << 20
"""Rows of one stream."""
MAX_UNFOLDED = 512 << 20
"""Bytes to which a stream unfolds, and to which its names do."""
_SLICE = 65_536
_PANDAS = "__"


def written(table: pa.Table | pa.RecordBatch) -> bytes:
    """A table as a stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write(table)
    return bytes(sink.getvalue().to_pybytes())


def decode_arrow(data: bytes, context: DecodeContext) -> Decoded:
    """Read a stream or a file, all of it. Never raises for what stands in it."""

    def read() -> Decoded:
        stream = ipc.stream_of(data)
        ipc.check(stream, MAX_ROWS, MAX_UNFOLDED)
        with pa.ipc.open_stream(pa.py_buffer(stream)) as reader:
            return decode_batches(reader, reader.schema, context)

    return read_or_refuse(read, "an Arrow stream", data, context)


EXAMPLE = pa.table({"timestamp_ms": [1_757_181_242_000], "device": ["F1"], "power_w": [1_500]})
DIALECT = Dialect(
    name="arrow", example=written(EXAMPLE), begins=(ipc.STREAM, ipc.FILE), decode=decode_arrow
)


def read_or_refuse(
    read: Callable[[], Decoded], kind: str, data: bytes, context: DecodeContext
) -> Decoded:
    """What ``read`` gives; where the input as a whole cannot be read, one refusal of all of it.

    Args:
        read: decodes the input; may raise what Arrow raises, or ``Malformed``.
        kind: what the input was taken for, for people.
        data: all of it.
        context: what is known of it.
    """
    try:
        return read()
    except Malformed as error:
        why, field = error.reason, error.field or "row"
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        why, field = f"not {kind}: {error}", "row"
    return replace(EMPTY, refused=(refused_whole(data, context.first_row, field, why, 1),))


def decode_batches(
    batches: Iterable[pa.RecordBatch],
    schema: pa.Schema,
    context: DecodeContext,
    nano: bool = True,
) -> Decoded:
    """Read the batches of a table.

    Args:
        batches: the rows.
        schema: their columns.
        context: what is known of them.
        nano: whether whole numbers in ``value`` count 1e-9 of the unit.

    Raises:
        Malformed: the table has no columns of readings.
    """
    table = _Table(_layout(schema, context.device), context, nano)
    refusals = Refusals(context.single, "json")
    parts: list[Decoded] = []
    first_row = context.first_row
    for batch in _slices(batches, table.layout):
        part = table.decode(batch, first_row, refusals)
        parts.append(part)
        first_row += batch.num_rows
    return merge([part.batch for part in parts], [part.rows for part in parts], refusals.rows())


def _layout(schema: pa.Schema, device: str) -> ColumnLayout:
    names = [name for name in schema.names if not name.startswith(_PANDAS)]
    layout = layout_of(tuple(name.lower() for name in names))
    if layout is None:
        raise Malformed(unknown(names), "header")
    if layout.needs_device and not device:
        raise Malformed("device: no column names it, so the sender must: ?device=NAME", "device")
    return layout


def _slices(batches: Iterable[pa.RecordBatch], layout: ColumnLayout) -> Iterator[pa.RecordBatch]:
    """Batches of a bounded number of rows with the layout's columns, as few as they need be.

    Raises:
        Malformed: what is in them is damaged, or unfolds to too much.
    """
    unfolded = 0
    for batch in batches:
        batch.validate(full=True)
        places = {name.lower(): i for i, name in enumerate(batch.schema.names)}
        for start in range(0, batch.num_rows, _SLICE):
            part = batch.slice(start, _SLICE)
            columns = [part.column(places[name]) for name in layout.columns]
            unfolded += sum(size_of(column) for column in columns)
            if unfolded > MAX_UNFOLDED:
                raise Malformed(f"the names unfold to more than {MAX_UNFOLDED} bytes", "row")
            flat = [plain(column) for column in columns]
            yield pa.RecordBatch.from_arrays(flat, list(layout.columns))


@dataclass(frozen=True, slots=True)
class _Table:
    """What the columns of a table are."""

    layout: ColumnLayout
    context: DecodeContext
    nano: bool

    def decode(self, batch: pa.RecordBatch, first_row: int, refusals: Refusals) -> Decoded:
        """The readings of a batch; rows that cannot be read are refused."""
        converted = [
            convert(array, name, column, self.nano and name == "value")
            for array, (name, column) in zip(
                batch.columns, self.layout.columns.items(), strict=True
            )
        ]
        bad = np.zeros(batch.num_rows, bool)
        for column in converted:
            bad |= column.bad
        for place in np.flatnonzero(bad).tolist():
            self._refuse(batch, converted, place, first_row + place, refusals)
        good = np.flatnonzero(~bad)
        table = pa.table([c.column for c in converted], list(self.layout.columns))
        if len(good) < batch.num_rows:
            table = table.take(pa.array(good))

        def original(place: int) -> bytes:
            return self._line(batch, int(good[place]))

        rows = TableRows(good + first_row, original, self.layout.time_field, self.context.limits)
        found = assemble(self.layout.parts(table, self.context.device), rows, refusals)
        return replace(found, refused=())

    def _refuse(
        self,
        batch: pa.RecordBatch,
        converted: Sequence[Converted],
        place: int,
        row: int,
        refusals: Refusals,
    ) -> None:
        for name, column in zip(self.layout.columns, converted, strict=True):
            if column.bad[place]:
                verdict, reason = column.why(place)
                line = self._line(batch, place)
                refusals.refuse(row, verdict, name, reason, line)
                return

    def _line(self, batch: pa.RecordBatch, place: int) -> bytes:
        """A row as the line that ``json.py`` reads: it can be decoded again; a null stays null."""
        fields: dict[str, Any] = {}
        for name, array in zip(self.layout.columns, batch.columns, strict=True):
            fields[name] = _json_of(array[place], self.nano and name == "value")
        if self.layout.needs_device:
            fields["device"] = self.context.device
        return msgspec.json.encode(fields)


def _json_of(cell: pa.Scalar, nano: bool) -> object:
    """A cell as JSON has it: times as text, numbers as they are, anything else as text."""
    if pa.types.is_timestamp(cell.type):
        return _time_text(cell)
    value = cell.as_py()
    if nano and isinstance(value, int):
        return msgspec.Raw(from_nano(value).encode())
    if isinstance(value, Decimal):
        return msgspec.Raw(f"{value:f}".encode())
    if value is None or isinstance(value, str | int | float):
        return value
    return str(value)


def _time_text(cell: pa.Scalar) -> str | None:
    value = cell.value
    if value is None:
        return None
    ms = (
        value * 1_000
        if cell.type.unit == "s"
        else value // {"ms": 1, "us": 10**3}.get(cell.type.unit, 10**6)
    )
    with suppress(ValueError, OverflowError):
        when = datetime.fromtimestamp(ms // 1_000, UTC)
        return f"{when:%Y-%m-%dT%H:%M:%S}.{ms % 1_000:03d}Z"
    return f"{ms} ms from 1970"
