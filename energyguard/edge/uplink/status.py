"""How an edge's line is, and where the records of its outbox are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LineState(StrEnum):
    """Of a line, as the edge sees it."""

    DOWN = "down"
    GREETING = "greeting"
    UP = "up"


@dataclass(frozen=True, slots=True)
class EdgeStatus:
    """How the line is, and where the outbox's records are."""

    state: LineState
    reason: str
    """Why it is not up, or why nothing is sent; empty: all is well."""
    queued: int
    """Records that wait, those in flight among them."""
    sent: int
    """Records in flight."""
    acknowledged: int
    """Records that the cloud has acknowledged since this end began."""
    lost: int
    """Records that retention took before the cloud had them, since this end began."""
    oldest_ms: int | None
    """When the oldest record that waits was taken, by the edge's clock."""
    offset_ms: int | None
    """The cloud's clock less the edge's; None: not known yet."""
    round_trip_ms: int | None
    """How long a heartbeat takes, there and back."""
    last_heartbeat_ms: int | None
    """When a frame of the cloud came last, by the edge's clock."""
