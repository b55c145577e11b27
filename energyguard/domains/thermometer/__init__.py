"""System D's thermometer: a whole number of degrees a second."""

from pathlib import Path

from energyguard.domain import Domain

DOMAIN = Domain(
    name="thermometer",
    dialects=("energyguard.domains.thermometer.dialect:DIALECT",),
    rules=Path(__file__).parent / "rules.toml",
)
