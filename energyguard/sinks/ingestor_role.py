"""The role ``ingestor``: the log's readings into the store, until it is told to stop."""

from __future__ import annotations

import asyncio
from threading import Event

from energyguard.errors import ConfigError, EnergyGuardError, Unavailable
from energyguard.log import Log
from energyguard.processes.role_log import role_log
from energyguard.settings.tree import Settings
from energyguard.sinks.ingestor import Ingestor
from energyguard.store import Store, open_store
from energyguard.telemetry import METRICS, logger

PAUSE_S = 1.0

_log = logger("ingestor")


def run(settings: Settings, stop: Event) -> None:
    """Ingest until ``stop`` is set; what was committed is in the store."""
    with role_log(settings, stop) as log:
        if log is not None:
            asyncio.run(_ingest(log, settings, stop))


async def _ingest(log: Log, settings: Settings, stop: Event) -> None:
    store = await _opened(settings.store_url, stop)
    if store is None:
        return
    try:
        ingestor = Ingestor(log, store, limits=settings.wire)
        _log.info("ingesting", store=_place(settings.store_url))
        await ingestor.run(stop)
    finally:
        await store.close()


async def _opened(url: str, stop: Event) -> Store | None:
    """A store that answers; None when it was told to stop before.

    Raises:
        ConfigError: there is no such store.
    """
    while not stop.is_set():
        try:
            store = open_store(url)
            try:
                await store.names(limit=1)
            except BaseException:
                await store.close()
                raise
        except ConfigError:
            raise
        except EnergyGuardError as error:  # nodes that do not reply, or are in no cluster yet
            METRICS["store_stalled"].set(1)
            _log.error("the store is not there; waiting", store=_place(url), reason=str(error))
            pause_s = error.retry_after if isinstance(error, Unavailable) else PAUSE_S
            await asyncio.to_thread(stop.wait, pause_s)
        else:
            METRICS["store_stalled"].set(0)
            return store
    return None


def _place(url: str) -> str:
    """An address without who logs in."""
    scheme, _, address = url.partition("://")
    return f"{scheme}://{address.rpartition('@')[2]}"
