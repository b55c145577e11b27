"""The simulators as roles, until they are told to stop.

``simulate``: homes and the real sample, on one running clock; a tick of all homes is one small
batch and one append. ``simulate-chargers``: chargers on the wall clock, a second an append.
``simulate-thermometer``: a message a second.
"""

from __future__ import annotations

from contextlib import closing
from threading import Event

from energyguard.domains.charging.feed import ChargerFeed, ChargerRun
from energyguard.domains.household.feed import HouseholdFeed
from energyguard.domains.household.homes import Homes
from energyguard.domains.household.sample import Sample
from energyguard.domains.household.simulate import Run
from energyguard.domains.thermometer.simulator import ThermometerFeed, Walk
from energyguard.log import open_log
from energyguard.log.waiting import is_there
from energyguard.model.topics import signals_topic
from energyguard.settings.tree import Settings


def run(settings: Settings, stop: Event) -> None:
    """Simulate as the settings say; what was sent is durable when this returns."""
    wanted = settings.simulate
    homes = Homes(
        count=wanted.households,
        tick_seconds=wanted.tick_seconds,
        jitter_pct=wanted.jitter_pct,
        seed=wanted.seed,
        profile=wanted.profile,
    )
    sample = Sample() if wanted.sample else None
    with closing(open_log(settings.log_url, options=settings.log.kafka)) as log:
        if is_there(log, stop):
            HouseholdFeed(Run(homes=homes, speedup=wanted.speedup, sample=sample), log, stop).play()


def run_chargers(settings: Settings, stop: Event) -> None:
    """Simulate chargers as the settings say; what was sent is durable when this returns."""
    with closing(open_log(settings.log_url, options=settings.log.kafka)) as log:
        if is_there(log, stop):
            feed = ChargerFeed(charger_run(settings), log, stop)
            feed.publish()
            feed.play()


def run_thermometer(settings: Settings, stop: Event) -> None:
    """Simulate a thermometer, a message a second."""
    with closing(open_log(settings.log_url, options=settings.log.kafka)) as log:
        if is_there(log, stop):
            ThermometerFeed(Walk(seed=settings.simulate.seed), log, stop).play()


def charger_run(settings: Settings) -> ChargerRun:
    """The chargers of these settings, from now on."""
    wanted = settings.simulate
    return ChargerRun(
        chargers=range(wanted.chargers),
        seed=wanted.seed,
        minute=60 if wanted.pace == "real" else 1,
        topic=signals_topic(wanted.region),
    )
