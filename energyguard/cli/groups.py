"""Consumer groups: what each reads, and how far it is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from energyguard.model.topics import CHARGERS, RULES, STATE, TIME
from energyguard.pipeline import FLOWS

if TYPE_CHECKING:
    from energyguard.log import Log

_TABLES = (RULES, TIME, STATE, CHARGERS)
"""Read whole by who makes something of others: a group has no position in them."""

GROUPS: Mapping[str, tuple[str, ...]] = {
    flow.group: tuple(
        topic.name for topic in flow.reads if flow.name == "archive" or topic not in _TABLES
    )
    for flow in FLOWS
    if flow.group
}
"""The topics of each group of ours."""


def group_lags(log: Log, groups: Mapping[str, Collection[str]]) -> Iterator[dict[str, Any]]:
    """A row for each partition that a group reads: position, end, and what is left."""
    from energyguard.log import LATEST

    for name, topics in groups.items():
        for topic in topics:
            ends, committed = (log.positions(topic, of) for of in (LATEST, name))
            for place, position in sorted(committed.items()):
                yield {
                    "group": name,
                    "topic": place.topic,
                    "partition": place.partition,
                    "position": position,
                    "end": ends[place],
                    "lag": ends[place] - position,
                }
