"""A machine that loses power: SQLite on files whose unsynced writes may be dropped, or torn.

A layer below SQLite (a VFS) remembers what each file held when it was last synced, and every write
since. ``PowerCut.now`` makes of each file what a disk could hold after the power went: of the
writes that were not synced some came, in any combination, and some came in part, sector by sector.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import apsw

SECTOR = 512


class PowerCut:
    """The files of one machine, as far as they are synced."""

    def __init__(self, random: Random, after: int) -> None:
        """Begin.

        Args:
            random: decides what becomes of each write.
            after: so many writes and syncs from now the power goes; 0: it stays.
        """
        self._random, self._left = random, after
        self.is_off = False
        self._synced: dict[Path, bytes] = {}
        self._since: dict[Path, list[tuple[int, bytes | None]]] = {}  # None: cut off there

    def opened(self, path: Path) -> None:
        """What is there when a file is first opened is on the disk."""
        if path not in self._synced:
            self._synced[path], self._since[path] = path.read_bytes(), []

    def step(self) -> None:
        """Something is about to be written.

        Raises:
            apsw.IOError: there is no power.
        """
        self._left -= 1
        self.is_off = self.is_off or self._left == 0
        if self.is_off:
            raise apsw.IOError("no power")

    def wrote(self, path: Path, offset: int, data: bytes | None) -> None:
        """A file was written, or cut off, without a sync."""
        if path in self._since:
            self._since[path].append((offset, data))

    def synced(self, path: Path) -> None:
        """All of it is on the disk."""
        if path in self._since:
            self._synced[path], self._since[path] = path.read_bytes(), []

    def now(self) -> None:
        """Leave on the disk what may be left; nobody may have the files open."""
        for path, synced in self._synced.items():
            left = bytearray(synced)
            for offset, data in self._since[path]:
                self._some(left, offset, data)
            path.write_bytes(left)

    def _some(self, left: bytearray, offset: int, data: bytes | None) -> None:
        fate = self._random.random()
        if fate < 0.4:
            return
        if data is None:
            del left[offset:]
            return
        for start in range(0, len(data), SECTOR):
            if fate < 0.6 and self._random.random() < 0.5:
                continue
            place, sector = offset + start, data[start : start + SECTOR]
            left.extend(bytes(max(0, place + len(sector) - len(left))))
            left[place : place + len(sector)] = sector


class _File(apsw.VFSFile):
    def __init__(self, name: Any, flags: list[int], cut: PowerCut) -> None:
        super().__init__("unix", name, flags)
        text = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._path, self._cut = Path(text or "unnamed"), cut
        if text:
            cut.opened(self._path)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._cut.step()
        super().xWrite(data, offset)
        self._cut.wrote(self._path, offset, bytes(data))

    def xTruncate(self, newsize: int) -> None:
        self._cut.step()
        super().xTruncate(newsize)
        self._cut.wrote(self._path, newsize, None)

    def xSync(self, flags: int) -> None:
        self._cut.step()
        super().xSync(flags)
        self._cut.synced(self._path)


class _Vfs(apsw.VFS):
    def __init__(self, cut: PowerCut) -> None:
        self._cut = cut
        super().__init__("power", "unix", makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> _File:
        return _File(name, flags, self._cut)


@contextmanager
def power(random: Random, after: int = 0) -> Iterator[PowerCut]:
    """All databases that are opened in here are on such files; then others are usual again."""
    cut = PowerCut(random, after)
    vfs = _Vfs(cut)
    try:
        yield cut
    finally:
        vfs.unregister()
