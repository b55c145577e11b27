"""Charging: what chargers tell, the sessions and bills that come of it, stations, exports.

topics.py, flows.py   what is written and read; records/: how
model.py, codec.py    signals and what comes of them; their messages
physics.py            what a charge can have been: bills are held against it
sessions/             parking sessions, by event time; live/: stations as they are now
intake.py, replay.py, charger_list.py, exports/   how signals, files, lists, exports come in
simulator/            chargers that are simulated
engines/, offline.py  the same on Flink, and on files
rollups/              what the history sums up of it; places.py: what the catalogue sees of it
money: currencies.py, revenue.py
silence_alerts.py     chargers that fell silent, as alerts
page/, routes.py, commands/, queries/   page, API, terminal
"""

from pathlib import Path

from energyguard.domain import (
    Domain,
    DomainPlaces,
    FileTables,
    Messages,
    Program,
    Projection,
    Simulator,
)
from energyguard.domains.charging.flows import FEED, IMPORT, ROLE, SESSIONS, STATIONS
from energyguard.domains.charging.topics import (
    BAYS,
    CHARGERS,
    IMPORTED,
    RESTATED,
    RESULTS,
    SENT,
    TOPICS,
    TOTAL_OCCUPIED,
)

HERE = "energyguard.domains.charging"
DOMAIN = Domain(
    name="charging",
    topics=TOPICS,
    records=f"{HERE}.records:RECORDS",
    archived=(*SENT, *RESULTS, *RESTATED, TOTAL_OCCUPIED, BAYS, CHARGERS, IMPORTED),
    rollups=f"{HERE}.rollups:CHARGING",
    messages=(
        Messages(
            name="signals of chargers",
            topics=SENT,
            shape="signal",
            opening=rb"\A(?:\xef\xbb\xbf)?[\s\[]*\{[^{}]*\"charger_id\"\s*:",
            group=SESSIONS.group,
            border=f"{HERE}.intake:BORDER",
            replay=f"{HERE}.commands.chargers:replay_signals",
        ),
    ),
    tables=(
        FileTables(
            title="the sessions of a charging network",
            kind=f"{HERE}.exports.columns:SESSIONS",
            command="import sessions",
            files=f"{HERE}.exports.brought:FILES",
        ),
    ),
    flows=(FEED, IMPORT),
    roles=(ROLE,),
    projections=(
        Projection(
            name="chargers",
            flow=STATIONS,
            follow=f"{HERE}.live.stations:StationProjection",
            span="station_span",
            column="charger",
        ),
    ),
    places=DomainPlaces(fold=f"{HERE}.places:ChargerPlaces", topics=(CHARGERS,)),
    programs=(
        Program(
            name="charging",
            evaluate=f"{HERE}.commands.rule:evaluate",
            job=f"{HERE}.commands.rule:job",
            engines={"flink": f"{HERE}.engines.flink"},
        ),
    ),
    queries=Path(__file__).parent / "queries",
    devices=f"{HERE}.page.charger:SKIN",
    revenue=f"{HERE}.revenue:revenue",
    views=(f"{HERE}.page.view:VIEW",),
    routes=(f"{HERE}.routes:router",),
    commands={
        "stations": f"{HERE}.commands.stations:GROUP",
        "simulate chargers": f"{HERE}.commands.chargers:chargers",
        "import sessions": f"{HERE}.commands.imports:sessions",
    },
    simulators=(
        Simulator(name="chargers", role="simulate-chargers", run=f"{HERE}.simulator.role:run"),
    ),
    upgrades=(
        f"{HERE}.records.exact_tables:make_exact",
        f"{HERE}.exports.matched_imports:match_old_imports",
    ),
)
