"""What is said of a channel of energy: by a person, a dialect, or `ledger.*` of the settings."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from energyguard.ledger.scales import Scales
from energyguard.model.catalogue import Sign
from energyguard.model.channels import ENERGY_DEFAULTS, FED_IN, EnergyDefaults, Kind

FED_IN_NAMES: Final = f"^{FED_IN}$|/{FED_IN}(/|$)"
"""Names of devices whose registers count what is fed in, as Python, Java and SQL read it."""
_LARGEST_W: Final = 10**12
"""No power is larger in the units of what is sent: what it comes to in a minute fits an int64."""


class EnergyChannel(NamedTuple):
    """What a fold goes by. What it learns (resolution, rhythm, usual power) is not in here.

    Powers are real ones; what a register shows (its smallest step, where it begins again) is as
    it is sent.
    """

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
    sign: Sign = ""  # export: what it counts is fed in; empty: nobody says
    scales: Scales = ()  # what is sent times this is in kWh or kW; empty: it is as sent

    @property
    def is_fed_in(self) -> bool:
        """Whether what it counts is export, so that its entries are below 0."""
        return self.sign == "export"

    @property
    def is_scaled(self) -> bool:
        """Whether what is sent is not in the channel's unit."""
        return bool(self.scales)

    @property
    def is_as_sent(self) -> bool:
        """Whether what is sent counts as it is."""
        return not (self.scales or self.is_fed_in)

    @property
    def real_resolution(self) -> int:
        """The smallest step of what a register counts, 1e-9 kWh; 0: learned.

        ``resolution`` is that of what it shows, as ``rollover`` is.
        """
        step = np.array([self.resolution])
        return max((int(scale.of(step)[0]) for scale in self.scales), default=self.resolution)

    def in_sent_units(self, place: int) -> EnergyChannel:
        """The same with powers in units of what is sent (W, rounded up), by one of its scales."""
        scale = self.scales[place]
        power, export = (
            min(-(-watts * scale.per // scale.times), _LARGEST_W)
            for watts in (self.largest_power_w, self.largest_export_w)
        )
        return self._replace(largest_power_w=power, largest_export_w=export)

    @property
    def import_w(self) -> int:
        """The most that may plausibly be drawn, as its entries have it."""
        return self.largest_export_w if self.is_fed_in else self.largest_power_w

    @property
    def export_w(self) -> int:
        """The most that may plausibly be fed in."""
        return self.largest_power_w if self.is_fed_in else self.largest_export_w


@cache
def plain_channel(kind: Kind, defaults: EnergyDefaults = ENERGY_DEFAULTS) -> EnergyChannel:
    """A channel of which nothing is said but what holds of all."""
    return EnergyChannel(kind, *defaults)


def channel_of(device: str, described: EnergyChannel) -> EnergyChannel:
    """A device's channel by what is said of it: of a sign that nobody says, its name decides.

    A register of ``home/export`` counts what is fed in. Intervals and powers need no such rule:
    what is fed in is below 0 in them.
    """
    if described.sign or described.kind is not Kind.REGISTER or not is_named_fed_in(device):
        return described
    return described._replace(sign="export")


def is_named_fed_in(device: str) -> bool:
    """Whether a name is ``export``, or has that below another: ``home/export``, ``x/export/t1``."""
    return re.search(FED_IN_NAMES, device) is not None
