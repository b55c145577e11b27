"""In which format a message or a file is, and how it is decoded."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from energyguard.codecs import Decoded
from energyguard.codecs.arrow.batches import written
from energyguard.codecs.assembly import DEFAULT, EMPTY, PlausibilityLimits
from energyguard.codecs.columns import ColumnLayout
from energyguard.codecs.context import DecodeContext
from energyguard.codecs.dialect import Decode
from energyguard.codecs.headers import BOM, HOUSEHOLD, known, layout_of, unknown
from energyguard.codecs.refusals import ANY_SHAPE, MAX_REFUSED, refused_whole
from energyguard.codecs.text import csv
from energyguard.codecs.text.delimited import TextDecoder
from energyguard.codecs.text.header_lines import (
    header_of,
    holds_values,
    is_title,
    separated_otherwise,
)
from energyguard.codecs.text.json import decode_json, encode_json
from energyguard.errors import NotFound

HEAD_BYTES = 65_536
"""How much of an input tells its format."""
_IMPORT = "`energyguard import readings FILE` takes it"
_OTHERS = {
    b"\x1f\x8b": "is gzipped: send it unpacked (files may be gzipped)",
    b"PK\x03\x04": f"is a zip archive or a workbook: {_IMPORT}",
    b"\xff\xfe": f"is text in UTF-16: {_IMPORT}",
    b"\xfe\xff": f"is text in UTF-16: {_IMPORT}",
    b"\x28\xb5\x2f\xfd": "is compressed with zstd: send it unpacked",
}


@dataclass(frozen=True, slots=True)
class PayloadFormat:
    """How bytes are read: ``header_lines`` of the first block are title and header.

    ``reason`` says why all of them are refused, where they are of no format.
    """

    name: str
    decode: Decode
    header_lines: int = 0
    needs_device: bool = False
    device: str = field(default="")  # whose lines they are, where a dead letter says so
    whole: bool = False  # it has no lines, so it is decoded at once
    options: str = ""  # what the sender said beside the bytes
    reason: str = ""


def _refusing(reason: str) -> PayloadFormat:
    """Bytes of no format: refused together."""

    def decode(data: bytes, context: DecodeContext) -> Decoded:
        refused = refused_whole(data, context.first_row, "row", f"the input {reason}", 1)
        return replace(EMPTY, refused=(refused,))

    return PayloadFormat("csv", decode, reason=reason)


_JSON = PayloadFormat("json", decode_json)


def sniff(head: bytes, name: str | None = None, headed: bool = True) -> PayloadFormat:
    """The format of what begins so; its codec remembers what a header said.

    Args:
        head: the first bytes, without a byte order mark.
        name: forces a dialect; ``csv:HEADER``, ``influx:ms`` and ``household@DEVICE`` are those
            of dead letters.
        headed: whether a header may be among the lines.

    Raises:
        NotFound: there is no shape of that name.
    """
    name, _, device = (name or ANY_SHAPE).partition("@")
    base, _, columns = name.partition(":")
    if base not in (*known().names, ANY_SHAPE):
        raise NotFound(f"no shape {name!r}; there are: {', '.join(known().names)}")
    dialect = known().of_bytes(head) if base == ANY_SHAPE else known().named(base)
    if dialect is not None and dialect.decode is not None:
        return PayloadFormat(
            dialect.name, dialect.decode, device=device, whole=True, options=columns
        )
    if headed and base in (ANY_SHAPE, "csv"):
        for beginning, reason in _OTHERS.items():
            if head.startswith(beginning):
                return _refusing(reason)
    if base == "json" or (base == ANY_SHAPE and head.lstrip()[:1] in (b"{", b"[")):
        return replace(_JSON, device=device)
    if columns:
        layout = layout_of(tuple(columns.split(",")))
        if layout is None:
            raise NotFound(f"no shape {name!r}: its header is not known")
        return _of_lines(layout, TextDecoder(layout, headed=False), 0, device)
    return replace(_text(head, base, headed), device=device)


def _text(head: bytes, base: str, headed: bool) -> PayloadFormat:
    """The shape of lines: as their header says, else as they are forced, else as they look."""
    lines = [line.rstrip(b"\r") for line in head.split(b"\n", 2)[:2]]
    titled = headed and is_title(lines[0])
    first = lines[-1] if titled else lines[0]
    names = header_of(first) if headed else None
    if headed and names is None and not holds_values(first):
        below = header_of(lines[-1])  # as of a title that nobody knows
        names = below if below and layout_of(below) is None else None
    separator = separated_otherwise(first) if headed else ""
    if separator:
        reason = (
            f"separates its columns by {separator}, perhaps with a comma in its numbers: {_IMPORT}"
        )
        return _refusing(reason)
    if names is not None:
        layout = layout_of(names)
        if layout is None:
            why = unknown(names)
            codec = TextDecoder(None, why, first)
            return PayloadFormat("csv", codec.decode, 1 + titled, reason=why)
        return _of_lines(layout, TextDecoder(layout), 1 + titled)
    if base == ANY_SHAPE:
        bare = known().of_columns(first.count(b",") + 1)
    else:
        dialect = known().named(base)
        bare = None if dialect is None else dialect.layout
    layout = bare or HOUSEHOLD
    return _of_lines(layout, TextDecoder(layout, headed=headed), int(titled))


def _of_lines(
    layout: ColumnLayout, codec: TextDecoder, header_lines: int, device: str = ""
) -> PayloadFormat:
    return PayloadFormat(layout.shape, codec.decode, header_lines, layout.needs_device, device)


def decode(
    data: bytes,
    shape: str | None = None,
    limits: PlausibilityLimits = DEFAULT,
    *,
    device: str = "",
    first_row: int = 1,
    headed: bool = True,
    single: int | None = MAX_REFUSED,
    now_ms: int = 0,
    mappings: tuple[Path, ...] = (),
) -> tuple[str, Decoded]:
    """Read bytes of a shape, or of whichever they are. Bad rows come back, with reasons.

    Args:
        data: all of the input.
        shape: its name; None: found out.
        limits: what is plausible.
        device: the device, where no column names it.
        first_row: the number of the first row.
        headed: whether a header may be among the lines.
        single: how many refused rows come back one by one, the rest as one; None: all.
        now_ms: when they came, for values without a time.
        mappings: files that say what names of senders mean.

    Raises:
        NotFound: there is no shape of that name.
    """
    text = plain(data) if headed else data
    found = sniff(text[:HEAD_BYTES], shape, headed)
    body = data if found.whole else text
    for _ in range(found.header_lines):
        body = body.partition(b"\n")[2]
    row = first_row + found.header_lines
    context = DecodeContext(
        limits, found.device or device, row, single, found.options, now_ms, mappings
    )
    return found.name, found.decode(body, context)


def shape_of(data: bytes, shape: str | None) -> PayloadFormat:
    """The shape that all of an input has.

    Raises:
        NotFound: there is no shape of that name.
    """
    return sniff(plain(data[:HEAD_BYTES]), shape)


def plain(data: bytes) -> bytes:
    """Text without its byte order mark, and with line feeds where it has only returns."""
    data = data.removeprefix(BOM)
    if b"\r" in data[:HEAD_BYTES] and b"\n" not in data and not known().of_bytes(data):
        return data.replace(b"\r", b"\n")
    return data


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
        return written(batch)
    raise NotFound(f"readings are written as csv, json or arrow, not {shape!r}")
