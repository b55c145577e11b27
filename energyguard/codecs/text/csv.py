"""System C's CSV, ``timestamp,household_id,energy_kwh``, and the same for any channel.

    2025-09-06T17:54:02Z,H001,0.05251

A header line is optional; with one, ``timestamp,device,channel,value`` (and ``,sequence``) or any
other that ``headers.py`` knows, the lines may be of any device and channel.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs.dialect import Dialect
from energyguard.model.quantities import NANO

DIALECT = Dialect(name="csv", example=b"2025-09-06T17:54:02Z,H001,0.05251\n")


def encode(batch: pa.RecordBatch, places: int | None = None) -> bytes:
    """Write lines: system C's where all readings are ``energy_kwh``, else of any channel.

    Args:
        batch: readings.
        places: how many decimals; None: as many as there are, at most nine.
    """
    if not batch.num_rows:
        return b""
    time = iso_times(batch.column("time"))
    value = decimals(batch.column("value"), places)
    channel = batch.column("channel")
    columns = [time, pa.scalar(","), batch.column("device"), pa.scalar(",")]
    if not pc.all(pc.equal(channel, "energy_kwh")).as_py():
        columns += [channel, pa.scalar(",")]
    return strings_of(pc.binary_join_element_wise(*columns, value, ""), "\n")


def iso_times(time: pa.Array) -> pa.Array:
    """Times as text, in UTC; with three decimals for all where one of them is within a second."""
    seconds = pc.floor_temporal(time, unit="second")
    text = pc.strftime(seconds.cast(pa.timestamp("s")), format="%Y-%m-%dT%H:%M:%S")
    ms = pc.subtract(time.cast(pa.int64()), seconds.cast(pa.int64()))
    if pc.max(ms).as_py():
        tail = pc.utf8_lpad(ms.cast(pa.string()), 3, "0")
        text = pc.binary_join_element_wise(text, tail, ".")
    return pc.binary_join_element_wise(text, "Z", "")


def decimals(value: pa.Array, places: int | None = None) -> pa.Array:
    """Numbers in 1e-9 as text: with so many decimals, or without trailing zeros."""
    magnitude = pc.abs(value)
    whole = pc.divide(magnitude, NANO)
    part = pc.subtract(magnitude, pc.multiply(whole, NANO))
    digits = pc.utf8_lpad(part.cast(pa.string()), 9, "0")
    if places is None:
        digits = pc.utf8_rtrim(digits, "0")
    else:
        digits = pc.utf8_slice_codeunits(digits, 0, places)
    sign = pc.if_else(pc.less(value, 0), "-", "")
    text = pc.binary_join_element_wise(sign, whole.cast(pa.string()), ".", digits, "")
    return pc.utf8_rtrim(text, ".")


def strings_of(texts: pa.Array, end: str = "") -> bytes:
    """An array of strings as bytes, one after the other, each with an end."""
    if not len(texts):
        return b""
    borders = pa.array([0, len(texts)], pa.int32())
    whole = pc.binary_join(pa.ListArray.from_arrays(borders, texts), end)
    return bytes(whole[0].as_buffer()) + end.encode()
