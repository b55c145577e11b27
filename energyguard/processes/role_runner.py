"""Roles play in a process, and wait in place where its disk is full."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event, Thread

from energyguard.durable.atomic import MIN_FREE, free_bytes, no_room
from energyguard.errors import EnergyGuardError
from energyguard.processes.registry import present
from energyguard.settings.tree import Settings

ROOM_S = 2.0
"""How often a role that found no room on the disk looks again."""

RunRole = Callable[[Settings, Event], None]


def play_together(roles: Mapping[str, RunRole], settings: Settings, stop: Event) -> None:
    """Play roles by their names, the first here, the others in threads; where one ends, all end.

    A role is there before its modules are loaded.

    Raises:
        Exception: whatever the first of them ended with.
    """
    failed: list[BaseException] = []

    def play_one(name: str, role: RunRole) -> None:
        try:
            play(name, role, settings, stop)
        except BaseException as error:  # the process ends as a whole
            failed.append(error)
        finally:
            stop.set()

    (first, role), *others = roles.items()
    threads = [Thread(target=play_one, args=beside, name=beside[0]) for beside in others]
    for thread in threads:
        thread.start()
    play_one(first, role)
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def play(name: str, role: RunRole, settings: Settings, stop: Event) -> None:
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
            if not _wait_for_room(settings.data_dir, stop):
                break
    log.info("stopped")


def _wait_for_room(folder: Path, stop: Event) -> bool:
    """Wait until a role may be worth another try; false where it was told to stop meanwhile."""
    while not stop.wait(ROOM_S):
        if free_bytes(folder) >= MIN_FREE:
            return True
    return False
