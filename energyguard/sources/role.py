"""The role ``simulate``: homes and the real sample, on one running clock, until it is told to stop.

Costs next to nothing: a tick of all homes is one small batch and one append.
"""

from __future__ import annotations

from contextlib import closing
from threading import Event

from energyguard.config import Settings
from energyguard.log import open_log
from energyguard.log.waiting import is_there
from energyguard.sources.feed import Feed
from energyguard.sources.household import Homes
from energyguard.sources.sample import Sample
from energyguard.sources.simulate import Run


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
            Feed(Run(homes=homes, speedup=wanted.speedup, sample=sample), log, stop).play()
