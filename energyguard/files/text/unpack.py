"""The bytes of a file, unpacked: plain, gzipped, or a zip archive of files, all bounded."""

from __future__ import annotations

import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from energyguard.errors import Malformed, NotFound

MAX_UNPACKED_BYTES: Final = 128 << 20
"""Of all that a file holds: it is looked at as a whole. A small one may hold much of nothing."""
MAX_PARTS: Final = 1_000
_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
_BLOCK: Final = 1 << 20
_GZIP_BLOCK: Final = 4_096
"""Small: what is behind a member is copied, and a stream may have very many of them."""
_DAMAGED: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    OSError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    UnicodeDecodeError,
)
"""What is raised of an archive that is damaged, encrypted, or packed in an unknown way."""
_MAX_GZIPS: Final = 3
"""So often may a file be gzipped, one around the other."""
_ABOUT: Final = re.compile(r"(?i)readme|liesmich|lisez|leggimi|licen[cs]e|legend|disclaimer")
"""In the names of files that say something about the others of an archive."""
_BOOK: Final = "xl/workbook.xml"
_NO_TABLES: Final = (".pdf", ".png", ".jpg", ".jpeg", ".html", ".htm", ".css", ".xsl", ".md")


class Part(NamedTuple):
    """A file, or one of an archive's."""

    name: str
    data: bytes


def unpacked(path: Path) -> list[Part]:
    """A file's bytes, or those of all files in an archive; a workbook is left as it is.

    Raises:
        NotFound: there is no such file, or it cannot be read.
        Malformed: it is damaged, has nothing in it, or unpacks to too much.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_UNPACKED_BYTES + 1)
    except OSError as error:
        raise NotFound.file(path, error) from error
    return list(_parts(Part(path.name, data)))


def _parts(part: Part) -> Iterator[Part]:
    for _ in range(_MAX_GZIPS):
        if not part.data.startswith(_GZIP):
            break
        part = Part(part.name.removesuffix(".gz"), _gunzipped(part))
    if part.data.startswith(_ZIP):
        yield from _members(part)
        return
    if len(part.data) > MAX_UNPACKED_BYTES:
        raise _too_much(part.name)
    yield part


def _gunzipped(part: Part) -> bytes:
    """All members of a gzip stream, one after the other."""
    out, rest, at = bytearray(), memoryview(part.data), 0
    while part.data.startswith(_GZIP, at):
        inflate = zlib.decompressobj(wbits=31)
        while not inflate.eof:
            block = rest[at : at + _GZIP_BLOCK]
            if not block:
                raise Malformed(f"{part.name}: the gzip stream ends in the middle", "file")
            try:
                out += inflate.decompress(block, MAX_UNPACKED_BYTES + 1 - len(out))
            except zlib.error as error:
                why = f"{part.name}: the gzip stream is damaged: {error}"
                raise Malformed(why, "file") from error
            if len(out) > MAX_UNPACKED_BYTES:
                raise _too_much(part.name)
            at += len(block) - len(inflate.unused_data)
    return bytes(out)


def _members(part: Part) -> Iterator[Part]:
    """The files of an archive, in the order of their names."""
    try:
        with zipfile.ZipFile(io.BytesIO(part.data)) as archive:
            names = archive.namelist()
            if _BOOK in names:
                yield part
                return
            tables = sorted(name for name in names if _may_be_table(name))
            if not tables or len(tables) > MAX_PARTS:
                many = f"more than {MAX_PARTS} files" if tables else "no table"
                raise Malformed(f"{part.name}: the archive has {many} in it", "file")
            left = MAX_UNPACKED_BYTES
            for name in tables:
                data = _member(archive, name, left)
                if data is None:
                    raise _too_much(part.name)
                left -= len(data)
                if data.startswith(_ZIP):
                    unpacked_bytes = _book_bytes(data)
                    if unpacked_bytes is None:
                        raise Malformed(f"{part.name}: {name} is an archive in an archive", "file")
                    left -= unpacked_bytes
                if left < 0:
                    raise _too_much(part.name)
                yield Part(f"{part.name}:{name}", data)
    except _DAMAGED as error:
        raise Malformed(f"{part.name}: the archive cannot be read: {error}", "file") from error


def _book_bytes(data: bytes) -> int | None:
    """What a workbook unpacks to at the most; None: it is another archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if _BOOK not in archive.namelist():
            return None
        return sum(entry.file_size for entry in archive.infolist())


def _may_be_table(name: str) -> bool:
    last = name.rpartition("/")[2]
    hidden = last.startswith(".") or name.startswith("__MACOSX/") or _ABOUT.search(last)
    return bool(last) and not hidden and not last.lower().endswith(_NO_TABLES)


def _member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes | None:
    """A file of an archive; None: it is larger. Its directory is not believed."""
    out = bytearray()
    with archive.open(name) as member:
        while block := member.read(_BLOCK):
            out += block
            if len(out) > limit:
                return None
    return bytes(out)


def _too_much(name: str) -> Malformed:
    limit = f"{MAX_UNPACKED_BYTES >> 20} MB"
    return Malformed(f"{name}: more than {limit}, unpacked: bring it in parts", "file")
