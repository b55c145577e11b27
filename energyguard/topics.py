"""All topics that there are: those of the product, and those of the domains that are installed."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from energyguard.domain import installed
from energyguard.model.topics import CORE_TOPICS, REPARTITIONED, Holds, Topic, source_of

DOMAIN_TOPICS = tuple(topic for domain in installed() for topic in domain.topics)
DOMAIN_READINGS = tuple(topic for topic in DOMAIN_TOPICS if topic.holds is Holds.READINGS)
"""Topics of readings that domains bring."""
_OTHERS = tuple(topic for topic in DOMAIN_TOPICS if topic.holds is not Holds.READINGS)
_AT = CORE_TOPICS.index(REPARTITIONED)
TOPICS = (*CORE_TOPICS[:_AT], *DOMAIN_READINGS, *CORE_TOPICS[_AT:], *_OTHERS)
"""Readings of domains stand where senders' topics end, what else they have at the end."""


@lru_cache(maxsize=1024)
def topic_named(name: str) -> Topic | None:
    """The table's row for a topic's name; a family's row serves all its members."""
    source = topic_named(source_of(name)) if source_of(name) not in (name, "*") else None
    if source is not None:  # its clock, and the partition of a device, are the source's
        return replace(REPARTITIONED, clock=source.clock, partitions=source.partitions)
    for topic in TOPICS:
        if topic.name == name or (topic.name.endswith("*") and name.startswith(topic.name[:-1])):
            return topic
    return None
