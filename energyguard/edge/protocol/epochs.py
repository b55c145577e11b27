"""Epochs of an outbox: how both ends find what they share when a disk was restored.

Whoever opens an outbox begins an epoch at its next offsets. An outbox that was copied, went on and
was put back from the copy goes on in another epoch than the one the cloud knows: they share what
lies before the end of the last epoch that both know. A cloud that was put back knows fewer epochs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from energyguard.log.records import TopicPartition
from energyguard.records.edges import EdgeEpoch, EpochStart

MAX_EPOCHS = 64
"""Epochs that the cloud keeps: the first, by which an outbox is known, and the newest."""
MAX_OUTBOX_EPOCHS = 1_000
"""Those that an edge keeps: it may be opened often before it reaches the cloud again."""

FOREVER = 2**62

Starts = Mapping[TopicPartition, int]


class SharedPast(NamedTuple):
    """What two outboxes of one name share: offsets before these; of other partitions, nothing."""

    before: Starts | None
    """None: everything."""
    replaced: tuple[str, ...] = ()
    """Epochs of the cloud that the edge's disk knows nothing of."""


class TooOld(Exception):
    """The epochs at which two went apart are no longer known."""


def appended(epochs: Sequence[EdgeEpoch], name: str, starts: Starts) -> tuple[EdgeEpoch, ...]:
    """The epochs to keep when another one begins at these next offsets."""
    known = _starts(epochs)[-1] if epochs else {}
    grown = tuple(
        EpochStart(*at, first) for at, first in sorted(starts.items()) if known.get(at, 0) != first
    )
    return shortened((*epochs, EdgeEpoch(name, grown)), MAX_OUTBOX_EPOCHS)


def shortened(epochs: Sequence[EdgeEpoch], limit: int) -> tuple[EdgeEpoch, ...]:
    """At most so many: the first, and the newest. The starts of others go into the next."""
    if len(epochs) <= limit:
        return tuple(epochs)
    first, *others = epochs
    gone, (following, *kept) = others[: 1 - limit], others[1 - limit :]
    starts = {(s.topic, s.partition): s for epoch in (*gone, following) for s in epoch.starts}
    return (first, EdgeEpoch(following.id, tuple(starts.values())), *kept)


def _starts(epochs: Sequence[EdgeEpoch]) -> list[dict[TopicPartition, int]]:
    """Where each of them begins, by partition; a partition that is not there begins at 0."""
    found: list[dict[TopicPartition, int]] = []
    now: dict[TopicPartition, int] = {}
    for epoch in epochs:
        now = {**now, **{TopicPartition(s.topic, s.partition): s.first for s in epoch.starts}}
        found.append(now)
    return found


def spans_of(epochs: Sequence[EdgeEpoch], at: TopicPartition) -> Iterator[tuple[str, int, int]]:
    """Which offsets of a partition were written in which epoch: its name, from, up to."""
    starts = [start.get(at, 0) for start in _starts(epochs)]
    ends = [*starts[1:], FOREVER]
    return zip((epoch.id for epoch in epochs), starts, ends, strict=True)


def shared(cloud: Sequence[EdgeEpoch], edge: Sequence[EdgeEpoch]) -> SharedPast:
    """What lies in the cloud that the edge's outbox wrote, too.

    Raises:
        TooOld: it cannot be known: the copy is older than all epochs that are still known.
    """
    places = {epoch.id: place for place, epoch in enumerate(edge)}
    both = [i for i, epoch in enumerate(cloud) if epoch.id in places]
    is_short = len(cloud) >= MAX_EPOCHS or len(edge) >= MAX_OUTBOX_EPOCHS
    if not both:
        if is_short:
            raise TooOld
        return SharedPast({}, tuple(epoch.id for epoch in cloud))
    here = both[-1]
    there = places[cloud[here].id]
    ends = [
        _starts(epochs)[at + 1] for epochs, at in ((cloud, here), (edge, there)) if epochs[at + 1 :]
    ]
    if not ends:
        return SharedPast(None)
    if (here == 0 and len(cloud) >= MAX_EPOCHS) or (there == 0 and len(edge) >= MAX_OUTBOX_EPOCHS):
        raise TooOld
    before = {at: min(end.get(at, 0) for end in ends) for at in set().union(*ends)}
    return SharedPast(before, tuple(epoch.id for epoch in cloud[here + 1 :]))
