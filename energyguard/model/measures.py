"""How a channel is counted over a window: in amounts, whole numbers that add up exactly."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from energyguard.model.channels import CHANNELS, NANO_PER_UNIT, Channel, Kind

MS_PER_HOUR = 3_600_000
NANO_PER_MICRO = 1_000
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Measure:
    """How a channel is counted: ``shift`` moves a border's reading to the pane before."""

    kind: Kind
    shift: int = 0
    per_nano: int = 1  # how many units of an amount make 1e-9 kWh; of a level: not used
    nothing: int = 0  # of a level, 1e-9 of its unit

    @property
    def grows(self) -> bool:
        """Whether more readings can only add: an alert may fire before the window closes."""
        return self.kind is Kind.INTERVAL

    @property
    def holds(self) -> bool:
        """Whether a reading is true until the next one."""
        return self.kind in (Kind.POWER, Kind.STATE)

    @property
    def is_level(self) -> bool:
        """Whether a window has the mean of it."""
        return self.kind is Kind.STATE

    def counted(self, value: Ints) -> Ints:
        """Values as they are counted: of a level 1e-6 above nothing, or hours would overflow."""
        return (value - self.nothing) // NANO_PER_MICRO if self.is_level else value

    def amount(self, nano: int, window_ms: int) -> int:
        """What a window has that comes to an energy or, of a level, to a mean."""
        if self.is_level:
            return (nano - self.nothing) // NANO_PER_MICRO * window_ms
        return nano * self.per_nano

    def nano(self, amount: int, window_ms: int) -> int:
        """The energy, or the mean, that a window comes to."""
        if self.is_level:
            return amount * NANO_PER_MICRO // window_ms + self.nothing
        return amount // self.per_nano

    def per_difference(self, window_ms: int) -> Fraction:
        """By how much the amounts of two windows differ whose energies, or means, do by 1e-9."""
        return Fraction(window_ms, NANO_PER_MICRO) if self.is_level else Fraction(self.per_nano)


def measure_of(channel: Channel) -> Measure:
    """How a channel is counted."""
    return Measure(
        channel.kind,
        1 if channel.kind is Kind.REGISTER else 0,
        MS_PER_HOUR if channel.kind is Kind.POWER else 1,
        round(channel.nothing * NANO_PER_UNIT),
    )


MEASURES = {name: measure_of(channel) for name, channel in CHANNELS.items()}
