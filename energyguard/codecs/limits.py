"""Out of range: what can be read and cannot be true. The reason names the field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import numpy as np
import numpy.typing as npt

from energyguard.model.channels import CHANNELS
from energyguard.model.fixed import NANO, from_nano
from energyguard.model.readings import EARLIEST_MS

Ints = npt.NDArray[np.int64]
_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_000  # years 1 to 9999
_LATEST_MS = 4_102_444_800_000  # 2100-01-01: a later time is no time


class PlausibilityLimits(Protocol):
    """What the settings say is plausible (``config.WireSettings``)."""

    @property
    def plausible_kwh(self) -> float:
        """The most that an interval energy may be."""
        ...

    @property
    def plausible_kw(self) -> float:
        """The most that a power may be, either sign."""
        ...


@dataclass(frozen=True, slots=True)
class DefaultLimits:
    """The plausible limits with their defaults."""

    plausible_kwh: float = 100.0
    plausible_kw: float = 10_000.0


DEFAULT = DefaultLimits()


def bounds(limits: PlausibilityLimits) -> Mapping[str, tuple[int, int]]:
    """For each channel, the lowest and highest value in 1e-9 of its unit."""
    most = {"energy_kwh": limits.plausible_kwh, "power_kw": limits.plausible_kw}
    lowest = {"power_kw": -limits.plausible_kw}
    return {
        name: (
            int(max(channel.lowest, lowest.get(name, channel.lowest)) * NANO),
            int(min(channel.highest, most.get(name, channel.highest)) * NANO),
        )
        for name, channel in CHANNELS.items()
    }


def out_of_range(
    channel: str, time_ms: Ints, value: Ints, limits: PlausibilityLimits, lowest: int | None = None
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which values and which times of one channel cannot be true; ``lowest`` raises its bound."""
    low, high = _bounds(channel, limits, lowest)
    return (value < low) | (value > high), (time_ms < EARLIEST_MS) | (time_ms > _LATEST_MS)


def _bounds(channel: str, limits: PlausibilityLimits, lowest: int | None) -> tuple[int, int]:
    low, high = bounds(limits)[channel]
    return low if lowest is None else max(low, lowest), high


def value_reason(
    field: str, channel: str, nano: int, limits: PlausibilityLimits, lowest: int | None = None
) -> str:
    """What is wrong with a value."""
    low, high = _bounds(channel, limits, lowest)
    unit = CHANNELS[channel].unit
    said = f"{from_nano(nano)} {unit}"
    if nano < 0 <= low:
        return f"{field} is negative: {said}"
    if nano > high:
        return f"{field} is above the plausible {from_nano(high)} {unit}: {said}"
    return f"{field} is below the plausible {from_nano(low)} {unit}: {said}"


def time_reason(field: str, time_ms: int) -> str:
    """What is wrong with a time."""
    if not _FIRST_MS <= time_ms <= _LAST_MS:  # no calendar has it
        return f"{field} is {time_ms} ms from 1970"
    when = datetime.fromtimestamp(time_ms / 1000, UTC)
    side = "before 2000" if time_ms < EARLIEST_MS else "after 2100"
    return f"{field} is {side}: {when:%Y-%m-%dT%H:%M:%SZ}"
