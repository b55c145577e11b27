"""How far consumer groups are behind: the one place where end and position are held together."""

from __future__ import annotations

from collections.abc import Callable

from energyguard.log.contract import LATEST, Positions
from energyguard.log.records import TopicPartition


def unread(
    positions: Callable[[str, str], Positions], topic: str, group: str
) -> dict[TopicPartition, range]:
    """The offsets of a topic that a group has not read, by partition; empty where it has all.

    Args:
        positions: a log's.
        topic: may be a family (``replay.*``).
        group: the group's name.
    """
    ends, committed = (positions(topic, of) for of in (LATEST, group))
    return {at: range(position, ends[at]) for at, position in committed.items()}
