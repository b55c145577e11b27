"""The role ``prices``: fetches the lists of ``prices.sources``, until it is told to stop."""

from __future__ import annotations

from threading import Event

from energyguard.clock import SYSTEM
from energyguard.processes.role_log import role_log
from energyguard.service.price_feed.feed import PriceFeed
from energyguard.settings.tree import Settings

LOOK_S = 1.0


def run(settings: Settings, stop: Event) -> None:
    """Fetch prices until told to stop."""
    with role_log(settings, stop) as log:
        if log is None:
            return
        feed = PriceFeed(log, settings.prices, SYSTEM)
        while not stop.is_set():
            stop.wait(min(LOOK_S, feed.step()) or LOOK_S)
