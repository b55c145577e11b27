"""Which shape a message or a file has, and the codec of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from energyguard.errors import NotFound
from energyguard.wire import Decoded, appliance, csv, household
from energyguard.wire.arrow import decode_arrow
from energyguard.wire.columns import Layout
from energyguard.wire.delimited import decode_lines
from energyguard.wire.json import decode_json, encode_json
from energyguard.wire.limits import DEFAULT, Plausible

HEADERS: Mapping[bytes, Layout] = {
    **{header.encode(): layout for header, layout in csv.LAYOUTS.items()},
    ",".join(household.LAYOUT.columns).encode(): household.LAYOUT,
    ",".join(appliance.LAYOUT.columns).encode(): appliance.LAYOUT,
}
TITLES = (b"household",)
_LAYOUTS = {"csv": csv.HOUSEHOLD, "household": household.LAYOUT, "appliance": appliance.LAYOUT}


@dataclass(frozen=True, slots=True)
class Shape:
    """How bytes are read: ``header_lines`` of the first block are title and header."""

    name: str
    decode: Callable[[bytes, Plausible, str, int], Decoded]
    header_lines: int = 0


def _of_lines(layout: Layout, header_lines: int = 0) -> Shape:
    def decode(data: bytes, limits: Plausible, device: str, first_row: int) -> Decoded:
        return decode_lines(data, layout, limits, device, first_row)

    return Shape(layout.shape, decode, header_lines)


_JSON = Shape("json", lambda data, limits, _, row: decode_json(data, limits, row))
_ARROW = Shape("arrow", lambda data, limits, _, row: decode_arrow(data, limits, row))
SHAPES = ("csv", "json", "household", "appliance", "arrow")


def sniff(head: bytes, name: str | None = None) -> Shape:
    """The shape of what begins so; ``name`` forces one.

    Raises:
        NotFound: there is no shape of that name.
    """
    if name is not None and name not in SHAPES:
        raise NotFound(f"no shape {name!r}; there are: {', '.join(SHAPES)}")
    if name == "arrow" or (name is None and head[:4] == b"\xff\xff\xff\xff"):
        return _ARROW
    if name == "json" or (name is None and head.lstrip()[:1] in (b"{", b"[")):
        return _JSON
    lines = [line.rstrip(b"\r").lower() for line in head.split(b"\n", 2)[:2]]
    for skip, line in enumerate(lines):
        layout = HEADERS.get(line)
        if layout is not None and (skip == 0 or lines[0] in TITLES):
            return _of_lines(layout, skip + 1)
    layout = _LAYOUTS[name or "csv"]
    if name is None and lines and lines[0].count(b",") == len(household.LAYOUT.columns) - 1:
        layout = household.LAYOUT
    return _of_lines(layout, int(lines[0] in TITLES))


def decode(
    data: bytes,
    shape: str | None = None,
    limits: Plausible = DEFAULT,
    *,
    device: str = "",
    first_row: int = 1,
) -> tuple[str, Decoded]:
    """Read bytes of a shape, or of whichever they are. Bad rows come back, with reasons.

    Raises:
        NotFound: there is no shape of that name.
    """
    found = sniff(data[:4096], shape)
    body = data
    for _ in range(found.header_lines):
        body = body.partition(b"\n")[2]
    return found.name, found.decode(body, limits, device, first_row + found.header_lines)


def encode(batch: pa.RecordBatch, shape: str) -> bytes:
    """Write readings as ``csv`` (without a header), ``json`` (lines) or ``arrow``.

    Raises:
        NotFound: nothing is written in that shape.
    """
    if shape == "csv":
        return csv.encode(batch)
    if shape == "json":
        return encode_json(batch)
    if shape == "arrow":
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        return bytes(sink.getvalue().to_pybytes())
    raise NotFound(f"readings are written as csv, json or arrow, not {shape!r}")
