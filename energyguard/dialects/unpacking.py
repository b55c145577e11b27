"""Packed bodies: gzip, zstd and snappy, each to a bounded size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import pyarrow as pa

from energyguard.errors import Malformed


def unpacked_body(data: bytes, encoding: str, limit: int, too_large: Exception) -> bytes:
    """A body as it was before it was packed.

    Args:
        data: as it came.
        encoding: the header ``Content-Encoding``; empty: it is not packed.
        limit: how many bytes it may become.
        too_large: what is raised beyond that.

    Raises:
        Malformed: it is damaged, or packed in another way.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return data
    unpack = UNPACK.get(encoding)
    if unpack is None:
        known = ", ".join(UNPACK)
        raise Malformed(f"Content-Encoding {encoding[:32]!r} is not known: {known}", "body")
    try:
        found = unpack(data, limit)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Malformed(f"the {encoding} body is damaged: {error}", "body") from error
    if found is None:
        raise too_large
    return found


def _streamed(codec: str) -> Callable[[bytes, int], bytes | None]:
    def unpack(data: bytes, limit: int) -> bytes | None:
        with pa.CompressedInputStream(pa.BufferReader(data), codec) as stream:
            found: bytes = stream.read(limit + 1)
        return found if len(found) <= limit else None

    return unpack


def _snappy(data: bytes, limit: int) -> bytes | None:
    """A block of snappy, which begins with the size that it unpacks to."""
    size, shift = 0, 0
    for byte in data[:5]:
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    if size > limit:
        return None
    found: bytes = pa.decompress(data, decompressed_size=size, codec="snappy", asbytes=True)
    return found


UNPACK: Final[Mapping[str, Callable[[bytes, int], bytes | None]]] = {
    "gzip": _streamed("gzip"),
    "x-gzip": _streamed("gzip"),
    "zstd": _streamed("zstd"),
    "snappy": _snappy,
}
"""The encodings that bodies may have."""
