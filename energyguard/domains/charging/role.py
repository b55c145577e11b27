"""Simulated chargers as a role, on the wall clock: a second is an append."""

from __future__ import annotations

from contextlib import closing
from threading import Event

from energyguard.domains.charging.feed import ChargerFeed, ChargerRun
from energyguard.log import open_log
from energyguard.log.waiting import is_there
from energyguard.model.topics import signals_topic
from energyguard.settings.tree import Settings


def run(settings: Settings, stop: Event) -> None:
    """Simulate chargers as the settings say; what was sent is durable when this returns."""
    with closing(open_log(settings.log_url, options=settings.log.kafka)) as log:
        if is_there(log, stop):
            feed = ChargerFeed(charger_run(settings), log, stop)
            feed.publish()
            feed.play()


def charger_run(settings: Settings) -> ChargerRun:
    """The chargers of these settings, from now on."""
    wanted = settings.simulate
    return ChargerRun(
        chargers=range(wanted.chargers),
        seed=wanted.seed,
        minute=60 if wanted.pace == "real" else 1,
        topic=signals_topic(wanted.region),
    )
