"""Consumer groups: what each reads, and how far it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from energyguard.flow import Flow

if TYPE_CHECKING:
    from energyguard.log import Log


def group_lags(log: Log, flows: Iterable[Flow]) -> Iterator[dict[str, Any]]:
    """A row for each partition that a flow reads: position, end, and what is left."""
    from energyguard.log.lag import unread

    for flow in flows:
        for topic in flow.topics:
            for place, left in sorted(unread(log.positions, topic, flow.group).items()):
                yield {
                    "group": flow.group,
                    "topic": place.topic,
                    "partition": place.partition,
                    "position": left.start,
                    "end": left.stop,
                    "lag": len(left),
                }
