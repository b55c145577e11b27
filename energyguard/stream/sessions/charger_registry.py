"""Chargers that are listed: how strong they are; where some are, signals of others are refused.

The list counts from the time of its own records, so a replay refuses the same signals.
"""

from __future__ import annotations

from bisect import bisect_right

from energyguard.log import EARLIEST, Log
from energyguard.log.decoded import decoded
from energyguard.model.topics import CHARGERS
from energyguard.records.stations import CHARGER, Charger


class Listed:
    """The records of ``energyguard.chargers``, by topic of signals."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._at = dict(log.positions(CHARGERS.name, EARLIEST))
        self._since: dict[tuple[str, str], int] = {}  # when a charger was first listed
        self._first: dict[str, int] = {}  # when the first of a topic was
        self._ratings: dict[tuple[str, str], list[tuple[int, float]]] = {}  # kW, since when

    def refresh(self) -> None:
        """Take what was listed since."""
        while fetched := self._log.read(self._at, 10_000, 0):
            for part in fetched:
                for found, charger in decoded(CHARGER.decoder, part):
                    if charger.topic:
                        self._since.setdefault((charger.topic, charger.charger), found.at_ms)
                        self._first.setdefault(charger.topic, found.at_ms)
                        self._rate(charger, found.at_ms)
                self._at[part.at] = part.next_offset

    def knows(self, topic: str, charger: str, at_ms: int) -> bool:
        """Whether a signal that the log took at a time may be believed."""
        first = self._first.get(topic)
        if first is None or at_ms < first:
            return True
        since = self._since.get((topic, charger))
        return since is not None and since <= at_ms

    def rating_kw(self, topic: str, charger: str, at_ms: int) -> float | None:
        """What a charger gives at the most, as it was listed at a time; None: nobody has said."""
        ratings = self._ratings.get((topic, charger))
        if ratings is None:
            return None
        place = bisect_right(ratings, at_ms, key=lambda rating: rating[0])
        return ratings[max(0, place - 1)][1] or None

    def _rate(self, charger: Charger, at_ms: int) -> None:
        ratings = self._ratings.setdefault((charger.topic, charger.charger), [])
        rating = charger.rating_kw or 0.0
        if not ratings or ratings[-1][1] != rating:
            ratings.append((at_ms, rating))
