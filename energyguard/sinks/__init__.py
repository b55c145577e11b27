"""What the log says, where it is kept: the current state in a store, everything in the history.

Two consumer groups, ``ingestor`` and ``history``: they need no other stage, and none needs them.

store_rows.py     records of the log as rows of the store, under system A's keys
ingestor.py       writes them, and commits its positions after the store has them
history_rows.py   readings as rows of the history; record_rows.py: all records that are JSON
archive.py        inserts them; roll-ups follow, and then its positions
refill.py         what the history has lost, read again from the log
…_role.py         the roles: ingestor; history, which opens the engine and its door
"""

from __future__ import annotations

from collections.abc import Callable

from energyguard.log import EARLIEST, Positions
from energyguard.pipeline import GROUPS, INGESTOR, Flow
from energyguard.settings.tree import Settings


def is_wanted(positions: Callable[[str, str], Positions], settings: Settings) -> bool:
    """Whether somebody counts on an ingestor: a store is named, or one has been at work.

    Args:
        positions: a log's.
        settings: may name a store.
    """
    return bool(settings.store.url) or any(
        positions(topic, INGESTOR.group) != positions(topic, EARLIEST) for topic in INGESTOR.topics
    )


def groups_at_work(positions: Callable[[str, str], Positions], settings: Settings) -> list[Flow]:
    """The flows with a place in the log on which somebody counts.

    Args:
        positions: a log's.
        settings: may name a store.
    """
    wanted = is_wanted(positions, settings)
    return [flow for flow in GROUPS.values() if wanted or flow is not INGESTOR]
