"""Edges that send to the made-up service: records of theirs in its log."""

from __future__ import annotations

from typing import Any

from energyguard.edge.cloud.line_alerts import SILENT
from energyguard.log import EARLIEST
from energyguard.model import topics
from energyguard.model.alerts import Severity, State
from energyguard.records.alerts import AlertEvent, alert_id
from energyguard.records.edges import EdgeEntry, EdgeLink, HeldPartition, LineAlert
from energyguard.settings.edge import CloudSettings
from energyguard.settings.tree import Settings
from tests.application.service import MadeUpService, put
from tests.edge.lines import entry, link

MINUTE, HOUR = 60_000, 3_600_000


def edge_service(empty: bool = False) -> MadeUpService:
    """A service to which edges send: one is well, one silent for 40 min, others not heard of."""
    service = MadeUpService(settings=Settings(cloud=CloudSettings(listen="127.0.0.1:5556")))
    if not empty:
        now = service.clock.now_ms()
        gone = now - 40 * MINUTE
        quiet_id = alert_id(topics.EDGE_LINKS.name, SILENT, "cellar", "e1", gone)
        quiet = LineAlert(SILENT, quiet_id, gone)
        add(service, "roof", link(now, readings=1_234_567))
        void = HeldPartition(topic="edge_readings", partition=0, ranges=(), void=17)
        silent = link(
            gone, connected_ms=None, at_ms=now, queued=1_204, behind_ms=9_000, alerts=(quiet,),
            held=(void,), offset_ms=-2 * HOUR,
        )  # fmt: skip
        add(service, "cellar", silent)
        add(service, "attic", None)
        add(service, "barn", link(now - 5 * HOUR), forgotten_ms=now - HOUR, forgotten_by="joe")
        event = AlertEvent(
            id=quiet.id, rule=SILENT, device="cellar", channel="", severity=Severity.WARNING,
            state=State.FIRING, time_ms=gone + MINUTE, since_ms=gone, window_start_ms=gone,
            window_end_ms=gone, observed=60 * 10**9, expected=60 * 10**9, peak=60 * 10**9,
            unit="s", topic="energyguard.edge-links",
            about="edge cellar has not been heard for 1 minute",
        )  # fmt: skip
        put(service.log, topics.ALERTS.name, "cellar", event, gone + MINUTE)
    follow(service)
    return service


def add(service: MadeUpService, name: str, line: EdgeLink | None, **known: Any) -> None:
    """Let an edge in, and say how its line is."""
    at = {"at_ms": service.clock.now_ms() - 6 * HOUR}
    let_in: EdgeEntry = entry(**at | known)
    put(service.log, topics.EDGES.name, name, let_in, 0)
    if line is not None:
        put(service.log, topics.EDGE_LINKS.name, name, line, 0)


def follow(service: MadeUpService) -> None:
    """Have the service read its log."""
    for topic in (topics.EDGES, topics.EDGE_LINKS, topics.ALERTS):
        at = service.log.positions(topic.name, EARLIEST)
        service.live._take(service.log.read(at, 1_000, 0.0))
