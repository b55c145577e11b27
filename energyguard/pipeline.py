"""What reads what, and where results go. Read this file first.

A flow reads topics and writes topics; nothing else couples the stages. Consumers take their topics
and their group from here, and so do lag and health. ``docs/architecture.md`` draws its diagram from
this table, and a test checks that the two agree.
"""

from __future__ import annotations

from dataclasses import dataclass

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
    "intake/exports/importer.py",
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
SERVICE = Flow(
    "service",
    (
        *READINGS,
        ENERGY_ALERTS,
        ALERTS,
        ALERT_ACTIONS,
        PROGRESS,
        RULES,
        DEAD_LETTERS,
        *CHARGING,
        *STAYS,
        BAYS,
        CHARGERS,
    ),
    "service/service.py",
    (ALERT_ACTIONS, RULES),
)
FLOWS = (BORDER, CHARGERS_FEED, IMPORT, WINDOWS, SESSIONS, TOTAL, INGESTOR, ARCHIVE, SERVICE)
GROUPS = {flow.group: flow for flow in FLOWS if flow.group}
"""Consumer groups, by name: each is the place of one flow in the log."""
