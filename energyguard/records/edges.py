"""Records of ``energyguard.edges``, ``…edge-links``, ``…edge-devices``: who may send, what is here.

Service and CLI write the first, the role ``cloud`` the others: what it holds, and whose each device
is, in the transaction that appends the readings; how a line is every few seconds.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from energyguard.model import topics
from energyguard.records.contract import TopicRecord, doc


class EdgeEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An edge that was let in, and perhaps forgotten."""

    identity: Annotated[str, doc("The common name of the certificate that counts: `NAME#SERIAL`.")]
    by: Annotated[str, doc("Who let it in.")]
    at_ms: Annotated[int, doc("Wall time.", "ms")]
    forgotten_ms: Annotated[int | None, doc("Since when it is refused, wall time.", "ms")] = None
    forgotten_by: str = ""


class HeldRange(msgspec.Struct, frozen=True, array_like=True, order=True):
    """Records of a partition of an edge's outbox that are here: from one offset up to another."""

    first: int
    next: Annotated[int, doc("The offset behind the last.")]


class HeldPartition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is here of one partition of an edge's outbox."""

    topic: str
    partition: int
    ranges: Annotated[tuple[HeldRange, ...], doc("In order, none touching another.")]
    void: Annotated[int, doc("Records that the edge has no more: lost.")] = 0


class EpochStart(msgspec.Struct, frozen=True, array_like=True):
    """Where an epoch begins in a partition of the outbox."""

    topic: str
    partition: int
    first: Annotated[int, doc("The next offset when the epoch began.")]


class EdgeEpoch(msgspec.Struct, frozen=True, array_like=True):
    """A time in which an outbox was open. A disk that was restored goes on in another one."""

    id: str
    starts: Annotated[
        tuple[EpochStart, ...], doc("Of partitions that grew in the epoch before; others go on.")
    ] = ()


class LineAlert(msgspec.Struct, frozen=True, array_like=True):
    """An alert of an edge's line that is open."""

    rule: str
    id: Annotated[str, doc("Of the alert, in `energyguard.alerts`.")]
    since_ms: Annotated[int, doc("When it began, wall time.", "ms")]


class ReplacedEpoch(msgspec.Struct, frozen=True, array_like=True):
    """An epoch that another took the place of: whoever is in it is refused."""

    id: str
    held: Annotated[
        tuple[HeldPartition, ...], doc("What is here of it that the outbox of now never wrote.")
    ] = ()


class EdgeLink(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the cloud holds of an edge's outbox, and how its line is."""

    epoch: Annotated[str, doc("Of the edge's outbox, drawn whenever it is opened.")]
    cloud: Annotated[str, doc("The cloud's epoch.")]
    held: tuple[HeldPartition, ...] = ()
    past: Annotated[
        tuple[EdgeEpoch, ...], doc("The epochs that led to this one, oldest first, this one last.")
    ] = ()
    replaced: Annotated[
        tuple[ReplacedEpoch, ...], doc("Epochs of disks that were put back: the newest 16.")
    ] = ()
    connected_ms: Annotated[int | None, doc("Since when there is a line, wall time.", "ms")] = None
    heartbeat_ms: Annotated[int | None, doc("When it was last heard, wall time.", "ms")] = None
    offset_ms: Annotated[int | None, doc("Its clock less ours.", "ms")] = None
    queued: Annotated[int, doc("Records that wait at the edge, in flight or not.")] = 0
    behind_ms: Annotated[int | None, doc("How old the oldest of them is.", "ms")] = None
    readings: Annotated[int, doc("That came, ever.")] = 0
    at_ms: Annotated[int, doc("Of this report, wall time.", "ms")] = 0
    alerts: Annotated[
        tuple[LineAlert, ...], doc("Of its line, those that are open: none is raised twice.")
    ] = ()


class KeptMark(msgspec.Struct, frozen=True, array_like=True):
    """How far an outbox was acknowledged at some time."""

    at_ms: Annotated[int, doc("Wall time.", "ms")]
    positions: Annotated[tuple[EpochStart, ...], doc("Everything before was.")]


class OutboxRecords(EdgeLink, frozen=True, kw_only=True, omit_defaults=True):
    """What an edge keeps of its own outbox, in its own log; ``held``: what may have been sent."""

    merged: Annotated[
        tuple[HeldPartition, ...], doc("What is void: it was merged into later records.")
    ] = ()
    marks: Annotated[tuple[KeptMark, ...], doc("By which what was acknowledged stays.")] = ()


class EdgeDevice(msgspec.Struct, frozen=True, kw_only=True):
    """Whose a device is: another edge's readings of it are refused."""

    edge: str
    at_ms: Annotated[int, doc("When its first reading came, wall time.", "ms")]


class SourcePositions(msgspec.Struct, frozen=True, kw_only=True):
    """How far an edge has taken a log elsewhere, in its own log; key: `source/` and the address."""

    taken: Annotated[tuple[EpochStart, ...], doc("Of each partition, everything before is here.")]


EDGE_ENTRY = TopicRecord(topics.EDGES, EdgeEntry, "edge")
EDGE_LINK = TopicRecord(topics.EDGE_LINKS, EdgeLink, "edge")
EDGE_DEVICE = TopicRecord(topics.EDGE_DEVICES, EdgeDevice, "device")
