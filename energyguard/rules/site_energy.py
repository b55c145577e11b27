"""Rules about the energy of a site, as it comes: by its clock, and by what is plausible there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Self

from energyguard.model.channels import CHANNELS, EnergyDefaults
from energyguard.rules.local_times import LocalRule
from energyguard.rules.rule import SiteCalendar
from energyguard.rules.valued import ValueRule


class SiteEnergyRule(ValueRule, LocalRule):
    """A rule about a power that is the mean of energy in a span of time."""

    __slots__ = ()

    counts_energy: ClassVar[bool] = True
    energy: EnergyDefaults
    """What is plausible at the site."""

    @property
    def unit(self) -> str:
        """Of what is observed."""
        return "kW"

    def at_site(self, site: SiteCalendar) -> Self:
        """What is plausible there, too."""
        return super().at_site(site).with_fields(energy=site.energy)

    def channel_faults(self) -> Iterator[str]:
        """What makes its channels unusable, in sentences."""
        energies = [name for name, channel in CHANNELS.items() if not channel.is_level]
        if not self.channels:
            yield "no channels: name at least one"
        if others := [name for name in self.channels if name not in energies]:
            yield f"{', '.join(others)}: no energy; there are: {', '.join(energies)}"
