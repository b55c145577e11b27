"""Homes in regions, measured at the edge: system E's co-simulation, places, page and port."""

from energyguard.domain import Domain, Simulator
from energyguard.domains.regions.topics import TOPICS

HERE = "energyguard.domains.regions"
DOMAIN = Domain(
    name="regions",
    topics=TOPICS,
    dialects=(f"{HERE}.dialect:DIALECT",),
    records=f"{HERE}.records:RECORDS",
    simulators=(
        Simulator(
            name="regions", role="simulate-regions", run=f"{HERE}.homes:run", on_request=True
        ),
    ),
)
