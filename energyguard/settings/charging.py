"""Settings of chargers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from energyguard.settings.section import Duration, Section


class ChargingSettings(Section):
    """Chargers (the role `sessions`, `evaluate --rule charging`). Times are event time."""

    before: Duration = Field(
        "10s", description="How long a car may stand before it is charged; longer is a violation."
    )
    after: Duration = Field("6s", description="How long it may stand after its charge.")
    currency: str = Field(
        "EUR",
        pattern=r"^[A-Z]{3}$",
        description="The currency of chargers' prices (ISO 4217), where the catalogue says none "
        "of a station: `energyguard sites set station:NAME currency=CHF`.",
    )
    idle: Duration = Field(
        "5s",
        description="How long a signal may be on its way (wall clock), before a silent charger's "
        "time goes on.",
    )
    hour: Duration = Field(
        "60s", description="The event time that an hour of energy takes; real time: `1h`."
    )
    silent: Duration = Field(
        "26h",
        description="A charger that sends nothing for this long, and for three of its own usual "
        "pauses, is silent: `unknown`.",
    )
    tariff_change: Literal["start", "split"] = Field(
        "start",
        description="A price that changes during a charge: the one of its start holds, or the bill "
        "is split when it changes.",
    )
    restate: Literal["apart", "append"] = Field(
        "apart",
        description="What late signals make of a stay, a violation or a bill that was written: a "
        "record of the same id and a header `revision` in `….restated`; or `append`: in the "
        "topic itself, a second record for readers who know nothing of revisions.",
    )
