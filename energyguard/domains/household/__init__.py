"""Households: simulated homes, with labelled faults, the sample of real appliances, their files."""

from pathlib import Path

from energyguard.domain import Domain, Simulator

DOMAIN = Domain(
    name="household",
    dialects=(
        "energyguard.domains.household.meter_files:DIALECT",
        "energyguard.domains.household.appliance_files:DIALECT",
    ),
    views=("energyguard.domains.household.view:VIEW",),
    commands={"simulate household": "energyguard.domains.household.commands:household"},
    rules=Path(__file__).parent / "rules.toml",
    simulators=(
        Simulator(name="households", role="simulate", run="energyguard.domains.household.feed:run"),
    ),
)
