"""Topics of homes in regions: the co-simulation's powers, and where homes stand."""

from __future__ import annotations

from energyguard.model.topics import Holds, Topic, TopicClock

POWER = Topic(
    "power_topic",
    "Powers of homes as system E's co-simulation writes them: JSON, a home a message.",
    Holds.READINGS,
    TopicClock.DATA,
)
PLACES = Topic(
    "energyguard.places",
    "Postal code and region of each home that an edge sends; key: device.",
    partitions=1,
    compacted=True,
    retention_ms=None,
)
TOPICS = (POWER, PLACES)
