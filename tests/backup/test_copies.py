"""Copies of a data folder: whole, checked, put back; those of before are shared."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from energyguard.backup.make import history_positions, keep_newest, make_copy
from energyguard.backup.manifest import (
    FILE,
    PARTIAL,
    HistoryPosition,
    copies,
    faults_of,
    read_manifest,
)
from energyguard.backup.restore import restore
from energyguard.clock import ManualClock
from energyguard.errors import ConfigError, Conflict, Corrupt, NotFound
from energyguard.history.losses import losses
from energyguard.log import LATEST, Records, open_log
from energyguard.model.topics import RULES
from energyguard.processes.registry import present

PART = Path("history/store/abc/abc123/202611_1_7_2")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a log, a part of a history, and small files."""
    folder = tmp_path / "data"
    (folder / PART).mkdir(parents=True)
    (folder / PART / "checksums.txt").write_bytes(b"sums")
    (folder / PART / "data.bin").write_bytes(b"rows" * 1000)
    (folder / "history" / "status").write_text("PID: 1")
    (folder / "history" / "empty").mkdir()
    (folder / "history" / "table").symlink_to("store/abc/abc123")  # the engine's way to its parts
    (folder / "run").mkdir()
    (folder / "run" / "serve.json").write_text("{}")
    (folder / "tokens.json").write_text("{}")
    with closing(open_log(url(folder))) as log:
        log.append(RULES.name, Records([b"a", b"b"], [b"1", b"2"]))
        member = log.join("history", [RULES.name])
        with log.transaction(member) as transaction:
            transaction.move(dict.fromkeys(log.positions(RULES.name, LATEST), 1))
        member.leave()
    return folder


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'log.db'}"


def copied(data: Path, to: Path, clock: ManualClock | None = None) -> Path:
    return make_copy(data, url(data), to, clock or ManualClock(1_000_000_000_000))


def test_what_is_put_back_is_what_was_there(data: Path, tmp_path: Path) -> None:
    copy = copied(data, tmp_path / "to")
    manifest = read_manifest(copy)
    assert list(faults_of(copy)) == []
    assert manifest.positions == (HistoryPosition(RULES.name, 0, 1),)
    back = tmp_path / "back"
    assert restore(copy, back) is None
    names = {str(path.relative_to(back)) for path in back.rglob("*") if path.is_file()}
    parts = {str(PART / name) for name in ("checksums.txt", "data.bin")}
    assert names == {"log.db", "tokens.json", *parts}
    assert (back / "history" / "empty").is_dir()  # the engine wants its folders
    assert (back / "history" / "table" / PART.name / "data.bin").exists()
    with closing(open_log(url(back))) as log:
        ((at, end),) = log.positions(RULES.name, LATEST).items()
        assert end == 2
        assert log.positions(RULES.name, "history")[at] == 1
        assert [part.values for part in log.read({at: 0}, 9, 0)] == [[b"1", b"2"]]


def test_the_history_reads_again_what_came_after_it_was_copied(data: Path, tmp_path: Path) -> None:
    copy = copied(data, tmp_path / "to")
    with closing(open_log(url(data))) as log:  # it had gone on
        member = log.join("history", [RULES.name])
        with log.transaction(member) as transaction:
            transaction.move(log.positions(RULES.name, LATEST))
    restore(copy, data, replace=True)
    assert history_positions(data / "log.db") == (HistoryPosition(RULES.name, 0, 1),)


def test_a_log_elsewhere_is_read_again_by_the_history(data: Path, tmp_path: Path) -> None:
    (data / "log.db").unlink()
    copy = make_copy(data, "kafka://localhost:9092", tmp_path / "to")
    assert not read_manifest(copy).has_log
    restore(copy, tmp_path / "back", read_to={"meter_readings/0": 7})
    (loss,) = losses(tmp_path / "back")
    assert loss.until == {"meter_readings/0": 7}
    assert not loss.filled


def test_parts_are_shared_with_the_copy_before(data: Path, tmp_path: Path) -> None:
    clock = ManualClock(1_000_000_000_000)
    first = copied(data, tmp_path / "to", clock)
    clock.sleep(60)
    (data / "tokens.json").write_text('{"tokens":[]}')
    second = copied(data, tmp_path / "to", clock)
    assert copies(tmp_path / "to") == [first, second]
    part = PART / "data.bin"
    assert (first / part).stat().st_ino == (second / part).stat().st_ino
    assert (first / part).stat().st_ino != (data / part).stat().st_ino  # the engine's is its own
    assert (second / "tokens.json").read_text() == '{"tokens":[]}'
    assert keep_newest(tmp_path / "to", 1) == [first]
    assert list(faults_of(second)) == []


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda path: path.write_bytes(b"sowr" * 1000), "damaged"),
        (lambda path: path.write_bytes(b"rows"), "4 bytes, not 4,000"),
        (lambda path: path.unlink(), "missing"),
    ],
)
def test_a_damaged_copy_is_not_put_back(
    data: Path, tmp_path: Path, spoil: object, says: str
) -> None:
    copy = copied(data, tmp_path / "to")
    assert callable(spoil)
    spoil(copy / PART / "data.bin")
    (fault,) = faults_of(copy)
    assert says in fault
    with pytest.raises(Corrupt, match=says):
        restore(copy, data, replace=True)
    assert (data / "tokens.json").exists()  # as it was


def test_who_is_killed_leaves_no_copy(data: Path, tmp_path: Path) -> None:
    to = tmp_path / "to"

    def killed(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_copy(data, url(data), to, progress=killed)
    assert copies(to) == []
    (to / f"energyguard-x{PARTIAL}").mkdir()  # of one that could not clean up
    (to / f"energyguard-x{PARTIAL}" / FILE).write_text("{}")
    assert copies(to) == []
    copy = copied(data, to)
    assert [path.name for path in to.iterdir() if path.is_dir()] == [copy.name]
    assert not (data / "run" / "backup-stage").exists()


def test_what_is_there_is_kept_under_another_name(data: Path, tmp_path: Path) -> None:
    copy = copied(data, data / "backups")
    (data / "tokens.json").write_text("newer")
    with pytest.raises(Conflict, match="--replace"):
        restore(copy, data)
    with present(data, "up"), pytest.raises(Conflict, match="in use by up"):
        restore(copy, data, replace=True)
    aside = restore(copy, data, replace=True)
    assert aside is not None
    assert (aside / "tokens.json").read_text() == "newer"
    assert (data / "tokens.json").read_text() == "{}"
    assert copies(data / "backups")  # they stay with the folder


def test_wrong_input_says_what_to_do(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no data folder"):
        make_copy(tmp_path / "none", "sqlite:///none", tmp_path)
    with pytest.raises(ConfigError, match="in the history"):
        copied(data, data / "history" / "copies")
    copy = copied(data, tmp_path / "to")
    with pytest.raises(NotFound, match=copy.name):
        read_manifest(tmp_path / "to")
    with pytest.raises(NotFound, match="no copy"):
        read_manifest(data)
    (copy / FILE).write_text("{")
    with pytest.raises(Corrupt, match="manifest"):
        read_manifest(copy)


def test_a_damaged_log_is_told_and_makes_no_copy(data: Path, tmp_path: Path) -> None:
    with (data / "log.db").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096)
    with pytest.raises(Corrupt, match=r"log\.db"):
        copied(data, tmp_path / "to")
    assert copies(tmp_path / "to") == []
