"""Charging: simulated chargers at stations, with labelled faults."""

from energyguard.domain import Domain, Simulator

DOMAIN = Domain(
    name="charging",
    simulators=(
        Simulator(
            name="chargers",
            role="simulate-chargers",
            run="energyguard.domains.charging.role:run",
        ),
    ),
)
