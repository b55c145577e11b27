"""Who owns which partition: each member releases what is above its share, and takes what is free.

No member changes what another one owns. A partition is first released by its owner, at that
owner's own poll, and taken by another one afterwards: nobody is surprised, nothing has two owners.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from energyguard.log.records import TopicPartition, matches


class OwnerChange(NamedTuple):
    """What a member releases and takes."""

    release: frozenset[TopicPartition]
    take: frozenset[TopicPartition]


def change_for(
    me: int,
    members: Mapping[int, Sequence[str]],
    partitions: Collection[TopicPartition],
    owners: Mapping[TopicPartition, int],
) -> OwnerChange:
    """The member's next step towards even shares, topic by topic.

    Args:
        me: the member's number.
        members: the topics that each live member reads.
        partitions: all that there are.
        owners: who has which now; dead members are not among them.
    """
    by_topic: dict[str, list[TopicPartition]] = defaultdict(list)
    for at in sorted(partitions):
        by_topic[at.topic].append(at)
    read = {topic: who for topic in sorted(by_topic) if (who := _readers(topic, members))}
    release = {at for at, m in owners.items() if m == me and me not in read.get(at.topic, ())}
    take: set[TopicPartition] = set()
    for number, (topic, readers) in enumerate(read.items()):
        if me not in readers:
            continue
        places = by_topic[topic]
        mine = [at for at in places if owners.get(at) == me]
        rank = (readers.index(me) + number) % len(readers)  # another one has the odd partition
        share = len(places) // len(readers) + (rank < len(places) % len(readers))
        release.update(mine[share:])
        free = [at for at in places if at not in owners]
        take.update(free[: max(0, share - len(mine))])
    return OwnerChange(frozenset(release), frozenset(take))


def _readers(topic: str, members: Mapping[int, Sequence[str]]) -> list[int]:
    return sorted(m for m, wants in members.items() if any(matches(w, topic) for w in wants))
