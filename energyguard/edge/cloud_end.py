"""The cloud's end of all lines: what is held, what to append, what to answer. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from energyguard.edge.contract import Instant, Outgoing
from energyguard.edge.enrichment import EdgePlace
from energyguard.edge.messages import LineBatch
from energyguard.records.edges import EdgeEntry, EdgeLink
from energyguard.settings.edge import CloudSettings


@dataclass(frozen=True, slots=True)
class Arrived:
    """Records of an edge that are not in the log yet."""

    edge: str
    batch: LineBatch
    """Cut to what is new: all of its records are to be appended."""


@dataclass(frozen=True, slots=True)
class Commit:
    """What goes into one transaction: all of it, or nothing.

    ``links`` are records of ``energyguard.edge-links``; their ``readings`` is what came before:
    whoever unpacks the records adds to it.
    """

    arrived: Sequence[Arrived]
    links: dict[str, EdgeLink]


class CloudEnd:
    """The cloud's end of all lines, played by one thread.

    Args:
        links: what the log has of each edge, as the last transaction left it.
        entries: who was let in, by name; a certificate whose identity is in none is refused.
        settings: how much may fly.
        cloud_epoch: drawn anew by each process; it becomes the cloud's epoch for an edge that
            knows of more than is held: a backup was put back.
    """

    def __init__(
        self,
        links: Mapping[str, EdgeLink],
        entries: Mapping[str, EdgeEntry],
        settings: CloudSettings,
        cloud_epoch: str,
    ) -> None:
        self.entries = entries
        """May be replaced at any time: who is forgotten is let go of by the next ``poll``."""

    def connected(self, peer: int, identity: str, now: Instant) -> list[Outgoing]:
        """A peer came, whose certificate has this common name. Returns what to send."""
        raise NotImplementedError

    def received(self, peer: int, frame: bytes, now: Instant) -> list[Outgoing]:
        """A frame came. Returns what to send."""
        raise NotImplementedError

    def disconnected(self, peer: int, now: Instant) -> None:
        """A peer went."""
        raise NotImplementedError

    def poll(self, now: Instant) -> list[Outgoing]:
        """Time passed. Returns what to send. To be called at ``due_s``."""
        raise NotImplementedError

    @property
    def due_s(self) -> float:
        """When to call ``poll`` at the latest (monotonic seconds)."""
        raise NotImplementedError

    def pending(self, now: Instant) -> Commit | None:
        """What to append next; None: nothing, or a commit is under way."""
        raise NotImplementedError

    def committed(self, commit: Commit, now: Instant) -> list[Outgoing]:
        """It is durable. ``commit.links`` as it was written. Returns acknowledgements."""
        raise NotImplementedError

    def failed(self, commit: Commit) -> None:
        """Nothing of it was written, and that is certain: it comes again.

        Where it is not certain, make another end from what the log holds.
        """
        raise NotImplementedError

    def places(self, edge: str, places: Sequence[EdgePlace]) -> None:
        """All places of an edge's devices: the edge gets them until it says that it has them."""
        raise NotImplementedError

    def report(self, now: Instant) -> dict[str, EdgeLink]:
        """How each line is, with what is durably held: to be written every few seconds.

        Not while a commit is under way: what it holds would be written over.
        """
        raise NotImplementedError
