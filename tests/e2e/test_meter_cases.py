"""Meters as people have them, through a whole system on either log: its parts say one thing.

The cases share one partition with ten meters of 15 s (fifty, where it may take its time) and come
in seven deliveries, in order or the newest first; worker, history, alerts and API are the
processes of `up`.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from subprocess import STDOUT, Popen
from typing import TYPE_CHECKING

import httpx
import pytest

from energyguard.clock import SYSTEM, ManualClock
from energyguard.intake.gateway import Gateway
from energyguard.model.readings import batch_of
from energyguard.model.topics import ENERGY_ALERTS, METER_READINGS, partition_for
from energyguard.node import open_log, open_service
from energyguard.rules.windowed import RESTATED
from energyguard.settings.tree import Settings
from tests.e2e.meters import free_port
from tests.e2e.undisturbed import rows
from tests.offline.test_meters import DAY_MS, RIGHT, Line, lines
from tests.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from deploy.kafka.brokers import Cluster

CASES_DAY = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp() * 1000)
DAY = SYSTEM.now_ms() // DAY_MS * DAY_MS - 5 * DAY_MS
"""The day that the cases are sent on: some days ago, so that no window waits any more."""
DAYS: dict[str, list[float]] = {**RIGHT, "case48": [-1.5]}
"""kWh of each day from the first."""
JUMPS = {"case76", "case76b"}
"""More than 2 kWh in 15 minutes."""
TICK_MS, MINUTE_MS = 15_000, 60_000
NEAR_KWH = 4e-9

RULES = """
[[rule]]
id = "day"
channels = ["energy_kwh", "energy_register_kwh"]
window = "1 day"
slide = "1 day"
selector = "id=case*"
raise_above = "0"

[[rule]]
id = "home"
channels = ["energy_kwh", "energy_register_kwh"]
window = "15 minutes"
slide = "15 seconds"
raise_above = "2"
"""


@cache
def named(name: str) -> str:
    """The name, longer until it is of the partition of all others."""
    found = name
    while partition_for(found.encode(), METER_READINGS.partitions) != 0:
        found += "."
    return found


def sent(quick: int) -> list[Line]:
    """All cases among quick meters as they come live; five of these go on for two days."""
    later = DAY - CASES_DAY
    found = [
        line._replace(device=named(case), time=line.time + later)
        for case in DAYS
        for line in lines(case)
    ]
    for number in range(quick):
        begins = DAY + number * 217
        ticks = [*range(begins, DAY + DAY_MS, TICK_MS)]
        if number < 5:
            ticks += range(begins + DAY_MS, DAY + 3 * DAY_MS, MINUTE_MS)
        found += [Line(named(f"Q{number}"), "energy_kwh", ms, 10_000_000) for ms in ticks]
    return sorted(found, key=lambda line: line.time)


def deliver(settings: Settings, readings: Sequence[Line]) -> None:
    """Seven deliveries, as a gateway takes them on the day that they are of."""
    cuts = sorted(random.Random(7).sample(range(1, len(readings)), 6))
    with open_log(settings) as log:
        intake = Gateway(log, ManualClock(DAY + DAY_MS))
        for a, b in pairwise([0, *cuts, len(readings)]):
            device, channel, ms, nano = map(list, zip(*readings[a:b], strict=True))
            intake.submit(batch_of(device, channel, ms, nano), METER_READINGS.name)


@contextmanager
def up(settings: Settings, *options: str) -> Iterator[httpx.Client]:
    """A running system; a client of its API."""
    port = free_port()
    rules = settings.data_dir.parent / "rules.toml"
    rules.write_text(RULES)
    output = settings.data_dir.parent / "output.txt"
    words = [sys.executable, "-m", "energyguard", "up", "--no-demo", "--no-auth", *options]
    words += ["--data-dir", str(settings.data_dir), "--port", str(port), "--history-port", "0"]
    words += ["--set", f"rules.files={rules}", "--set", "rules.use=day,home"]
    with output.open("w") as out, Popen(words, stdout=out, stderr=STDOUT) as process:
        try:
            until(lambda: "is ready" in output.read_text() or process.poll() is not None)
            assert process.poll() is None, output.read_text()
            address = f"http://127.0.0.1:{port}/api/v1"
            with httpx.Client(base_url=address, trust_env=False, timeout=PATIENCE_S) as client:
                yield client
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def days(client: httpx.Client, case: str) -> list[float]:
    """What the history says of each day of a case, by how it was counted."""
    found = []
    for day in range(len(DAYS[case])):
        asked = {"of": f"device/{named(case)}", "zone": "UTC"}
        asked["span"] = f"{datetime.fromtimestamp(DAY / 1000, UTC) + timedelta(days=day):%Y-%m-%d}"
        answer = client.get("/explain", params=asked)
        if answer.status_code == httpx.codes.OK and (kwh := answer.json()["kwh"]) is not None:
            found.append(kwh)
    return found


def right(case: str, kwh: Sequence[float]) -> bool:
    return len(kwh) == len(DAYS[case]) and all(
        abs(a - b) <= NEAR_KWH for a, b in zip(kwh, DAYS[case], strict=True)
    )


def day_windows(settings: Settings) -> dict[str, list[float]]:
    """The records of `energy_alerts` of days, by case."""
    cases = {named(case): case for case in DAYS}
    found: dict[str, list[float]] = {}
    with open_log(settings) as log:
        for part in rows(log, ENERGY_ALERTS.name).values():
            for _, value, headers in part:
                alert = json.loads(value or b"")
                case = cases.get(alert["household_id"])
                if case and dict(headers)["id"].startswith(b"day/"):
                    found.setdefault(case, []).append(float(alert["kwh"]))
    return found


def raised(settings: Settings) -> set[tuple[str, str]]:
    """Rule and case of the alerts that stand; those that later readings took back are none.

    Without case 48: its day is above nothing until its panels feed in.
    """
    cases = {named(case): case for case in RIGHT}
    with open_service(settings) as service:
        alerts = service.book.find(limit=10_000)
    return {
        (alert.rule, cases[alert.device])
        for alert in alerts
        if alert.rule in ("day", "home") and alert.device in cases and alert.reason != RESTATED
    }


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.slow)])
def system(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of a system whose log is empty."""
    settings = Settings(data_dir=tmp_path / "data")
    if request.param == "kafka":
        kafka: Cluster = request.getfixturevalue("kafka")
        log = settings.log.model_copy(update={"url": f"kafka://{kafka.bootstrap}"})
        settings = settings.model_copy(update={"log": log})
    return settings


ALERTS = {("day", case) for case in RIGHT} | {("home", case) for case in JUMPS}


@pytest.mark.parametrize("order", ["in order", pytest.param("reversed", marks=pytest.mark.slow)])
@pytest.mark.parametrize("quick", [10, pytest.param(50, marks=pytest.mark.slow)])
def test_every_part_says_the_same(system: Settings, order: str, quick: int) -> None:
    readings = sent(quick) if order == "in order" else sent(quick)[::-1]
    options = ("--log", system.log.url) if system.log.url else ()
    with up(system, *options) as client:
        deliver(system, readings)
        for case in DAYS:
            until(lambda case=case: right(case, days(client, case)), f"{case}: {DAYS[case]} kWh")  # type: ignore[misc]
        until(lambda: raised(system) == ALERTS, f"{ALERTS}", 3 * PATIENCE_S)  # of 60 devices each
        if order == "in order":  # a window is told once: of what came too late there is none
            windows = day_windows(system)
            assert {case for case, kwh in windows.items() if right(case, kwh)} == set(RIGHT)
