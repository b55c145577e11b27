"""What is said of a channel of energy: by a person, a dialect, or `ledger.*` of the settings."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from energyguard.model.channels import ENERGY_DEFAULTS, EnergyDefaults, Kind


class EnergyChannel(NamedTuple):
    """What a fold goes by. What it learns (resolution, rhythm, usual power) is not in here."""

    kind: Kind  # INTERVAL, REGISTER or POWER
    largest_power_w: int = ENERGY_DEFAULTS.largest_power_w  # plausible; a promise, never learned
    largest_export_w: int = ENERGY_DEFAULTS.largest_export_w  # 0: a register never runs backwards
    resolution: int = ENERGY_DEFAULTS.resolution  # of a register, in 1e-9 kWh; 0: learned
    rollover: int = 0  # where a register begins again at 0, in 1e-9 kWh; 0: not said
    length_ms: int = 0  # of an interval; 0: learned from the rhythm
    stamp_is_end: bool = False  # whether an interval's time is its end
    cadence_ms: int = 0  # how often it sends; 0: learned
    resets_daily: bool = False  # a counter of today: at a local midnight it begins at 0
    zone: str = "UTC"  # whose midnights


@cache
def plain_channel(kind: Kind, defaults: EnergyDefaults = ENERGY_DEFAULTS) -> EnergyChannel:
    """A channel of which nothing is said but what holds of all."""
    return EnergyChannel(kind, *defaults)
