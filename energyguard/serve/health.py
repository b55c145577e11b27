"""Whether the system can do its work now, and what is wrong where it cannot."""

from __future__ import annotations

from collections.abc import Callable

from energyguard.errors import EnergyGuardError
from energyguard.history import History
from energyguard.log import LATEST, Log
from energyguard.model.topics import ALERTS
from energyguard.serve.live import Live
from energyguard.serve.views import Health

OK = "ok"
WORKER_QUIET_MS = 60_000
"""A worker that says nothing for this long while records wait is not well."""


def health(log: Log, live: Live, history: History, now_ms: int) -> Health:
    """Ask every part. Without worker or history, readings can still be taken: that is ready."""
    parts = {
        "log": _fault(lambda: log.positions(ALERTS.name, LATEST)),
        "live": live.fault or OK,
        "worker": _worker(live, now_ms),
        "history": _fault(lambda: history.query("totals", start_ms=0, end_ms=1)),
    }
    return Health(ready=parts["log"] == parts["live"] == OK, parts=parts)


def _worker(live: Live, now_ms: int) -> str:
    partitions = live.partitions()
    waiting = sum(one.lag for one in partitions)
    said_ms = max((one.at_ms for one in partitions), default=0)
    if waiting and said_ms < now_ms - WORKER_QUIET_MS:
        return f"{waiting} records wait, and no worker takes them"
    return OK


def _fault(ask: Callable[[], object]) -> str:
    try:
        ask()
    except EnergyGuardError as error:
        return str(error)
    return OK
