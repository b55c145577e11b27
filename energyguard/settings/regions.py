"""Homes in regions, as settings: where they stand, and what is shown of them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from pydantic import Field

from energyguard.settings.section import Duration, Section


class RegionsSettings(Section):
    """Homes by region (`domains/regions`)."""

    listen: str = Field(
        "",
        pattern=r"^(.+:[0-9]{1,5})?$",
        description="Where system E's port is (the role `regions`): `HOST:PORT`, such as "
        "`127.0.0.1:5006`. Empty: `up` plays none.",
    )
    auth: bool = Field(
        True,
        description="False: that port asks for no log-in; on loopback, or with `min_homes` of 5 "
        "or more.",
    )
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
