"""A solar inverter: what it sends, what is abnormal about it, and how it is simulated and shown."""

from pathlib import Path

from energyguard.domain import Domain, Simulator
from energyguard.model.topics import Holds, Topic, TopicClock

SOLAR = Topic("solar", "What inverters send: JSON.", Holds.READINGS, TopicClock.DATA)
DOMAIN = Domain(
    name="solar",
    topics=(SOLAR,),
    dialects=("energyguard_solar.dialect:DIALECT",),
    rules=Path(__file__).parent / "rules.toml",
    queries=Path(__file__).parent / "queries",
    views=("energyguard_solar.view:VIEW",),
    simulators=(
        Simulator(
            name="solar",
            role="simulate-solar",
            about="Simulate a solar inverter: a message a second, into the log or as JSON lines.",
            steps="energyguard_solar.simulator:STEPS",
        ),
    ),
)
