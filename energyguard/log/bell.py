"""Tells the readers of all processes at once that something was appended.

Every commit touches a file beside the log; a reader that waits has the kernel watch that file
(inotify). So nobody polls: an idle log costs nothing, and news arrive within a fraction of a
millisecond. Where the kernel cannot, a waiting reader looks every ``LOOK_S``. A ring may be lost
(a writer killed just before it): whoever waits must look again now and then.
"""

from __future__ import annotations

import ctypes
import os
import select
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from energyguard.clock import SYSTEM

LOOK_S = 0.005
_IN_MODIFY = 2
_EVENT = struct.calcsize("iIII")


class Ear:
    """Hears one bell, for one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._fd = _watch(path)
        self._poll = select.poll()
        if self._fd is not None:
            self._poll.register(self._fd, select.POLLIN)

    def forget(self) -> None:
        """What rang until now has been seen to."""
        if self._fd is not None:
            with suppress(BlockingIOError):
                while len(os.read(self._fd, 256 * _EVENT)) == 256 * _EVENT:
                    pass

    def wait(self, seconds: float) -> None:
        """Until it rings, or has rung since ``forget``; at most so long."""
        if self._fd is None:
            SYSTEM.sleep(min(seconds, LOOK_S))
        else:
            self._poll.poll(seconds * 1000)

    def close(self) -> None:
        """Hear no more."""
        if self._fd is not None:
            os.close(self._fd)


class Bell:
    """The bell of one log, in one process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        self._lock = Lock()
        self._ears: list[Ear] = []  # that nobody needs just now
        self._closed = False

    def ring(self) -> None:
        """Tell all who wait."""
        with self._lock, suppress(OSError):  # no room on the disk: the readers look now and then
            if not self._closed:
                os.pwrite(self._fd, b"\0", 0)

    @contextmanager
    def ear(self) -> Iterator[Ear]:
        """An ear, given back when the block ends."""
        with self._lock:
            ear = self._ears.pop() if self._ears else Ear(self._path)
        try:
            yield ear
        finally:
            with self._lock:
                if self._closed:
                    ear.close()
                else:
                    self._ears.append(ear)

    def close(self) -> None:
        """Let go of the file; who waits does not notice."""
        with self._lock:
            if not self._closed:
                os.close(self._fd)
            self._closed = True
            for ear in self._ears:
                ear.close()
            self._ears.clear()


def _watch(path: Path) -> int | None:
    """A descriptor that can be read when the file was written to; None: not on this machine."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    fd = int(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
    if fd < 0:  # too many already
        return None
    if libc.inotify_add_watch(fd, os.fsencode(path), _IN_MODIFY) < 0:
        os.close(fd)
        return None
    return fd
