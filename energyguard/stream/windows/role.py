"""The roles ``worker`` and ``detector``: rules over every topic of readings."""

from __future__ import annotations

import gc
import threading
from collections.abc import Sequence
from functools import partial
from typing import Protocol

from energyguard.clock import Clock
from energyguard.codecs.assembly import PlausibilityLimits
from energyguard.log import Log
from energyguard.pipeline import READINGS
from energyguard.processes.role_log import role_log
from energyguard.rules.registry import RuleBook, book_of
from energyguard.settings.tree import Settings, StreamSettings
from energyguard.stream.runtime.worker import Worker
from energyguard.stream.time.alignment import DecodedReadings
from energyguard.stream.windows.detector import detector_worker
from energyguard.stream.windows.learning import Past
from energyguard.stream.windows.stage import window_worker
from energyguard.stream.windows.task import WindowTask
from energyguard.telemetry import logger

_log = logger(__name__)


class _Made(Protocol):
    """Makes a member of a group."""

    def __call__(
        self,
        log: Log,
        book: RuleBook,
        settings: StreamSettings,
        topics: Sequence[str],
        clock: Clock = ...,
        plausible: PlausibilityLimits = ...,
    ) -> Worker[WindowTask, DecodedReadings]:
        """The member."""
        ...


def run(settings: Settings, stop: threading.Event) -> None:
    """Work until told to stop, then save the state and leave the group."""
    _run(
        partial(window_worker, zone=settings.serve.zone, energy=settings.ledger.defaults),
        settings,
        stop,
    )


def detect(settings: Settings, stop: threading.Event, past: Past | None = None) -> None:
    """Judge values until told to stop, then save the state and leave the group.

    Args:
        settings: the settings tree.
        stop: ends it.
        past: what the log no longer has, for rules that learn.
    """
    _run(partial(detector_worker, past=past), settings, stop)


def _run(made: _Made, settings: Settings, stop: threading.Event) -> None:
    with role_log(settings, stop) as log:
        if log is None:
            return
        book = book_of(settings)
        topics = [topic.name for topic in READINGS]
        worker = made(log, book, settings.stream, topics, plausible=settings.wire)
        flow = worker.stage.flow.name
        rules = [rule.id for rule in book.active() if rule.flow == flow]
        _log.info("working", partitions=len(worker.tasks), rules=rules)
        gc.freeze()  # what is there now stays: each full collection would look at it again
        worker.run(stop)
