"""The roles over real NNG and real logs: who is refused, what a wrong clock does, two clouds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest

from energyguard.clock import SYSTEM, Clock
from energyguard.codecs.records import pack
from energyguard.edge import cloud_role
from energyguard.edge.edge_role import at_edge
from energyguard.edge.link.enrolment import Enrolment
from energyguard.edge.link.identity import Authority, Bundle
from energyguard.edge.protocol import messages
from energyguard.edge.uplink.report import EdgeReport, read_report
from energyguard.edge.uplink.uplink import Uplink
from energyguard.log import Records
from energyguard.log.compacted import CompactedTable
from energyguard.log.sqlite.log import SqliteLog
from energyguard.model.readings import batch_of
from energyguard.model.topics import ALERTS, DAY_MS, EDGE_READINGS
from energyguard.processes.registry import present
from energyguard.records.alerts import ALERT_EVENT, AlertEvent
from energyguard.records.edges import EDGE_LINK, EdgeLink
from energyguard.settings.edge import CloudSettings, EdgeSettings
from energyguard.settings.tree import LogSettings, Settings
from tests.e2e.meters import free_port
from tests.edge.field import rows
from tests.waiting import until

READINGS = EDGE_READINGS.name


class Skewed:
    """The machine's clock, off by some time."""

    def __init__(self, off_ms: int) -> None:
        self._off_ms = off_ms

    def now_ms(self) -> int:
        return SYSTEM.now_ms() + self._off_ms

    def monotonic(self) -> float:
        return SYSTEM.monotonic()

    def sleep(self, seconds: float) -> None:
        SYSTEM.sleep(seconds)


class House:
    """A cloud's folder and its log; edges that live in this process."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.settings = Settings(
            data_dir=folder / "cloud",
            log=LogSettings(session_timeout="2s"),
            cloud=CloudSettings(listen=f"127.0.0.1:{self.port}"),
        )
        self.settings.data_dir.mkdir()
        self.log = SqliteLog(self.settings.data_dir / "log.db")
        self.authority, self.enrolment = Authority(folder / "cloud"), Enrolment(self.log)

    @property
    def url(self) -> str:
        return f"tls+tcp://127.0.0.1:{self.port}"

    def enrolled(self, edge: str) -> Bundle:
        bundle = self.authority.enroll(edge, self.url)
        self.enrolment.admit(edge, bundle.common_name, "test")
        return bundle

    @contextmanager
    def cloud(self, settings: Settings | None = None) -> Iterator[None]:
        stop = threading.Event()
        failed: list[BaseException] = []

        def play() -> None:
            try:
                cloud_role.run(settings or self.settings, stop)
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=play)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
        assert failed == []

    @contextmanager
    def edge(self, bundle: Bundle, name: str, clock: Clock = SYSTEM) -> Iterator[Edge]:
        made = Edge(self, bundle, self.folder / name, clock)
        try:
            yield made
        finally:
            made.close()

    def link(self, edge: str) -> EdgeLink | None:
        table = CompactedTable(self.log, EDGE_LINK)
        table.refresh()
        return table.rows.get(edge)

    def alerts(self) -> list[AlertEvent]:
        found: list[AlertEvent] = []
        for at in self.log.positions(ALERTS.name, "@latest"):
            for part in self.log.read({at: 0}, 1000, 0):
                found += [ALERT_EVENT.decode(value or b"") for value in part.values]
        return found


class Edge:
    """An uplink in a thread, over a log of its own."""

    def __init__(self, house: House, bundle: Bundle, folder: Path, clock: Clock) -> None:
        self.folder, self._stop = folder, threading.Event()
        self._exit = ExitStack()
        folder.mkdir(exist_ok=True)
        self._exit.enter_context(present(folder, "line", max_processes=1))
        edge = EdgeSettings(data_dir=folder, heartbeat="200ms", silent="3s")
        settings = at_edge(Settings(data_dir=folder, edge=edge))
        self.log = SqliteLog(folder / "log.db", clock, 2.0)
        self._exit.callback(self.log.close)
        uplink = Uplink.made(self.log, settings, bundle, house.url, self._stop)
        assert uplink is not None
        uplink._clock = clock
        self._thread = threading.Thread(target=uplink.play, args=(settings, self._stop))
        self._thread.start()

    def measure(self, device: str, n: int = 20) -> None:
        times = 1_757_203_200_000 + 5_000 * np.arange(n)
        for place in range(n):
            batch = batch_of([device], "power_kw", times[place : place + 1], [place * 1_000])
            ((_, value),) = pack(batch, 1)
            self.log.append(READINGS, Records([None], [value], partitions=[0]))

    @property
    def report(self) -> EdgeReport:
        return until(lambda: read_report(self.folder), "a report")

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._exit.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.log.close()


def test_two_edges_with_equal_offsets_do_not_meet(house: House) -> None:
    a, b = house.enrolled("A"), house.enrolled("B")
    with house.cloud(), house.edge(a, "a") as one, house.edge(b, "b") as other:
        one.measure("A1")
        other.measure("B1")
        until(lambda: len(rows(house.log)) == 40, "all of both")
        assert rows(house.log) == rows(one.log) + rows(other.log)
        until(lambda: one.report.acknowledged == 20 == other.report.acknowledged)
        assert (one.report.line, one.report.queued, other.report.queued) == ("up", 0, 0)
        until(lambda: (link := house.link("A")) and link.readings == 20 and link.connected_ms)


def test_an_edge_that_is_forgotten_is_let_go_and_says_why(house: House) -> None:
    bundle = house.enrolled("A")
    with house.cloud(), house.edge(bundle, "a") as edge:
        edge.measure("A1")
        until(lambda: len(rows(house.log)) == 20)
        house.enrolment.forget("A", "test")
        until(lambda: edge.report.line == "down" and "forgotten" in edge.report.reason, "a refusal")
        edge.measure("A2", 3)
        until(lambda: edge.report.queued == 3)
        assert len(rows(house.log)) == 20


def test_a_certificate_of_before_counts_no_longer(house: House) -> None:
    old = house.enrolled("A")
    new = house.enrolled("A")
    with house.cloud(), house.edge(old, "a") as edge:
        until(lambda: "refused" in edge.report.reason, "a refusal")
    with house.cloud(), house.edge(new, "a") as edge:
        until(lambda: edge.report.line == "up")


def test_an_edge_of_another_protocol_is_told_which_end_to_update(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle, encode = house.enrolled("A"), messages.encode

    def older(message: messages.Message) -> bytes:
        frame = encode(message)
        is_hello = isinstance(message, messages.Hello)
        return frame[:2] + bytes([messages.PROTOCOL + 8]) + frame[3:] if is_hello else frame

    monkeypatch.setattr("energyguard.edge.uplink.edge_end.encode", older)
    with house.cloud(), house.edge(bundle, "a") as edge:
        until(lambda: "update EnergyGuard" in edge.report.reason, "what to do")
        assert edge.report.line == "down"


@pytest.mark.parametrize("off_ms", [DAY_MS, -DAY_MS])
def test_a_clock_that_is_a_day_off_sends_all_the_same_and_is_an_alert(
    house: House, off_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud_role, "REPORT_S", 0.3)
    bundle = house.enrolled("A")
    with house.cloud(), house.edge(bundle, "a", Skewed(off_ms)) as edge:
        edge.measure("A1")
        until(lambda: len(rows(house.log)) == 20)
        until(lambda: (link := house.link("A")) and link.offset_ms is not None)
        link = house.link("A")
        assert link is not None
        assert abs((link.offset_ms or 0) - off_ms) < 60_000
        (alert,) = until(house.alerts, "an alert")
        assert (alert.rule, alert.device) == ("edge-clock", "A")
        assert "24.0 hours" in alert.about or "1.0 days" in alert.about
        until(lambda: edge.report.clock_offset_ms is not None)


def test_another_cloud_waits_and_takes_over_with_what_is_held(house: House, tmp_path: Path) -> None:
    bundle = house.enrolled("A")
    with house.edge(bundle, "a") as edge:
        with house.cloud():
            edge.measure("A1")
            until(lambda: len(rows(house.log)) == 20)
            with house.cloud():  # waits: the group has one place
                edge.measure("A2")
                until(lambda: len(rows(house.log)) == 40)
        edge.measure("A3")
        with house.cloud():
            until(lambda: len(rows(house.log)) == 60)
            until(lambda: edge.report.queued == 0)
        assert rows(house.log) == rows(edge.log)
