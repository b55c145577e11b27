"""The edges as the service has them: how each line is by the records, and who is let in no more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from energyguard.clock import ManualClock
from energyguard.edge.cloud.line_alerts import CLOCK, SILENT
from energyguard.errors import NotFound
from energyguard.log import EARLIEST, Records
from energyguard.model.topics import EDGE_LINKS, EDGES
from energyguard.records.edges import EDGE_ENTRY, EdgeLink, HeldPartition, HeldRange, LineAlert
from energyguard.service.edges import EdgeProjection, trouble
from energyguard.service.service import EnergyService
from energyguard.settings.edge import CloudSettings
from energyguard.settings.tree import Settings
from energyguard.testing import MemoryLog
from tests.edge.lines import NOON, entry, let_in, link, report
from tests.service.made import StandInHistory
from tests.waiting import until

MINUTE, HOUR = 60_000, 3_600_000
CLOUD = CloudSettings(silent="1m", clock_offset="1m")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON + 2_000)


@pytest.fixture
def log(clock: ManualClock) -> Iterator[MemoryLog]:
    made = MemoryLog(clock)
    yield made
    made.close()


@pytest.fixture
def edges(log: MemoryLog, clock: ManualClock) -> EdgeProjection:
    return EdgeProjection(log, CLOUD, clock)


def state(edges: EdgeProjection, log: MemoryLog, name: str, line: EdgeLink | None) -> str:
    """What is said of an edge beside one that is well."""
    let_in(log, name, entry())
    if line is not None:
        report(log, name, line)
    edges.read()
    return edges.get(name).state


def test_a_line_that_is_well(edges: EdgeProjection, log: MemoryLog) -> None:
    parts = (
        HeldPartition(
            topic="edge_readings", partition=0, void=40,
            ranges=(HeldRange(0, 900), HeldRange(950, 960)),
        ),
        HeldPartition(topic="energyguard.alerts", partition=3, ranges=(HeldRange(2, 3),)),
    )  # fmt: skip
    let_in(log, "roof", entry())
    report(log, "roof", link(held=parts, queued=50, behind_ms=7_000))
    edges.read()
    found = edges.get("roof")
    assert (found.state, found.identity, found.let_in_by) == ("connected", "roof#1", "mara")
    assert (found.queued, found.queued_ms, found.lag_ms) == (50, 7_000, 9_000)
    assert (found.held, found.lost, found.readings, found.epoch) == (911, 40, 4_711, "e1")
    assert (found.heartbeat_ms, found.connected_ms) == (NOON, NOON - HOUR)
    assert (found.offset_ms, found.clock_off) == (12, False)


def test_states(edges: EdgeProjection, log: MemoryLog, clock: ManualClock) -> None:
    open_alert = LineAlert(SILENT, "a1", NOON - HOUR)
    assert state(edges, log, "new", None) == "never-heard"
    assert state(edges, log, "mute", link(None, connected_ms=None)) == "never-heard"
    assert state(edges, log, "cut", link(connected_ms=None)) == "disconnected"
    gone = link(NOON - HOUR, connected_ms=None, alerts=(open_alert,))
    assert state(edges, log, "gone", gone) == "silent"
    assert state(edges, log, "again", link(NOON - 2 * HOUR, connected_ms=None)) == "never-heard"
    assert state(edges, log, "roof", link(at_ms=NOON + 70_000)) == "connected"
    clock.sleep(70)
    assert edges.get("roof").state == "connected"
    clock.sleep(10)
    assert edges.get("roof").state == "silent", "the cloud speaks, and has not heard it"


def test_where_the_cloud_is_away_no_edge_is_blamed(
    edges: EdgeProjection, log: MemoryLog, clock: ManualClock
) -> None:
    assert state(edges, log, "roof", link()) == "connected"
    clock.sleep(300)
    assert edges.get("roof").state == "unknown"
    assert edges.get("roof").lag_ms == 302_000
    assert trouble(edges.all()) == "the role cloud tells nothing of the edges: does it run?"


def test_an_edge_is_forgotten_once(edges: EdgeProjection, log: MemoryLog) -> None:
    assert state(edges, log, "roof", link(offset_ms=2 * HOUR)) == "connected"
    assert edges.get("roof").clock_off
    found = edges.forget("roof", "joe")
    assert (found.state, found.forgotten_by, found.lag_ms) == ("forgotten", "joe", None)
    assert (found.clock_off, found.readings) == (False, 4_711)
    assert edges.forget("roof", "mara") == found
    at = log.positions(EDGES.name, EARLIEST)
    (written,) = log.read(at, 10, 0.0)
    assert len(written) == 2, "it is written once"
    last = EDGE_ENTRY.decode(written.values[1] or b"")
    assert (last.forgotten_by, last.forgotten_ms, last.identity) == ("joe", NOON + 2_000, "roof#1")
    another = EdgeProjection(log, CLOUD, ManualClock(NOON + 2_000))
    another.read()
    assert another.all() == [found]
    let_in(log, "roof", entry(identity="roof#2", at_ms=NOON + 2_000))
    edges.read()
    assert edges.get("roof").state == "connected"


def test_a_name_that_nobody_let_in(edges: EdgeProjection, log: MemoryLog) -> None:
    with pytest.raises(NotFound, match="no edge 'roof'; there are: none"):
        edges.get("roof")
    let_in(log, "cellar", entry())
    edges.read()
    with pytest.raises(NotFound, match="no edge 'roof'; there are: cellar"):
        edges.forget("roof", "joe")
    assert [edge.edge for edge in edges.all()] == ["cellar"]


def test_what_cannot_be_read_costs_its_neighbours_nothing(
    edges: EdgeProjection, log: MemoryLog
) -> None:
    let_in(log, "roof", entry())
    log.append(EDGE_LINKS.name, Records([b"roof"], [b"{"]))
    report(log, "cellar", link())
    let_in(log, "cellar", entry())
    let_in(log, "gone", entry())
    let_in(log, "gone", None)
    edges.read()
    assert [(edge.edge, edge.state) for edge in edges.all()] == [
        ("cellar", "connected"),
        ("roof", "never-heard"),
    ]


def test_what_is_wrong_in_a_sentence(edges: EdgeProjection, log: MemoryLog) -> None:
    assert trouble(edges.all()) == ""
    assert state(edges, log, "roof", link()) == "connected"
    assert trouble(edges.all()) == "ok"
    quiet = LineAlert(SILENT, "a1", NOON - HOUR)
    state(edges, log, "cellar", link(NOON - MINUTE, alerts=(quiet,)))
    state(edges, log, "attic", link(offset_ms=40_000, alerts=(LineAlert(CLOCK, "a2", NOON),)))
    state(edges, log, "barn", link(offset_ms=-61_000))
    assert trouble(edges.all()) == (
        "silent: cellar (power? network?); a clock that is off: attic, barn (timedatectl set-ntp "
        "true, there)"
    )
    for name in ("cellar", "attic", "barn"):
        edges.forget(name, "joe")
    assert trouble(edges.all()) == "ok"


def test_the_service_follows_them_and_health_knows(
    log: MemoryLog, history: StandInHistory, settings: Settings, clock: ManualClock
) -> None:
    with EnergyService(log, history, settings, clock) as service:
        assert "edges" not in service.health().parts
        let_in(log, "roof", entry())
        report(log, "roof", link(alerts=(LineAlert(SILENT, "a1", NOON),)))
        until(lambda: [edge.state for edge in service.edges.all()] == ["silent"])
        health = service.health()
        assert health.parts["edges"] == "silent: roof (power? network?)"
        assert health.ready, "readings can still be taken"
