"""Three consumers of the building's readings: each is killed while the others go on."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from energyguard.history.client import HistoryClient
from energyguard.log import LATEST, Log, Records, open_log
from energyguard.model.quantities import to_nano
from energyguard.model.topics import ALERTS, BUILDING_READINGS
from energyguard.records.floors import floor_json
from tests.e2e.processes import roles
from tests.e2e.test_ingestor import rows_in
from tests.stream.test_worker import read_all
from tests.waiting import until

BEGAN = datetime(2025, 9, 7, tzinfo=UTC)
FLOORS = (1, 2, 3)
VALUES = 4  # of a floor's message
STOPPED_FOR = 10_000 // (VALUES * len(FLOORS)) + 1  # ticks
RULES = """
[[rule]]
kind = "state"
id = "volts"
channels = ["voltage_v"]
raise_above = "232"
"""
TOPIC = BUILDING_READINGS.name
GROUPS = ("ingestor", "history", "detector")


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    opened = open_log(f"sqlite:///{tmp_path / 'data' / 'log.db'}")
    yield opened
    opened.close()


class Building:
    """Floors that send, and what has to come of it."""

    def __init__(self, log: Log) -> None:
        self._log, self._rng = log, random.Random(7)
        self.ticks = 0
        self.expected = Counter[tuple[str, str, int]]()
        self._open = dict.fromkeys(FLOORS, False)

    def send(self, ticks: int) -> None:
        """Append messages, a floor each, keyed by floor."""
        keys: list[bytes | None] = []
        values: list[bytes | None] = []
        for tick in range(self.ticks, self.ticks + ticks):
            time = BEGAN + timedelta(seconds=30 * tick)
            for floor in FLOORS:
                volts = self._rng.choice([229.5, 231.0, 232.0, 233.5])
                self._expect(floor, volts, int(time.timestamp() * 1000))
                amounts = {
                    "energy_register_kwh": 1000 + tick / 1000,
                    "power_kw": 6.2,
                    "current_a": 16.8,
                    "voltage_v": volts,
                }
                nano = {channel: to_nano(str(value)) for channel, value in amounts.items()}
                keys.append(f"p{floor}".encode())
                values.append(floor_json(floor, time.isoformat(), nano))
        self._log.append(TOPIC, Records(keys, values))
        self.ticks += ticks

    def _expect(self, floor: int, volts: float, time_ms: int) -> None:
        if self._open[floor] != (volts > 232):
            self._open[floor] = volts > 232
            state = "firing" if volts > 232 else "resolved"
            self.expected[f"p{floor}", state, time_ms] += 1


def is_read(log: Log, group: str) -> bool:
    return log.positions(TOPIC, group) == log.positions(TOPIC, LATEST)


def told(log: Log) -> Counter[tuple[str, str, int]]:
    """Device, state and time of the events, each as often as it is there."""
    found = Counter[tuple[str, str, int]]()
    for part in read_all(log, ALERTS.name).values():
        for _, value in part:
            event = msgspec.json.decode(value or b"")
            if event["rule"] == "volts":
                found[event["device"], event["state"], event["time_ms"]] += 1
    return found


@pytest.mark.parametrize(
    "victim",
    [  # test_faults.py and test_ingestor.py kill the others by themselves
        pytest.param(group, marks=() if group == "detector" else pytest.mark.slow)
        for group in GROUPS
    ],
)
def test_each_may_be_killed_and_the_others_go_on(log: Log, tmp_path: Path, victim: str) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES)
    more = (f"rules.files={rules}", "rules.use=volts")
    building = Building(log)
    with roles(tmp_path / "data", *GROUPS, more=more) as running:
        building.send(100)
        for group in GROUPS:
            until(lambda group=group: is_read(log, group))  # type: ignore[misc]
        (killed,) = [role for role in running if role.name == victim]
        killed.kill()
        where = log.positions(TOPIC, victim)
        for _ in range(10):
            building.send(STOPPED_FOR // 10 + 1)
        for group in GROUPS:
            if group != victim:
                until(lambda group=group: is_read(log, group))  # type: ignore[misc]
        assert log.positions(TOPIC, victim) == where
        killed.start_again()
        until(lambda: is_read(log, victim))
        building.send(100)
        for group in GROUPS:
            until(lambda group=group: is_read(log, group))  # type: ignore[misc]
        assert told(log) == building.expected
        history = HistoryClient(tmp_path / "data")
        whole = {"start_ms": 0, "end_ms": 4_000_000_000_000, "device": ""}
        kept = Counter(
            (row["device"], row["channel"])
            for row in history.query("all_readings", **whole).to_pylist()
        )
        history.close()
        assert set(kept.values()) == {building.ticks}
        assert len(kept) == len(FLOORS) * VALUES
        for role in running:
            role.stop()
    stored = rows_in(f"sqlite://{tmp_path / 'data' / 'store.db'}")
    assert [len(stored[f"energy:p{floor}"]) for floor in FLOORS] == [building.ticks] * 3
