"""Lines of fields between commas: the part that all CSV shapes share."""

from __future__ import annotations

import csv as python_csv
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from energyguard.wire.fields import LONGEST_DEVICE, BadField

TIME = pa.timestamp("ms", tz="UTC")
DECIMAL = pa.decimal128(27, 9)
_PLAIN = arrow_csv.ParseOptions(quote_char=False)


def read_table(data: bytes, columns: Mapping[str, pa.DataType]) -> pa.RecordBatch | None:
    """All lines as columns of these types; None: some line is blank, quoted or not in order."""
    if not data or b'"' in data or not _only_line_ends(data):
        return None
    try:
        table = arrow_csv.read_csv(
            pa.py_buffer(data),
            read_options=arrow_csv.ReadOptions(
                column_names=list(columns), use_threads=False, block_size=len(data) + 1
            ),
            parse_options=_PLAIN,
            convert_options=arrow_csv.ConvertOptions(
                column_types=columns, null_values=[], strings_can_be_null=False
            ),
        )
    except (pa.ArrowException, OSError, ValueError):
        return None
    batches = table.to_batches()
    return batches[0] if len(batches) == 1 else None


def _only_line_ends(data: bytes) -> bool:
    """No control character but those of line ends (Arrow takes a lone ``\\r`` for one)."""
    returns = data.count(b"\r")
    if returns and returns != data.count(b"\r\n") + data.endswith(b"\r"):
        return False
    octets = np.frombuffer(data, np.uint8)
    return bool(
        np.count_nonzero(octets < 32) == returns + data.count(b"\n") and b"\x7f" not in data
    )


def nano_of(decimals: Any) -> npt.NDArray[np.int64] | None:
    """The int64 of an Arrow decimal of nine places; None: one of them does not fit."""
    words = np.frombuffer(decimals.buffers()[1], np.int64)
    words = words[2 * decimals.offset :][: 2 * len(decimals)]
    low, high = words[0::2], words[1::2]
    return np.ascontiguousarray(low) if np.array_equal(high, low >> 63) else None


def names_of(column: Any, data: bytes) -> Any | None:
    """A column of names, trimmed; None: one of them is empty or too long."""
    if b" " in data or not data.isascii():
        column = pc.utf8_trim_whitespace(column)
    lengths = pc.min_max(pc.utf8_length(column)).as_py()
    return column if lengths["min"] > 0 and lengths["max"] <= LONGEST_DEVICE else None


def split_fields(line: str, columns: Sequence[str]) -> dict[str, str]:
    """The fields of one line by name; a field may be quoted."""
    fields = line.split(",")
    if '"' in line:
        try:
            fields = next(python_csv.reader([line], strict=True))
        except (python_csv.Error, StopIteration) as error:
            raise BadField("row", f"has a quote that does not close: {error}") from error
    if len(fields) != len(columns):
        raise BadField("row", f"has {len(fields)} fields, not {len(columns)} ({','.join(columns)})")
    return dict(zip(columns, fields, strict=True))
