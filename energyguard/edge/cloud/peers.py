"""Who is connected to the cloud: certificates, sessions, when each was heard and is spoken to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace

from energyguard.edge.protocol.clock_offset import ClockOffset
from energyguard.edge.protocol.contract import Instant
from energyguard.edge.protocol.messages import Heartbeat, Hello, Message
from energyguard.records.edges import EdgeEntry, EdgeLink
from energyguard.telemetry import METRICS

GREETING_S = 10.0
"""A peer that has not greeted after this is let go of."""
PEER_SILENT_S = 30.0
"""So is one that was not heard for this long."""
HEARTBEAT_S = 3.0


@dataclass(eq=False, slots=True)
class Peer:
    """A connection, and the session on it."""

    id: int
    edge: str
    identity: str
    connected: Instant
    came_s: float
    epoch: str = ""
    session: int = 0
    """0: it has not greeted yet."""
    cloud: str = ""
    beat_s: float = 0.0
    credit: int = 0
    """What it was told last."""
    places_s: float = float("-inf")
    """When the places were sent last."""
    heartbeat: Heartbeat | None = None
    clock: ClockOffset = field(default_factory=ClockOffset)

    def begin(self, hello: Hello, now: Instant) -> None:
        """A session begins."""
        self.epoch, self.session = hello.epoch, hello.session
        self.beat_s = now.monotonic_s
        self.heartbeat, self.clock = None, ClockOffset()

    def hear(self, message: Message, now: Instant) -> None:
        """It said something: it is there."""
        self.came_s = now.monotonic_s
        kind = type(message).__name__.removeprefix("Line").lower()
        METRICS["edge_frames"].labels(self.edge, kind).inc()
        if isinstance(message, Heartbeat):
            self.clock.take(message, now)
            self.heartbeat = message

    @property
    def names(self) -> tuple[str, int, str]:
        """What every frame of the session carries."""
        return self.epoch, self.session, self.cloud

    def is_lost(self, now: Instant) -> bool:
        """Whether it is silent, or does not greet."""
        patience_s = PEER_SILENT_S if self.session else GREETING_S
        return now.monotonic_s >= self.came_s + patience_s


def fault_of(identity: str, entries: Mapping[str, EdgeEntry]) -> str:
    """Why a certificate may not send, and what to do; empty: it may."""
    name = edge_of(identity)
    entry = entries.get(name)
    if entry is None:
        return f"no edge {name!r} was let in: energyguard edge enroll {name}"
    if entry.forgotten_ms is not None:
        return f"edge {name!r} was forgotten; to let it in again: energyguard edge enroll {name}"
    if entry.identity != identity:
        return f"edge {name!r} has a newer certificate: put that into its data folder"
    return ""


def edge_of(identity: str) -> str:
    """The edge that a certificate's common name is of: ``NAME#SERIAL``."""
    return identity.rpartition("#")[0]


def reported(link: EdgeLink, peer: Peer | None, now: Instant) -> EdgeLink:
    """A link with how its line is."""
    if peer is None:
        return replace(link, connected_ms=None, at_ms=now.wall_ms)
    silent_ms = int((now.monotonic_s - peer.came_s) * 1000)
    link = replace(
        link,
        connected_ms=peer.connected.wall_ms,
        heartbeat_ms=now.wall_ms - silent_ms,
        offset_ms=peer.clock.offset_ms,
        at_ms=now.wall_ms,
    )
    beat = peer.heartbeat
    if beat is None:
        return link
    behind_ms = None if beat.oldest_ms is None else max(0, beat.wall_ms - beat.oldest_ms)
    return replace(link, queued=beat.queued, behind_ms=behind_ms)


def parted(link: EdgeLink, peer: Peer, now: Instant) -> EdgeLink:
    """A link whose line has just gone: when it was heard last, and what waited there then."""
    return reported(reported(link, peer, now), None, now)
