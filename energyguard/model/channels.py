"""One table of channels: the unit of each, and how its readings are counted over a window.

A rule speaks of the energy of a window: interval energies are summed, a register gives the
difference between the window's borders, a power is integrated over time. Of a level it speaks of
the mean over the window. All are counted in amounts, whole numbers that add up exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from energyguard.model.quantities import NANO


class Kind(StrEnum):
    """How the readings of a channel aggregate over a window."""

    INTERVAL = "interval"  # an amount since the last reading: summed; below 0: fed in
    REGISTER = "register"  # a counter that only grows: the difference between the borders
    POWER = "power"  # a rate: integrated over time, with a longest gap
    STATE = "state"  # a level such as a temperature: no energy; its mean over time


class EnergyDefaults(NamedTuple):
    """What holds of channels of energy of which nothing else is said (`ledger.*`)."""

    largest_power_w: int = 100_000  # the largest plausible power
    largest_export_w: int = 0  # the same the other way; 0: none
    resolution: int = 0  # a register's smallest step in 1e-9 kWh; 0: learned


ENERGY_DEFAULTS = EnergyDefaults()
FED_IN: Final = "export"
"""Below whose name stands what is fed in: ``home/export``."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel: its name carries its unit. Limits are in the unit, not in 1e-9 of it."""

    name: str
    unit: str
    kind: Kind
    lowest: float
    highest: float
    nothing: float = 0.0  # of a level: what a time without readings counts as

    @property
    def is_level(self) -> bool:
        """Whether a window has the mean of it, and no energy."""
        return self.kind is Kind.STATE

    @property
    def energy_unit(self) -> str:
        """The unit of what a window has of this channel."""
        return self.unit if self.is_level else "kWh"


_TABLE = (
    Channel("energy_kwh", "kWh", Kind.INTERVAL, -1_000.0, 1_000.0),  # below 0: fed in
    Channel("energy_register_kwh", "kWh", Kind.REGISTER, 0.0, 9_000_000_000.0),
    Channel("power_kw", "kW", Kind.POWER, -100_000.0, 100_000.0),
    Channel("current_a", "A", Kind.STATE, -100_000.0, 100_000.0),
    Channel("voltage_v", "V", Kind.STATE, -1_000_000.0, 1_000_000.0),
    Channel("temperature_c", "°C", Kind.STATE, -273.15, 5_000.0, nothing=-273.15),
    Channel("delta_kwh", "kWh", Kind.STATE, 0.0, 1_000.0),  # told beside a register that has it too
    Channel("export_kwh", "kWh", Kind.STATE, 0.0, 1_000.0),  # fed in: no sum counts it as use
    Channel("covered_s", "s", Kind.STATE, 0.0, 60.0),  # what an average speaks for, if not for all
    Channel("delta_kwh_multiplier", "×", Kind.STATE, 0.0, 1_000_000.0),
)

CHANNELS: Mapping[str, Channel] = {c.name: c for c in _TABLE}

MAX_GAP_MS = 15 * 60 * 1000
"""A power holds until the next reading, for at most this long: a longer silence adds nothing."""


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
        round(channel.nothing * NANO),
    )


MEASURES = {name: measure_of(channel) for name, channel in CHANNELS.items()}
