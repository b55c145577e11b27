"""The role ``poll``: asks the devices of ``poll.file`` until it is told to stop."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from threading import Event

from energyguard.clock import SYSTEM
from energyguard.dialects.mapping import mapping_of
from energyguard.errors import ConfigError
from energyguard.intake.gateway import Gateway
from energyguard.mqtt.sent_columns import ValuePlaces
from energyguard.poll.poller import Poller
from energyguard.poll.states import forget_states
from energyguard.poll.taker import AnswerTaker
from energyguard.poll.targets import read_targets
from energyguard.processes.role_log import role_log
from energyguard.settings.tree import Settings

LOOK_S = 0.2
"""How often is looked whether it is to end."""


def run(settings: Settings, stop: Event) -> None:
    """Ask until told to stop.

    Raises:
        ConfigError: no file of devices is named, or it cannot be used; every fault is said.
    """
    if settings.poll.file is None:
        raise ConfigError("poll.file: no file of devices is named")
    targets = read_targets(settings.poll.file)
    with role_log(settings, stop) as log:
        if log is None:
            return
        taker = AnswerTaker(
            ValuePlaces(mapping_of(settings.wire.mappings)), Gateway(log, SYSTEM), settings.wire
        )
        try:
            asyncio.run(_until_stopped(Poller(targets, taker, settings.data_dir, SYSTEM), stop))
        finally:
            forget_states(settings.data_dir)


async def _until_stopped(poller: Poller, stop: Event) -> None:
    asking = asyncio.create_task(poller.run())
    while not stop.is_set() and not asking.done():
        await asyncio.sleep(LOOK_S)
    asking.cancel()
    with suppress(asyncio.CancelledError):
        await asking
