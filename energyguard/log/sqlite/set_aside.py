"""Damaged appends, set aside: kept in a folder beside the log, counted, and told.

Readers go around what is damaged; here is what it was, for whoever wants to look at it. A file an
append: a line of JSON that says what and where, then the bytes as they were found. Whoever has
seen to it deletes the file, and nothing tells of it any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from energyguard.durable.atomic import write_atomically
from energyguard.errors import EnergyGuardError
from energyguard.log.sqlite.segments import Head, append_of
from energyguard.log.sqlite.walk import Gap
from energyguard.telemetry import METRICS, logger

_log = logger(__name__)


class Damage(NamedTuple):
    """Appends of a topic that cannot be read, and the row of one of which a checksum fails."""

    topic: str
    ids: Gap
    row: tuple[Head, bytes] | None

    @property
    def appends(self) -> str:
        """Which appends of the topic: one, or from one to another."""
        first, last = map(append_of, self.ids)
        return str(first) if first == last else f"{first}-{last}"


class SetAside:
    """The damaged appends of a log, as one process comes across them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: set[tuple[str, int]] = set()

    def add(self, found: Iterable[Damage]) -> None:
        """Tell once of each, and keep it."""
        for damage in found:
            if (key := (damage.topic, damage.ids.last)) in self._known:
                continue
            self._known.add(key)
            METRICS["log_damaged"].labels(damage.topic).inc()
            _log.error(
                "a damaged append is set aside; readers go on behind it",
                topic=damage.topic,
                append=damage.appends,
                kept=str(folder_of(self._path)),
            )
            with suppress(EnergyGuardError, OSError):  # no room: the log still has it
                _keep(self._path, damage)


def folder_of(path: Path) -> Path:
    """Where the damaged appends of a log are kept."""
    return path.with_name(f"{path.name}-damaged")


def kept(path: Path) -> dict[str, int]:
    """How many damaged appends of each topic are set aside."""
    found: dict[str, int] = {}
    for file in sorted(folder_of(path).glob("*.append")):
        topic = file.name.rpartition("@")[0]
        found[topic] = found.get(topic, 0) + 1
    return found


def summary(path: Path) -> str:
    """What is set aside, in a sentence; empty: nothing."""
    found = kept(path)
    if not found:
        return ""
    topics = ", ".join(f"{topic} {n}" for topic, n in found.items())
    return f"damaged appends were set aside: {topics}; they are in {folder_of(path)}"


def _keep(path: Path, damage: Damage) -> None:
    # by its last append: a reader that begins in the midst of a gap means the same one
    name = f"{damage.topic}@{append_of(damage.ids.last)}.append"
    target = folder_of(path) / name
    if target.exists():
        return
    target.parent.mkdir(mode=0o700, exist_ok=True)
    about: dict[str, object] = {"topic": damage.topic, "appends": damage.appends}
    body = b""
    if damage.row is not None:
        head, body = damage.row
        about |= {"appended_ms": head.appended_ms, "ends": list(head.ends), "crc": head.crc}
    write_atomically(target, msgspec.json.encode(about) + b"\n" + body)
