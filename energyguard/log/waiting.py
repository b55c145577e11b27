"""Wait for a log that is away: a broker may start after those who need it."""

from __future__ import annotations

from threading import Event

from energyguard.errors import Unavailable
from energyguard.log.contract import LATEST, Log
from energyguard.model.topics import PROGRESS
from energyguard.telemetry import Condition, logger

_log = logger(__name__)


def is_there(log: Log, stop: Event) -> bool:
    """Wait until the log answers; false when it does not, and ``stop`` is set."""
    away = Condition(_log, "the log is not there; waiting", "the log is there")
    while True:
        try:
            log.positions(PROGRESS.name, LATEST)
        except Unavailable as error:
            away.begin(error)
            if stop.wait(error.retry_after):
                return False
        else:
            away.end()
            return True
