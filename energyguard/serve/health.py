"""Whether the system can do its work now, and what is wrong where it cannot."""

from __future__ import annotations

from collections.abc import Callable

from energyguard import ingest
from energyguard.config import Settings
from energyguard.errors import EnergyGuardError
from energyguard.history import History
from energyguard.log import LATEST, Log
from energyguard.model.topics import ALERTS
from energyguard.serve.live import Live
from energyguard.serve.views import Health

OK = "ok"
WORKER_QUIET_MS = 60_000
"""A worker that says nothing for this long while records wait is not well."""
STORE_WAITS_MS = 60_000
"""Nor is the way into the store when a record waits for this long."""


def health(log: Log, live: Live, history: History, settings: Settings, now_ms: int) -> Health:
    """Ask every part. Without worker or history, readings can still be taken: that is ready."""
    parts = {
        "log": _fault(lambda: log.positions(ALERTS.name, LATEST)),
        "live": live.fault or OK,
        "worker": _worker(live, now_ms),
        "history": _fault(lambda: history.query("totals", start_ms=0, end_ms=1)),
    }
    ready = parts["log"] == parts["live"] == OK
    if parts["log"] == OK and ingest.is_wanted(log.positions, settings):
        parts["ingestor"] = _ingestor(log, now_ms)
    return Health(ready=ready, parts=parts)


def _worker(live: Live, now_ms: int) -> str:
    partitions = live.partitions()
    waiting = sum(one.lag for one in partitions)
    said_ms = max((one.at_ms for one in partitions), default=0)
    if waiting and said_ms < now_ms - WORKER_QUIET_MS:
        return f"{waiting} records wait, and no worker takes them"
    return OK


def _ingestor(log: Log, now_ms: int) -> str:
    """How long the oldest record that is not in the store has waited."""
    waiting, oldest_ms = 0, now_ms
    try:
        for topic in ingest.TOPICS:
            ends = log.positions(topic, LATEST)
            for at, position in log.positions(topic, ingest.GROUP).items():
                if position < ends[at]:
                    waiting += ends[at] - position
                    for fetched in log.read({at: position}, 1, 0.0):
                        oldest_ms = min(oldest_ms, *fetched.timestamps_ms[:1])
    except EnergyGuardError as error:
        return str(error)
    if oldest_ms < now_ms - STORE_WAITS_MS:
        seconds = (now_ms - oldest_ms) // 1000
        return f"{waiting} records wait for the store, the oldest for {seconds} s"
    return OK


def _fault(ask: Callable[[], object]) -> str:
    try:
        ask()
    except EnergyGuardError as error:
        return str(error)
    return OK
