"""Settings of how energy is counted."""

from __future__ import annotations

from pydantic import Field

from energyguard.model.channels import EnergyDefaults
from energyguard.model.quantities import to_nano
from energyguard.settings.section import Section

MAX_KW = 2_000_000.0
"""A fold counts powers in W with 32 bits."""


class LedgerSettings(Section):
    """The ledger of energy (`ledger`)."""

    largest_power_kw: float = Field(
        100.0,
        ge=0.001,
        le=MAX_KW,
        description="The largest plausible power of a device, where the catalogue says none: what "
        "needs more is set apart, and bounds allow it at most. The history counts all of it anew "
        "when it is changed.",
    )
    largest_export_kw: float = Field(
        0.0, ge=0, le=MAX_KW, description="The same of what is fed in; 0: registers never run back."
    )
    resolution_kwh: float = Field(
        0.0, ge=0, le=1_000, description="The smallest step of a register; 0: learned from digits."
    )

    @property
    def defaults(self) -> EnergyDefaults:
        """The same in whole numbers."""
        return EnergyDefaults(
            round(self.largest_power_kw * 1000),
            round(self.largest_export_kw * 1000),
            to_nano(self.resolution_kwh),
        )
