"""``log.db`` as a file of its own tables: read and written without the product.

An append is a row of ``segment``: the next offset of each partition, two checksums, MessagePack.
"""

from __future__ import annotations

import sqlite3
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

APPEND_BITS = 40
COUNT = struct.Struct("<q").size


class Message(NamedTuple):
    """What is put into a topic; ``partition`` None: by key, as Kafka's clients choose it."""

    value: bytes | None
    key: bytes | None = None
    partition: int | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


class Stored(NamedTuple):
    """A record as it lies in the log."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    at_ms: int


def murmur2(data: bytes) -> int:
    """The hash by which Kafka's clients choose a partition."""
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    h = 0x9747B28C ^ len(data)
    whole = len(data) & ~3
    for (k,) in struct.iter_unpack("<I", data[:whole]):
        k = k * m & mask
        h = (h * m & mask) ^ ((k ^ (k >> 24)) * m & mask)
    if whole < len(data):
        h = (h ^ int.from_bytes(data[whole:], "little")) * m & mask
    h = (h ^ (h >> 13)) * m & mask
    return (h ^ (h >> 15)) & 0x7FFFFFFF


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=30, isolation_level=None)


def make_topic(path: Path, topic: str, partitions: int) -> None:
    """A member of a family of topics, which its first writer makes."""
    with closing(connect(path)) as file:
        file.execute(
            "INSERT INTO topic (name, earliest) VALUES (?, ?)", (topic, bytes(COUNT * partitions))
        )


def put(path: Path, topic: str, messages: Sequence[Message], at_ms: int) -> None:
    """Append in one segment, as another writer of this file would."""
    with closing(connect(path)) as file:
        file.execute("BEGIN IMMEDIATE")
        ends, last, total = _end(file, topic)
        parts: dict[int, list[Message]] = {}
        for message in messages:
            parts.setdefault(_partition(message, len(ends)), []).append(message)
        body = msgspec.msgpack.encode([_part(*one) for one in parts.items()])
        for partition, own in parts.items():
            ends[partition] += len(own)
        packed = struct.pack(f"<{len(ends)}q", *ends)
        segment, total = last + 1, total + len(body)
        head = zlib.crc32(packed, zlib.crc32(struct.pack("<3q", segment, total, at_ms)))
        crc = zlib.crc32(body) | (head & 0x7FFFFFFF or 1) << 32
        row = (segment, packed, total, at_ms, crc, body)
        file.execute("INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?)", row)
        file.execute("COMMIT")


def _end(file: sqlite3.Connection, topic: str) -> tuple[list[int], int, int]:
    find = "SELECT id, earliest FROM topic WHERE name = ?"
    number, earliest = file.execute(find, (topic,)).fetchone()
    first = number << APPEND_BITS
    newest = file.execute(
        "SELECT id, ends, total FROM segment WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1",
        (first, first + (1 << APPEND_BITS) - 1),
    ).fetchone()
    last, packed, total = newest or (first - 1, earliest, 0)
    return list(_offsets(packed)), last, total


def _offsets(packed: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(packed) // COUNT}q", packed)


def _partition(message: Message, partitions: int) -> int:
    if message.partition is not None:
        return message.partition
    assert message.key is not None, "neither a key nor a partition"
    return murmur2(message.key) % partitions


def _part(partition: int, messages: list[Message]) -> list[Any]:
    keys = [one.key for one in messages]
    headers = [one.headers for one in messages]
    return [
        partition,
        [one.value for one in messages],
        keys if any(key is not None for key in keys) else [],
        headers if any(headers) else [],
        [],
        [],
        0,
    ]


def records(path: Path) -> list[Stored]:
    """All records of all topics: by topic and partition, in the order of their offsets."""
    with closing(connect(path)) as file:
        names = dict(file.execute("SELECT id, name FROM topic"))
        rows = file.execute("SELECT id, ends, appended_ms, body FROM segment ORDER BY id")
        found = [
            one
            for segment, ends, at_ms, body in rows
            for one in _stored(names[segment >> APPEND_BITS], _offsets(ends), at_ms, body)
        ]
    return sorted(found, key=lambda one: (one.topic, one.partition, one.offset))


def _stored(topic: str, ends: Sequence[int], at_ms: int, body: bytes) -> Iterator[Stored]:
    for partition, values, *more in msgspec.msgpack.decode(body):
        columns: list[Any] = [*more, *((), (), (), (), 0)[len(more) :]]
        keys, headers, times, places, span = columns
        first = ends[partition] - (span or len(values))
        for i, value in enumerate(values):
            yield Stored(
                topic,
                partition,
                first + (places[i] if places else i),
                keys[i] if keys else None,
                value,
                tuple((name, data) for name, data in headers[i]) if headers else (),
                times[i] if times else at_ms,
            )


class Watch:
    """Looks at a log that others write. Its connection stays: who closes the last one locks all."""

    def __init__(self, path: Path) -> None:
        self._file = connect(path)

    def ends(self) -> dict[tuple[str, int], int]:
        """Of each partition the next offset to be written, also of empty ones."""
        names = self._file.execute("SELECT name FROM topic").fetchall()
        return {
            (name, partition): end
            for (name,) in names
            for partition, end in enumerate(_end(self._file, name)[0])
        }

    def positions(self, group: str) -> dict[tuple[str, int], int]:
        """How far a consumer group has read."""
        rows = self._file.execute(
            "SELECT topic, partition, next FROM position WHERE group_name = ?", (group,)
        )
        return {(topic, partition): at for topic, partition, at in rows}

    def members(self, group: str, topic: str) -> list[int]:
        """How many of a topic's partitions each member of a group owns; 0 of who has none yet."""
        rows = self._file.execute(
            "SELECT count(owner.member) FROM member LEFT JOIN owner"
            " ON owner.member = member.id AND topic = ? WHERE member.group_name = ?"
            " GROUP BY member.id ORDER BY member.id",
            (topic, group),
        )
        return [count for (count,) in rows]

    def close(self) -> None:
        self._file.close()
