"""The role ``sessions``: stays of cars at chargers, and the total of cars over all partitions."""

from __future__ import annotations

import threading
from contextlib import closing

from energyguard.log import Log, open_log
from energyguard.log.waiting import is_there
from energyguard.settings.tree import Settings
from energyguard.stream.sessions.occupancy import total_worker
from energyguard.stream.sessions.stage import session_worker
from energyguard.telemetry import logger

_log = logger(__name__)


def run(settings: Settings, stop: threading.Event) -> None:
    """Work until told to stop, then save the state and leave the groups."""
    failed: list[BaseException] = []

    def total() -> None:
        try:
            with closing(_opened(settings)) as log:
                total_worker(log, settings.stream).run(stop)
        except BaseException as error:  # the role ends as a whole
            failed.append(error)
            stop.set()

    with closing(_opened(settings)) as log:
        if not is_there(log, stop):
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


def _opened(settings: Settings) -> Log:
    return open_log(settings.log_url, session_s=settings.session_s, options=settings.log.kafka)
