"""Homes in regions, as settings: where they stand, and what is shown of them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from pydantic import Field

from energyguard.settings.section import Duration, Section


class RegionsSettings(Section):
    """Homes by region (`domains/regions`)."""

    places: Path | None = Field(
        None,
        description="Where homes stand: CSV `device,postal_code[,city][,region]`; `-` for the "
        "code: not counted. Who is not in it gets a drawn place.",
    )
    seed: int = Field(1, description="The same seed draws the same place for a device.")
    min_homes: int = Field(
        5,
        gt=0,
        le=1000,
        description="Homes are shown in groups of so many, whole or not at all; 1: each by itself.",
    )
    rest: Duration = Field(
        "7d", description="A home that changed its group is not shown for this long (event time)."
    )
    price_eur_per_kwh: Decimal = Field(
        Decimal("0.30"), ge=0, le=100, description="What a kWh costs, EUR."
    )
