"""What reads and writes topics of chargers, and who plays it."""

from __future__ import annotations

from energyguard.domains.charging.topics import (
    BAYS,
    CHARGERS,
    IMPORTED,
    OCCUPANCY,
    RESTATED,
    RESULTS,
    SENT,
    TOTAL_OCCUPIED,
)
from energyguard.flow import Flow, Role
from energyguard.model.topics import ALERTS, DEAD_LETTERS, STATE, TIME

FEED = Flow("chargers", (), "domains/charging/simulator/feed.py", (*SENT, CHARGERS))
IMPORT = Flow(
    "import",
    (),
    "domains/charging/exports/importer.py",
    (IMPORTED, CHARGERS, DEAD_LETTERS),
    tables=(IMPORTED, CHARGERS),
)
SESSIONS = Flow(
    "sessions",
    SENT,
    "domains/charging/sessions/operator.py",
    (*RESULTS, *RESTATED, ALERTS, BAYS, OCCUPANCY, DEAD_LETTERS, TIME, STATE),
    group="sessions",
    tables=(CHARGERS, TIME, STATE),
)
TOTAL = Flow(
    "occupancy",
    (OCCUPANCY,),
    "domains/charging/sessions/occupancy.py",
    (TOTAL_OCCUPIED, STATE),
    group="occupancy",
    tables=(STATE,),
)
STATIONS = Flow(
    "stations", (*SENT, BAYS, CHARGERS, DEAD_LETTERS), "domains/charging/live/stations.py", ()
)
ROLE = Role("sessions", "energyguard.domains.charging.sessions.role:run", (SESSIONS, TOTAL))
