"""Charging: simulated chargers at stations, with labelled faults; networks' exports; its page."""

from pathlib import Path

from energyguard.domain import Domain, Simulator

DOMAIN = Domain(
    name="charging",
    queries=Path(__file__).parent / "queries",
    views=("energyguard.domains.charging.view:VIEW",),
    simulators=(
        Simulator(
            name="chargers",
            role="simulate-chargers",
            run="energyguard.domains.charging.role:run",
        ),
    ),
)
