"""Delimited text to readings: a block at once where it is sound, bad lines picked out where not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from energyguard.model.fixed import from_nano, to_nano
from energyguard.model.readings import SCHEMA, Verdict, batch_of
from energyguard.wire import Decoded, Refused
from energyguard.wire.checks import Fault, check_part
from energyguard.wire.columns import (
    DEVICE,
    LONG_NUMBER,
    LONGEST_DEVICE,
    MAY_BE_EMPTY,
    MAYBE_NUMBER,
    NAME,
    NOT_FINITE,
    NUMBER,
    SEQUENCE,
    Ints,
    Layout,
    sixty_fourth,
)
from energyguard.wire.limits import Plausible

Bools = npt.NDArray[np.bool_]
_CONTROLS = bytes(set(range(32)) - set(b"\r\n"))
_NUMBERS = (NUMBER, MAYBE_NUMBER)
_PADDED = (b", ", b" ,", b" \n", b"\n ", b" \r")


BEYOND = "is beyond all finite readings"


EMPTY = Decoded(pa.RecordBatch.from_pylist([], SCHEMA), np.empty(0, np.int64), ())


def decode_lines(
    data: bytes, layout: Layout, limits: Plausible, device: str = "", first_row: int = 1
) -> Decoded:
    """Read lines without a header. Never raises for what stands in them.

    Args:
        data: lines; the last one may lack its line end.
        layout: what the columns are.
        limits: what is plausible.
        device: the device, where no column names it.
        first_row: the number of the first line in the whole input.
    """
    sound = decode_sound(data, layout, limits, device, first_row)
    return _carefully(data, layout, limits, device, first_row) if sound is None else sound


def decode_sound(
    data: bytes, layout: Layout, limits: Plausible, device: str = "", first_row: int = 1
) -> Decoded | None:
    """The same, at once; None where some line may not be sound."""
    table = None if _doubtful_bytes(data) else _table(data, layout)
    if table is None or _doubtful_columns(table, layout):
        return None
    ends = data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
    if ends == table.num_rows:
        rows = np.arange(first_row, first_row + table.num_rows)
    else:
        lines = enumerate(data.split(b"\n"), first_row)
        rows = np.array([row for row, line in lines if line.strip()], np.int64)
        if len(rows) != table.num_rows:
            return None
    return _readings(table, rows, data, layout, limits, device, first_row)


def _doubtful_bytes(data: bytes) -> bool:
    """Whether Arrow may take what the patterns of columns refuse: controls, padding, 0x1F."""
    return (
        b"0x" in data
        or b"0X" in data
        or len(data.translate(None, _CONTROLS)) != len(data)
        or data.count(b"\r") != data.count(b"\r\n")
        or (b" " in data and any(padding in b"\n%b\n" % data for padding in _PADDED))
    )


def _doubtful_columns(table: pa.Table, layout: Layout) -> bool:
    """Whether a name is empty or too long, or a field is empty that must not be."""
    for (_, column), values in zip(layout.columns.items(), table.columns, strict=True):
        if values.null_count and column not in MAY_BE_EMPTY:
            return True
        if column.among is not None and not pc.all(pc.is_in(values, column.among)).as_py():
            return True
        if column is SEQUENCE and (pc.min(values).as_py() or 0) < 0:
            return True
        if column in (DEVICE, NAME) and len(values):
            span = pc.min_max(pc.utf8_length(values)).as_py()
            if span["max"] > LONGEST_DEVICE or (column is DEVICE and span["min"] < 1):
                return True
    return False


def _table(data: bytes, layout: Layout) -> pa.Table | None:
    """A table of all lines, or None where some line is not sound."""
    if not data.strip():
        return pa.table({name: pa.array([], c.type) for name, c in layout.columns.items()})
    if b'"' in data or b"\x00" in data:
        return None
    may_be_empty = any(column in MAY_BE_EMPTY for column in layout.columns.values())
    try:
        return arrow_csv.read_csv(
            pa.BufferReader(data),
            read_options=arrow_csv.ReadOptions(
                column_names=list(layout.columns), use_threads=False, block_size=len(data) + 1
            ),
            parse_options=arrow_csv.ParseOptions(quote_char=False),
            convert_options=arrow_csv.ConvertOptions(
                column_types={name: c.type for name, c in layout.columns.items()},
                timestamp_parsers=[arrow_csv.ISO8601],
                null_values=[""] if may_be_empty else [],
                strings_can_be_null=False,
            ),
        )
    except (pa.ArrowException, OSError):
        return None


def _carefully(
    data: bytes, layout: Layout, limits: Plausible, device: str, first_row: int
) -> Decoded:
    """The same, where some lines are bad: each of them is refused with its reason."""
    fields = ",".join(f"({c.pattern})" for c in layout.columns.values())
    sound = re.compile(fields)
    good: list[bytes] = []
    good_rows: list[int] = []
    refused: list[Refused] = []
    for row, original in enumerate(data.split(b"\n"), first_row):
        line = original.removesuffix(b"\r")
        if not line.strip():
            continue
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            refused.append(_bad(row, "row", f"not UTF-8 at byte {error.start}", original))
            continue
        if sound.fullmatch(text) is None:
            repaired = _with_short_numbers(text, layout)
            if repaired is None or sound.fullmatch(repaired) is None:
                field, reason = _explain(text, layout)
                verdict = (
                    Verdict.OUT_OF_RANGE
                    if reason.startswith(f"{field} {BEYOND}")
                    else Verdict.MALFORMED
                )
                refused.append(Refused(row, verdict, field, reason, original))
                continue
            line = repaired.encode()
        good.append(line)
        good_rows.append(row)
    table, rows, worse = _sound_table(good, good_rows, layout)
    refused += worse
    where = np.array(rows, np.int64)
    decoded = _readings(table, where, data, layout, limits, device, first_row)
    bad = sorted((*refused, *decoded.refused), key=lambda r: r.row)
    return Decoded(decoded.batch, decoded.rows, tuple(bad))


def _sound_table(
    lines: Sequence[bytes], rows: Sequence[int], layout: Layout
) -> tuple[pa.Table, list[int], list[Refused]]:
    """A table of lines that look sound; one with, say, a month 13 is found by halving."""
    table = _table(b"\n".join(lines), layout)
    if table is not None and table.num_rows == len(lines):
        return table, list(rows), []
    if len(lines) == 1:
        field, reason = _explain(lines[0].decode(), layout, deep=True)
        return _table(b"", layout), [], [_bad(rows[0], field, reason, lines[0])]
    half = len(lines) // 2
    left, left_rows, left_bad = _sound_table(lines[:half], rows[:half], layout)
    right, right_rows, right_bad = _sound_table(lines[half:], rows[half:], layout)
    return pa.concat_tables([left, right]), left_rows + right_rows, left_bad + right_bad


def _with_short_numbers(text: str, layout: Layout) -> str | None:
    """The line with its numbers rounded to nine places; None where that is not what is wrong."""
    fields = text.split(",")
    if len(fields) != len(layout.columns):
        return None
    for i, column in enumerate(layout.columns.values()):
        if column in _NUMBERS and LONG_NUMBER.fullmatch(fields[i]):
            try:
                fields[i] = from_nano(to_nano(Decimal(fields[i])))
            except (ValueError, InvalidOperation):
                return None
    return ",".join(fields)


def _explain(text: str, layout: Layout, deep: bool = False) -> tuple[str, str]:
    """The field at fault in a bad line, and the reason."""
    fields = text.split(",")
    if len(fields) != len(layout.columns):
        wanted = ",".join(layout.columns)
        return "row", f"{len(fields)} columns instead of {len(layout.columns)} ({wanted})"
    for field, (name, column) in zip(fields, layout.columns.items(), strict=True):
        sound = re.fullmatch(column.pattern, field) is not None
        if sound and deep:
            sound = _converts(field, column.type)
        if not sound:
            if not field:
                return name, f"{name} is empty"
            if column in _NUMBERS and (NOT_FINITE.fullmatch(field) or LONG_NUMBER.fullmatch(field)):
                return name, f"{name} {BEYOND}: {sixty_fourth(field)}"
            return name, f"{name} is not {column.wanted}: {sixty_fourth(field)}"
    return "row", "the line cannot be read"


def _converts(field: str, kind: pa.DataType) -> bool:
    try:
        pa.array([field]).cast(kind)
    except pa.ArrowException:
        return False
    return True


def _bad(row: int, field: str, reason: str, original: bytes) -> Refused:
    return Refused(row, Verdict.MALFORMED, field, reason, original)


def _readings(
    table: pa.Table,
    rows: Ints,
    data: bytes,
    layout: Layout,
    limits: Plausible,
    device: str,
    first_row: int,
) -> Decoded:
    """Readings of a sound table; what is out of range is refused with its line."""
    batches: list[pa.RecordBatch] = []
    numbers: list[Ints] = []
    refused: list[Refused] = []
    parts = layout.parts(table, device)
    checks = [check_part(part, layout.time_field, limits) for part in parts]
    good = np.ones(len(rows), bool)  # one bad value refuses its row
    first: dict[int, Fault] = {}
    for part, (bad, faults) in zip(reversed(parts), reversed(checks), strict=True):
        good[part.place] &= ~bad
        first |= {part.rows_at(fault.place): fault for fault in faults}
    lines = data.split(b"\n") if first else []
    for place in sorted(first):
        _, verdict, field, reason = first[place]
        row = int(rows[place])
        original = lines[row - first_row].removesuffix(b"\r")
        refused.append(Refused(row, verdict, field, reason, original))
    for part in parts:
        batch = batch_of(part.device, part.channel, part.time, part.value, part.sequence)
        mine, taken = rows[part.place], good[part.place]
        batches.append(batch if taken.all() else batch.filter(pa.array(taken)))
        numbers.append(mine if taken.all() else mine[taken])
    return merge(batches, numbers, refused)


def merge(
    batches: Sequence[pa.RecordBatch], numbers: Sequence[Ints], refused: Sequence[Refused]
) -> Decoded:
    """Parts of the same lines together, in the order of the lines."""
    if len(batches) == 1:
        return Decoded(batches[0], numbers[0], tuple(refused))
    rows = np.concatenate(numbers)
    order = np.argsort(rows, kind="stable")
    table = pa.Table.from_batches(batches, SCHEMA).combine_chunks()
    batch = table.to_batches()[0] if table.num_rows else EMPTY.batch
    return Decoded(batch.take(pa.array(order)), rows[order], tuple(refused))
