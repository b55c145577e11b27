"""Files, gzipped files and standard input, block by block, cut at line ends."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from energyguard.codecs import Decoded, RefusedRow
from energyguard.codecs.assembly import DEFAULT, EMPTY, PlausibilityLimits
from energyguard.codecs.context import DecodeContext
from energyguard.codecs.formats import HEAD_BYTES, PayloadFormat, sniff
from energyguard.codecs.headers import BOM, known
from energyguard.codecs.refusals import MAX_REFUSED, Refusals, as_one
from energyguard.codecs.sources import device_of
from energyguard.codecs.text.lines import line_ends
from energyguard.errors import NotFound
from energyguard.model.readings import Verdict

BLOCK_BYTES = 8 << 20
MAX_LINE = 256 << 20
"""Bytes of a line, and of a file that is read at once: of Arrow, of Parquet."""
_GZIP = b"\x1f\x8b"
OnBytes = Callable[[int], None] | None


def read_blocks(
    path: Path | str,
    shape: str | None = None,
    limits: PlausibilityLimits = DEFAULT,
    *,
    block_bytes: int = BLOCK_BYTES,
    on_bytes: OnBytes = None,
) -> Iterator[tuple[str, Decoded]]:
    """Read a file (``-``: standard input): for each block its shape and its readings.

    The rows that are refused come with the last block, the first thousand one by one and the rest
    as one; all as one where nothing of the file could be taken.

    Args:
        path: a plain or gzipped file; where no column is the device, its path says it, or its name
            without endings.
        shape: the name of a dialect; None: whichever it is.
        limits: what is plausible.
        block_bytes: how much to read at once.
        on_bytes: is told how many bytes of the file were read, block by block.

    Raises:
        NotFound: there is no such file, or it cannot be read.
    """
    path = Path(path)
    if str(path) == "-":
        yield from _File(sys.stdin.buffer, "stdin", limits, block_bytes, on_bytes).read(shape)
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise NotFound.file(path, error) from error
    with file:
        yield from _File(file, device_of(path), limits, block_bytes, on_bytes).read(shape)


def first_block(path: Path) -> bytes:
    """The first lines of a file, inflated, with line feeds and without a byte order mark.

    Raises:
        NotFound: there is no such file, or it cannot be read.
    """
    try:
        with path.open("rb") as file:
            opened = _File(file, "", DEFAULT, HEAD_BYTES, None)
            return next(opened.with_line_feeds(), (b"", ""))[0].removeprefix(BOM)
    except OSError as error:
        raise NotFound.file(path, error) from error


@dataclass(slots=True)
class _File:
    """A file that is read; ``device`` is whose rows they are, where no column says it."""

    file: BinaryIO
    device: str
    limits: PlausibilityLimits
    block_bytes: int
    on_bytes: OnBytes

    def read(self, shape: str | None) -> Iterator[tuple[str, Decoded]]:
        """The readings of its blocks; the refused rows come with the last."""
        refusals, name, taken = Refusals(MAX_REFUSED), shape or "", 0
        for name, decoded in self._decoded(shape):
            refusals.extend(decoded.refused)
            taken += decoded.batch.num_rows
            if decoded.batch.num_rows:
                yield name, replace(decoded, refused=())
        refused = refusals.rows()
        if refused:
            yield name, replace(EMPTY, refused=refused if taken else as_one(refused, "the file"))

    def _decoded(self, shape: str | None) -> Iterator[tuple[str, Decoded]]:
        found: PayloadFormat | None = None
        row = 1
        blocks = self._whole_lines()
        for block, fault in blocks:
            if found is None:
                block = block.removeprefix(BOM)
                found = sniff(block[:HEAD_BYTES], shape)
                if found.whole:
                    yield found.name, self._at_once(found, block, blocks)
                    return
                for _ in range(found.header_lines):
                    block = block.partition(b"\n")[2]
                row += found.header_lines
            device = found.device or self.device
            context = DecodeContext(self.limits, device, row, MAX_REFUSED)
            yield found.name, found.decode(block, context)
            row += line_ends(block)
            if fault:
                bad = RefusedRow(row, Verdict.MALFORMED, "row", fault, b"")
                yield found.name, replace(EMPTY, refused=(bad,))

    def _at_once(
        self, shape: PayloadFormat, block: bytes, blocks: Iterator[tuple[bytes, str]]
    ) -> Decoded:
        """The readings of a file that has no lines."""
        parts, size = [block], len(block)
        for data, fault in blocks:
            parts.append(data)
            size += len(data)
            if size > MAX_LINE or fault:
                why = fault or f"an {shape.name} file is larger than {MAX_LINE} bytes, unzipped"
                return replace(EMPTY, refused=(RefusedRow(1, Verdict.MALFORMED, "row", why, b""),))
        context = DecodeContext(self.limits, self.device, 1, MAX_REFUSED)
        return shape.decode(b"".join(parts), context)

    def _whole_lines(self) -> Iterator[tuple[bytes, str]]:
        """Blocks that end at a line end, and what went wrong after the last."""
        carry: list[bytes] = []
        fault, size = "", 0
        for data, wrong in self.with_line_feeds():
            fault = wrong
            end = data.rfind(b"\n") + 1
            if end:
                yield b"".join([*carry, memoryview(data)[:end]]), ""
                carry, size = [data[end:]], len(data) - end
            else:
                carry.append(data)
                size += len(data)
            if size > MAX_LINE:
                carry, fault = [], f"a line is longer than {MAX_LINE} bytes: the rest is not read"
                break
        rest = b"".join(carry)
        if rest or fault:
            yield rest, fault

    def with_line_feeds(self) -> Iterator[tuple[bytes, str]]:
        """The file's bytes; where its lines end with a return alone, with line feeds instead."""
        returns: bool | None = None
        for data, fault in self._inflated():
            if returns is None and data:
                head = data[:HEAD_BYTES]
                text = known().of_bytes(head) is None
                returns = text and b"\r" in head and b"\n" not in data
            yield (data.replace(b"\r", b"\n") if returns else data), fault

    def _inflated(self) -> Iterator[tuple[bytes, str]]:
        """The file's bytes, inflated where it is gzipped; the fault comes with the last."""
        inflate = None
        first = True
        while data := self.file.read(self.block_bytes):
            if self.on_bytes is not None:
                self.on_bytes(len(data))
            if first and data[:2] == _GZIP:
                inflate = zlib.decompressobj(wbits=31)
            first = False
            if inflate is None:
                yield data, ""
                continue
            while data:
                try:
                    yield inflate.decompress(data, 4 * self.block_bytes), ""
                except zlib.error as error:
                    yield b"", f"the gzip stream is damaged: {error}"
                    return
                data = inflate.unconsumed_tail
                if inflate.eof and inflate.unused_data:  # several members, one after the other
                    data, inflate = inflate.unused_data, zlib.decompressobj(wbits=31)
        if inflate is not None and not inflate.eof:
            yield b"", "the gzip stream ends in the middle"
