"""Bytes as UTF-8 text, whatever they were: UTF-8, UTF-16, UTF-32, Latin-1, or a mixture."""

from __future__ import annotations

import codecs
from typing import Final

from energyguard.errors import Malformed
from energyguard.files.found import FileFinding

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HEAD: Final = 4_096


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are no UTF-8, as Windows writes them; what it does not know, as Latin-1."""
    assert isinstance(error, UnicodeDecodeError)
    bad = error.object[error.start : error.end]
    try:
        return bad.decode("cp1252"), error.end
    except UnicodeDecodeError:
        return bad.decode("latin-1"), error.end


codecs.register_error("energyguard.windows", _as_windows)


def as_utf8(data: bytes, name: str) -> tuple[bytes, list[FileFinding]]:
    """Text in UTF-8 with line feeds, without a byte order mark; and what its encoding was.

    Raises:
        Malformed: it is no text.
    """
    encoding, why = _encoding(data)
    found: list[FileFinding] = []
    if encoding != "utf-8":
        try:
            data = data.decode(encoding).encode()
        except UnicodeError as error:
            why = f"{name}: it begins as {encoding} and is none: {error}"
            raise Malformed(why, "file") from error
        found.append(FileFinding("encoding", encoding.upper(), why))
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        data.decode()
    except UnicodeDecodeError:
        data = data.decode("utf-8", "energyguard.windows").encode()
        found.append(FileFinding("encoding", "Latin-1", "some bytes are no UTF-8"))
    if b"\x00" in data:
        raise Malformed(f"{name}: it is no text, and of no format that is known", "file")
    data = data.replace(b"\n" + codecs.BOM_UTF8, b"\n")  # of files put together
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n"), found


def _encoding(data: bytes) -> tuple[str, str]:
    """The encoding, and why; of text without a mark, by where its zeros are."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding, "its byte order mark"
    head = data[:_HEAD]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > len(head) // 3 and even == 0:
        return "utf-16-le", "every second byte is zero"
    if even > len(head) // 3 and odd == 0:
        return "utf-16-be", "every second byte is zero"
    return "utf-8", ""
