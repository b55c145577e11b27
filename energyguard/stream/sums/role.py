"""The role ``sums``: rules about virtual devices, over what windows of all partitions hold."""

from __future__ import annotations

import threading

from energyguard.processes.role_log import role_log
from energyguard.rules.registry import book_of
from energyguard.settings.tree import Settings
from energyguard.stream.sums.stage import sum_worker
from energyguard.telemetry import logger

_log = logger(__name__)


def run(settings: Settings, stop: threading.Event) -> None:
    """Work until told to stop, then save the state and leave the group."""
    with role_log(settings, stop) as log:
        if log is None:
            return
        worker = sum_worker(log, book_of(settings), settings.stream)
        _log.info("working", partitions=len(worker.tasks))
        worker.run(stop)
