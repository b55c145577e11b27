"""Files, gzipped files and standard input, block by block, cut at line ends."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from energyguard.errors import NotFound
from energyguard.model.readings import Verdict
from energyguard.wire import Decoded, Refused
from energyguard.wire.delimited import EMPTY
from energyguard.wire.limits import DEFAULT, Plausible
from energyguard.wire.shapes import sniff

BLOCK_BYTES = 8 << 20
_GZIP = b"\x1f\x8b"


def read_blocks(
    path: Path | str,
    shape: str | None = None,
    limits: Plausible = DEFAULT,
    *,
    block_bytes: int = BLOCK_BYTES,
    on_bytes: Callable[[int], None] | None = None,
) -> Iterator[tuple[str, Decoded]]:
    """Read a file (``-``: standard input): for each block its shape and its readings.

    Args:
        path: a plain or gzipped file; its name without endings is the device where no column is.
        shape: one of ``shapes.SHAPES``; None: whichever it is.
        limits: what is plausible.
        block_bytes: how much to read at once.
        on_bytes: is told how many bytes of the file were read, block by block.

    Raises:
        NotFound: there is no such file, or it cannot be read.
    """
    path = Path(path)
    if str(path) == "-":
        yield from _read(sys.stdin.buffer, "stdin", shape, limits, block_bytes, on_bytes)
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise NotFound(f"{path}: {error.strerror}") from error
    with file:
        yield from _read(file, device_of(path), shape, limits, block_bytes, on_bytes)


def device_of(path: Path) -> str:
    """A file's name without ``.csv``, ``.gz`` and the like."""
    return path.name.removesuffix(".gz").rsplit(".", 1)[0]


def _read(
    file: BinaryIO,
    device: str,
    shape: str | None,
    limits: Plausible,
    block_bytes: int,
    on_bytes: Callable[[int], None] | None,
) -> Iterator[tuple[str, Decoded]]:
    found = None
    row = 1
    for block, fault in _whole_lines(file, block_bytes, on_bytes):
        if found is None:
            found = sniff(block[:4096], shape)
            if found.name == "arrow":
                rest = b"".join(data for data, _ in _whole_lines(file, block_bytes, on_bytes))
                yield found.name, found.decode(block + rest, limits, device, row)
                return
            for _ in range(found.header_lines):
                block = block.partition(b"\n")[2]
            row += found.header_lines
        if block:
            yield found.name, found.decode(block, limits, device, row)
            row += block.count(b"\n")
        if fault:
            bad = Refused(row, Verdict.MALFORMED, "row", fault, b"")
            yield found.name, replace(EMPTY, refused=(bad,))


def _whole_lines(
    file: BinaryIO, block_bytes: int, on_bytes: Callable[[int], None] | None
) -> Iterator[tuple[bytes, str]]:
    """Blocks that end at a line end, and what went wrong after the last."""
    carry: list[bytes] = []
    fault = ""
    for data, wrong in _inflated(file, block_bytes, on_bytes):
        fault = wrong
        head, newline, tail = data.rpartition(b"\n")
        if newline:
            yield b"".join([*carry, head, newline]), ""
            carry = [tail]
        else:
            carry.append(data)
    rest = b"".join(carry)
    if rest or fault:
        yield rest, fault


def _inflated(
    file: BinaryIO, block_bytes: int, on_bytes: Callable[[int], None] | None
) -> Iterator[tuple[bytes, str]]:
    """The file's bytes, inflated where it is gzipped; the fault comes with the last."""
    inflate = None
    first = True
    while data := file.read(block_bytes):
        if on_bytes is not None:
            on_bytes(len(data))
        if first and data[:2] == _GZIP:
            inflate = zlib.decompressobj(wbits=31)
        first = False
        if inflate is None:
            yield data, ""
            continue
        while data:
            try:
                yield inflate.decompress(data, 4 * block_bytes), ""
            except zlib.error as error:
                yield b"", f"the gzip stream is damaged: {error}"
                return
            data = inflate.unconsumed_tail
            if inflate.eof and inflate.unused_data:  # several members, one after the other
                data, inflate = inflate.unused_data, zlib.decompressobj(wbits=31)
    if inflate is not None and not inflate.eof:
        yield b"", "the gzip stream ends in the middle"
