"""One table of channels: the unit of each, and how its readings add up to an energy.

A rule speaks of the energy of a window: interval energies are summed, a register gives the
difference between the window's borders, a power is integrated over time. Of a level it speaks of
the mean over the window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from energyguard.model.fixed import NANO


class Kind(StrEnum):
    """How the readings of a channel aggregate over a window."""

    INTERVAL = "interval"  # an amount since the last reading: summed
    REGISTER = "register"  # a counter that only grows: the difference between the borders
    POWER = "power"  # a rate: integrated over time, with a longest gap
    STATE = "state"  # a level such as a temperature: no energy; its mean over time


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
    Channel("energy_kwh", "kWh", Kind.INTERVAL, 0.0, 1_000.0),
    Channel("energy_register_kwh", "kWh", Kind.REGISTER, 0.0, 9_000_000_000.0),
    Channel("power_kw", "kW", Kind.POWER, -100_000.0, 100_000.0),
    Channel("current_a", "A", Kind.STATE, -100_000.0, 100_000.0),
    Channel("voltage_v", "V", Kind.STATE, -1_000_000.0, 1_000_000.0),
    Channel("temperature_c", "°C", Kind.STATE, -273.15, 5_000.0, nothing=-273.15),
    Channel("delta_kwh", "kWh", Kind.STATE, 0.0, 1_000.0),  # told beside a register that has it too
    Channel("delta_kwh_multiplier", "×", Kind.STATE, 0.0, 1_000_000.0),
)

CHANNELS: Mapping[str, Channel] = {c.name: c for c in _TABLE}

MAX_GAP_MS = 15 * 60 * 1000
"""A power holds until the next reading, for at most this long: a longer silence adds nothing."""

NANO_PER_UNIT = NANO
