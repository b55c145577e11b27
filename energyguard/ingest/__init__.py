"""Readings of the log into the store: the current state of every device, under system A's keys.

A consumer group of its own, ``ingestor``: it needs no other stage, and no other stage needs it.

rows.py       records of the log as rows of the store
ingestor.py   writes them, and commits its positions after the store has them
role.py       the role: opens log and store, and waits for a store that is away
"""

from __future__ import annotations

from collections.abc import Callable

from energyguard.config import Settings
from energyguard.log import EARLIEST, Positions
from energyguard.model.topics import BUILDING_READINGS, ENERGY_READINGS, METER_READINGS

GROUP = "ingestor"
TOPICS = tuple(topic.name for topic in (ENERGY_READINGS, METER_READINGS, BUILDING_READINGS))


def is_wanted(positions: Callable[[str, str], Positions], settings: Settings) -> bool:
    """Whether somebody counts on an ingestor: a store is named, or one has been at work.

    Args:
        positions: a log's.
        settings: may name a store.
    """
    return bool(settings.store.url) or any(
        positions(topic, GROUP) != positions(topic, EARLIEST) for topic in TOPICS
    )
