"""System D's thermometer: a whole number of degrees a second."""

from pathlib import Path

from energyguard.domain import Domain, DomainPlaces, Simulator
from energyguard.model.topics import Holds, Topic, TopicClock

HERE = "energyguard.domains.thermometer"
THERMOMETER = Topic(
    "topic-test",
    "A thermometer's messages, one a second, as system D's writes them.",
    Holds.READINGS,
    TopicClock.DATA,
    energy=False,
    partitions=1,
)
DOMAIN = Domain(
    name="thermometer",
    topics=(THERMOMETER,),
    dialects=(f"{HERE}.dialect:DIALECT",),
    rules=Path(__file__).parent / "rules.toml",
    queries=Path(__file__).parent / "queries",
    places=DomainPlaces(fold=f"{HERE}.places:ThermometerPlaces"),
    views=(f"{HERE}.view:VIEW",),
    simulators=(
        Simulator(
            name="thermometer",
            role="simulate-thermometer",
            about="Simulate a thermometer: a message a second, into the log or as JSON lines.",
            steps=f"{HERE}.simulator:STEPS",
        ),
    ),
)
