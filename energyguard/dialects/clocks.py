"""Whether a sender's clock is set: a time of 1970, or of the future, is not when it measured."""

from __future__ import annotations

from typing import Final

from energyguard.model.readings import EARLIEST_MS

AHEAD_MS: Final = 5 * 60_000
"""A clock further ahead of the arrival is not set."""


def plausible(time_ms: int, arrived_ms: int) -> int | None:
    """A time that a sender gave; None: its clock is not set."""
    return time_ms if EARLIEST_MS <= time_ms <= arrived_ms + AHEAD_MS else None
