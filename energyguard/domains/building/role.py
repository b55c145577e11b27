"""A simulated building as a role, and the building that settings describe."""

from __future__ import annotations

import os
from threading import Event

from energyguard.domains.building.faults import chosen_kinds
from energyguard.domains.building.feed import BuildingFeed
from energyguard.domains.building.floors import Building, BuildingRun
from energyguard.errors import Conflict
from energyguard.processes.registry import living
from energyguard.processes.role_log import role_log
from energyguard.settings.tree import Settings

ROLE = "simulate-building"


def run(settings: Settings, stop: Event) -> None:
    """Simulate a building as the settings say; what was sent is durable when this returns.

    Raises:
        Conflict: another process simulates a building in this data folder: its counters are one's.
    """
    for process in living(settings.data_dir):
        if process.role == ROLE and process.pid != os.getpid():
            raise Conflict(f"{settings.data_dir}: process {process.pid} simulates a building here")
    run = BuildingRun(building=building_of(settings), speedup=settings.simulate.speedup)
    with role_log(settings, stop) as log:
        if log is not None:
            BuildingFeed(run, log, settings.data_dir, stop).play()


def building_of(settings: Settings) -> Building:
    """The building of these settings.

    Raises:
        ConfigError: there is no such fault or country, or the shape has no faults.
    """
    wanted = settings.simulate
    return Building(
        floors=wanted.floors,
        tick_seconds=wanted.floor_seconds,
        seed=wanted.seed,
        shape=wanted.floor_shape,
        zone=settings.serve.zone,
        country=wanted.holidays,
        faults=chosen_kinds(wanted.floor_faults),
        faults_per_week=wanted.floor_faults_per_week,
        has_delta=wanted.floor_delta,
    )
