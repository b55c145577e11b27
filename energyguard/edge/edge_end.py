"""The edge's end of a line: what to say next. No I/O: frames and moments in, frames out."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from energyguard.edge.contract import Instant, Outbox
from energyguard.settings.edge import EdgeSettings


@dataclass(frozen=True, slots=True)
class EdgeStatus:
    """How the line is, and where the outbox's records are."""

    state: str
    """`down`, `greeting` or `up`."""
    reason: str
    """Why it is not up; empty while it is."""
    queued: int
    """Records that wait, those in flight among them."""
    sent: int
    """Records in flight."""
    acknowledged: int
    """Records that the cloud has, since this end began."""
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


class EdgeEnd:
    """The edge's end of a line. It dials; it is played by one thread.

    Args:
        name: of the edge, for its log.
        outbox: what is to be sent.
        settings: how often, how long, how old.
        chance: for its epoch's id and for how long it waits before it dials.
    """

    def __init__(self, name: str, outbox: Outbox, settings: EdgeSettings, chance: Random) -> None:
        self._name, self._outbox, self._settings, self._chance = name, outbox, settings, chance

    def connected(self, now: Instant) -> list[bytes]:
        """There is a connection: begin a session. Returns the frames to send."""
        raise NotImplementedError

    def received(self, frame: bytes, now: Instant) -> list[bytes]:
        """A frame came. Returns the frames to send. What is not of this session is dropped."""
        raise NotImplementedError

    def poll(self, now: Instant) -> list[bytes]:
        """Time passed, or the outbox grew. Returns the frames to send.

        To be called at ``due_s``, and soon after a record was written. Where the cloud is silent
        the session ends here: then ``is_connected`` is false, and the connection is to be closed.
        """
        raise NotImplementedError

    def disconnected(self, now: Instant) -> None:
        """The connection is gone, or could not be made: ``redial_s`` says when to dial."""
        raise NotImplementedError

    @property
    def is_connected(self) -> bool:
        """Whether a connection is of use: false before the first and once the session has ended."""
        raise NotImplementedError

    @property
    def is_welcome(self) -> bool:
        """Whether the cloud has answered: records travel."""
        raise NotImplementedError

    @property
    def redial_s(self) -> float:
        """When to dial (monotonic seconds), while there is no connection. Waits grow, with jitter,
        up to ``MAX_REDIAL_S``.
        """
        raise NotImplementedError

    @property
    def due_s(self) -> float:
        """When to call ``poll`` at the latest (monotonic seconds)."""
        raise NotImplementedError

    def status(self) -> EdgeStatus:
        """How the line is."""
        raise NotImplementedError
