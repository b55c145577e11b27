"""What the two ends of a line need and give: the outbox, time, frames, commits.

Whoever plays an end (a role over NNG, a simulation) gives it frames and moments and sends what it
returns. Neither end waits, reads a clock or opens anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from energyguard.edge.protocol.enrichment import EdgePlace
from energyguard.log.records import Headers, TopicPartition
from energyguard.records.edges import EdgeEpoch


class Instant(NamedTuple):
    """Now: by a clock that nobody sets, and by one that may jump."""

    monotonic_s: float
    wall_ms: int


class OutboxRecord(NamedTuple):
    """A record that waits for the line."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    at_ms: int
    """When the edge's log took it, by the edge's clock."""


class Outbox(Protocol):
    """An edge's log as its uplink sees it.

    A record stands at an offset and never changes. Offsets without a record are *void*: retention
    took it, or it was merged into a later one. What was promised by ``may_have_sent`` is never
    merged afterwards, and nothing is deleted that lies at or behind the position.
    """

    @property
    def epochs(self) -> Sequence[EdgeEpoch]:
        """Every epoch, oldest first, as far as they are known; durable."""
        ...

    def new_epoch(self, name: str) -> None:
        """Begin an epoch that starts at each partition's next offset; durable on return.

        ``epochs.appended`` gives what to keep.
        """
        ...

    def partitions(self) -> Sequence[TopicPartition]:
        """What is to be sent; the most urgent topic is none of readings."""
        ...

    def span(self, at: TopicPartition) -> tuple[int, int]:
        """The oldest offset that is left, and the next that will be written. Cheap."""
        ...

    def read(self, at: TopicPartition, offset: int, limit_bytes: int) -> Sequence[OutboxRecord]:
        """Records from an offset on, the void left out; at least one if there is one.

        ``limit_bytes``: of keys, values and headers; only a single record may be longer.
        """
        ...

    def position(self, at: TopicPartition) -> int:
        """Every record before this offset is in the cloud, as far as is known. After a start it
        may be older than what was set last.
        """
        ...

    def acknowledged(self, at: TopicPartition, upto: int) -> None:
        """Set the position. Cheap: it may become durable later. It goes back where the cloud was
        restored; what is there from it on stays from then on.
        """
        ...

    def may_have_sent(self, at: TopicPartition, first: int, following: int) -> None:
        """These offsets (some not written yet) may be sent from now on; durable on return."""
        ...

    def offset_at(self, at: TopicPartition, wall_ms: int) -> int:
        """The offset of the first record that was taken at this time or later, by ``at_ms``."""
        ...

    def lost(self, at: TopicPartition, first: int, following: int) -> int:
        """Of these void offsets, how many records are in no later one: retention took them."""
        ...

    def places(self, places: Sequence[EdgePlace]) -> None:
        """Keep what the cloud says of devices; the same may come again."""
        ...


class Outgoing(NamedTuple):
    """A frame for a peer; None: let go of it."""

    peer: int
    frame: bytes | None
