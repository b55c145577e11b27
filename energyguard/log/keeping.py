"""How long the topics of one log stay, where not as their table says, and how full they get.

It stands in a small file beside the log, so that every process that writes or tidies the log knows
it: whoever has not been told would delete what nobody has read yet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from energyguard.clock import SYSTEM
from energyguard.durable.atomic import write_atomically
from energyguard.errors import Corrupt, Overloaded
from energyguard.log.records import matches

LOOK_S = 0.5
"""Whether there is room is asked for no more often, and so is what the file says."""


class Keeping(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a topic is kept.

    Attributes:
        group: nothing that it has not read is deleted; empty: as the table says.
        keep_ms: how long the rest stays; None: as the table says.
        max_bytes: no more than this may wait for its reader; 0: no limit.
        reader: the group for which it waits; empty: ``group``.
        behind: another topic: while that one is full, this one takes nothing either.
    """

    group: str = ""
    keep_ms: int | None = None
    max_bytes: int = 0
    reader: str = ""
    behind: str = ""

    @property
    def waits_for(self) -> str:
        """The group for which it waits."""
        return self.reader or self.group


_DECODER = msgspec.json.Decoder(dict[str, Keeping])
Waiting = Callable[[str, str], int]
"""How many bytes of a topic a group has not read."""


class KeptTopics:
    """What the file beside a log says, as one process knows it.

    Args:
        path: of the file; None: in memory alone.
        waiting: asked where a topic has a limit.
    """

    def __init__(self, path: Path | None, waiting: Waiting) -> None:
        self._path, self._waiting = path, waiting
        self._known: Mapping[str, Keeping] = {}
        self._changed_ns = -1
        self._looked_s = float("-inf")
        self._full: dict[str, tuple[float, bool]] = {}

    def set(self, topics: Mapping[str, Keeping]) -> None:
        """Keep topics so from now on; a name may end in ``*``. Durable on return."""
        if self._path is not None:
            write_atomically(self._path, msgspec.json.encode(topics))
        self._known, self._looked_s = dict(topics), float("-inf")
        self._full.clear()

    def of(self, topic: str) -> Keeping | None:
        """How a topic is kept; None: as the table says.

        Raises:
            Corrupt: the file cannot be read.
        """
        self._look()
        if topic in self._known:
            return self._known[topic]
        return next((k for name, k in self._known.items() if matches(name, topic)), None)

    def _look(self) -> None:
        now_s = SYSTEM.monotonic()
        if self._path is None or now_s - self._looked_s < LOOK_S:
            return
        self._looked_s = now_s
        try:
            changed_ns = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return
        if changed_ns != self._changed_ns:
            try:
                self._known = _DECODER.decode(self._path.read_bytes())
            except msgspec.DecodeError as error:
                raise Corrupt(
                    f"{self._path}: it cannot be read ({error}); remove it: the role that keeps "
                    "this log writes it anew when it starts"
                ) from error
            self._changed_ns = changed_ns

    def is_full(self, topic: str) -> bool:
        """Whether a topic takes nothing now."""
        keeping = self.of(topic)
        if keeping is None or not (keeping.max_bytes or keeping.behind):
            return False
        now_s = SYSTEM.monotonic()
        looked_s, full = self._full.get(topic, (float("-inf"), False))
        if now_s - looked_s >= LOOK_S:
            full = self._is_over(topic, keeping) or self.is_full(keeping.behind)
            self._full[topic] = now_s, full
        return full

    def _is_over(self, topic: str, keeping: Keeping) -> bool:
        return 0 < keeping.max_bytes <= self._waiting(topic, keeping.waits_for)

    def check(self, topic: str, group: str = "") -> None:
        """See whether a topic takes records now; of the group for which it waits it always does.

        Raises:
            Overloaded: too much waits; nothing was taken.
        """
        keeping = self.of(topic)
        if keeping is None or (group and group == keeping.waits_for) or not self.is_full(topic):
            return
        full = topic if self._is_over(topic, keeping) else keeping.behind or topic
        waits = self.of(full) or keeping
        raise Overloaded(
            f"{topic}: nothing was taken: {waits.max_bytes} bytes of {full} wait for "
            f"{waits.waits_for}, which is all that may; it goes on by itself when they are read"
        )
