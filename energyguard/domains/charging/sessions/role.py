"""The role ``sessions``: parking sessions, and the total of cars over all partitions."""

from __future__ import annotations

import threading

from energyguard.domains.charging.sessions.occupancy import total_worker
from energyguard.domains.charging.sessions.stage import session_worker
from energyguard.processes.role_log import role_log
from energyguard.settings.tree import Settings
from energyguard.telemetry import logger

_log = logger(__name__)


def run(settings: Settings, stop: threading.Event) -> None:
    """Work until told to stop, then save the state and leave the groups."""
    failed: list[BaseException] = []

    def total() -> None:
        try:
            with role_log(settings, stop) as log:
                if log is not None:
                    total_worker(log, settings.stream).run(stop)
        except BaseException as error:  # the role ends as a whole
            failed.append(error)
            stop.set()

    with role_log(settings, stop) as log:
        if log is None:
            return
        worker = session_worker(log, settings.charging, settings.stream)
        _log.info("working", partitions=len(worker.tasks))
        thread = threading.Thread(target=total, name="total")
        thread.start()
        try:
            worker.run(stop)
        finally:
            stop.set()
            thread.join()
    if failed:
        raise failed[0]
