"""How far a reading walks: the files of the package whose functions run for one, in process.

    python -m benchmarks.walk            # how many files each kind of reading passes
    python -m benchmarks.walk --files    # which, in the order in which they are first met

From `POST /api/v1/readings` to what comes of it: a household's reading to its alert in the service,
a late one to where it is kept, a charger's signals to the bill, a floor's message to its readings'
verdicts. The system is warm: what runs once at the start is not counted.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import httpx

import energyguard
from energyguard.access.tokens import Tokens
from energyguard.api.app import build_app
from energyguard.clock import SYSTEM
from energyguard.domains.charging.sessions.stage import session_worker
from energyguard.domains.charging.topics import TRANSACTION_PROFIT
from energyguard.history.client import HistoryClient
from energyguard.log import LATEST, Records
from energyguard.model.topics import BUILDING_READINGS, LATE, METER_READINGS
from energyguard.rules.registry import open_book
from energyguard.service.service import EnergyService
from energyguard.settings.charging import ChargingSettings
from energyguard.settings.tree import ServeSettings, Settings, StreamSettings
from energyguard.stream.windows.stage import window_worker
from energyguard.testing import MemoryLog

PACKAGE = Path(energyguard.__file__).parent
MAX_S = 20.0
STILL_S = 1.0
"""In which whoever follows the log has seen what arrived."""
MINUTE_MS = 60_000
FLOOR = (
    b'{"piano":1,"sensore1_kwh":1000.315,"sensore2_kw":6.2,"sensore3_corrente":16.8,'
    b'"sensore3_tensione":231.5,"timestamp":"%b"}'
)


class Walk:
    """Counts the package's files while ``seen`` is a list."""

    def __init__(self) -> None:
        self.seen: dict[str, None] | None = None
        threading.setprofile(self._call)
        sys.setprofile(self._call)

    def _call(self, frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and self.seen is not None:
            code = frame.f_code
            if code.co_filename.startswith(str(PACKAGE)) and code.co_name != "<module>":
                self.seen[code.co_filename] = None

    def of(self, send: Callable[[], None], arrived: Callable[[], object]) -> list[str]:
        """The files that are met from sending until something has arrived."""
        found: dict[str, None] = {}
        self.seen = found
        send()
        end = SYSTEM.monotonic() + MAX_S
        while not arrived():
            if SYSTEM.monotonic() > end:
                raise TimeoutError("it never arrived")
        SYSTEM.sleep(STILL_S)
        self.seen = None
        return [str(Path(name).relative_to(PACKAGE)) for name in found]


class System:
    """Log, service, API and workers in one process, and who counts on the way."""

    def __init__(self, folder: Path, walk: Walk) -> None:
        self.walk = walk
        self.log = MemoryLog()
        settings = Settings(data_dir=folder, serve=ServeSettings(auth=False))
        self.service = EnergyService(self.log, HistoryClient(folder), settings, SYSTEM)
        app = build_app(self.service, Tokens(folder), "127.0.0.1")
        transport = httpx.ASGITransport(app)
        self._http = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8400")
        self._loop = asyncio.Runner()
        book = open_book([], ["household-demo"])
        topics = [METER_READINGS.name, BUILDING_READINGS.name]
        self.windows = window_worker(self.log, book, StreamSettings(), topics)
        self.sessions = session_worker(self.log, ChargingSettings(), StreamSettings())

    def __enter__(self) -> System:
        """Begin to follow the log."""
        self.service.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.service.__exit__(None, None, None)
        self._loop.close()
        self.log.close()

    def post(self, body: str) -> None:
        """Send a body."""
        answer = self._loop.run(self._http.post("/api/v1/readings", content=body.encode()))
        assert answer.status_code == 200, answer.text

    def end(self, topic: str) -> int:
        """How many records a topic has."""
        return sum(self.log.positions(topic, LATEST).values())

    def until(self, reached: Callable[[], object], *workers: Any) -> Callable[[], object]:
        """Let workers go on until something is reached."""

        def step() -> object:
            for worker in workers:
                worker.step(0.0)
            return reached()

        return step


def stamp(ms: int) -> str:
    """A time as senders write it."""
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def household(system: System, device: str = "H1") -> list[str]:
    """A reading that carries a household over its limit, until the alert is open."""
    now = SYSTEM.now_ms()

    def send(at_ms: int, kwh: float) -> None:
        system.post(f"{stamp(at_ms)},{device},{kwh}\n{stamp(at_ms)},H2,0.001\n")

    for minute in range(20, 1, -1):
        send(now - minute * MINUTE_MS, 0.001)
        system.windows.step(0.0)

    def is_there() -> bool:
        return any(alert.device == device for alert in system.service.book.open())

    is_open = system.until(is_there, system.windows)
    return system.walk.of(lambda: send(now, 0.3), is_open)


def late(system: System) -> list[str]:
    """A reading behind the watermark, until it is kept with its verdict."""
    body = (
        f"{stamp(SYSTEM.now_ms() - 100 * MINUTE_MS)},warm,0.002\n{stamp(SYSTEM.now_ms())},H2,0.001"
    )
    before = system.end(LATE.name)
    is_kept = system.until(lambda: system.end(LATE.name) > before, system.windows)
    return system.walk.of(lambda: system.post(body), is_kept)


def charging(system: System) -> list[str]:
    """A visit's signals, until its bill is written."""

    def signals(start_ms: int) -> str:
        told = (
            (0, '"vehicle_detected":true,"plate":"AB12CD34"'),
            (5, '"user_id":"USER000000000001","price":0.5,"user_connection":true'),
            (6, '"recharging":true,"energy_delivered":22'),
            (36, '"recharging":false,"energy_delivered":0'),
            (36, '"user_id":"USER000000000001","price":0.5,"user_connection":false'),
            (40, '"vehicle_detected":false,"plate":"AB12CD34"'),
        )
        return "".join(
            f'{{"timestamp":"{stamp(start_ms + 1000 * second)[:-1].replace("T", " ")}",'
            f'"charger_id":"charger-{charger}",{rest}}}\n'
            for second, rest in (*told, (60, told[0][1]))
            for charger in (7, 8)
        )

    first = SYSTEM.now_ms() - 30 * MINUTE_MS
    system.post(signals(first))
    system.until(lambda: True, *[system.sessions] * 5)()
    before = system.end(TRANSACTION_PROFIT.name)
    is_billed = system.until(lambda: system.end(TRANSACTION_PROFIT.name) > before, system.sessions)
    return system.walk.of(lambda: system.post(signals(first + 10 * MINUTE_MS)), is_billed)


def floor(system: System) -> list[str]:
    """A floor's message, as a building's sensors send it, until the worker has read it."""

    def send(at_ms: int) -> None:
        value = FLOOR % (stamp(at_ms)).encode()
        system.log.append(BUILDING_READINGS.name, Records([b"1"], [value]))

    def read() -> bool:
        topic = BUILDING_READINGS.name
        return system.log.positions(topic, "worker") == system.log.positions(topic, LATEST)

    now = SYSTEM.now_ms()
    for minute in range(5, 0, -1):
        send(now - minute * MINUTE_MS)
        system.windows.step(0.0)
    return system.walk.of(lambda: send(now), system.until(read, system.windows))


KINDS: tuple[tuple[str, Callable[[System], list[str]]], ...] = (
    ("household", household),
    ("late", late),
    ("charging", charging),
    ("floor", floor),
)


def main(show: bool, walk: Walk) -> None:
    """Print how many files each kind passes."""
    for name, way in KINDS:
        with tempfile.TemporaryDirectory() as folder, System(Path(folder), walk) as system:
            household(system, "warm")
            files = way(system)
        print(f"{name}: {len(files)} files")
        for file in files if show else ():
            print(f"    {file}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", action="store_true", help="name them")
    main(parser.parse_args().files, Walk())
