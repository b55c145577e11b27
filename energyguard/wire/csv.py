"""System C's CSV, ``timestamp,household_id,energy_kwh``, and the same for any channel.

    2025-09-06T17:54:02Z,H001,0.05251

A header line is optional; with ``timestamp,device,channel,value`` (and ``,sequence``) the lines
may be of any device and channel.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from energyguard.model.fixed import NANO
from energyguard.wire import Decoded
from energyguard.wire.columns import (
    DEVICE,
    ISO_TIME,
    NAME,
    NUMBER,
    SEQUENCE,
    Layout,
    Part,
    milliseconds,
    nanos,
    strings,
)
from energyguard.wire.delimited import decode_lines
from energyguard.wire.limits import DEFAULT, Plausible


def _household(table: pa.Table, _: str) -> list[Part]:
    time, device, value = table.columns
    return [Part("energy_kwh", strings(device), "energy_kwh", milliseconds(time), nanos(value))]


def _any(table: pa.Table, _: str) -> list[Part]:
    time, device, channel, value, *more = table.columns
    sequence = more[0].combine_chunks() if more else None
    return [
        Part("value", strings(device), strings(channel), milliseconds(time), nanos(value), sequence)
    ]


HOUSEHOLD = Layout(
    "csv", {"timestamp": ISO_TIME, "household_id": DEVICE, "energy_kwh": NUMBER}, _household
)
ANY = Layout(
    "csv", {"timestamp": ISO_TIME, "device": DEVICE, "channel": NAME, "value": NUMBER}, _any
)
NUMBERED = Layout("csv", {**ANY.columns, "sequence": SEQUENCE}, _any)

LAYOUTS = {",".join(layout.columns): layout for layout in (HOUSEHOLD, ANY, NUMBERED)}


def decode(
    data: bytes, limits: Plausible = DEFAULT, *, layout: Layout = HOUSEHOLD, first_row: int = 1
) -> Decoded:
    """Read lines of a layout, without a header."""
    return decode_lines(data, layout, limits, first_row=first_row)


def encode(batch: pa.RecordBatch, places: int | None = None) -> bytes:
    """Write lines: system C's where all readings are ``energy_kwh``, else of any channel.

    Args:
        batch: readings.
        places: how many decimals; None: as many as there are, at most nine.
    """
    if not batch.num_rows:
        return b""
    time = pc.strftime(
        batch.column("time").cast(pa.timestamp("s"), safe=False), format="%Y-%m-%dT%H:%M:%S"
    )
    ms = pc.subtract(
        batch.column("time").cast(pa.int64()),
        pc.multiply(pc.divide(batch.column("time").cast(pa.int64()), 1000), 1000),
    )
    if pc.max(ms).as_py():
        tail = pc.binary_join_element_wise(".", pc.utf8_lpad(ms.cast(pa.string()), 3, "0"), "")
        time = pc.binary_join_element_wise(time, tail, "")
    value = decimals(batch.column("value"), places)
    channel = batch.column("channel")
    columns = [time, pa.scalar("Z,"), batch.column("device"), pa.scalar(",")]
    if not pc.all(pc.equal(channel, "energy_kwh")).as_py():
        columns += [channel, pa.scalar(",")]
    lines = pc.binary_join_element_wise(*columns, value, pa.scalar("\n"), "")
    return b"".join(_bytes_of(chunk) for chunk in _chunks(lines))


def decimals(value: pa.Array, places: int | None) -> pa.Array:
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


def _chunks(lines: pa.Array | pa.ChunkedArray) -> list[pa.Array]:
    return lines.chunks if isinstance(lines, pa.ChunkedArray) else [lines]


def _bytes_of(lines: pa.Array) -> bytes:
    """The text of an array of strings, one after the other."""
    if not len(lines):
        return b""
    first, last = lines.offset, lines.offset + len(lines)
    offsets = pa.Array.from_buffers(pa.int32(), last + 1, [None, lines.buffers()[1]])
    start, stop = offsets[first].as_py(), offsets[last].as_py()
    return bytes(lines.buffers()[2].slice(start, stop - start).to_pybytes())


__all__ = ["ANY", "HOUSEHOLD", "LAYOUTS", "NUMBERED", "decimals", "decode", "encode"]
