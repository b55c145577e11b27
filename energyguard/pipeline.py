"""What reads what, where results go, and who plays it. Read this file first.

A flow reads topics and writes topics; nothing else couples the stages. A role is what a process
plays: some flows. Consumers take their topics and their group from here, and so do lag, health, the
live projections, and the processes that ``up`` starts. ``docs/architecture.md`` draws its diagram
from this table, and a test checks that the two agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter

from energyguard.domain import installed
from energyguard.log import EARLIEST, Positions
from energyguard.model.topics import (
    ALERT_ACTIONS,
    ALERTS,
    BAYS,
    BUILDING_READINGS,
    CHARGERS,
    DEAD_LETTERS,
    ENERGY_ALERTS,
    ENERGY_READINGS,
    FULL_SESSIONS,
    IMPORTED,
    LATE,
    METER_READINGS,
    OCCUPANCY,
    PROGRESS,
    REGION_SIGNALS,
    REPARTITIONED,
    REPLAY_READINGS,
    RULES,
    SIGNALS,
    STATE,
    TIME,
    TOTAL_OCCUPIED,
    TRANSACTION_PROFIT,
    VIOLATIONS,
    Topic,
)
from energyguard.topics import DOMAIN_READINGS

CHARGING = (SIGNALS, REGION_SIGNALS)
STAYS = (FULL_SESSIONS, VIOLATIONS, TRANSACTION_PROFIT)
SENT = (ENERGY_READINGS, METER_READINGS, BUILDING_READINGS, REPLAY_READINGS, *DOMAIN_READINGS)
READINGS = (*SENT, REPARTITIONED)


@dataclass(frozen=True, slots=True)
class Flow:
    """What a stage does: ``through`` is the module of its operator; ``group`` keeps its position.

    A flow without a group follows from the newest record on, for itself alone. ``tables`` are
    topics that it reads whole, from their beginning, without a position.
    """

    name: str
    reads: tuple[Topic, ...]
    through: str
    writes: tuple[Topic, ...]
    group: str = ""
    tables: tuple[Topic, ...] = ()

    @property
    def topics(self) -> tuple[str, ...]:
        """The names of what it follows; one may end in ``*``."""
        return tuple(topic.name for topic in self.reads)


BORDER = Flow("border", (), "intake/gateway.py", (*SENT, *CHARGING, DEAD_LETTERS))
CHARGERS_FEED = Flow("chargers", (), "domains/charging/feed.py", (*CHARGING, CHARGERS))
IMPORT = Flow(
    "import",
    (),
    "domains/charging/exports/importer.py",
    (IMPORTED, CHARGERS, DEAD_LETTERS),
    tables=(IMPORTED, CHARGERS),
)
WINDOWS = Flow(
    "windows",
    READINGS,
    "stream/windows/operator.py",
    (ENERGY_ALERTS, ALERTS, LATE, REPARTITIONED, DEAD_LETTERS, TIME, PROGRESS, STATE),
    group="worker",
    tables=(RULES, TIME, STATE),
)
DETECTOR = Flow(
    "detector",
    READINGS,
    "stream/windows/values.py",
    (ALERTS, TIME, STATE),
    group="detector",
    tables=(RULES, TIME, STATE),
)
SESSIONS = Flow(
    "sessions",
    CHARGING,
    "stream/sessions/operator.py",
    (*STAYS, BAYS, OCCUPANCY, DEAD_LETTERS, TIME, STATE),
    group="sessions",
    tables=(CHARGERS, TIME, STATE),
)
TOTAL = Flow(
    "occupancy",
    (OCCUPANCY,),
    "stream/sessions/occupancy.py",
    (TOTAL_OCCUPIED, STATE),
    group="occupancy",
    tables=(STATE,),
)
INGESTOR = Flow(
    "ingest",
    (ENERGY_READINGS, METER_READINGS, BUILDING_READINGS),
    "sinks/ingestor.py",
    (),
    group="ingestor",
)
ARCHIVE = Flow(
    "archive",
    (
        *READINGS,
        ENERGY_ALERTS,
        ALERTS,
        LATE,
        *CHARGING,
        *STAYS,
        TOTAL_OCCUPIED,
        BAYS,
        CHARGERS,
        IMPORTED,
    ),
    "sinks/archive.py",
    (),
    group="history",
)
SERVICE = Flow("service", (), "service/service.py", (ALERT_ACTIONS, RULES))
LIVE = Flow(
    "live",
    (*READINGS, ENERGY_ALERTS, ALERTS, ALERT_ACTIONS, PROGRESS, RULES, DEAD_LETTERS),
    "service/live.py",
    (),
)
STATIONS = Flow("stations", (*CHARGING, BAYS, CHARGERS, DEAD_LETTERS), "service/stations.py", ())


@dataclass(frozen=True, slots=True)
class Role:
    """What a process plays, until it is told to stop.

    ``run`` refers to its function, which takes the settings and an event and returns when the event
    is set, after it has drained; ``steps`` to what a simulator without a function of its own does.
    ``scenario`` is the demonstration that the role is. ``needs`` is the setting without which
    ``up`` does not play it; ``beside`` the role in whose process ``up`` plays it. Where processors
    are few, one with a ``niceness`` gives way: an alert is awaited, a row of the history can wait.
    """

    name: str
    run: str
    flows: tuple[Flow, ...] = ()
    steps: str = ""
    scenario: str = ""
    needs: str = ""
    beside: str = ""
    niceness: int = 0

    def is_wanted(self, settings: object) -> bool:
        """Whether the settings ask for it."""
        return not self.needs or bool(attrgetter(self.needs)(settings))


SIMULATORS = tuple(
    Role(simulator.role, run=simulator.run, steps=simulator.steps, scenario=simulator.name)
    for domain in installed()
    for simulator in domain.simulators
)
STAGES = (
    Role("worker", "energyguard.stream.windows.role:run", (WINDOWS,)),
    Role("detector", "energyguard.stream.windows.role:detect", (DETECTOR,), beside="worker"),
    Role("sessions", "energyguard.stream.sessions.role:run", (SESSIONS, TOTAL)),
    Role(
        "ingestor",
        "energyguard.sinks.ingestor_role:run",
        (INGESTOR,),
        needs="store.url",
        niceness=5,
    ),
    Role("history", "energyguard.sinks.history_role:run", (ARCHIVE,), niceness=5),
)
SERVING = Role("serve", "energyguard.api.role:run", (BORDER, SERVICE, LIVE, STATIONS))
ROLES: Mapping[str, Role] = {role.name: role for role in (*SIMULATORS, *STAGES, SERVING)}
"""In the order in which they stop: sources first, then what drains, then what people look at."""

SCENARIOS: Mapping[str, str] = {role.scenario: role.name for role in SIMULATORS}
"""The demonstrations that ``up`` starts, each with the role that plays it."""

FLOWS = (CHARGERS_FEED, IMPORT, *(flow for role in ROLES.values() for flow in role.flows))
GROUPS = {flow.group: flow for flow in FLOWS if flow.group}
"""Consumer groups, by name: each is the place of one flow in the log."""


def flows_at_work(positions: Callable[[str, str], Positions], settings: object) -> list[Flow]:
    """The flows with a place in the log on which somebody counts.

    Those of a role that the settings do not ask for count once they have read something.

    Args:
        positions: a log's.
        settings: may ask for roles.
    """
    return [
        flow
        for role in STAGES
        for flow in role.flows
        if role.is_wanted(settings)
        or any(positions(topic, flow.group) != positions(topic, EARLIEST) for topic in flow.topics)
    ]
