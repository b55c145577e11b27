"""A log that is gone beside a full history is not made anew in silence."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Timer

import apsw
import pytest

from energyguard.errors import ConfigError, Conflict, Corrupt, EnergyGuardError, Unavailable
from energyguard.log import EARLIEST, LATEST, Records, TopicPartition, open_log
from energyguard.log.sqlite.log import SqliteLog
from energyguard.log.sqlite.lost import begin_anew, check_log
from energyguard.settings.tree import Settings
from tests.forking import run

LETTERS = "energyguard.dead-letters"
AT = TopicPartition(LETTERS, 0)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a log of a record, and a history with a part."""
    part = tmp_path / "history" / "store" / "abc" / "abc-def" / "202509_1_1_0"
    part.mkdir(parents=True)
    (part / "count.txt").write_text("20")
    with closing(SqliteLog(tmp_path / "log.db")) as log:
        log.append(LETTERS, Records([None], [b"letter"]))
    return tmp_path


def url(data: Path) -> str:
    return f"sqlite:///{data / 'log.db'}"


def removed(path: Path) -> None:
    path.unlink()


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def made_anew(path: Path) -> None:
    path.unlink()
    SqliteLog(path).close()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def text(path: Path) -> None:
    path.write_bytes(b"no database at all" * 1000)


def another_program(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("CREATE TABLE mine (a)")


GONE = [
    (removed, ConfigError),
    (emptied, ConfigError),
    (made_anew, ConfigError),
    (cut, Corrupt),
    (text, Corrupt),
    (another_program, Corrupt),
]


@pytest.mark.parametrize(("damage", "kind"), GONE)
def test_it_is_refused_and_says_what_to_do(
    data: Path, damage: Callable[[Path], None], kind: type[EnergyGuardError]
) -> None:
    check_log(url(data), data / "history")
    damage(data / "log.db")
    with pytest.raises(
        kind, match=r"put a backup .* or begin a new log with `energyguard log new`"
    ):
        check_log(url(data), data / "history")


@pytest.mark.parametrize(("damage", "kind"), GONE)
def test_a_new_one_gives_no_offset_twice(
    data: Path, damage: Callable[[Path], None], kind: type[EnergyGuardError]
) -> None:
    damage(data / "log.db")
    begin_anew(url(data), data / "history")
    with closing(SqliteLog(data / "log.db")) as log:
        first = log.positions(LETTERS, EARLIEST)[AT]
        assert first > 1_700_000_000_000
        assert log.positions("replay.later", LATEST)[TopicPartition("replay.later", 3)] == first
        assert log.append(LETTERS, Records([None], [b"new"])) == {AT: first + 1}
        (part,) = log.read({AT: first}, 10, 0.0)
        assert (part.offsets[0], part.values[0]) == (first, b"new")
    check_log(url(data), data / "history")
    assert list(data.glob("log.db.lost-*")) or damage is removed


def test_a_log_that_is_there_is_not_thrown_away(data: Path) -> None:
    with pytest.raises(Conflict, match="can be read"):
        begin_anew(url(data), data / "history")


def test_the_first_start_needs_no_word(tmp_path: Path) -> None:
    check_log(url(tmp_path), tmp_path / "history")
    SqliteLog(tmp_path / "log.db").close()
    check_log(url(tmp_path), tmp_path / "history")


def test_every_way_in_refuses(data: Path) -> None:
    (data / "log.db").unlink()
    ports = ("--set", "serve.port=0", "--set", "history.port=0")  # another product may run here
    for command in (["up"], ["role", "worker"], ["log", "topics"], ["role", "serve"]):
        ran = run(*command, "--data-dir", str(data), *ports)
        assert ran.returncode == 2, ran.stderr
        assert ran.stderr.count("\n") == 1
        assert "the log is gone" in ran.stderr
    assert not (data / "log.db").exists()


def test_a_log_that_another_process_holds_for_a_moment_is_waited_for(data: Path) -> None:
    """As when the last one that had it open puts its WAL away: it is not damaged."""
    held = apsw.Connection(str(data / "log.db"))
    held.pragma("locking_mode", "EXCLUSIVE")
    held.execute("BEGIN EXCLUSIVE")
    timer = Timer(0.3, held.close)
    timer.start()
    check_log(f"sqlite:///{data / 'log.db'}", data / "history")
    timer.join()


def test_a_log_that_is_removed_under_us_takes_nothing(data: Path) -> None:
    settings = Settings(data_dir=data)
    with closing(open_log(settings.log_url)) as log:
        (data / "log.db").rename(data / "elsewhere")
        with pytest.raises(Unavailable, match="is gone"):
            log.append(LETTERS, Records([None], [b"new"]))
        with pytest.raises(Unavailable, match="is gone"):
            log.positions(LETTERS, LATEST)
        (data / "elsewhere").rename(data / "log.db")
        assert log.append(LETTERS, Records([None], [b"new"])) == {AT: 2}
