"""What senders said of themselves, kept beside the log: a message after a restart is understood.

The broker keeps such messages too (they are retained), but sends them after those that waited.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from energyguard.durable.atomic import write_atomically

MAX_MESSAGES: Final = 50_000


class LearnedMessages:
    """The newest message of each topic that teaches.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._changed = path, False
        self.messages: dict[str, bytes] = {}
        if path.exists():
            try:
                self.messages = msgspec.msgpack.decode(path.read_bytes(), type=dict[str, bytes])
            except (msgspec.DecodeError, UnicodeDecodeError):
                self._changed = True  # the broker says all of it again

    def is_new(self, topic: str, payload: bytes) -> bool:
        """Whether a message says what is not known yet."""
        return payload != self.messages.get(topic, b"")

    def put(self, topic: str, payload: bytes) -> None:
        """Keep a message of a topic that teaches; an empty one is the end of what was there."""
        if payload and (topic in self.messages or len(self.messages) < MAX_MESSAGES):
            self.messages[topic] = payload
        else:
            self.messages.pop(topic, None)
        self._changed = True

    def write(self) -> None:
        """Make durable what has changed.

        Raises:
            DiskFull: there is no room.
        """
        if self._changed:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_atomically(self._path, msgspec.msgpack.encode(self.messages))
            self._changed = False
