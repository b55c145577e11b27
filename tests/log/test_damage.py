"""Damage of real files: what is damaged is set aside, and readers go on behind it."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from energyguard.durable.connections import PAGE_BYTES
from energyguard.errors import Corrupt
from energyguard.log import LATEST, Records, TopicPartition, open_log
from energyguard.log.sqlite.inspect import damaged
from energyguard.log.sqlite.log import SqliteLog
from energyguard.log.sqlite.repair import repair
from energyguard.log.sqlite.set_aside import folder_of, kept
from energyguard.store.node.node_storage import NodeStorage

LETTERS = "energyguard.dead-letters"
RULES = "energyguard.rules"
AT = TopicPartition(LETTERS, 0)


def text(number: int) -> bytes:
    return b"letter %06d" % number


def filled(path: Path, appends: int, size: int = 0) -> list[bytes]:
    """A log with so many appends of a letter each, checkpointed and closed."""
    wanted = [text(number) + b"." * size for number in range(appends)]
    with closing(SqliteLog(path)) as log:
        for value in wanted:
            log.append(LETTERS, Records([None], [value]))
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return wanted


def flip(path: Path, pattern: bytes, at: int = 0) -> None:
    """Flip a bit of the file, so many bytes behind a pattern that is there once."""
    data = bytearray(path.read_bytes())
    assert data.count(pattern) == 1
    data[data.index(pattern) + at] ^= 0x10
    path.write_bytes(data)


def garble(path: Path, pattern: bytes) -> None:
    """Overwrite the leaf of the table, or the page behind one, that holds a pattern."""
    data = bytearray(path.read_bytes())
    pages = range(0, len(data), PAGE_BYTES)
    (begin,) = (p for p in pages if data[p] != 5 and pattern in data[p : p + PAGE_BYTES])
    data[begin : begin + PAGE_BYTES] = b"\xa5" * PAGE_BYTES
    path.write_bytes(data)


def read(log: Any, at: TopicPartition = AT, position: int = 0) -> list[bytes]:
    """Every value there is, by position; it must come to the end."""
    found: list[bytes] = []
    end = log.positions(at.topic, LATEST)[at]
    while position < end:
        parts = log.read({at: position}, 7, 0.0)
        assert parts, f"nobody gets past {position} of {end}"
        for part in parts:
            assert part.next_offset > position
            found += [value or b"" for value in part.values]
            for offset, value in zip(part.offsets, part.values, strict=True):
                assert value is not None
                assert value.startswith((text(offset), b"new"))
            position = part.next_offset
    assert position == end
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.mark.parametrize("which", [0, 5, 19])
def test_a_flipped_byte_costs_one_append(path: Path, which: int, capfd: Any) -> None:
    wanted = filled(path, 20)
    flip(path, text(which), 3)
    with closing(SqliteLog(path)) as log:
        assert read(log) == wanted[:which] + wanted[which + 1 :]
        assert read(log) == wanted[:which] + wanted[which + 1 :]
        assert log.append(LETTERS, Records([None], [b"new"])) == {AT: 21}
        assert read(log)[-1] == b"new"
    assert kept(path) == {LETTERS: 1}
    (file,) = folder_of(path).iterdir()
    assert b"er %06d" % which in file.read_bytes()
    said = "".join(capfd.readouterr())
    assert said.count("a damaged append is set aside") == 1


@pytest.mark.parametrize("which", [0, 7, 19])
def test_a_damaged_offset_moves_nobody(path: Path, which: int) -> None:
    """The ends of a segment are flipped: its records are lost, all others keep their offsets."""
    wanted = filled(path, 20)
    with closing(SqliteLog(path)) as log:
        member = log.join("g", [LETTERS])
        with log.transaction(member) as tx:
            tx.move({AT: 20})
    with closing(sqlite3.connect(path)) as file, file:
        ((row, ends),) = file.execute(
            "SELECT id, ends FROM segment ORDER BY id LIMIT 1 OFFSET ?", (which,)
        )
        damaged = bytes([ends[0] ^ 0x40]) + ends[1:]
        file.execute("UPDATE segment SET ends = ? WHERE id = ?", (damaged, row))
    with closing(SqliteLog(path)) as log:
        assert read(log) == wanted[:which] + wanted[which + 1 :]
        assert log.append(LETTERS, Records([None], [b"new"])) == {AT: 21}
        assert read(log, position=19)[-1] == b"new"


@pytest.mark.parametrize("size", [0, 10_000])
@pytest.mark.parametrize("which", [30, 150])
def test_a_garbled_page_costs_what_lay_on_it(path: Path, which: int, size: int) -> None:
    wanted = filled(path, 300, size)
    garble(path, text(which))
    with closing(SqliteLog(path)) as log:
        found = read(log)
        assert wanted[which] not in found
        assert 0 < len(wanted) - len(found) <= PAGE_BYTES // 40
        assert read(log, position=which) == [v for v in found if v > text(which)]
        assert log.append(LETTERS, Records([None], [b"new"])) == {AT: 301}
        assert read(log)[-1] == b"new"
    assert kept(path) == {LETTERS: 1}


def test_compaction_and_retention_go_on_beside_it(path: Path) -> None:
    with closing(SqliteLog(path)) as log:
        for number in range(40):
            log.append(RULES, Records([b"key"], [text(number)]))
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    flip(path, text(17), 3)
    with closing(SqliteLog(path)) as log:
        log.tidy()
        assert read(log, TopicPartition(RULES, 0)) == [text(39)]


def test_a_log_of_the_first_version_opens(path: Path) -> None:
    wanted = filled(path, 10)
    with closing(sqlite3.connect(path)) as file, file:
        for row, body in file.execute("SELECT id, body FROM segment").fetchall():
            file.execute("UPDATE segment SET crc = ? WHERE id = ?", (zlib.crc32(body), row))
        file.execute("PRAGMA user_version = 2")
    flip(path, text(4), 3)
    with closing(SqliteLog(path)) as log:
        assert read(log) == wanted[:4] + wanted[5:]
        assert log.append(LETTERS, Records([None], [b"new"])) == {AT: 11}
        assert read(log)[-1] == b"new"


def another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("CREATE TABLE mine (a)")


def our_store(path: Path) -> None:
    NodeStorage(path).close()


def text_file(path: Path) -> None:
    path.write_bytes(b"hello, this is a text file, and a long one" * 100)


@pytest.mark.parametrize("made", [another_program, our_store, text_file])
def test_another_file_is_refused_and_left_alone(path: Path, made: Callable[[Path], None]) -> None:
    made(path)
    before = path.read_bytes()
    with pytest.raises(Corrupt, match=r"log\.db"):
        open_log(f"sqlite:///{path}")
    assert path.read_bytes() == before


def garble_page(path: Path, kind: int, which: int) -> None:
    """Overwrite a page of a kind: 5 points to others, 13 holds rows; of the table of appends."""
    with closing(sqlite3.connect(path)) as file:
        (root,) = file.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'segment'")
    data = bytearray(path.read_bytes())
    pages = [
        p
        for p in range(0, len(data), PAGE_BYTES)
        if data[p] == kind and b"letter" in data[p : p + PAGE_BYTES]
    ]
    begin = (root[0] - 1) * PAGE_BYTES if kind == 5 else pages[which]
    data[begin : begin + PAGE_BYTES] = b"\xa5" * PAGE_BYTES
    path.write_bytes(data)


def test_a_file_whose_root_is_gone_is_said_and_made_anew(path: Path) -> None:
    wanted = filled(path, 300, 3_000)
    garble_page(path, 5, 0)
    with closing(SqliteLog(path)) as log, pytest.raises(Corrupt, match="doctor"):
        log.positions(LETTERS, LATEST)
    assert damaged(path)
    done = repair(path)
    assert done.appends == done.by_page == 300
    assert damaged(path) == ""
    with closing(SqliteLog(path)) as log:
        assert read(log) == wanted
        assert log.append(LETTERS, Records([None], [b"new"])) == {AT: 301}
    assert done.old.exists()


def test_a_damaged_end_takes_appends_again_when_it_is_made_anew(path: Path) -> None:
    filled(path, 300)
    with closing(SqliteLog(path)) as log:
        member = log.join("g", [LETTERS])
        with log.transaction(member) as tx:
            tx.move({AT: 300})
        member.leave()
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    garble_page(path, 13, -1)
    with closing(SqliteLog(path)) as log:
        assert 200 < len(read(log)) < 300
        with pytest.raises(Corrupt):
            log.append(LETTERS, Records([None], [b"new"]))
    repair(path)
    with closing(SqliteLog(path)) as log:
        assert 200 < len(read(log)) < 300
        assert log.append(LETTERS, Records([None], [b"new"])) == {AT: 301}
        assert read(log)[-1] == b"new"
        assert log.positions(LETTERS, "g") == {AT: 300}
