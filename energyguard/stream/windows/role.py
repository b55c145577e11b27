"""The role ``worker``: windows and alerts over every topic of readings."""

from __future__ import annotations

import gc
import threading

from energyguard.log import open_log
from energyguard.log.waiting import is_there
from energyguard.pipeline import READINGS
from energyguard.rules.registry import open_book
from energyguard.settings.tree import Settings
from energyguard.stream.windows.stage import window_worker
from energyguard.telemetry import logger

_log = logger(__name__)


def run(settings: Settings, stop: threading.Event) -> None:
    """Work until told to stop, then save the state and leave the group."""
    log = open_log(settings.log_url, session_s=settings.session_s, options=settings.log.kafka)
    try:
        if not is_there(log, stop):
            return
        book = open_book(settings.rules.files, settings.rules.use)
        topics = [topic.name for topic in READINGS]
        worker = window_worker(log, book, settings.stream, topics, plausible=settings.wire)
        _log.info("working", partitions=len(worker.tasks), rules=[r.id for r in book.active()])
        gc.freeze()  # what is there now stays: each full collection would look at it again
        worker.run(stop)
    finally:
        log.close()
