"""What the owner of a partition decides about devices of the topic's other partitions.

A reading far ahead of its partition's time may be right: a device of another partition may have
come as far. A partition knows only what its log and the decisions about it say, so its owner tells
it, when something waits there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from energyguard.model.topics import DAY_MS

MAX_WAITING = 256
"""How many readings of a partition wait for a second device."""

MAX_UNDECIDED = 1 << 17
"""How many wait of a device that is alone in its partition, until its owner has decided."""

FOLLOWING = 3
"""A jump of a device without a witness is believed when so many readings in a row follow it."""

PAUSE_MS = 31 * DAY_MS
"""A pause of up to this length is believed when an input ends with it, or goes on in long steps."""

STEPS = 3
"""A device that is alone may be ahead by so many of its own steps."""

WITNESS_TIMEOUT_S = 3_600.0
"""A partition from which nothing came for so long (wall clock) is no witness."""


class Witnesses(StrEnum):
    """What a partition knows of the other devices of its topic."""

    UNKNOWN = "unknown"
    OTHERS = "others"  # there are some; decisions tell what they have reached
    NONE = "none"


def is_followed(since: int, jump: list[int], ahead: int, pause: int) -> bool:
    """Whether consecutive times beyond ``since`` are a pause that is over, not a wrong clock.

    Args:
        since: the newest time that is believed.
        jump: the first time beyond it, and those that follow.
        ahead: how far ahead of time a reading may be.
        pause: a pause that is believed whatever the steps behind it.
    """
    if len(jump) <= FOLLOWING:
        return False
    step = max(abs(b - a) for a, b in pairwise(jump))
    return step <= ahead or min(jump) - since <= max(step, pause)


class Waits(NamedTuple):
    """A partition of which something waits, or that believes to be alone; times in one unit."""

    furthest: int  # the newest time of any of its devices
    first: int  # the oldest of what waits
    trusted: int  # the newest time that it believes
    ahead: int  # how far beyond it readings may be
    is_alone: bool
    is_known: bool  # it knows whether there are others
    is_full: bool


@dataclass(frozen=True, slots=True)
class Other:
    """Another partition of the topic: how far its devices have come, and whether it is read up."""

    furthest: int | None
    silent_s: float = 0.0
    is_read: bool = True


class Witnessed(NamedTuple):
    """What to decide: a time that a second device has reached, or that there is none (None)."""

    reached: int | None


def witnessed(waits: Waits, others: Iterable[Other]) -> Witnessed | None:
    """What the owner decides about a partition now; None: nothing."""
    every = list(others)
    is_read = all(other.is_read for other in every)
    times = [o.furthest for o in every if o.furthest is not None and o.silent_s < WITNESS_TIMEOUT_S]
    if not times:
        return None if waits.is_alone or not is_read else Witnessed(None)
    reached = min(max(times), waits.furthest)
    frees = reached > waits.trusted and waits.first <= reached + waits.ahead
    if frees or (waits.is_full and is_read) or waits.is_alone or not waits.is_known:
        return Witnessed(reached)
    return None
