"""A detector that begins with a shortened log learns the rest from the history."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from energyguard.clock import ManualClock
from energyguard.codecs.records import pack
from energyguard.history.chdb import ChdbHistory
from energyguard.history.client import HistoryClient
from energyguard.history.past import PastReadings
from energyguard.history.people import People
from energyguard.history.rollups import RollUps
from energyguard.log import EARLIEST, Log, Records
from energyguard.model.readings import batch_of
from energyguard.model.topics import ENERGY_READINGS
from energyguard.records.alerts import AlertEvent
from energyguard.rules.kinds.profile import ProfileRule
from energyguard.settings.tree import StreamSettings
from energyguard.sinks.history_rows import rows_of
from energyguard.stream.windows.detector import detector_worker
from energyguard.stream.windows.learning import Past
from energyguard.testing import MemoryLog
from tests.stream.test_worker import work
from tests.stream.windows.test_detector import alerts_of, book
from tests.stream.windows.test_windows import START

TOPIC = ENERGY_READINGS.name
NAMES = ("H1", "H2", "H3", "H4")
TICK_S, DAY_S, KEPT_FROM = 1_800, 86_400, 15
EACH_HOUR = len(NAMES) * 3_600 // TICK_S
SETTINGS = StreamSettings(idle="1h")
RULE = ProfileRule(
    id="usual", channels=("power_kw",), sigmas=5 * 10**9, clear_at=2 * 10**9, needs=3
)


def fill(log: Log, first_day: int, last_day: int) -> None:
    """Days of some devices; one of them has a load that stays on, on the 18th day."""
    for hour in range(first_day * 24, last_day * 24):
        second = np.repeat(hour * 3600 + np.arange(0, 3600, TICK_S), len(NAMES))
        rng = np.random.default_rng(hour)
        noise = 0.05 * rng.normal(size=EACH_HOUR)
        value = np.where(hour % 24 in range(8, 18), 5e9, 1e9) * (1 + noise)
        value[::4] += 4e9 if 17 * 24 + 10 <= hour < 17 * 24 + 13 else 0
        names = NAMES * (EACH_HOUR // len(NAMES))
        readings = batch_of(names, "power_kw", START + second * 1000, value.astype(np.int64))
        packed = pack(readings, ENERGY_READINGS.partitions)
        records = Records(
            [None] * len(packed), [v for _, v in packed], partitions=[p for p, _ in packed]
        )
        log.append(TOPIC, records)


def judged(log: Log, past: Past | None = None) -> list[AlertEvent]:
    work(detector_worker(log, book(RULE), SETTINGS, [TOPIC], past=past), 2_000)
    return alerts_of(log, "usual")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbHistory]:
    log, made = MemoryLog(ManualClock(10**12)), ChdbHistory(tmp_path_factory.mktemp("history"))
    fill(log, 0, KEPT_FROM)
    rollups, people = RollUps(made), People(tmp_path_factory.mktemp("people"))
    for part in log.read(log.positions(TOPIC, EARLIEST), 10**6, 0):
        for table, rows in rows_of(part, people).items():
            made.insert(table, rows)
            rollups.mark(table, rows)
    rollups.settle()
    yield made
    made.close()


def shortened() -> MemoryLog:
    clock = ManualClock(10**12)
    log = MemoryLog(clock)
    fill(log, 0, KEPT_FROM)
    clock.sleep(31 * DAY_S)
    log.tidy()
    fill(log, KEPT_FROM, 19)
    return log


def test_the_history_and_then_the_log_teach_what_the_log_alone_would(
    history: ChdbHistory,
) -> None:
    whole = MemoryLog(ManualClock(10**12))
    fill(whole, 0, 19)
    expected = judged(whole)
    assert [(e.device, e.state.value) for e in expected] == [("H1", "firing"), ("H1", "resolved")]
    assert judged(shortened(), PastReadings(history)) == expected
    assert judged(shortened()) == []  # the log has too few days to know what is usual


def test_a_snapshot_is_better_than_the_history(history: ChdbHistory) -> None:
    log = shortened()
    first = detector_worker(log, book(RULE), SETTINGS, [TOPIC])
    work(first, 2_000)
    first.drain()

    class NeverAsked:
        def before(self, *_: object) -> Iterator[tuple[int, object]]:
            raise AssertionError("there are snapshots")

    detector_worker(log, book(RULE), SETTINGS, [TOPIC], past=NeverAsked())  # type: ignore[arg-type]


def test_without_a_history_it_learns_from_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judged(shortened(), PastReadings(HistoryClient(tmp_path), patience_s=0)) == []
    assert "learning from the log alone" in capsys.readouterr().err
