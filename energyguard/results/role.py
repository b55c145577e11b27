"""The role ``results``: publishes results below ``mqtt.results``, until it is told to stop."""

from __future__ import annotations

from contextlib import closing
from threading import Event
from typing import Final

from energyguard.errors import Unavailable
from energyguard.history.client import HistoryClient
from energyguard.processes.role_log import role_log
from energyguard.results.measured import MeasuredResults
from energyguard.results.publisher import ResultPublisher
from energyguard.service.contract import Service
from energyguard.service.service import EnergyService
from energyguard.settings.tree import Settings
from energyguard.telemetry import Condition, logger

EVERY_S: Final = 5.0
"""A result is published at most so often."""
WAIT_S: Final = 0.1

_log = logger("results")


def run(settings: Settings, stop: Event) -> None:
    """Publish until told to stop."""
    with role_log(settings, stop) as log:
        if log is None:
            return
        with (
            closing(HistoryClient(settings.data_dir)) as history,
            EnergyService(log, history, settings) as service,
        ):
            publish(service, settings, stop)


def publish(service: Service, settings: Settings, stop: Event) -> None:
    """Publish what a service knows until told to stop."""
    waits = Condition(_log, "results are not known now", "results are known again")
    measured = MeasuredResults(service)
    with closing(ResultPublisher(settings, stop)) as publisher:
        while not stop.is_set():
            try:
                publisher.step(measured.now(), WAIT_S)
                waits.end()
                stop.wait(EVERY_S)
            except Unavailable as error:
                waits.begin(error)
                stop.wait(error.retry_after)
