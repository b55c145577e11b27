"""What is said of a channel of energy: by a person, a dialect, or `ledger.*` of the settings."""

from __future__ import annotations

from typing import NamedTuple

from energyguard.model.channels import Kind


class EnergyChannel(NamedTuple):
    """What a fold goes by. What it learns (resolution, rhythm, usual power) is not in here."""

    kind: Kind  # INTERVAL, REGISTER or POWER
    largest_power_w: int = 100_000  # the largest plausible power; a promise, so it is never learned
    largest_export_w: int = 0  # the same the other way; 0: a register never runs backwards
    resolution: int = 0  # a register's smallest step in 1e-9 kWh; 0: learned
    rollover: int = 0  # where a register begins again at 0, in 1e-9 kWh; 0: not said
    length_ms: int = 0  # of an interval; 0: learned from the rhythm
    stamp_is_end: bool = False  # whether an interval's time is its end
    cadence_ms: int = 0  # how often it sends; 0: learned
    resets_daily: bool = False  # a counter of today: at a local midnight it begins at 0
    zone: str = "UTC"  # whose midnights
