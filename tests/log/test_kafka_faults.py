"""kill -9 of workers and of brokers of a real Kafka, under load: nothing lost, nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from energyguard.log import Log, Records, open_log
from energyguard.model.topics import ENERGY_READINGS
from tests.e2e.processes import HOMES, Load, Role, kill_often, roles, wait_for_worker
from tests.e2e.undisturbed import progress, same_alerts
from tests.waiting import until

if TYPE_CHECKING:
    from deploy.kafka.brokers import Cluster

KILLS = pytest.mark.parametrize(
    "kills", [pytest.param(n, marks=pytest.mark.slow) for n in (1, 30)], ids=lambda n: f"{n} kills"
)
Open = Callable[["Cluster"], Log]


@pytest.fixture
def opened() -> Iterator[Open]:
    with ExitStack() as stack:

        def open_on(cluster: Cluster) -> Log:
            log = open_log(f"kafka://{cluster.bootstrap}")
            stack.callback(log.close)
            return log

        yield open_on


def on(cluster: Cluster) -> tuple[str, ...]:
    """The settings of roles that use this cluster."""
    return (f"log.url=kafka://{cluster.bootstrap}",)


def nothing_lost_nothing_twice(log: Log, load: Load, tmp_path: Path) -> None:
    counts = progress(log, ENERGY_READINGS.name)
    assert counts["accepted"] == load.ticks * HOMES
    assert counts["late"] == counts["conflicting"] == counts["ahead"] == 0
    assert not counts["duplicate"] or load.refused, "only what was not answered comes again"
    same_alerts(log, ENERGY_READINGS.name, tmp_path)


@KILLS
def test_kill_a_worker(kills: int, kafka: Cluster, opened: Open, tmp_path: Path) -> None:
    log = opened(kafka)
    load = Load(log)
    with roles(tmp_path / "data", "worker", more=on(kafka)) as (worker,):
        load.start()
        kill_often(worker, kills, lambda: log.positions(ENERGY_READINGS.name, "worker"))
        until(lambda: load.ticks > 120)
        load.stop()
        wait_for_worker(log)
        worker.stop()
    assert not load.refused, "the brokers were there all the time"
    nothing_lost_nothing_twice(log, load, tmp_path)


@pytest.mark.slow  # as tests/e2e/test_faults.py on one file, and by the contract of the log
def test_the_other_worker_takes_over(kafka: Cluster, opened: Open, tmp_path: Path) -> None:
    """Partitions move in the middle of windows, to a new worker and back from a dead one."""
    log = opened(kafka)
    load = Load(log)
    with roles(tmp_path / "data", "worker", more=on(kafka)) as (one,):
        load.start()
        until(lambda: load.ticks > 100 and sum(_positions(log).values()) > 100)
        with roles(tmp_path / "data", "worker", more=on(kafka)) as (other,):
            until(lambda: "working" in other.said() and load.ticks > 300)
            before = _positions(log)
            until(lambda: all(now > before[at] for at, now in _positions(log).items()))
            other.kill()
        behind = load.ticks
        until(lambda: load.ticks > behind + 100)
        load.stop()
        wait_for_worker(log)
        one.stop()
    nothing_lost_nothing_twice(log, load, tmp_path)


def _positions(log: Log) -> dict[object, int]:
    return dict(log.positions(ENERGY_READINGS.name, "worker"))


@pytest.mark.slow  # 70 s on a quiet machine; on a busy one it once did not come to its end
@pytest.mark.parametrize("kills", [3, 30], ids=lambda n: f"{n} kills")
def test_kill_a_broker(kills: int, kafka_cluster: Cluster, opened: Open, tmp_path: Path) -> None:
    """One of three, each in turn; it comes back, and the next goes when all copies are whole."""
    kafka_cluster.clear()
    log = opened(kafka_cluster)
    load = Load(log)
    with roles(tmp_path / "data", "worker", more=on(kafka_cluster)) as (worker,):
        load.start()
        for number in range(kills):
            node = kafka_cluster.nodes[number % len(kafka_cluster.nodes)]
            goes_on(log, load)
            kafka_cluster.kill(node)
            goes_on(log, load)
            kafka_cluster.start(node)
            kafka_cluster.whole()
        goes_on(log, load)
        load.stop()
        wait_for_worker(log)
        worker.stop()
    nothing_lost_nothing_twice(log, load, tmp_path)


@pytest.mark.slow
def test_a_topic_has_three_copies_though_a_broker_is_away(
    kafka_cluster: Cluster, opened: Open
) -> None:
    kafka_cluster.clear()
    log = opened(kafka_cluster)
    log.append(ENERGY_READINGS.name, Records([None], [b"x"]))
    kafka_cluster.kill(3)
    log.append("replay.away", Records([None], [b"x"]))
    from confluent_kafka.admin import AdminClient

    admin = AdminClient({"bootstrap.servers": kafka_cluster.bootstrap})
    made = admin.list_topics("replay.away", timeout=30).topics["replay.away"]
    kafka_cluster.start(3)
    kafka_cluster.whole()
    assert {len(one.replicas) for one in made.partitions.values()} == {3}


def goes_on(log: Log, load: Load) -> None:
    """Readings are taken and worked on, in every partition."""
    ticks, before = load.ticks, _positions(log)
    until(lambda: load.ticks > ticks + 30)
    until(lambda: all(now > before[at] for at, now in _positions(log).items()))


@pytest.mark.slow  # waiting as such: test_kafka_patience.py
def test_a_broker_that_is_away_at_start(
    kafka_broker: Cluster, opened: Open, tmp_path: Path
) -> None:
    """The role waits, says so, and goes on."""
    kafka_broker.clear()
    kafka_broker.kill()
    with roles(tmp_path / "data", "worker", more=on(kafka_broker)) as (worker,):
        until(lambda: says(worker, "the log is not there; waiting"))
        kafka_broker.start()
        log = opened(kafka_broker)
        load = Load(log)
        load.start()
        until(lambda: load.ticks > 120)
        load.stop()
        wait_for_worker(log)
        worker.stop()
    nothing_lost_nothing_twice(log, load, tmp_path)


def says(role: Role, sentence: str) -> bool:
    assert role.process.poll() is None, role.said()
    return sentence in role.said()
