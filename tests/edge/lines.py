"""Edges as the cloud tells of them, for tests: who was let in, and how each line is."""

from __future__ import annotations

from typing import Any

from energyguard.log import Log, Records
from energyguard.model.topics import EDGE_LINKS, EDGES
from energyguard.records.edges import (
    EDGE_ENTRY,
    EDGE_LINK,
    EdgeEntry,
    EdgeLink,
    HeldPartition,
    HeldRange,
)

NOON = 1_757_160_000_000  # 2025-09-06 12:00 UTC


def entry(**changes: Any) -> EdgeEntry:
    """An edge that Mara let in an hour before noon."""
    given: dict[str, Any] = {"identity": "roof#1", "by": "mara", "at_ms": NOON - 3_600_000}
    return EdgeEntry(**given | changes)


def link(heartbeat_ms: int | None = NOON, **changes: Any) -> EdgeLink:
    """A line that is well: there for an hour, with nothing that waits."""
    given: dict[str, Any] = {
        "epoch": "e1", "cloud": "c1", "connected_ms": NOON - 3_600_000, "offset_ms": 12,
        "readings": 4_711, "at_ms": heartbeat_ms or NOON,
        "held": (HeldPartition(topic="edge_readings", partition=0, ranges=(HeldRange(0, 905),)),),
    }  # fmt: skip
    return EdgeLink(heartbeat_ms=heartbeat_ms, **given | changes)


def let_in(log: Log, name: str, known: EdgeEntry | None) -> None:
    """What ``edge enroll`` does; None: what compaction leaves of it."""
    value = None if known is None else EDGE_ENTRY.encode(known)
    log.append(EDGES.name, Records([name.encode()], [value]))


def report(log: Log, name: str, told: EdgeLink) -> None:
    """What the role cloud does."""
    log.append(EDGE_LINKS.name, Records([name.encode()], [EDGE_LINK.encode(told)]))
