"""What the cloud holds of one edge's outbox, what it is about to hold, and what is new of a frame.

*Held* is what is in the log. *Known* is that, and what waits for a transaction or is in one: of
what is known nothing is taken twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

from msgspec.structs import replace

from energyguard.edge.cloud.branches import Branches, parts_of
from energyguard.edge.protocol.epochs import MAX_EPOCHS, TooOld, shared, shortened
from energyguard.edge.protocol.messages import Hello, LineBatch, LineRefused, LineVoid
from energyguard.edge.protocol.ranges import Ranges
from energyguard.log.records import TopicPartition
from energyguard.records.edges import EdgeLink, HeldPartition, HeldRange

MAX_RANGES = 1_000
"""Ranges of a partition: what would make more of them is not taken until others have closed."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """Records of an edge that are not in the log yet."""

    edge: str
    batch: LineBatch
    """Cut to what is new: all of its records are to be appended."""


class Unwritten(NamedTuple):
    """Offsets that wait for a transaction; None where they have no record."""

    at: TopicPartition
    first: int
    next: int
    batch: LineBatch | None
    lost: int = 0
    size: int = 0

    @property
    def is_backlog(self) -> bool:
        """Whether it goes behind what is live."""
        return self.batch is not None and self.batch.backfill


class Holding:
    """An edge's records in the cloud."""

    def __init__(self, edge: str, link: EdgeLink) -> None:
        self.edge, self.link = edge, link
        self.urgent: deque[Unwritten] = deque()
        self.backlog: deque[Unwritten] = deque()
        self.under_way: tuple[Unwritten, ...] = ()
        self.bytes = 0
        """Of what waits or is under way."""
        self._held: dict[TopicPartition, Ranges] = {}
        self._known: dict[TopicPartition, Ranges] = {}
        self._void: dict[TopicPartition, int] = {}
        self._branches = Branches(link.replaced)
        for part in link.held:
            at = TopicPartition(part.topic, part.partition)
            self._held[at], self._void[at] = Ranges(part.ranges), part.void
            self._known[at] = Ranges(part.ranges)

    # A session begins

    def is_over(self, hello: Hello) -> bool:
        """Whether the epoch of a greeting is one that another has followed or replaced."""
        if hello.epoch == self.link.epoch:
            return False
        return hello.epoch in self._branches or any(
            epoch.id == hello.epoch for epoch in self.link.past
        )

    def enter(self, hello: Hello) -> None:
        """Go on in the epoch of a greeting: what its outbox never wrote is not held any more, but
        remembered, should the other disk come back.

        Raises:
            epochs.TooOld: nobody knows any more what it wrote.
        """
        if hello.epoch == self.link.epoch:
            return
        common = shared(self.link.past, hello.past)
        if common.before is not None:
            self._branches.leave(self._held, self.link.past, common)
        self._branches.enter(self._held, hello.past)
        self.urgent.clear()
        self.backlog.clear()
        self.bytes = 0
        self._known = {at: held.copy() for at, held in self._held.items()}
        replaced = self._branches.replaced()
        past = shortened(hello.past, MAX_EPOCHS)
        self.link = replace(self.link, epoch=hello.epoch, past=past, replaced=replaced)

    def lacks(self, acknowledged: Iterable[HeldPartition]) -> bool:
        """Whether something was acknowledged that is not here: a backup was put back."""
        for part in acknowledged:
            held = self._held.get(TopicPartition(part.topic, part.partition), Ranges())
            for r in part.ranges:
                if held.first_missing(r.first) < r.next:
                    return True
        return False

    # What comes

    def take(self, message: LineBatch | LineVoid, size: int) -> bool:
        """Take what is new of it; false: all of it is in the log.

        What is not in the log and is not taken comes again.
        """
        at = TopicPartition(message.topic, message.partition)
        known = self._known.setdefault(at, Ranges())
        gaps = list(known.missing(message.first, message.next))
        if not gaps:
            held = self._held.get(at, Ranges())
            return held.first_missing(message.first) < message.next
        if len(known) >= MAX_RANGES and not known.touches(message.first, message.next):
            return True
        for piece in self._pieces(message, gaps, size):
            lane = self.backlog if piece.is_backlog else self.urgent
            lane.append(piece)
            known.add(piece.first, piece.next)
            self.bytes += piece.size
        return True

    def _pieces(
        self, message: LineBatch | LineVoid, gaps: list[HeldRange], size: int
    ) -> Iterator[Unwritten]:
        at = TopicPartition(message.topic, message.partition)
        if isinstance(message, LineVoid):
            left = message.lost
            for gap in gaps:
                lost = min(gap.next - gap.first, left)
                left -= lost
                yield Unwritten(at, gap.first, gap.next, None, lost)
        elif len(gaps) == 1 and (gaps[0].first, gaps[0].next) == (message.first, message.next):
            yield Unwritten(at, message.first, message.next, message, 0, size)
        else:
            for gap in gaps:
                batch = cut(message, gap)
                yield Unwritten(at, gap.first, gap.next, batch, 0, size)

    # Transactions

    def begin(self, limit_bytes: int) -> list[Arrived]:
        """What goes into the next transaction: at least one, then up to a number of bytes."""
        chosen: list[Unwritten] = []
        size = 0
        for lane in (self.urgent, self.backlog):
            while lane and (not chosen or size + lane[0].size <= limit_bytes):
                chosen.append(lane.popleft())
                size += chosen[-1].size
        self.under_way = tuple(chosen)
        return [Arrived(self.edge, piece.batch) for piece in chosen if piece.batch is not None]

    def committed(self, link: EdgeLink) -> None:
        """What was under way is in the log, and so is its link."""
        self._held, self._void = self._after()
        self._finish()
        self.link = link

    def failed(self) -> None:
        """It is not; it comes first again."""
        for piece in reversed(self.under_way):
            lane = self.backlog if piece.is_backlog else self.urgent
            lane.appendleft(piece)
        self.under_way = ()

    def _finish(self) -> None:
        self.bytes -= sum(piece.size for piece in self.under_way)
        self.under_way = ()

    def _after(self) -> tuple[dict[TopicPartition, Ranges], dict[TopicPartition, int]]:
        """What is held, with what is under way."""
        held = {at: ranges.copy() for at, ranges in self._held.items()}
        void = dict(self._void)
        for piece in self.under_way:
            held.setdefault(piece.at, Ranges()).add(piece.first, piece.next)
            void[piece.at] = void.get(piece.at, 0) + piece.lost
        return held, void

    def link_after(self) -> EdgeLink:
        """The link as the transaction that is under way is to write it."""
        return replace(self.link, held=parts_of(*self._after()))

    def held(self) -> tuple[HeldPartition, ...]:
        """What is in the log."""
        return parts_of(self._held, self._void)


def cut(batch: LineBatch, gap: HeldRange) -> LineBatch | None:
    """The records of a batch in a range; None: there are none."""
    offsets = batch.offsets or range(batch.first, batch.next)
    begin = sum(1 for _ in takewhile(lambda offset: offset < gap.first, offsets))
    end = sum(1 for _ in takewhile(lambda offset: offset < gap.next, offsets))
    if begin == end:
        return None
    return LineBatch(
        batch.epoch,
        batch.session,
        batch.cloud,
        batch.topic,
        batch.partition,
        gap.first,
        gap.next,
        batch.backfill,
        batch.offsets[begin:end],
        batch.keys[begin:end],
        batch.values[begin:end],
        batch.headers[begin:end],
        batch.times_ms[begin:end],
    )


def first_link(hello: Hello, cloud_epoch: str) -> EdgeLink:
    """The link of an edge that greets for the first time."""
    past = shortened(hello.past, MAX_EPOCHS)
    return EdgeLink(epoch=hello.epoch, cloud=cloud_epoch, past=past)


def entered(holding: Holding, hello: Hello) -> LineRefused | None:
    """Go on in the epoch of a greeting; or why not."""
    edge, epoch = holding.edge, hello.epoch
    if holding.is_over(hello):
        reason = f"another followed epoch {epoch} of edge {edge!r}: was its disk copied, or do two "
        reason += "machines use its certificate?"
        return LineRefused(reason, epoch, hello.session, renew=True)
    try:
        holding.enter(hello)
    except TooOld:
        reason = f"the disk of edge {edge!r} was restored from a copy that is too old to know what "
        reason += "was sent since: let it in under another name: energyguard edge enroll NAME"
        return LineRefused(reason, epoch, hello.session)
    return None
