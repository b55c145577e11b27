"""The role ``backup``: a copy of the data folder every so often, into ``backup.to``."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from threading import Event

from energyguard.audit import AuditTrail
from energyguard.backup.make import keep_newest, make_copy
from energyguard.backup.manifest import copies, read_manifest
from energyguard.clock import SYSTEM, Clock
from energyguard.errors import ConfigError, EnergyGuardError
from energyguard.log import open_log
from energyguard.model.quantities import parse_duration
from energyguard.settings.tree import Settings
from energyguard.telemetry import Condition, logger

LOOK_S = 5.0
RETRY_S = 300.0

_log = logger("backup")


def run(settings: Settings, stop: Event, clock: Clock = SYSTEM) -> None:
    """Make copies until told to stop; one that fails is tried again after five minutes.

    Raises:
        ConfigError: ``backup.to`` names no folder.
    """
    to = settings.backup.to
    if to is None:
        raise ConfigError("backup.to is empty: say in which folder copies are to lie")
    every_ms = parse_duration(settings.backup.every)
    fails = Condition(_log, "no copy could be made", "copies are made again")
    wait_s = 0.0
    while not stop.wait(wait_s):
        wait_s = LOOK_S
        try:
            if clock.now_ms() - newest_ms(to) < every_ms:
                continue
            copy = make_copy(settings.data_dir, settings.log_url, to, clock)
            gone = keep_newest(to, settings.backup.keep)
            fails.end()
            with closing(open_log(settings.log_url, options=settings.log.kafka)) as log:
                AuditTrail(log, clock).note("copy made", "the schedule", copy.name)
            _log.info("a copy was made", copy=str(copy), deleted=len(gone))
        except EnergyGuardError as error:
            fails.begin(error)
            wait_s = RETRY_S


def newest_ms(folder: Path) -> int:
    """When the newest copy in a folder was made; 0: there is none."""
    there = copies(folder)
    return read_manifest(there[-1]).made_ms if there else 0
