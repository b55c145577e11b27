"""Charging: simulated chargers at stations, with labelled faults."""

from pathlib import Path

from energyguard.domain import Domain, Simulator

DOMAIN = Domain(
    name="charging",
    queries=Path(__file__).parent / "queries",
    simulators=(
        Simulator(
            name="chargers",
            role="simulate-chargers",
            run="energyguard.domains.charging.role:run",
        ),
    ),
)
