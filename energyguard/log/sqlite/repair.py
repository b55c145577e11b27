"""Make a log's file anew from what can be read of it; nothing else may use it meanwhile.

First by SQL, around damaged pages; then page by page, whatever points to them: an append found so
counts only when its checksums hold. The damaged file is kept.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from energyguard.clock import SYSTEM, Clock
from energyguard.durable.atomic import room_for, sync_folder
from energyguard.durable.connections import connect, create, our_errors
from energyguard.errors import Corrupt
from energyguard.log.sqlite.log import OLDER, TABLES
from energyguard.log.sqlite.segments import (
    Head,
    decoded,
    encoded,
    first_id,
    last_id,
    offsets_of,
    packed_offsets,
)
from energyguard.log.sqlite.walk import Gap, is_damage, newest_head, segments

_SMALL = ("topic", "consumer_group", "position")
_PUT = "INSERT OR IGNORE INTO segment VALUES (?, ?, ?, ?, ?, ?)"
_COMMITTED = "SELECT partition, max(next) FROM position WHERE topic = ? GROUP BY partition"
_LEAF, _COLUMNS = 0x0D, 6
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 8: 0, 9: 0}


class Repaired(NamedTuple):
    """What became of a log: appends kept, those found page by page, and where the old file is."""

    appends: int
    by_page: int
    old: Path


def repair(path: Path, clock: Clock = SYSTEM) -> Repaired:
    """Make the file anew.

    Raises:
        Corrupt: the topics, or the positions of groups, cannot be read; nothing was changed.
    """
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    now_s = clock.now_ms() // 1000
    old = path.with_name(f"{path.name}.damaged-{now_s}")
    with our_errors(path), room_for(path):
        with closing(connect(path)) as source:
            source.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            create(new, (files(__package__) / "schema.sql").read_text(), TABLES, OLDER)
            with closing(connect(new)) as target, target:
                _copy_small(source, target, path)
                appends = _copy_segments(source, target)
                by_page = _copy_pages(path, target)
                _fill_up(target, clock.now_ms())
        with closing(connect(new)) as target:
            target.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        if (wal := path.with_name(f"{path.name}-wal")).exists() and wal.stat().st_size:
            raise Corrupt(f"{path}: in use; stop everything first")
        os.link(path, old)
        new.replace(path)
        for rest in (wal, path.with_name(f"{path.name}-shm")):
            rest.unlink(missing_ok=True)
        sync_folder(path.parent)
    return Repaired(appends + by_page, by_page, old)


def _copy_small(source: Any, target: Any, path: Path) -> None:
    for table in _SMALL:
        try:
            rows = source.execute(f"SELECT * FROM {table}").fetchall()
        except apsw.Error as error:
            if is_damage(error):
                raise Corrupt(f"{path}: {table} cannot be read; put a backup back") from error
            raise
        for row in rows:
            target.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", row)
    begun = source.pragma("application_id")
    target.pragma("application_id", begun)


def _copy_segments(source: Any, target: Any) -> int:
    """What SQL can reach; appends with a wrong checksum too, so that readers tell of them."""
    many = 0
    for (number,) in target.execute("SELECT id FROM topic").fetchall():
        for found in segments(source, first_id(number), last_id(number)):
            if not isinstance(found, Gap):
                target.execute(_PUT, (*found[0], found[1]))
                many += 1
    return many


def _copy_pages(path: Path, target: Any) -> int:
    """Appends on pages that nothing points to any more, and that retention has not deleted."""
    many = 0
    earliest = {
        number: offsets_of(packed)
        for number, packed in target.execute("SELECT id, earliest FROM topic")
    }
    for head, body in _on_pages(path):
        first = earliest.get(head.segment_id // first_id(1))
        if first is None or len(first) != len(head.ends) or head.ends <= first:
            continue
        target.execute(_PUT, (*head, body))
        many += target.changes()
    return many


def _fill_up(target: Any, now_ms: int) -> None:
    """Give no offset again that a group has read: an append of nothing moves the end behind it."""
    for number, name, earliest in target.execute("SELECT id, name, earliest FROM topic").fetchall():
        newest = newest_head(target, first_id(number), last_id(number))
        last = newest or Head(first_id(number) - 1, earliest, 0, 0, 0)
        committed = dict(target.execute(_COMMITTED, (name,)))
        ends = [max(end, committed.get(p, 0)) for p, end in enumerate(last.ends)]
        if tuple(ends) != last.ends:
            crc, body = encoded([])
            head = Head(last.segment_id + 1, packed_offsets(ends), last.total, now_ms, crc)
            target.execute(_PUT, (*head.sealed(), body))


def _on_pages(path: Path) -> Iterator[tuple[Head, bytes]]:
    """Every segment that lies whole on leaves of the file, and whose checksums hold."""
    with path.open("rb") as file:
        head = file.read(100)
        size = struct.unpack_from(">H", head, 16)[0]
        size = 65_536 if size == 1 else size
        usable, pages = size - head[20], path.stat().st_size // size

        def page(number: int) -> bytes:
            file.seek((number - 1) * size)
            return file.read(size)

        for number in range(2, pages + 1):
            leaf = page(number)
            if leaf[0] != _LEAF:
                continue
            for place in range(struct.unpack_from(">H", leaf, 3)[0]):
                try:
                    row = _row(leaf, struct.unpack_from(">H", leaf, 8 + 2 * place)[0], usable, page)
                    if row is not None and row[0].holds():
                        decoded("", row[0].segment_id, row[0].crc, row[1])
                        yield row
                except (Corrupt, IndexError, ValueError, struct.error):
                    continue  # no segment, or a damaged one


def _row(leaf: bytes, at: int, usable: int, page: Any) -> tuple[Head, bytes] | None:
    """A cell as a segment; None: it is a row of another table."""
    length, at = _varint(leaf, at)
    row_id, at = _varint(leaf, at)
    local, max_local = length, usable - 35
    if length > max_local:
        min_local = (usable - 12) * 32 // 255 - 23
        local = min_local + (length - min_local) % (usable - 4)
        local = local if local <= max_local else min_local
    payload = bytearray(leaf[at : at + local])
    follow = struct.unpack_from(">I", leaf, at + local)[0] if local < length else 0
    while len(payload) < length and follow:
        more = page(follow)
        follow = struct.unpack_from(">I", more, 0)[0]
        payload += more[4 : 4 + min(usable - 4, length - len(payload))]
    end, at = _varint(payload, 0)
    kinds = []
    while at < end:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    if len(kinds) != _COLUMNS or kinds[0] != 0 or kinds[1] < 12 or kinds[5] < 12:
        return None
    values: list[Any] = []
    for kind in kinds[1:]:
        width = (kind - 12) // 2 if kind >= 12 else _INTEGERS.get(kind, 0)
        piece = bytes(payload[at : at + width])
        at += width
        number = {8: 0, 9: 1}.get(kind, int.from_bytes(piece, "big", signed=True))
        values.append(piece if kind >= 12 else number)
    packed, total, appended_ms, crc, body = values
    return Head(row_id, packed, total, appended_ms, crc), body


def _varint(data: bytes | bytearray, at: int) -> tuple[int, int]:
    """SQLite's number of one to nine bytes, and where it ends."""
    value = 0
    for place in range(8):
        value = value << 7 | data[at + place] & 0x7F
        if data[at + place] < 0x80:
            return value, at + place + 1
    return value << 8 | data[at + 8], at + 9
