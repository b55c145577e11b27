"""The file of devices while it is used: a change of it is read by itself.

A change counts once the file has rested for one look, so what an editor has written by half is not
read. Files that it names (maps, mappings) are looked at with it; a password is read anew at each
connection.
"""

from __future__ import annotations

from pathlib import Path

from energyguard.poll.source import PollTarget
from energyguard.poll.targets import read_targets

_Stamp = tuple[int, int, int]
_NO_FILE: _Stamp = (0, 0, 0)


class TargetFile:
    """A file of targets that may change.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._beside: set[Path] = set()
        self._read: list[_Stamp] = []
        self._seen: list[_Stamp] = []

    def read(self) -> list[PollTarget]:
        """Its targets, as they stand there now.

        Raises:
            ConfigError: with every fault.
        """
        self._read = self._seen = self._stamps()
        targets = read_targets(self._path)
        self._beside = {path for row in targets for path in (row.registers, row.mapping) if path}
        self._read = self._seen = self._stamps()
        return targets

    def changed(self) -> list[PollTarget] | None:
        """Its targets, where it is another one than was read last, and rests; else None.

        Raises:
            ConfigError: it has changed, and cannot be used; said once for each change.
        """
        before, self._seen = self._seen, self._stamps()
        if self._seen == self._read or self._seen != before:
            return None
        return self.read()

    def _stamps(self) -> list[_Stamp]:
        return [_stamp(path) for path in (self._path, *sorted(self._beside))]


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError:
        return _NO_FILE
    return found.st_mtime_ns, found.st_size, found.st_ino
