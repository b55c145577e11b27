"""Settings of alerts that are restated."""

from __future__ import annotations

from pydantic import Field

from energyguard.settings.section import Section


class RestateSettings(Section):
    """Alerts that late or corrected readings make or unmake (`restate`)."""

    backfills: bool = Field(
        False,
        description="True: what is imported as of the past, or replayed from a file, restates "
        "alerts, too.",
    )
