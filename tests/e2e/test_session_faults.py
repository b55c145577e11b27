"""kill -9 of who makes stays of signals: nothing is lost, nothing is billed twice."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from energyguard.clock import SYSTEM
from energyguard.domains.charging.sessions.occupancy import total_worker
from energyguard.domains.charging.sessions.stage import session_worker
from energyguard.domains.charging.simulator.chargers import TIMINGS, signals
from energyguard.domains.charging.topics import (
    FULL_SESSIONS,
    OCCUPANCY,
    SIGNALS,
    TOTAL_OCCUPIED,
    TRANSACTION_PROFIT,
    VIOLATIONS,
)
from energyguard.log import LATEST, Log, Records, open_log
from energyguard.model.topics import TIME
from energyguard.settings.charging import ChargingSettings
from energyguard.settings.tree import StreamSettings
from tests.domains.charging.test_session_worker import send, work
from tests.e2e.processes import kill_often, roles
from tests.e2e.undisturbed import Row, fetched, rows
from tests.waiting import until

if TYPE_CHECKING:
    from deploy.kafka.brokers import Cluster

KILLS = pytest.mark.parametrize(
    "kills", [1, pytest.param(50, marks=pytest.mark.slow)], ids=lambda n: f"{n} kills"
)
RESULTS = (FULL_SESSIONS.name, VIOLATIONS.name, TRANSACTION_PROFIT.name)
CHARGERS = 20
PAUSE_S = 0.05  # between two seconds of event time


class Cars(threading.Thread):
    """Sends a second of signals after the other, until told to stop."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log, self._stop_event = log, threading.Event()
        self.first = SYSTEM.now_ms() // 1000
        self.sent = 0

    def run(self) -> None:
        told = signals(CHARGERS, 9, self.first, None, TIMINGS["listed"])
        for _, some in groupby(told, key=lambda one: one.second):
            if self._stop_event.wait(PAUSE_S):
                return
            now = list(some)
            send(self._log, now)
            self.sent += len(now)

    def stop(self) -> None:
        self._stop_event.set()
        self.join()


@contextmanager
def opened(url: str) -> Iterator[Log]:
    log = open_log(url)
    try:
        yield log
    finally:
        log.close()


def results(log: Log) -> dict[str, Counter[Row]]:
    """Stays, violations and bills: of each how often it is there."""
    return {
        topic: Counter(row for part in rows(log, topic).values() for row in part)
        for topic in RESULTS
    }


def undisturbed(log: Log, file: Path, *, all_decisions: bool) -> dict[str, Counter[Row]]:
    """What one worker makes of the same signals and decisions, without any trouble.

    Time goes on when nobody sends any more: whoever is told to stop may have written a decision
    and not followed it yet. Without ``all_decisions`` the last one of each partition is left out.
    """
    with opened(f"sqlite:///{file}") as copy:
        for topic in (SIGNALS.name, TIME.name):
            for part in fetched(log, topic):
                keep = list(range(len(part)))
                if topic == TIME.name and not all_decisions:
                    last = set({key: i for i, key in enumerate(part.keys)}.values())
                    keep = [i for i in keep if i not in last]
                keys, values = [part.keys[i] for i in keep], [part.values[i] for i in keep]
                if keys:
                    copy.append(
                        topic, Records(keys, values, partitions=[part.partition] * len(keys))
                    )
        work(session_worker(copy, ChargingSettings(), StreamSettings()))
        return results(copy)


def same_as_undisturbed(log: Log, tmp_path: Path) -> None:
    """Every result is there once, and it is what one worker makes without any trouble."""
    found = results(log)
    for topic, some in found.items():
        assert some, topic
        assert max(some.values()) == 1, f"{topic}: twice"
    max_processes = undisturbed(log, tmp_path / "copy.db", all_decisions=True)
    least = undisturbed(log, tmp_path / "less.db", all_decisions=False)
    for topic in RESULTS:
        assert least[topic] <= found[topic] <= max_processes[topic], topic
    (told,) = rows(log, TOTAL_OCCUPIED.name).values()
    seconds = [msgspec.json.decode(value or b"")["timestamp"] for _, value, _ in told]
    assert len(seconds) == len(set(seconds)) > 20
    assert seconds == sorted(seconds)
    same_totals(log, tmp_path)


def same_totals(log: Log, tmp_path: Path) -> None:
    """The total of what was told, without any trouble."""
    with opened(f"sqlite:///{tmp_path}/totals.db") as copy:
        for part in fetched(log, OCCUPANCY.name):
            copy.append(OCCUPANCY.name, Records(part.keys, part.values))
        work(total_worker(copy, StreamSettings()))
        wanted, found = (rows(one, TOTAL_OCCUPIED.name)[0] for one in (copy, log))
        assert found == wanted[: len(found)]  # what was told last waits for the next start


def taken(log: Log) -> bool:
    """Whether the groups have read everything."""
    return all(
        log.positions(topic, group) == log.positions(topic, LATEST)
        for topic, group in ((SIGNALS.name, "sessions"), (OCCUPANCY.name, "occupancy"))
    )


@KILLS
def test_kill_who_makes_stays(kills: int, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with opened(f"sqlite:///{data}/log.db") as log:
        cars = Cars(log)
        with roles(data, "sessions") as (worker,):
            cars.start()
            kill_often(worker, kills, lambda: log.positions(SIGNALS.name, "sessions"))
            until(lambda: cars.sent > 1_000)
            cars.stop()
            until(lambda: taken(log))
            worker.stop()
        same_as_undisturbed(log, tmp_path)


@pytest.mark.slow  # the same kills as above; of another worker on Kafka: test_kafka_faults.py
def test_kill_who_makes_stays_on_kafka(kafka: Cluster, tmp_path: Path) -> None:
    url = f"kafka://{kafka.bootstrap}"
    with opened(url) as log:
        cars = Cars(log)
        with roles(tmp_path / "data", "sessions", more=(f"log.url={url}",)) as (worker,):
            cars.start()
            kill_often(worker, 2, lambda: log.positions(SIGNALS.name, "sessions"))
            until(lambda: cars.sent > 1_000)
            cars.stop()
            until(lambda: taken(log))
            worker.stop()
        same_as_undisturbed(log, tmp_path)
