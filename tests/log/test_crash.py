"""kill -9 of who appends, several processes at once, and a disk that is full: really done."""

from __future__ import annotations

import multiprocessing
import random
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from energyguard.clock import SYSTEM
from energyguard.durable.connections import connect
from energyguard.errors import Corrupt, DiskFull, Fenced
from energyguard.log import EARLIEST, LATEST, Records, TopicPartition, open_log
from energyguard.log.sqlite.log import SqliteLog
from tests.forking import Forked
from tests.log.crash import TOPIC, append_some

ROOT = Path(__file__).parents[2]
LETTERS = "energyguard.dead-letters"
PLACE = TopicPartition(LETTERS, 0)


def stored(log: SqliteLog) -> Counter[str]:
    """How many partitions each append is in, by ``name/number``."""
    at = dict(log.positions(TOPIC, EARLIEST))
    found: Counter[str] = Counter()
    while parts := log.read(at, 10_000, 0.0):
        for part in parts:
            at[part.at] = part.next_offset
            found.update("/".join((v or b"").decode().split("/")[:2]) for v in part.values)
    return found


def killed_at_a_random_moment(path: Path, name: str, moment_s: float) -> int:
    """Start a process that appends, kill it, and return the last append it had acknowledged."""
    command = ("-m", "tests.log.crash", str(path), name)
    with Forked(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        SYSTEM.sleep(moment_s)
        process.kill()
        acknowledged = [first, *process.stdout.readlines()]
    return max(int(line) for line in acknowledged if line.endswith(b"\n"))


def kill_and_look(path: Path, times: int) -> None:
    moments = random.Random(7)
    with_all = {}
    for name in map(str, range(times)):
        with_all[name] = killed_at_a_random_moment(path, name, moments.uniform(0.0, 0.3))
    log = SqliteLog(path)
    found = stored(log)
    assert set(found.values()) == {8}, "an append was torn"
    for name, last in with_all.items():
        here = sorted(int(key.split("/")[1]) for key in found if key.startswith(f"{name}/"))
        assert here == list(range(len(here)))
        assert last < len(here) <= last + 2, "an acknowledged append is missing"
    assert log.append(TOPIC, Records([None], [b"on"], partitions=[0]))
    log.close()
    assert connect(path).pragma("integrity_check") == "ok"


def test_kill_5_times(tmp_path: Path) -> None:
    kill_and_look(tmp_path / "log.db", 5)


@pytest.mark.slow
def test_kill_50_times(tmp_path: Path) -> None:
    kill_and_look(tmp_path / "log.db", 50)


def test_processes_append_at_once(tmp_path: Path) -> None:
    path = tmp_path / "log.db"  # not there yet: they race to make it, too
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=append_some, args=(str(path), n, 60)) for n in "abc"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    log = SqliteLog(path)
    at = TopicPartition(TOPIC, 0)
    assert log.positions(TOPIC, LATEST)[at] == 3 * 60 * 2
    (part,) = log.read({at: 0}, 1000, 0.0)
    assert list(part.offsets) == list(range(360))
    assert part.values[0::2] == part.values[1::2], "two appends were mixed"
    for name in "abc":
        mine = [v for v in part.values[0::2] if v is not None and v.startswith(name.encode())]
        assert mine == [f"{name}/{i}".encode() for i in range(60)]
    log.close()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    made = SqliteLog(tmp_path / "log.db")
    yield made
    made.close()


def letter(size: int) -> Records:
    return Records([None], [random.Random(size).randbytes(size)])


def test_no_page_left(log: SqliteLog) -> None:
    log.append(LETTERS, letter(10))
    connection = log._writer.connection
    pages = connection.pragma("page_count")
    connection.pragma("max_page_count", pages + 20)
    with pytest.raises(DiskFull) as error:
        log.append(LETTERS, letter(200_000))
    assert error.value.retry_after > 0
    member = log.join("g", [LETTERS])
    with pytest.raises(DiskFull), log.transaction(member) as tx:
        tx.append(LETTERS, letter(200_000))
        tx.move({PLACE: 1})
    assert log.positions(LETTERS, "g") == {PLACE: 0}
    assert log.append(LETTERS, letter(20)) == {PLACE: 2}
    connection.pragma("max_page_count", 1_000_000)
    assert log.append(LETTERS, letter(200_000)) == {PLACE: 3}
    (part,) = log.read({PLACE: 0}, 10, 0.0)
    assert [len(value or b"") for value in part.values] == [10, 20, 200_000]


FILE_LIMIT = """
import resource, signal, sys
from energyguard.errors import DiskFull
from energyguard.log import Records
from energyguard.log.sqlite.log import SqliteLog
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
log = SqliteLog(sys.argv[1])
done = 0
def append():
    global done
    log.append("energyguard.dead-letters", Records([None], [b"%06d" % done + b"x" * 20_000]))
    done += 1
append()
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))
try:
    while done < 1000:
        append()
except DiskFull as error:
    assert error.retry_after > 0
else:
    raise SystemExit("it never was full")
refused = done
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
append()
assert done == refused + 1
log.close()
print(done)
"""


def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    ran = subprocess.run(
        [sys.executable, "-c", FILE_LIMIT, str(tmp_path / "log.db")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    log = SqliteLog(tmp_path / "log.db")
    (part,) = log.read({PLACE: 0}, 1000, 0.0)
    assert [int((v or b"")[:6]) for v in part.values] == list(range(int(ran.stdout)))
    log.close()


def test_what_is_not_a_log(tmp_path: Path) -> None:
    (tmp_path / "log.db").write_bytes(b"hello, this is a text file, and a long one" * 100)
    with pytest.raises(Corrupt, match=r"log\.db"):
        open_log(f"sqlite:///{tmp_path / 'log.db'}")


def test_appends_in_a_group_do_not_share_a_fate(log: SqliteLog) -> None:
    """What is fenced in a shared transaction takes none of its neighbours with it."""
    member = log.join("g", [LETTERS])
    log.join("h", [LETTERS])
    with pytest.raises(Fenced), log.transaction(member) as tx:
        tx.move({TopicPartition(TOPIC, 0): 1})
    assert log.append(LETTERS, letter(5)) == {PLACE: 1}


def test_the_wal_is_bounded(log: SqliteLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("energyguard.log.sqlite.maintenance.MAX_WAL_PAGES", 1_000)
    for _ in range(40):
        log.append(LETTERS, letter(1_000_000))
        log._maintenance.checkpoint()
    assert Path(f"{log.path}-wal").stat().st_size < 16_000_000
