"""A building: simulated floors, their counters, and both in the log; what floors send; its page."""

from pathlib import Path

from energyguard.domain import Domain, DomainPlaces, Simulator

HERE = "energyguard.domains.building"
DOMAIN = Domain(
    name="building",
    dialects=(f"{HERE}.dialect:DIALECT",),
    rules=Path(__file__).parent / "rules.toml",
    places=DomainPlaces(fold=f"{HERE}.places:FloorPlaces"),
    views=(f"{HERE}.view:VIEW",),
    commands={"simulate building": f"{HERE}.commands:building"},
    simulators=(Simulator(name="building", role="simulate-building", run=f"{HERE}.role:run"),),
)
