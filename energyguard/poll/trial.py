"""Each device asked once, and nothing kept: what would be taken, what not, and why."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from energyguard.dialects.names import Placed
from energyguard.errors import EnergyGuardError
from energyguard.model.channels import CHANNELS
from energyguard.model.quantities import NANO
from energyguard.mqtt.sent_columns import ValuePlaces
from energyguard.poll.registry import KINDS
from energyguard.poll.source import LeftOut, PollTarget
from energyguard.poll.taker import decoded_telegram, placed_values
from energyguard.settings.tree import WireSettings

_AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True)
class TriedValue:
    """A value that would be taken, in the unit of its channel."""

    device: str
    channel: str
    value: Decimal
    unit: str
    name: str


@dataclass(frozen=True, slots=True)
class TriedTarget:
    """What came of a device; ``fault`` is empty where it answered."""

    target: PollTarget
    values: list[TriedValue] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    fault: str = ""


async def try_targets(
    targets: Sequence[PollTarget], places: ValuePlaces, wire: WireSettings
) -> list[TriedTarget]:
    """Ask each device once."""
    slots = asyncio.Semaphore(_AT_ONCE)

    async def trial(target: PollTarget) -> TriedTarget:
        async with slots:
            return await _try(target, places, wire)

    return list(await asyncio.gather(*map(trial, targets)))


async def _try(target: PollTarget, places: ValuePlaces, wire: WireSettings) -> TriedTarget:
    try:
        source = KINDS[target.kind].open(target)
        try:
            answer = await source.ask()
        finally:
            await source.close()
    except EnergyGuardError as error:
        return TriedTarget(target, fault=str(error))
    placed, left_out = placed_values(places, target.kind, answer)
    values = [_tried(sent.number, place, sent.at.name.name) for sent, place in placed]
    for telegram in answer.telegrams:
        found = decoded_telegram(telegram, target.name, wire)[1]
        values += [_of_telegram(row, telegram.shape) for row in found.batch.to_pylist()]
        left_out += [LeftOut(telegram.shape, refused.reason) for refused in found.refused]
    return TriedTarget(target, values, left_out)


def _of_telegram(row: dict[str, Any], shape: str) -> TriedValue:
    unit = CHANNELS[row["channel"]].unit
    value = Decimal(row["value"]) / NANO
    return TriedValue(row["device"], row["channel"], value, unit, shape)


def _tried(number: Decimal, place: Placed, name: str) -> TriedValue:
    exact = Fraction(number) * place.times / place.per
    value = Decimal(exact.numerator) / Decimal(exact.denominator)
    return TriedValue(place.device, place.channel, value, CHANNELS[place.channel].unit, name)
