"""Simulated chargers as a role, on the wall clock: a second is an append."""

from __future__ import annotations

from threading import Event

from energyguard.domains.charging.simulator.feed import ChargerFeed, ChargerRun
from energyguard.domains.charging.topics import signals_topic
from energyguard.processes.role_log import role_log
from energyguard.settings.tree import Settings


def run(settings: Settings, stop: Event) -> None:
    """Simulate chargers as the settings say; what was sent is durable when this returns."""
    with role_log(settings, stop) as log:
        if log is not None:
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
