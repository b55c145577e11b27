"""What an Arrow IPC stream says of its messages, read before any of them is unfolded.

A message is ``FFFFFFFF``, the size of its metadata (four bytes), the metadata (a flatbuffer), and a
body. A compressed buffer of the body begins with the size that it unfolds to. Layouts are those of
Arrow's ``IpcMessage.fbs``; only what is needed to bound a batch is read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from energyguard.errors import Malformed

STREAM = b"\xff\xff\xff\xff"
FILE = b"ARROW1"
"""How a stream and a file begin; a file is a stream between two marks."""
MAX_MESSAGES = 10_000
_BEFORE_A_STREAM = 8  # the mark of a file, padded
_DICTIONARY, _RECORDS = 2, 3


class IpcMessage(NamedTuple):
    """What a message unfolds to."""

    rows: int
    size: int


def stream_of(data: bytes) -> memoryview:
    """The stream in a stream or a file."""
    view = memoryview(data)
    return view[_BEFORE_A_STREAM:] if data.startswith(FILE) else view


def check(stream: memoryview, max_rows: int, max_size: int) -> None:
    """Look at all messages.

    Args:
        stream: the messages.
        max_rows: how many rows there may be.
        max_size: how many bytes they may unfold to.

    Raises:
        Malformed: it is no stream, or would unfold to more.
    """
    rows = size = 0
    try:
        for count, message in enumerate(_messages(stream)):
            rows, size = rows + message.rows, size + message.size
            if count >= MAX_MESSAGES:
                raise Malformed(f"the Arrow stream has more than {MAX_MESSAGES} messages")
            if rows > max_rows:
                raise Malformed(f"the Arrow stream has more than {max_rows} rows")
            if size > max_size:
                raise Malformed(f"the Arrow stream unfolds to more than {max_size} bytes")
    except (struct.error, IndexError, ValueError, OverflowError) as error:
        raise Malformed(f"not an Arrow stream: {error}", "row") from error


def _messages(stream: memoryview) -> Iterator[IpcMessage]:
    place = 0
    while place + 8 <= len(stream):
        mark, length = struct.unpack_from("<Ii", stream, place)
        if mark != 0xFFFFFFFF:
            raise ValueError(f"no message begins at byte {place}")
        place += 8
        if length == 0:
            return
        if not 0 < length <= len(stream) - place:
            raise ValueError("a message is longer than the stream")
        metadata = stream[place : place + length]
        place += length
        kind, header, body_length = _header(metadata)
        if not 0 <= body_length <= len(stream) - place:
            raise ValueError("a body is longer than the stream")
        body = stream[place : place + body_length]
        place += body_length
        if kind == _DICTIONARY:
            header = _offset(metadata, header, 1)
        if kind in (_DICTIONARY, _RECORDS):
            message = _batch(metadata, header, body)
            yield message if kind == _RECORDS else IpcMessage(0, message.size)
        else:
            yield IpcMessage(0, 0)


def _header(metadata: memoryview) -> tuple[int, int, int]:
    """A message's kind, where its header stands, and how long its body is."""
    (root,) = struct.unpack_from("<I", metadata, 0)
    kind, body = _field(metadata, root, 1), _field(metadata, root, 3)
    length = struct.unpack_from("<q", metadata, body)[0] if body else 0
    return metadata[kind] if kind else 0, _offset(metadata, root, 2), length


def _batch(metadata: memoryview, table: int, body: memoryview) -> IpcMessage:
    """The rows of a batch, and the bytes of its buffers once they are unfolded."""
    length = _field(metadata, table, 0)
    rows = struct.unpack_from("<q", metadata, length)[0] if length else 0
    if rows < 0:
        raise ValueError("a batch has a negative number of rows")
    start = _field(metadata, table, 2)
    if not start or not _field(metadata, table, 3):
        return IpcMessage(rows, len(body))
    start += struct.unpack_from("<I", metadata, start)[0]
    (count,) = struct.unpack_from("<I", metadata, start)
    size = 0
    for i in range(min(count, len(metadata) // 16)):
        offset, packed = struct.unpack_from("<qq", metadata, start + 4 + 16 * i)
        if packed < 0 or offset < 0:
            raise ValueError("a buffer has a negative place")
        if packed:
            (unfolded,) = struct.unpack_from("<q", body, offset)
            size += packed if unfolded == -1 else _positive(unfolded)
    return IpcMessage(rows, size)


def _positive(size: int) -> int:
    if size < 0:
        raise ValueError("a buffer unfolds to a negative size")
    return size


def _field(metadata: memoryview, table: int, number: int) -> int:
    """Where a field of a table stands; 0: it has none."""
    table_to_names = struct.unpack_from("<i", metadata, table)[0]
    names = table - table_to_names
    if names < 0 or table < 0:
        raise ValueError("a table lies outside its message")
    (size,) = struct.unpack_from("<H", metadata, names)
    at = 4 + 2 * number
    offset: int = struct.unpack_from("<H", metadata, names + at)[0] if at + 2 <= size else 0
    return table + offset if offset else 0


def _offset(metadata: memoryview, table: int, number: int) -> int:
    """Where the table stands that a field points to."""
    place = _field(metadata, table, number)
    if not place:
        raise ValueError("a message has no header")
    return place + int(struct.unpack_from("<I", metadata, place)[0])
