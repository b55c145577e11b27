"""A role plays in a process, and waits in place where its disk is full."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

from energyguard.durable.atomic import no_room
from energyguard.errors import EnergyGuardError
from energyguard.processes.registry import present
from energyguard.settings.tree import Settings

ROOM_S = 2.0
"""How often a role that found no room on the disk looks again."""


def play(
    name: str, role: Callable[[Settings, Event], None], settings: Settings, stop: Event
) -> None:
    """Play a role until it is told to stop; where the disk is full, wait for room and begin again.

    Raises:
        Exception: whatever the role ended with, but for a full disk.
    """
    from energyguard.telemetry import Condition, logger

    log = logger("node")
    full = Condition(log, "no room; waiting for some", "there is room again")
    while True:
        try:
            with present(settings.data_dir, name):
                full.end()
                log.info("started")
                role(settings, stop)
            break
        except Exception as error:
            if not no_room(error, settings.data_dir):
                if not isinstance(error, EnergyGuardError):  # whose sentence says it all
                    log.exception("died")
                raise
            full.begin(error)
            if stop.wait(ROOM_S):
                break
    log.info("stopped")
