"""Edges over REST, in a terminal, in the figures and in ``doctor``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path

import httpx
import pytest

from energyguard.api.metrics import Scrape
from energyguard.clock import ManualClock
from energyguard.service.service import EnergyService
from energyguard.settings.tree import Settings
from energyguard.telemetry import METRICS
from energyguard.testing import MemoryLog
from tests.application.client import client_of, ok
from tests.edge.lines import NOON, entry, let_in, link, report
from tests.service.made import StandInHistory
from tests.waiting import until


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Over a service to which two edges were let in, of which one was heard."""
    clock = ManualClock(NOON + 3_000)
    log = MemoryLog(clock)
    let_in(log, "roof", entry())
    let_in(log, "barn", entry(identity="barn#1"))
    report(log, "roof", link(queued=3, behind_ms=1_000))
    settings = Settings(data_dir=tmp_path)
    with EnergyService(log, StandInHistory(), settings, clock) as service:
        until(lambda: len(service.edges.all()) == 2)
        async with client_of(service) as client:
            client.service = service  # type: ignore[attr-defined]
            yield client
    log.close()


async def test_edges_are_listed_and_looked_at(http: httpx.AsyncClient) -> None:
    found = await ok(http.get("/edges"))
    assert [(edge["edge"], edge["state"]) for edge in found] == [
        ("barn", "never-heard"),
        ("roof", "connected"),
    ]
    roof = await ok(http.get("/edges/roof"))
    assert roof == found[1]
    assert (roof["queued"], roof["lag_ms"], roof["heartbeat_ms"]) == (3, 4_000, NOON)
    service: EnergyService = http.service  # type: ignore[attr-defined]
    assert roof == asdict(service.edges.get("roof"))


async def test_an_edge_is_forgotten_by_whoever_asks(http: httpx.AsyncClient) -> None:
    first = await ok(http.post("/edges/roof/forget"))
    assert (first["state"], first["forgotten_by"]) == ("forgotten", "mara")
    assert first["forgotten_ms"] == NOON + 3_000
    assert await ok(http.post("/edges/roof/forget")) == first
    assert (await ok(http.get("/edges")))[1] == first


async def test_who_is_not_there_is_not_found(http: httpx.AsyncClient) -> None:
    for answer in (await http.get("/edges/attic"), await http.post("/edges/attic/forget")):
        assert answer.status_code == 404
        assert answer.json()["error"]["message"] == "no edge 'attic'; there are: barn, roof"


async def test_nobody_forgets_without_a_token(http: httpx.AsyncClient) -> None:
    del http.headers["Authorization"]
    assert (await http.post("/edges/roof/forget")).status_code == 401
    service: EnergyService = http.service  # type: ignore[attr-defined]
    assert service.edges.get("roof").state == "connected"


def test_figures_of_edges(tmp_path: Path) -> None:
    for name in ("edge_silent", "edge_queued", "edge_readings", "edge_lost"):
        METRICS[name].clear()
    clock = ManualClock(NOON + 3_000)
    log = MemoryLog(clock)
    let_in(log, "roof", entry())
    report(log, "roof", link(queued=3, behind_ms=1_000, offset_ms=-2_500))
    with EnergyService(log, StandInHistory(), Settings(data_dir=tmp_path), clock) as service:
        scrape = Scrape(service)
        text = scrape.text().decode()
        for line in (
            'edge_silent{edge="roof"} 0.0',
            'edge_queued{edge="roof"} 3.0',
            'edge_lag_seconds{edge="roof"} 4.0',
            'edge_clock_offset_seconds{edge="roof"} -2.5',
            'edge_readings_total{edge="roof"} 4711.0',
        ):
            assert f"energyguard_{line}" in text
        report(log, "roof", link(readings=5_000))
        until(lambda: service.edges.get("roof").readings == 5_000)
        assert 'energyguard_edge_readings_total{edge="roof"} 5000.0' in scrape.text().decode()
        service.edges.forget("roof", "joe")
        text = scrape.text().decode()
        assert 'edge_silent{edge="roof"}' not in text
        assert 'energyguard_edge_readings_total{edge="roof"} 5000.0' in text
    log.close()
