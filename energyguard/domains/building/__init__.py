"""A building: simulated floors, their counters, and both in the log; what floors send."""

from energyguard.domain import Domain

DOMAIN = Domain(
    name="building",
    dialects=("energyguard.domains.building.dialect:DIALECT",),
    views=("energyguard.domains.building.view:VIEW",),
)
