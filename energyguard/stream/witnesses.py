"""What the owner of a partition decides about devices of the topic's other partitions.

A reading far ahead of its partition's time may be right: a device of another partition may have
come as far. A partition knows only what its log and the decisions about it say, so its owner tells
it, when something waits there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

HEARD_S = 3_600.0
"""A partition from which nothing came for so long (wall clock) is no witness."""


class Waits(NamedTuple):
    """A partition of which something waits, or that believes to be alone; times in ms."""

    furthest_ms: int  # the newest time of any of its devices
    first_ms: int  # the oldest of what waits
    trusted_ms: int  # the newest time that it believes
    ahead_ms: int  # how far beyond it readings may be
    is_alone: bool
    is_known: bool  # it knows whether there are others
    is_full: bool


@dataclass(frozen=True, slots=True)
class Other:
    """Another partition of the topic: how far its devices have come, and whether it is read up."""

    furthest_ms: int | None
    silent_s: float = 0.0
    is_read: bool = True


class Witnessed(NamedTuple):
    """What to decide: a time that a second device has reached, or that there is none (None)."""

    reached_ms: int | None


def witnessed(waits: Waits, others: Iterable[Other]) -> Witnessed | None:
    """What the owner decides about a partition now; None: nothing."""
    every = list(others)
    is_read = all(other.is_read for other in every)
    times = [o.furthest_ms for o in every if o.furthest_ms is not None and o.silent_s < HEARD_S]
    if not times:
        return None if waits.is_alone or not is_read else Witnessed(None)
    reached = min(max(times), waits.furthest_ms)
    frees = reached > waits.trusted_ms and waits.first_ms <= reached + waits.ahead_ms
    if frees or (waits.is_full and is_read) or waits.is_alone or not waits.is_known:
        return Witnessed(reached)
    return None
