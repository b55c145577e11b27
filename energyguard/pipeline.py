"""What reads what, and where results go. Read this file first.

A flow reads topics and writes topics; nothing else couples the stages. ``docs/architecture.md``
draws its diagram from this table, and a test checks that the two agree.
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
    THERMOMETER,
    TIME,
    TOTAL_OCCUPIED,
    TRANSACTION_PROFIT,
    VIOLATIONS,
    Topic,
)

CHARGING = (SIGNALS, REGION_SIGNALS)
STAYS = (FULL_SESSIONS, VIOLATIONS, TRANSACTION_PROFIT)
SENT = (ENERGY_READINGS, METER_READINGS, BUILDING_READINGS, REPLAY_READINGS, THERMOMETER)
READINGS = (*SENT, REPARTITIONED)


@dataclass(frozen=True, slots=True)
class Flow:
    """What a stage does: ``through`` is the module of its operator; ``group`` keeps its position.

    A flow without a group follows from the newest record on, for itself alone.
    """

    name: str
    reads: tuple[Topic, ...]
    through: str
    writes: tuple[Topic, ...]
    group: str | None = None


FLOWS = (
    Flow("border", (), "sources/intake.py", (*SENT, *CHARGING, DEAD_LETTERS)),
    Flow("chargers", (), "sources/charger_feed.py", (*CHARGING, CHARGERS)),
    Flow(
        "import",
        (IMPORTED, CHARGERS),
        "sources/exports/importer.py",
        (IMPORTED, CHARGERS, DEAD_LETTERS),
    ),
    Flow(
        "windows",
        (*READINGS, RULES, TIME, STATE),
        "stream/operator.py",
        (ENERGY_ALERTS, ALERTS, LATE, REPARTITIONED, DEAD_LETTERS, TIME, PROGRESS, STATE),
        group="worker",
    ),
    Flow(
        "sessions",
        (*CHARGING, CHARGERS, TIME, STATE),
        "stream/sessions.py",
        (*STAYS, BAYS, OCCUPANCY, DEAD_LETTERS, TIME, STATE),
        group="sessions",
    ),
    Flow(
        "occupancy",
        (OCCUPANCY, STATE),
        "stream/occupancy.py",
        (TOTAL_OCCUPIED, STATE),
        group="occupancy",
    ),
    Flow(
        "ingest",
        (ENERGY_READINGS, METER_READINGS, BUILDING_READINGS),
        "ingest/ingestor.py",
        (),
        group="ingestor",
    ),
    Flow(
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
        "history/archive.py",
        (),
        group="history",
    ),
    Flow(
        "desk",
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
        "serve/desk.py",
        (ALERT_ACTIONS, RULES),
    ),
)


def flow(name: str) -> Flow:
    """The flow of a name."""
    return next(one for one in FLOWS if one.name == name)
