"""Which of two rows with the same key wins: versions, and the clock that makes a user's.

A measurement's version is its source's: epoch and sequence. A version of a user's own key is a
hybrid logical clock (Kulkarni et al., 2014, "Logical Physical Clocks"): close to the wall clock,
and always above every version that its node has seen.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from energyguard.clock import SYSTEM, Clock
from energyguard.errors import Conflict

DRIFT_MS = 500
"""How far ahead of the wall clock another node's version may be."""

_TEXT = re.compile(r"([0-9]{1,19})\.([0-9]{1,19})(?:@(.{1,200}))?", re.DOTALL)


class Version(NamedTuple):
    """Versions are ordered field by field; equal ones are the same row."""

    major: int  # ms since 1970 UTC; of a measurement: its source's epoch
    minor: int  # counter within the millisecond; of a measurement: its sequence
    node: str = ""  # who made it: decides between two that are otherwise equal

    def __str__(self) -> str:
        """``1757181242000.3@shard-1``: a header, an ETag."""
        return f"{self.major}.{self.minor}" + (f"@{self.node}" if self.node else "")

    @classmethod
    def parse(cls, text: str) -> Version:
        """A version from its text.

        Raises:
            Conflict: it is none.
        """
        found = _TEXT.fullmatch(text)
        if found is None:
            raise Conflict(f"{text!r} is no version, such as 1757181242000.3@shard-1")
        return cls(int(found[1]), int(found[2]), found[3] or "")


OLDEST = Version(0, 0)


class HybridClock:
    """Makes versions on one node; not for several threads at once."""

    def __init__(self, node: str, clock: Clock = SYSTEM, last: Version = OLDEST) -> None:
        """Go on where a node stopped.

        Args:
            node: its name, the same after every restart.
            clock: the wall clock.
            last: the highest version that it had made or seen.
        """
        self._node, self._clock, self.last = node, clock, last

    def next(self) -> Version:
        """A version above all that this node has made or seen.

        Raises:
            Conflict: the wall clock is so far behind them that nobody would take it.
        """
        now = self._clock.now_ms()
        major, minor = (now, 0) if now > self.last.major else (self.last.major, self.last.minor + 1)
        self._check(major, now)
        self.last = Version(major, minor, self._node)
        return self.last

    def see(self, version: Version) -> None:
        """Take notice of another node's version.

        Raises:
            Conflict: it is further ahead than clocks may be; nothing was noted.
        """
        self._check(version.major, self._clock.now_ms())
        self.last = max(self.last, version)

    def _check(self, major: int, now: int) -> None:
        if major > now + DRIFT_MS:
            raise Conflict(
                f"a version {major - now} ms ahead of this node's clock, {DRIFT_MS} are allowed: "
                "set the clocks of the nodes (NTP)"
            )
