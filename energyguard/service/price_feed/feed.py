"""Lists of dynamic prices from the web: when each source is asked, and what becomes of it.

A source that answers is asked again after ``prices.every``; one that does not after a minute, two,
four, up to that. Prices that are there already are not written again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from energyguard.clock import Clock
from energyguard.errors import EnergyGuardError, Unavailable
from energyguard.log import Log
from energyguard.log.compacted import CompactedReader
from energyguard.model.quantities import parse_duration
from energyguard.model.topics import PRICES
from energyguard.service.bills.prices import PriceBook
from energyguard.service.price_feed.fetch import fetch
from energyguard.settings.prices import PriceSettings
from energyguard.tariffs.price_answers import prices_in
from energyguard.telemetry import Condition, logger

RETRY_S: Final = 60.0

_log = logger("prices")
Fetch = Callable[[str], bytes]


@dataclass(slots=True)
class PriceSource:
    """A source, and how it does."""

    list_id: str
    url: str
    fails: Condition
    due_s: float  # by the monotonic clock
    wait_s: float = RETRY_S  # after its next failure


class PriceFeed:
    """The sources of the settings.

    Args:
        log: prices are written to its topic.
        settings: which sources, and how often.
        clock: of the waiting.
    """

    def __init__(self, log: Log, settings: PriceSettings, clock: Clock) -> None:
        self._clock, self._inside = clock, settings.inside
        self._every_s = parse_duration(settings.every) / 1000
        self._book, self._reader = PriceBook(log), CompactedReader(log, PRICES.name)
        self.sources = [
            PriceSource(
                list_id,
                url,
                Condition(_log, f"no prices for {list_id}", f"prices for {list_id} come again"),
                clock.monotonic(),
            )
            for list_id, url in settings.sources.items()
        ]

    def step(self) -> float:
        """Ask the sources that are due; gives for how many seconds none is."""
        for source in self.sources:
            if source.due_s <= self._clock.monotonic():
                source.due_s = self._clock.monotonic() + self._ask(source)
        first = min((source.due_s for source in self.sources), default=self._clock.monotonic() + 1)
        return max(0.0, first - self._clock.monotonic())

    def _ask(self, source: PriceSource) -> float:
        """Fetch and write; gives after how many seconds the source is asked again."""
        try:
            slots = prices_in(fetch(source.url, inside=self._inside), source.url)
            for part in self._reader.unread():
                self._book.take(part)
            days = self._book.put_slots(source.list_id, slots)
        except EnergyGuardError as error:
            source.fails.begin(error)
            wait_s = min(source.wait_s, self._every_s)
            source.wait_s *= 2
            retry_s = error.retry_after if isinstance(error, Unavailable) else 0.0
            return max(wait_s, retry_s)
        source.fails.end()
        source.wait_s = RETRY_S
        if days:
            _log.info("prices were fetched", list=source.list_id, prices=len(slots), days=days)
        return self._every_s
