"""What Arrow would take, or be hurt by, and the patterns of columns refuse."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs.columns import (
    DEVICE,
    LARGEST_WHOLE,
    MAX_DEVICE,
    MAY_BE_EMPTY,
    NAME,
    WHOLE,
    ColumnLayout,
)

_LARGE_EXPONENT = re.compile(rb"[eE][+-]?\d{3,}")


def large_exponent(data: bytes) -> bool:
    """Whether a number may have an exponent of three digits or more: one of nine ends the process.

    Such a thing within a word is none.
    """
    if b"e" not in data and b"E" not in data:
        return False
    codes = np.frombuffer(data, np.uint8)
    places = np.flatnonzero(((codes[1:-1] | 32) == ord("e")) & (codes[:-2] <= ord("9"))) + 1
    for place in places[codes[places + 1] <= ord("9")].tolist():
        before = data[max(0, place - 64) : place].rstrip(b"0123456789.+-")[-1:]
        if _LARGE_EXPONENT.match(data, place) and not (before.isalnum() or before >= b"\x80"):
            return True
    return False


def doubtful_columns(table: pa.Table, layout: ColumnLayout) -> bool:
    """Whether a name is empty, too long or padded, or a field is empty that must not be."""
    for (_, column), values in zip(layout.columns.items(), table.columns, strict=True):
        if values.null_count and column not in MAY_BE_EMPTY:
            return True
        if column.among is not None and not pc.all(pc.is_in(values, column.among)).as_py():
            return True
        if column in WHOLE and len(values):
            span = pc.min_max(values).as_py()
            if max(span["max"] or 0, -(span["min"] or 0)) > LARGEST_WHOLE:
                return True
        if column in (DEVICE, NAME) and len(values):
            span = pc.min_max(pc.utf8_length(values)).as_py()
            if span["max"] > MAX_DEVICE or (column is DEVICE and span["min"] < 1):
                return True
    return False
