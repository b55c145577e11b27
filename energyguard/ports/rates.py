"""How often somebody may do something: a bucket that refills, by who it is."""

from __future__ import annotations

from collections import OrderedDict

from energyguard.clock import Clock

KNOWN = 10_000
"""Buckets that are kept: those that were not used for the longest time are full again."""


class Rates:
    """Buckets of equal size. For one event loop, or under a lock of the caller's."""

    def __init__(self, clock: Clock, a_second: float, at_once: float) -> None:
        """Begin with full buckets.

        Args:
            clock: for the time that has passed.
            a_second: how fast a bucket refills.
            at_once: how much is in a full one.
        """
        self._clock, self._a_second, self._at_once = clock, a_second, at_once
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, who: str, amount: float = 1.0) -> float:
        """Take out of a bucket: 0, or how many seconds until there is enough (then all stays)."""
        now = self._clock.monotonic()
        left = self._left(who, now)
        enough = left >= amount
        self._buckets.pop(who, None)
        self._buckets[who] = (left - amount if enough else left, now)
        if len(self._buckets) > KNOWN:
            self._buckets.popitem(last=False)
        return 0.0 if enough else (amount - left) / self._a_second

    def wait(self, who: str, amount: float = 1.0) -> float:
        """How many seconds until there is enough in a bucket; 0: there is."""
        left = self._left(who, self._clock.monotonic())
        return max(0.0, (amount - left) / self._a_second)

    def forget(self) -> None:
        """Fill all buckets."""
        self._buckets.clear()

    def _left(self, who: str, now: float) -> float:
        left, at = self._buckets.get(who, (self._at_once, now))
        return min(self._at_once, left + (now - at) * self._a_second)
