"""The part of the service that knows rules and alerts, and nothing of readings or the past.

For a process that serves no more than that, such as the building monitor's verbs.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Iterator, Sequence
from contextlib import contextmanager
from threading import Event

from energyguard.alerts.book import AlertBook
from energyguard.catalogue import Catalogue
from energyguard.clock import SYSTEM, Clock
from energyguard.log import Fetched, Log, open_log
from energyguard.model.topics import CATALOGUE
from energyguard.rules.registry import book_of
from energyguard.service.alerts.feed import AlertFeed
from energyguard.service.alerts.notifications import Notifications
from energyguard.service.alerts.rule_changes import RuleChanges
from energyguard.service.live.follow import ALL, Follower
from energyguard.service.live.updates import Updates
from energyguard.service.views import Kind, Update
from energyguard.settings.tree import Settings


class Alerting:
    """Rules and their changes, alerts, notifications, and those who subscribe to them.

    Attributes:
        log: what it follows, and where it writes.
        settings: the settings tree.
        clock: the wall clock.
        rules: the rules, and which of them run.
        rule_changes: changes them.
        book: the alerts.
    """

    def __init__(self, log: Log, settings: Settings, clock: Clock = SYSTEM) -> None:
        self.log, self.settings, self.clock = log, settings, clock
        self.rules = book_of(settings)
        self.rule_changes = RuleChanges(log, self.rules, clock)
        self.book = AlertBook(clock=clock)
        self._feed = AlertFeed(log, self.book, self.rules.apply, clock)
        catalogue = Catalogue(settings.serve.zone)
        self.book.silences.facts = catalogue.facts
        self._takers = {**self._feed.takers, CATALOGUE.name: catalogue.take}
        self._stop = Event()
        topics = dict.fromkeys(self._takers, ALL)
        self._follower = Follower("alerts", log, topics, self._take, self._stop, clock=clock)
        self._updates = Updates(log, self._feed.sources, lambda: self._follower.positions)

    def start(self, wait: float = 30.0) -> None:
        """Begin to follow the log; returns when all is up to date, or after ``wait`` s."""
        self._follower.start()
        self._follower.caught_up.wait(wait)

    def close(self) -> None:
        """Stop following; the log stays open, it is the caller's."""
        self._stop.set()
        if self._follower.is_alive():
            self._follower.join(5.0)

    @property
    def fault(self) -> str:
        """Why what it knows may be old; empty: it is not."""
        return self._follower.fault

    @property
    def notifications(self) -> Notifications:
        """Which alerts have fired, and who has read of them."""
        return self._feed.notifications

    @property
    def listeners(self) -> int:
        """How many subscriptions there are."""
        return len(self._updates.listeners)

    def subscribe(
        self, kinds: Collection[Kind] = (), after: str = ""
    ) -> AsyncGenerator[Update, None]:
        """Updates as they come, from a place in the log on; end it with ``aclose()``."""
        return self._updates.subscribe(kinds, after)

    def _take(self, fetched: Sequence[Fetched]) -> None:
        for part in fetched:
            self._takers[part.topic](part)
            self._updates.publish(part)


@contextmanager
def alerting(settings: Settings) -> Iterator[Alerting]:
    """Rules and alerts over the log of the settings, followed until the end."""
    log = open_log(settings.log_url, options=settings.log.kafka)
    found = Alerting(log, settings)
    try:
        found.start()
        yield found
    finally:
        found.close()
        log.close()
