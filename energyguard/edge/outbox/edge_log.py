"""An edge's log: one file, of which what waits for the line is kept and bounded."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from energyguard.log import Log, TopicPartition
from energyguard.log.keeping import Keeping
from energyguard.model.quantities import parse_duration
from energyguard.model.topics import ALERTS, DAY_MS, EDGE_READINGS
from energyguard.pipeline import AVERAGES, UPLINK
from energyguard.settings.edge import EdgeSettings

KEPT = f"{UPLINK.group}-kept"
"""The group behind which nothing is deleted."""
ALERTS_KEPT_MS = 30 * DAY_MS


class EmbeddedLog(Log, Protocol):
    """A log in one place, which can say how much waits and free what lies in its midst."""

    def keep(self, topics: Mapping[str, Keeping]) -> None:
        """Keep topics so from now on."""
        ...

    def evict(self, groups: Collection[str]) -> None:
        """Take out members of groups that are known to be gone."""
        ...

    def is_full(self, topic: str) -> bool:
        """Whether a topic takes nothing now."""
        ...

    def waiting_bytes(self, topic: str, group: str) -> int:
        """How many bytes of a topic a group has not read."""
        ...

    def drop(self, at: TopicPartition, first: int, following: int) -> None:
        """Free what lies between two offsets."""
        ...


def keeping_of(settings: EdgeSettings) -> dict[str, Keeping]:
    """How an edge's log keeps its topics: the outbox for the line, what comes for averages."""
    full = settings.outbox_bytes
    source = Keeping(
        group=AVERAGES.group,
        keep_ms=parse_duration(settings.keep),
        max_bytes=full,
        behind=EDGE_READINGS.name,
    )
    return {
        **dict.fromkeys(AVERAGES.topics, source),
        EDGE_READINGS.name: Keeping(group=KEPT, keep_ms=0, max_bytes=full, reader=UPLINK.group),
        ALERTS.name: Keeping(group=KEPT, keep_ms=ALERTS_KEPT_MS),
    }
