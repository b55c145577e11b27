"""The role ``mqtt``: takes readings from the broker of ``mqtt.url``, until it is told to stop."""

from __future__ import annotations

from contextlib import closing
from threading import Event

from energyguard.clock import SYSTEM
from energyguard.mqtt.subscriber import Subscriber
from energyguard.processes.role_log import role_log
from energyguard.settings.tree import Settings

WAIT_S = 0.5


def run(settings: Settings, stop: Event) -> None:
    """Take messages until told to stop."""
    with role_log(settings, stop) as log:
        if log is None:
            return
        with closing(Subscriber(log, settings, stop, SYSTEM)) as subscriber:
            while not stop.is_set():
                subscriber.step(WAIT_S)
