"""Lists of dynamic prices from the web: when each source is asked, and what becomes of it.

A source that answers is asked again after ``prices.every``; one that does not after a minute, two,
four, up to that. Prices that are there already are not written again. Tibber's are asked for by its
GraphQL, with the token of the file that ``prices.token_files`` names.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from energyguard.clock import Clock
from energyguard.errors import EnergyGuardError, Faulty, Unavailable
from energyguard.log import Log
from energyguard.log.compacted import CompactedReader
from energyguard.model.quantities import parse_duration
from energyguard.model.topics import PRICES
from energyguard.service.bills.prices import PriceBook
from energyguard.service.price_feed.fetch import PriceRequest, fetch
from energyguard.settings.prices import PriceSettings
from energyguard.tariffs.price_answers import prices_in
from energyguard.telemetry import Condition, logger

RETRY_S: Final = 60.0
TIBBER: Final = "api.tibber.com"
TIBBER_QUERY: Final = (
    "{viewer{homes{currentSubscription{priceInfo"
    "{today{total startsAt} tomorrow{total startsAt}}}}}}"
)
"""Hours with taxes and fees, in the currency of the home."""

_log = logger("prices")


@dataclass(slots=True)
class PriceSource:
    """A source, and how it does."""

    list_id: str
    url: str
    query: str  # of GraphQL; empty: it is asked by GET
    token_file: str  # empty: it needs no token
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
                settings.queries.get(
                    list_id, TIBBER_QUERY if urlsplit(url).hostname == TIBBER else ""
                ),
                settings.token_files.get(list_id, ""),
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
            request = PriceRequest(source.query, _token(source.token_file))
            slots = prices_in(fetch(source.url, request, inside=self._inside), source.url)
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


def _token(file: str) -> str:
    """The token that a file holds; of no file none.

    Raises:
        Faulty: it cannot be read, or is none.
    """
    if not file:
        return ""
    try:
        token = Path(file).read_text("utf-8").strip()
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise Faulty(f"{file}: no token can be read: {reason}") from None
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise Faulty(f"{file}: is no token: a line of letters and digits")
    return token
