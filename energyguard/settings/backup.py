"""Settings of copies of the data folder."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from energyguard.settings.section import Duration, Section

COPIES = "backups"
"""The folder of the data folder in which copies lie for which no other place is named."""


class BackupSettings(Section):
    """Copies of the data folder (`backup`)."""

    to: Path | None = Field(
        None, description="A folder for copies of the data folder; none: none by itself."
    )
    every: Duration = Field("24h", description="How often a copy is made.")
    keep: int = Field(7, ge=1, description="How many copies stay: older ones are deleted.")
