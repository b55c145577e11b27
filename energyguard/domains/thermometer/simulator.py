"""System D's thermometer: a walk of one degree up or down a second, between 0 and 30."""

from __future__ import annotations

from random import Random

import msgspec

from energyguard.codecs.seconds import text_of
from energyguard.domains.thermometer import THERMOMETER
from energyguard.domains.thermometer.dialect import DEVICE, message
from energyguard.simulators.steps import Steps

LOWEST, HIGHEST, FIRST = 0, 30, 15


class _Message(msgspec.Struct):
    timestamp: str
    celsius: int


def degrees_after(before: int, seed: int, second: int) -> int:
    """The degrees of a second after those of the one before."""
    if before <= LOWEST:
        return LOWEST + 1
    if before >= HIGHEST:
        return HIGHEST - 1
    return before + (1 if Random(f"{seed}/{second}").random() < 0.5 else -1)


def message_after(before: bytes | None, seed: int, second: int) -> bytes:
    """The message of a second after the one before.

    Raises:
        ValueError: the one before is no thermometer's.
    """
    celsius = FIRST if before is None else msgspec.json.decode(before, type=_Message).celsius
    return message(text_of(second), degrees_after(celsius, seed, second))


STEPS = Steps(THERMOMETER, DEVICE, message_after)
