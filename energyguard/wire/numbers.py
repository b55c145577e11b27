"""Columns of times and fixed-point values written as text, all at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.model.fixed import NANO


def spell_nano(column: Any) -> Any:
    """Values in 1e-9 as the shortest decimals, as ``fixed.from_nano`` writes one."""
    value = np.asarray(column, np.int64)
    size = np.abs(value).view(np.uint64)
    whole = pa.array(size // NANO).cast(pa.string())
    part = pc.utf8_lpad(pa.array(size % NANO).cast(pa.string()), 9, "0")
    text = pc.binary_join_element_wise(whole, pc.utf8_rtrim(part, "0"), ".")
    sign = pc.if_else(pa.array(value < 0), "-", "")
    return pc.binary_join_element_wise(sign, pc.utf8_rtrim(text, "."), "")


def spell_time(column: Any) -> Any:
    """Times as ``2025-09-06T17:54:02Z``, with milliseconds where one has them."""
    codes = column.dictionary_encode()
    ms = np.asarray(codes.dictionary.cast(pa.int64()), np.int64)
    unit = "ms" if (ms % 1000).any() else "s"
    text = np.datetime_as_string(ms.astype("datetime64[ms]").astype(f"datetime64[{unit}]"))
    named = pc.binary_join_element_wise(pa.array(text.tolist(), pa.string()), "Z", "")
    return named.take(codes.indices)
