"""The role ``poll``: asks the devices of ``poll.file`` until it is told to stop.

A change of the file is read by itself. One that cannot be used changes nothing; what is wrong with
it is logged, and said by health and ``doctor``.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from threading import Event

from energyguard.clock import SYSTEM
from energyguard.dialects.mapping import mapping_of
from energyguard.errors import ConfigError
from energyguard.intake.gateway import Gateway
from energyguard.mqtt.sent_columns import ValuePlaces
from energyguard.poll.poller import Poller
from energyguard.poll.states import forget_states
from energyguard.poll.taker import AnswerTaker
from energyguard.poll.target_file import TargetFile
from energyguard.processes.role_log import role_log
from energyguard.settings.tree import Settings
from energyguard.telemetry import logger

LOOK_S = 0.2
"""How often is looked whether it is to end."""
READ_AGAIN_S = 1.0
"""How often is looked whether the file has changed."""

_log = logger("poll")


def run(settings: Settings, stop: Event) -> None:
    """Ask until told to stop.

    Raises:
        ConfigError: no file of devices is named, or it cannot be used; every fault is said.
    """
    if settings.poll.file is None:
        raise ConfigError("poll.file: no file of devices is named")
    file = TargetFile(settings.poll.file)
    targets = file.read()
    with role_log(settings, stop) as log:
        if log is None:
            return
        taker = AnswerTaker(
            ValuePlaces(partial(mapping_of, settings.wire.mappings)),
            Gateway(log, SYSTEM),
            settings.wire,
        )
        poller = Poller(targets, taker, settings.data_dir, SYSTEM)
        try:
            asyncio.run(_until_stopped(poller, file, stop))
        finally:
            forget_states(settings.data_dir)


async def _until_stopped(poller: Poller, file: TargetFile, stop: Event) -> None:
    asking = asyncio.create_task(poller.run())
    reading = asyncio.create_task(_follow(file, poller))
    while not (stop.is_set() or asking.done() or reading.done()):
        await asyncio.sleep(LOOK_S)
    for task in (reading, asking):
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _follow(file: TargetFile, poller: Poller) -> None:
    """Have the devices asked that the file names, whenever it changes."""
    while True:
        await asyncio.sleep(READ_AGAIN_S)
        try:
            targets = await asyncio.to_thread(file.changed)
        except ConfigError as error:
            _log.warning("the file of devices cannot be used", reason=str(error))
            poller.blame("; ".join(error.faults))
            continue
        if targets is not None:
            await poller.replace(targets)
            _log.info("the file of devices was read again", targets=len(targets))
