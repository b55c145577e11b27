"""Bugs of a line, each planted in turn: the simulation must find every one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace as replaced

import pytest
from msgspec.structs import replace

from energyguard.edge.cloud import holding
from energyguard.edge.cloud.branches import Branches, parts_of
from energyguard.edge.cloud.cloud_end import Commit
from energyguard.edge.cloud.holding import Holding
from energyguard.edge.protocol.contract import Instant
from energyguard.edge.protocol.epochs import SharedPast
from energyguard.edge.protocol.messages import Hello, LineBatch, LineRefused, LineVoid, Message
from energyguard.edge.uplink.batching import Batching, Piece, SessionNames
from energyguard.edge.uplink.edge_end import EdgeEnd
from energyguard.edge.uplink.flights import Flight, Flights
from energyguard.edge.uplink.lanes import LaneGap, Lanes
from energyguard.log.records import TopicPartition
from energyguard.records.edges import HeldPartition
from tests.simulation.link.disks import ModelOutbox
from tests.simulation.link.world import CloudNode

Patch = pytest.MonkeyPatch


def acknowledged_before_it_is_durable(patch: Patch) -> None:
    patch.setattr(Holding, "held", lambda self: parts_of(self._known, self._void))


def what_is_held_is_written_again(patch: Patch) -> None:
    real = Holding.take

    def take(self: Holding, message: LineBatch | LineVoid, size: int) -> bool:
        self._known = {}
        return real(self, message, size)

    patch.setattr(Holding, "take", take)


def only_what_is_in_the_log_is_known(patch: Patch) -> None:
    """What waits for the transaction is taken again."""
    real = Holding.take

    def take(self: Holding, message: LineBatch | LineVoid, size: int) -> bool:
        self._known = {at: ranges.copy() for at, ranges in self._held.items()}
        return real(self, message, size)

    patch.setattr(Holding, "take", take)


def overlaps_are_not_cut(patch: Patch) -> None:
    patch.setattr(holding, "cut", lambda batch, gap: batch)


def the_edge_believes_old_sessions(patch: Patch) -> None:
    def is_current(self: EdgeEnd, message: Message) -> bool:
        return isinstance(message, LineRefused) or self.is_welcome

    real = EdgeEnd._is_current

    def either(self: EdgeEnd, message: Message) -> bool:
        return real(self, message) or is_current(self, message)

    patch.setattr(EdgeEnd, "_is_current", either)


def the_edge_knows_better_than_the_cloud(patch: Patch) -> None:
    """What was acknowledged once is not sent again, whatever the cloud holds now."""

    def begin(self: Lanes, held: Iterable[HeldPartition], live_ms: int) -> None:
        self.hold(held)
        self._taken = {at: ranges.copy() for at, ranges in self._held.items()}
        self._lines = {at: self._outbox.offset_at(at, live_ms) for at in self._held}

    patch.setattr(Lanes, "begin", begin)


def nothing_is_sent_again(patch: Patch) -> None:
    def none(self: Flights, now_s: float) -> Iterator[Flight]:
        return iter(())

    patch.setattr(Flights, "overdue", none)
    patch.setattr(Flights, "due_s", float("inf"))


def sent_without_a_promise(patch: Patch) -> None:
    patch.setattr(Batching, "_promise", lambda self, gap: gap.next)


def promises_are_forgotten(patch: Patch) -> None:
    """The outbox thinks what was acknowledged once is safe for ever."""

    def acknowledged(self: ModelOutbox, at: TopicPartition, upto: int) -> None:
        self._positions[at] = upto
        self.disk.positions[at] = min(upto, self.disk.positions[at])

    patch.setattr(ModelOutbox, "acknowledged", acknowledged)


def epochs_are_only_names(patch: Patch) -> None:
    def enter(self: Holding, hello: Hello) -> None:
        self.link = replace(self.link, epoch=hello.epoch, past=hello.past)

    patch.setattr(Holding, "enter", enter)


def one_epoch_for_ever(patch: Patch) -> None:
    """An outbox draws its epoch when it is made, and no other."""
    real = EdgeEnd._new_epoch

    def once(self: EdgeEnd) -> None:
        if self._outbox.epochs:
            self._epoch = self._outbox.epochs[-1].id
        else:
            real(self)

    patch.setattr(EdgeEnd, "_new_epoch", once)


def epochs_share_nothing(patch: Patch) -> None:
    patch.setattr(holding, "shared", lambda cloud, edge: SharedPast({}))
    patch.setattr(Branches, "leave", lambda self, held, past, common: held.clear())


def other_disks_are_forgotten(patch: Patch) -> None:
    patch.setattr(Branches, "enter", lambda self, held, past: None)


def links_are_written_afterwards(patch: Patch) -> None:
    """In a transaction of their own."""
    real = CloudNode._write

    def write(self: CloudNode, commit: Commit) -> None:
        real(self, replaced(commit, links={}))

        def then() -> None:
            if self.end is not None:
                self.disk.links.update(commit.links)

        self.world.later(2, then)

    patch.setattr(CloudNode, "_write", write)


def what_failed_is_forgotten(patch: Patch) -> None:
    def failed(self: Holding) -> None:
        self.under_way = ()

    patch.setattr(Holding, "failed", failed)


def acknowledged_is_gone(patch: Patch) -> None:
    """What was acknowledged once is said to be void, whether it is still there or not."""
    real_piece, real_acknowledged = Batching.piece, ModelOutbox.acknowledged
    known: dict[tuple[int, TopicPartition], int] = {}

    def acknowledged(self: ModelOutbox, at: TopicPartition, upto: int) -> None:
        real_acknowledged(self, at, upto)
        known[id(self.disk), at] = max(upto, known.get((id(self.disk), at), 0))

    def piece(self: Batching, gap: LaneGap, names: SessionNames, limit_bytes: int) -> Piece:
        assert isinstance(self._outbox, ModelOutbox)
        before = known.get((id(self._outbox.disk), gap.at), 0)
        if gap.first < before:
            return self._void(gap, names, min(gap.next, before))
        return real_piece(self, gap, names, limit_bytes)

    patch.setattr(ModelOutbox, "acknowledged", acknowledged)
    patch.setattr(Batching, "piece", piece)


def silence_is_not_noticed(patch: Patch) -> None:
    real = EdgeEnd.poll

    def poll(self: EdgeEnd, now: Instant) -> list[bytes]:
        self._silent_s = float("inf")
        return real(self, now)

    patch.setattr(EdgeEnd, "poll", poll)


BUGS: dict[Callable[[Patch], None], int] = {
    acknowledged_before_it_is_durable: 70,
    what_is_held_is_written_again: 0,
    only_what_is_in_the_log_is_known: 0,
    overlaps_are_not_cut: 120,
    the_edge_believes_old_sessions: 220,
    the_edge_knows_better_than_the_cloud: 0,
    nothing_is_sent_again: 0,
    sent_without_a_promise: 0,
    promises_are_forgotten: 30,
    epochs_are_only_names: 0,
    one_epoch_for_ever: 0,
    epochs_share_nothing: 0,
    other_disks_are_forgotten: 160,
    links_are_written_afterwards: 80,
    what_failed_is_forgotten: 0,
    acknowledged_is_gone: 0,
    silence_is_not_noticed: 0,
}
"""Each with the seed from which on it is looked for: not long before the one that finds it."""
