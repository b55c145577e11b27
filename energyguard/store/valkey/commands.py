"""What servers are asked: rows as members of sorted sets, and the scripts that write and find them.

A series is one sorted set whose members are its rows, all with score 0: bytes that are ordered as
time and version are. So the highest version wins in whatever order rows arrive, and writing one
again changes nothing. Names of series are in sorted sets of their own.

WAITAOF waits for what its connection has written. A script that finds its row there already
writes it once more, or it would be acknowledged on disks that nobody has asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from struct import Struct
from typing import Final, NamedTuple
from zlib import crc32

from energyguard.store.row import Row
from energyguard.store.version import Version

INDEXES: Final = 16
"""Sorted sets with names; a cluster spreads them."""
AT_ONCE: Final = 1_000
BYTES_AT_ONCE: Final = 4_000_000

_HALF: Final = 1 << 63
_LAST: Final = _HALF - 1
_HEAD: Final = Struct(">QQQ")  # time, major, minor: from the lowest int64 on
_FINGERPRINT: Final = Struct(">Q")
_END: Final = Struct(">?q")  # whether there is a value, expires_ms

_TOUCH = """
local key = KEYS[1]
local function touch(member)
    redis.call('ZREM', key, member)
    redis.call('ZADD', key, 0, member)
end
"""
_NAMES = _TOUCH + "for _, name in ipairs(ARGV) do touch(name) end"
_KEEP = (
    _TOUCH
    + r"""
local below, first = ARGV[1], ARGV[2]
local newer = below ~= ''
    and redis.call('ZREVRANGEBYLEX', key, below, '(' .. first, 'LIMIT', 0, 1)[1]
if newer then
    touch(newer)
    return 0
end
local added = 0
for i = 2, #ARGV do
    added = added + redis.call('ZADD', key, 0, ARGV[i])
end
if added == 0 then
    touch(first)
end
local oldest, facts = '[\128\0\0\0\0\0\0\0', '(\128\0\0\0\0\0\0\1'
local own = redis.call('ZREVRANGEBYLEX', key, facts, oldest, 'LIMIT', 0, 1)[1]
if own then
    redis.call('ZREMRANGEBYLEX', key, oldest, '(' .. own)
end
return 1
"""
)
_LATEST = r"""
local below = '+'
while true do
    local row = redis.call(
        'ZREVRANGEBYLEX', KEYS[1], below, '[\128\0\0\0\0\0\0\1', 'LIMIT', 0, 1)[1]
    if not row then return false end
    local expires_ms = struct.unpack('>i8', string.sub(row, -8))
    local over = expires_ms > 0 and expires_ms <= tonumber(ARGV[1])
    if string.byte(row, -9) == 1 and not over then return row end
    below = '(' .. string.sub(row, 1, 8)
end
"""


class Command(NamedTuple):
    """What to ask the server that has a key."""

    key: bytes
    words: tuple[bytes | str | int, ...]


def keep(rows: Sequence[Row]) -> Command:
    """Keep rows of one series; of a user's own key the newest one."""
    return _keep(rows, b"")


def keep_newest(row: Row) -> Command:
    """Keep a row, or reply 0: its key has a newer one."""
    return _keep([row], b"(" + _time(row.at + 1))


def _keep(rows: Sequence[Row], below: bytes) -> Command:
    key = rows_of(rows[0].series)
    return Command(key, ("EVAL", _KEEP, 1, key, below, *map(_member, rows)))


def parts(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Rows by series, in pieces that can be written in one go."""
    parts: dict[str, list[Row]] = {}
    sizes: dict[str, int] = {}
    for row in rows:
        part = parts.setdefault(row.series, [])
        part.append(row)
        sizes[row.series] = sizes.get(row.series, 0) + len(row.value or b"")
        if len(part) >= AT_ONCE or sizes[row.series] > BYTES_AT_ONCE:
            yield parts.pop(row.series)
            sizes.pop(row.series)
    yield from parts.values()


def newest(series: str, at: int) -> Command:
    """Find the row that wins at a time: a list of one member or none."""
    key = rows_of(series)
    first, last = b"[" + _time(at), b"(" + _time(at + 1)
    return Command(key, ("ZREVRANGEBYLEX", key, last, first, "LIMIT", 0, 1))


def latest(series: str, now_ms: int) -> Command:
    """Find the row of the latest time that has a value: a member, or None."""
    key = rows_of(series)
    return Command(key, ("EVAL_RO", _LATEST, 1, key, now_ms))


def following(series: str, begin: int, end: int, after: bytes | None, limit: int) -> Command:
    """Find the next rows in ``[begin, end)``, after a member: members in order."""
    key, last = rows_of(series), b"(" + _time(end)
    first = b"[" + _time(begin) if after is None else b"(" + after
    return Command(key, ("ZRANGEBYLEX", key, first, last, "LIMIT", 0, limit))


def add_names(names: Iterable[str]) -> list[Command]:
    """Add the names of series to their indexes."""
    of_indexes: dict[bytes, list[str]] = {}
    for name in names:
        of_indexes.setdefault(names_of(crc32(name.encode()) % INDEXES), []).append(name)
    return [Command(key, ("EVAL", _NAMES, 1, key, *some)) for key, some in of_indexes.items()]


def find_names(above: str, limit: int) -> list[Command]:
    """Find the first names above one in each index."""
    first = b"(" + above.encode() if above else "-"
    keys = map(names_of, range(INDEXES))
    return [Command(key, ("ZRANGEBYLEX", key, first, "+", "LIMIT", 0, limit)) for key in keys]


def rows_of(series: str) -> bytes:
    """The key with the rows of a series."""
    return b"energyguard:rows:" + series.encode()


def names_of(index: int) -> bytes:
    """The key with some of the names."""
    return b"energyguard:names:%d" % index


def row_of(series: str, member: bytes) -> Row:
    """A member as the row that it is."""
    at, major, minor = (number - _HALF for number in _HEAD.unpack_from(member))
    node = member.index(b"\0\0", _HEAD.size)
    value = member[node + 2 + _FINGERPRINT.size : -_END.size]
    there, expires_ms = _END.unpack(member[-_END.size :])
    name = member[_HEAD.size : node].replace(b"\0\xff", b"\0").decode()
    return Row(series, at, Version(major, minor, name), value if there else None, expires_ms)


def _time(at: int) -> bytes:
    return max(0, min(at + _HALF, _HALF + _LAST)).to_bytes(8)


def _member(row: Row) -> bytes:
    """A row as bytes that are ordered as ``(at, rank)`` is."""
    head = _HEAD.pack(row.at + _HALF, row.version.major + _HALF, row.version.minor + _HALF)
    node = row.version.node.encode().replace(b"\0", b"\0\xff") + b"\0\0"
    end = _END.pack(row.value is not None, row.expires_ms)
    return head + node + _FINGERPRINT.pack(row.fingerprint + _HALF) + (row.value or b"") + end
