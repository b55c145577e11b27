"""Settings of polling: which devices are asked."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from energyguard.settings.section import Section


class PollSettings(Section):
    """Devices that are asked for their readings (the role `poll`)."""

    file: Path | None = Field(
        None,
        description="The devices that are asked, a `[[target]]` each (TOML). Empty: `up` plays "
        "no `poll`.",
    )
