"""A folder that cannot be renamed gets what is in a copy; who is killed is followed by another."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from energyguard.backup.contents import READY, plain_files
from energyguard.backup.exchange import JOURNAL, finish_exchange
from energyguard.backup.make import make_copy
from energyguard.backup.restore import restore
from energyguard.clock import ManualClock
from energyguard.errors import Conflict, Corrupt

NOW_MS = 1_000_000_000_000
CLOCK = ManualClock(NOW_MS)
ASIDE = f"before-{NOW_MS // 1000}"


class Killed(BaseException):
    """What a process does not live to see."""


class Killer:
    """Kills whoever wants to move, note or remove an entry for the nth time."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.left = 10**6
        for name in ("rename", "replace", "unlink", "rmdir"):
            patch.setattr(Path, name, self._counted(getattr(Path, name)))

    def _counted(self, real: object) -> object:
        def counted(*words: object, **more: object) -> object:
            self.left -= 1
            if self.left < 0:
                raise Killed
            assert callable(real)
            return real(*words, **more)

        return counted


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that looks like a disk of its own, with data and a copy of before in it."""
    folder = tmp_path / "disk"
    (folder / "history" / "part").mkdir(parents=True)
    (folder / "history" / "part" / "rows").write_text("old rows")
    (folder / "access.json").write_text("old")
    (folder / "lost+found").mkdir()
    monkeypatch.setattr(Path, "is_mount", lambda path: path == folder)
    return folder


@pytest.fixture
def copy(disk: Path) -> Path:
    """A copy of the folder, which went on since."""
    made = make_copy(disk, "kafka://localhost:9092", disk / "backups", CLOCK)
    (disk / "access.json").write_text("newer")
    (disk / "history" / "later").write_text("newer")
    return made


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not path.name.endswith(".new")  # of who was killed while it wrote it down
        and not {"backups", ASIDE, READY} & set(path.relative_to(folder).parts)
    }


OLD = {"access.json": "newer", "history/later": "newer", "history/part/rows": "old rows"}
NEW = {"access.json": "old", "history/part/rows": "old rows"}


def test_a_disk_of_its_own_keeps_its_place_and_gets_the_copy(disk: Path, copy: Path) -> None:
    place = disk.stat().st_ino
    with pytest.raises(Conflict, match="--replace"):
        restore(copy, disk, clock=CLOCK)
    assert restore(copy, disk, replace=True, clock=CLOCK) == disk / ASIDE
    assert (disk.stat().st_ino, contents(disk), contents(disk / ASIDE)) == (place, NEW, OLD)
    assert {p.name for p in disk.iterdir()} == {
        *("access.json", "history", "backups", "lost+found", ASIDE)
    }
    assert {str(path) for path in plain_files(disk)} == {"access.json"}  # a copy has no older one


def test_an_empty_disk_needs_no_replacing(tmp_path: Path, copy: Path, disk: Path) -> None:
    to = tmp_path / "elsewhere"
    to.mkdir()
    (to / "lost+found").mkdir()
    link = tmp_path / "link"
    link.symlink_to(to)
    assert restore(copy, link, clock=CLOCK) is None
    assert contents(to) == NEW
    assert link.is_symlink()


@pytest.mark.parametrize("moment", range(12))
def test_who_is_killed_is_followed_by_whoever_opens_it(
    disk: Path, copy: Path, moment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        killer = Killer(patch)
        killer.left = moment
        with suppress(Killed):
            restore(copy, disk, replace=True, clock=CLOCK)
        killer.left = moment // 2  # who finishes it is killed, too
        with suppress(Killed):
            finish_exchange(disk)
    finish_exchange(disk)
    finished = (disk / ASIDE).exists()
    assert finished == (moment > 0)  # once it is noted it will be
    assert contents(disk) == (NEW if finished else OLD)
    if finished:
        assert contents(disk / ASIDE) == OLD
    assert finish_exchange(disk) is None


def test_the_same_copy_again_goes_on_where_it_broke_off(
    disk: Path, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        killer = Killer(patch)
        killer.left = 3
        with pytest.raises(Killed):
            restore(copy, disk, replace=True, clock=CLOCK)
    assert (disk / JOURNAL).exists()
    assert restore(copy, disk, clock=ManualClock(NOW_MS + 9_000)) == disk / ASIDE
    assert contents(disk) == NEW


def test_a_note_that_cannot_be_read_is_told(disk: Path) -> None:
    (disk / JOURNAL).write_text("{")
    with pytest.raises(Corrupt, match=r"what was there is in .*before-"):
        finish_exchange(disk)
    assert contents(disk)["access.json"] == "old"
