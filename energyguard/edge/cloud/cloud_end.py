"""The cloud's end of all lines: what is held, what to append, what to answer. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from energyguard.edge.cloud.holding import Arrived as Arrived
from energyguard.edge.cloud.holding import Holding, entered, first_link
from energyguard.edge.cloud.peers import HEARTBEAT_S, Peer, edge_of, fault_of, parted, reported
from energyguard.edge.protocol.contract import Instant, Outgoing
from energyguard.edge.protocol.enrichment import EdgePlace
from energyguard.edge.protocol.messages import (
    BATCH_BYTES,
    MAX_PARTITIONS,
    Ack,
    Heartbeat,
    Hello,
    LineBatch,
    LineRefused,
    LineVoid,
    Message,
    Places,
    Welcome,
    decode,
    encode,
)
from energyguard.edge.protocol.place_parts import MarkedPlaces
from energyguard.errors import Corrupt
from energyguard.model.topics import ALERTS, EDGE_READINGS
from energyguard.records.edges import EdgeEntry, EdgeLink
from energyguard.settings.edge import CloudSettings
from energyguard.telemetry import METRICS, logger

MAX_PENDING = 64 * 2**20
"""Bytes of records that wait for a transaction; what comes beyond is dropped, and comes again."""
COMMIT_BYTES = 2 * 2**20
"""Bytes of records in a transaction, about."""
RECORD_ROOM = 200
"""Bytes that a record takes in memory beside its own."""
PLACES_S = 5.0
"""Places that an edge does not say it has are sent again after this."""
TAKEN = (EDGE_READINGS.name, ALERTS.name)
"""The topics that edges may send."""

_log = logger(__name__)


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
        self._flight, self._cloud_epoch = settings.flight, cloud_epoch
        self._holdings = {name: Holding(name, link) for name, link in links.items()}
        self._peers: dict[int, Peer] = {}
        self._sessions: dict[str, Peer] = {}
        self._commit: Commit | None = None
        self._places: dict[str, MarkedPlaces] = {}

    # Peers

    def connected(self, peer: int, identity: str, now: Instant) -> list[Outgoing]:
        """A peer came, whose certificate has this common name. Returns what to send."""
        reason = fault_of(identity, self.entries)
        if reason:
            return self._refuse(peer, LineRefused(reason))
        self._peers[peer] = Peer(peer, edge_of(identity), identity, now, now.monotonic_s)
        return []

    def disconnected(self, peer: int, now: Instant) -> None:
        """A peer went."""
        gone = self._peers.pop(peer, None)
        if gone is not None and self._sessions.get(gone.edge) is gone:
            del self._sessions[gone.edge]
            holding = self._holdings[gone.edge]
            holding.link = parted(holding.link, gone, now)
            _log.info("an edge has gone", edge=gone.edge)

    def _refuse(self, peer: int, refusal: LineRefused) -> list[Outgoing]:
        _log.warning("an edge was refused", peer=peer, reason=refusal.reason)
        return [Outgoing(peer, encode(refusal)), Outgoing(peer, None)]

    def _drop(self, peer: Peer, now: Instant) -> list[Outgoing]:
        self.disconnected(peer.id, now)
        return [Outgoing(peer.id, None)]

    def poll(self, now: Instant) -> list[Outgoing]:
        """Time passed. Returns what to send. To be called at ``due_s``."""
        out: list[Outgoing] = []
        for peer in list(self._peers.values()):
            reason = fault_of(peer.identity, self.entries)
            if reason:
                self.disconnected(peer.id, now)
                out += self._refuse(peer.id, LineRefused(reason))
            elif peer.is_lost(now):
                _log.warning("an edge is silent", edge=peer.edge)
                out += self._drop(peer, now)
            elif peer.session and now.monotonic_s >= peer.beat_s:
                out += self._heartbeat(peer, now)
        return out

    @property
    def due_s(self) -> float:
        """When to call ``poll`` at the latest (monotonic seconds)."""
        return min(
            (peer.beat_s if peer.session else peer.came_s + 1 for peer in self._peers.values()),
            default=float("inf"),
        )

    # What comes

    def received(self, peer: int, frame: bytes, now: Instant) -> list[Outgoing]:
        """A frame came. Returns what to send."""
        sender = self._peers.get(peer)
        if sender is None:
            return []
        try:
            message = decode(frame)
        except Corrupt as error:
            self.disconnected(peer, now)
            return self._refuse(peer, LineRefused(str(error)))
        if isinstance(message, Hello):
            return self._greeted(sender, message, now)
        if isinstance(message, LineRefused) or not self._is_current(sender, message):
            return []
        sender.hear(message, now)
        if isinstance(message, Heartbeat):
            return self._send_places(sender, message.places, now)
        if isinstance(message, LineBatch | LineVoid):
            return self._take(sender, message, len(frame))
        return []

    @staticmethod
    def _is_current(sender: Peer, message: Message) -> bool:
        if isinstance(message, LineRefused) or not sender.session:
            return False
        return (message.epoch, message.session, message.cloud) == sender.names

    def _greeted(self, sender: Peer, hello: Hello, now: Instant) -> list[Outgoing]:
        """A session begins, or its greeting is repeated."""
        current = self._sessions.get(sender.edge)
        if current and current.epoch == hello.epoch and hello.session < current.session:
            return []
        holding = self._holding(sender.edge, hello)
        if holding.under_way and (holding.link.epoch != hello.epoch or sender is not current):
            return []  # it is repeated when the transaction is over
        fault = entered(holding, hello)
        if fault is not None:
            _log.warning("an edge was refused", edge=sender.edge, reason=fault.reason)
            return [Outgoing(sender.id, encode(fault))]
        restored = holding.lacks(hello.acknowledged)
        if restored:
            _log.warning("an edge knows of more than is held here", edge=sender.edge)
            holding.link = replace(holding.link, cloud=self._cloud_epoch)
        out = self._replace(sender, now)
        sender.came_s = now.monotonic_s
        if (sender.epoch, sender.session) != (hello.epoch, hello.session):
            sender.begin(hello, now)
        sender.cloud, sender.credit = holding.link.cloud, self._credit()
        welcome = Welcome(*sender.names, holding.held(), sender.credit, restored)
        return [*out, Outgoing(sender.id, encode(welcome))]

    def _holding(self, edge: str, hello: Hello) -> Holding:
        if edge not in self._holdings:
            link = first_link(hello, self._cloud_epoch)
            self._holdings[edge] = Holding(edge, link)
        return self._holdings[edge]

    def _replace(self, sender: Peer, now: Instant) -> list[Outgoing]:
        """Of an edge one peer counts: the newest that greeted."""
        old = self._sessions.get(sender.edge)
        out = self._drop(old, now) if old is not None and old is not sender else []
        self._sessions[sender.edge] = sender
        return out

    def _take(self, sender: Peer, message: LineBatch | LineVoid, size: int) -> list[Outgoing]:
        if message.topic not in TAKEN or message.partition >= MAX_PARTITIONS:
            reason = f"{message.topic}/{message.partition} is nothing that an edge may send"
            return self._refuse(sender.id, LineRefused(reason))
        if isinstance(message, LineBatch):
            size += RECORD_ROOM * len(message.values)
        if self._pending_bytes + size > MAX_PENDING:
            return []
        if self._holdings[sender.edge].take(message, size):
            return []
        METRICS["edge_resent"].labels(sender.edge).inc()
        return [self._acknowledgement(sender)]

    # What goes

    @property
    def _pending_bytes(self) -> int:
        return sum(holding.bytes for holding in self._holdings.values())

    def _credit(self) -> int:
        """Batches that each edge may have in flight now."""
        if self._pending_bytes > MAX_PENDING * 3 // 4:
            return 0
        share = MAX_PENDING // (2 * BATCH_BYTES * max(1, len(self._sessions)))
        return max(1, min(self._flight, share))

    def _acknowledgement(self, peer: Peer) -> Outgoing:
        peer.credit = self._credit()
        held = self._holdings[peer.edge].held()
        return Outgoing(peer.id, encode(Ack(*peer.names, held, peer.credit)))

    def _heartbeat(self, peer: Peer, now: Instant) -> list[Outgoing]:
        peer.beat_s = now.monotonic_s + HEARTBEAT_S
        peer.credit = self._credit()
        echo = peer.clock.echo(now)
        beat = Heartbeat(*peer.names, now.monotonic_s, now.wall_ms, *echo, peer.credit)
        return [Outgoing(peer.id, encode(beat))]

    def places(self, edge: str, places: Sequence[EdgePlace]) -> None:
        """All places of an edge's devices: the edge gets them until it says that it has them."""
        self._places[edge] = MarkedPlaces(places)

    def _send_places(self, peer: Peer, known: int, now: Instant) -> list[Outgoing]:
        held = self._places.get(peer.edge)
        if held is None or held.mark == known or now.monotonic_s < peer.places_s + PLACES_S:
            return []
        peer.places_s = now.monotonic_s
        parts = (Places(*peer.names, held.mark, *part) for part in held.parts)
        return [Outgoing(peer.id, encode(part)) for part in parts]

    # Transactions

    def pending(self, now: Instant) -> Commit | None:
        """What to append next; None: nothing, or a commit is under way."""
        waiting = [h for h in self._holdings.values() if h.urgent or h.backlog]
        if self._commit is not None or not waiting:
            return None
        share = COMMIT_BYTES // len(waiting)
        arrived = [piece for holding in waiting for piece in holding.begin(share)]
        links = {h.edge: reported(h.link_after(), self._sessions.get(h.edge), now) for h in waiting}
        self._commit = Commit(arrived, links)
        return self._commit

    def committed(self, commit: Commit, now: Instant) -> list[Outgoing]:
        """It is durable. ``commit.links`` as it was written. Returns acknowledgements."""
        self._commit = None
        for name, link in commit.links.items():
            self._holdings[name].committed(link)
        credit = self._credit()
        return [
            self._acknowledgement(peer)
            for name, peer in self._sessions.items()
            if name in commit.links or peer.credit < credit
        ]

    def failed(self, commit: Commit) -> None:
        """Nothing of it was written, and that is certain: it comes again.

        Where it is not certain, make another end from what the log holds.
        """
        self._commit = None
        for name in commit.links:
            self._holdings[name].failed()

    def report(self, now: Instant) -> dict[str, EdgeLink]:
        """How each line is, with what is durably held: to be written every few seconds.

        Not while a commit is under way: what it holds would be written over.
        """
        return {
            name: reported(
                replace(holding.link, held=holding.held()), self._sessions.get(name), now
            )
            for name, holding in self._holdings.items()
        }
