"""Wakes the readers of all processes at once when something was appended.

Every commit writes to a file beside the log; a reader that waits has the kernel watch that file
(inotify). So nobody polls: an idle log costs nothing, and readers wake within a fraction of a
millisecond. Where the kernel cannot, a waiting reader looks every ``LOOK_S``. A notification may be
lost (a writer killed just before it): whoever waits must look again now and then.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from energyguard.clock import SYSTEM

if TYPE_CHECKING:
    from inotify_simple import INotify

LOOK_S = 0.005


class AppendListener:
    """Is notified of appends; for one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._watched = _watch(path)

    def clear(self) -> None:
        """Forget the notifications until now."""
        if self._watched is not None:
            self._watched.read(timeout=0)

    def wait(self, seconds: float) -> None:
        """Until something is appended, or was since ``clear``; at most so long."""
        if self._watched is None:
            SYSTEM.sleep(min(seconds, LOOK_S))
        else:
            self._watched.read(timeout=int(seconds * 1000))

    def close(self) -> None:
        """Listen no more."""
        if self._watched is not None:
            self._watched.close()


class AppendNotifier:
    """Notifies the listeners of one log, of whatever process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        self._lock = Lock()
        self._listeners: list[AppendListener] = []  # that nobody needs just now
        self._closed = False

    def notify(self) -> None:
        """Wake all who wait."""
        with self._lock, suppress(OSError):  # no room on the disk: the readers look now and then
            if not self._closed:
                os.pwrite(self._fd, b"\0", 0)

    @contextmanager
    def listener(self) -> Iterator[AppendListener]:
        """A listener, given back when the block ends."""
        with self._lock:
            listener = self._listeners.pop() if self._listeners else AppendListener(self._path)
        try:
            yield listener
        finally:
            with self._lock:
                if self._closed:
                    listener.close()
                else:
                    self._listeners.append(listener)

    def close(self) -> None:
        """Let go of the file; who waits does not notice."""
        with self._lock:
            if not self._closed:
                os.close(self._fd)
            self._closed = True
            for listener in self._listeners:
                listener.close()
            self._listeners.clear()


def _watch(path: Path) -> INotify | None:
    """Watches writes to a file; None: not on this machine, or too many are watched already."""
    if not sys.platform.startswith("linux"):
        return None
    from inotify_simple import INotify, flags

    try:
        watched = INotify()
    except OSError:
        return None
    try:
        watched.add_watch(path, flags.MODIFY)
    except OSError:
        watched.close()
        return None
    return watched
