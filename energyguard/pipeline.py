"""What reads what, where results go, and who plays it. Read this file first.

A flow reads topics and writes topics; nothing else couples the stages. A role is what a process
plays: some flows. Consumers take their topics and their group from here, and so do lag, health, the
live projections, and the processes that ``up`` starts. ``docs/architecture.md`` draws its diagram
from this table, and a test checks that the two agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from energyguard.domain import DomainPlaces, Projection, installed
from energyguard.flow import Flow, Role
from energyguard.log import EARLIEST, Positions
from energyguard.model.topics import (
    ALERT_ACTIONS,
    ALERTS,
    AUDIT,
    BUILDING_READINGS,
    CATALOGUE_CHANGES,
    CORRECTIONS,
    DEAD_LETTERS,
    DELIVERIES,
    EDGE_DEVICES,
    EDGE_LINKS,
    EDGE_READINGS,
    EDGES,
    ENERGY_ALERTS,
    ENERGY_READINGS,
    LATE,
    METER_READINGS,
    PREFERENCES,
    PRICES,
    PROGRESS,
    READ_MARKS,
    REPARTITIONED,
    REPLAY_READINGS,
    ROUTES,
    RULES,
    SENDERS,
    SILENCES,
    STATE,
    TIME,
    WINDOW_TERMS,
)
from energyguard.model.topics import CATALOGUE as ENTRIES
from energyguard.topics import DOMAIN_READINGS

DOMAINS = installed()
MESSAGES = tuple(messages for domain in DOMAINS for messages in domain.messages)
"""What devices of domains send that is no reading."""
PROJECTIONS: Mapping[str, Projection] = {
    projection.name: projection for domain in DOMAINS for projection in domain.projections
}
"""How the devices of domains are now, by the devices' name."""
_SEEN = "energyguard.catalogue"
PLACES: Mapping[str, DomainPlaces] = {
    **{domain.name: domain.places for domain in DOMAINS if domain.places},
    "edges": DomainPlaces(fold=f"{_SEEN}.edge_labels:EdgeLabels", topics=(EDGE_DEVICES,)),
    "senders": DomainPlaces(fold=f"{_SEEN}.sender_names:SenderNames", topics=(SENDERS,)),
}
"""Who knows of sites and devices besides people."""
SENT = (ENERGY_READINGS, METER_READINGS, BUILDING_READINGS, REPLAY_READINGS, *DOMAIN_READINGS)
READINGS = (*SENT, EDGE_READINGS, REPARTITIONED)

BORDER = Flow(
    "border",
    (),
    "intake/gateway.py",
    (*SENT, *(topic for messages in MESSAGES for topic in messages.topics), DEAD_LETTERS),
)
NAMED = Flow("senders", (), "mqtt/subscriber.py", (SENDERS,), tables=(SENDERS,))
WINDOWS = Flow(
    "windows",
    READINGS,
    "stream/windows/operator.py",
    (
        *(ENERGY_ALERTS, ALERTS, LATE, WINDOW_TERMS),
        *(REPARTITIONED, DEAD_LETTERS, TIME, PROGRESS, STATE),
    ),
    group="worker",
    tables=(RULES, ENTRIES, TIME, STATE),
)
DETECTOR = Flow(
    "detector",
    READINGS,
    "stream/windows/values.py",
    (ALERTS, TIME, STATE),
    group="detector",
    tables=(RULES, ENTRIES, TIME, STATE),
)
SUMS = Flow(
    "sums",
    (WINDOW_TERMS,),
    "stream/sums/operator.py",
    (ALERTS, TIME, STATE),
    group="sums",
    tables=(RULES, ENTRIES, PROGRESS, TIME, STATE),
)
INGESTOR = Flow(
    "ingest",
    (ENERGY_READINGS, METER_READINGS, BUILDING_READINGS, EDGE_READINGS, ALERTS),
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
        CORRECTIONS,
        *(topic for domain in DOMAINS for topic in domain.archived),
    ),
    "sinks/archive.py",
    (),
    group="history",
)
RESTATE = Flow(
    "restate",
    (LATE, CORRECTIONS),
    "restatement/restater.py",
    (ALERTS,),
    group="restate",
    tables=(RULES, ENTRIES, PROGRESS, CORRECTIONS),
)
RESTATE_PAST = Flow(
    "restate-past",
    SENT,
    "restatement/restater.py",
    (ALERTS,),
    group="restate-past",
    tables=(RULES, ENTRIES, PROGRESS),
)
AVERAGES = Flow(
    "averages",
    (*SENT, REPARTITIONED),
    "edge/averaging/averages.py",
    (EDGE_READINGS, LATE, REPARTITIONED, DEAD_LETTERS, TIME, STATE),
    group="averages",
    tables=(TIME, STATE),
)
UPLINK = Flow(
    "uplink",
    (EDGE_READINGS, ALERTS),
    "edge/uplink/edge_end.py",
    (EDGE_LINKS,),
    group="uplink",
    tables=(EDGE_LINKS,),
)
CLOUD = Flow(
    "cloud",
    (EDGES,),
    "edge/cloud/cloud_end.py",
    (EDGE_READINGS, ALERTS, DEAD_LETTERS, EDGE_LINKS, EDGE_DEVICES),
    group="cloud",
    tables=(EDGES, EDGE_LINKS, EDGE_DEVICES),
)
CATALOGUE = Flow(
    "catalogue",
    (CATALOGUE_CHANGES,),
    "catalogue/owner.py",
    (ENTRIES,),
    group="catalogue",
    tables=(ENTRIES,),
)
NOTIFY = Flow(
    "notify",
    (ALERTS,),
    "notifier/notifier.py",
    (DELIVERIES,),
    group="notifier",
    tables=(ROUTES, DELIVERIES, ALERT_ACTIONS, SILENCES, RULES, ENTRIES),
)
SERVICE = Flow(
    "service",
    (),
    "service/service.py",
    (
        *(ALERT_ACTIONS, READ_MARKS, RULES, EDGES),
        *(CATALOGUE_CHANGES, AUDIT, PREFERENCES, SILENCES, PRICES),
        *(CORRECTIONS, ROUTES, DELIVERIES),
    ),
    tables=(AUDIT, PREFERENCES, ROUTES, DELIVERIES),
)
PRICE_FEED = Flow("price feed", (), "service/price_feed/feed.py", (PRICES,), tables=(PRICES,))
LIVE = Flow(
    "live",
    (
        *READINGS,
        ENERGY_ALERTS,
        ALERTS,
        ALERT_ACTIONS,
        READ_MARKS,
        SILENCES,
        PREFERENCES,
        PRICES,
        CORRECTIONS,
        PROGRESS,
        RULES,
        DEAD_LETTERS,
        EDGES,
        EDGE_LINKS,
        ENTRIES,
        *(topic for places in PLACES.values() for topic in places.topics),
    ),
    "service/live/live.py",
    (),
)
SIMULATORS = tuple(
    Role(simulator.role, run=simulator.run, steps=simulator.steps, scenario=simulator.name)
    for domain in DOMAINS
    for simulator in domain.simulators
)
DOMAIN_STAGES = tuple(role for domain in DOMAINS for role in domain.roles)
POLL = Role("poll", "energyguard.poll.role:run", (BORDER,), needs="poll.file")
STAGES = (
    Role("mqtt", "energyguard.mqtt.role:run", (BORDER, NAMED), needs="mqtt.url"),
    POLL,
    Role("edge", "energyguard.edge.edge_role:run", (AVERAGES, UPLINK), needs="edge.cloud"),
    Role("cloud", "energyguard.edge.cloud_role:run", (CLOUD,), needs="cloud.listen"),
    Role("worker", "energyguard.stream.windows.role:run", (WINDOWS,)),
    Role("detector", "energyguard.node:detect", (DETECTOR,), beside="worker"),
    Role("sums", "energyguard.stream.sums.role:run", (SUMS,), beside="worker"),
    *DOMAIN_STAGES,
    Role(
        "ingestor",
        "energyguard.sinks.ingestor_role:run",
        (INGESTOR,),
        needs="store.url",
        niceness=5,
    ),
    Role("history", "energyguard.sinks.history_role:run", (ARCHIVE,), niceness=5),
    Role("restate", "energyguard.node:restate", (RESTATE,), beside="history"),
    Role(
        "restate-past",
        "energyguard.node:restate_past",
        (RESTATE_PAST,),
        needs="restate.backfills",
        beside="history",
    ),
    Role("backup", "energyguard.backup.schedule:run", needs="backup.to", beside="history"),
    Role("catalogue", "energyguard.catalogue.role:run", (CATALOGUE,), beside="serve"),
    Role("notifier", "energyguard.node:notify", (NOTIFY,), beside="serve"),
    Role("results", "energyguard.results.role:run", needs="mqtt.results", beside="serve"),
    Role(
        "prices",
        "energyguard.service.price_feed.role:run",
        (PRICE_FEED,),
        needs="prices.sources",
        beside="serve",
    ),
)
SERVING = Role(
    "serve",
    "energyguard.api.role:run",
    (BORDER, SERVICE, LIVE, *(projection.flow for projection in PROJECTIONS.values())),
)
ROLES: Mapping[str, Role] = {role.name: role for role in (*SIMULATORS, *STAGES, SERVING)}
"""In the order in which they stop: sources first, then what drains, then what people look at."""
SCENARIOS: Mapping[str, str] = {role.scenario: role.name for role in SIMULATORS}
"""The demonstrations that ``up`` can start, each with the role that plays it."""
DEMONSTRATED = tuple(s.name for domain in DOMAINS for s in domain.simulators if not s.on_request)
"""Those that it starts where nobody asks for some."""
PREPARED: Mapping[str, str] = {
    s.name: s.prepare for domain in DOMAINS for s in domain.simulators if s.prepare
}
"""What is done before a demonstration starts."""

FLOWS = (
    *(flow for domain in DOMAINS for flow in domain.flows),
    *(flow for role in ROLES.values() for flow in role.flows),
)
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
