"""Signals of a simulated day: Flink writes the same records as the embedded operator."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from energyguard.domains.charging.engines import flink as flink_charging
from energyguard.domains.charging.engines.flink import RESULTS, ChargingJob
from energyguard.errors import Unavailable
from energyguard.model.topics import DEAD_LETTERS
from energyguard.stream.engines import flink_tables
from tests.parity.charging import CASES, TOPIC, Found, day, expected, messages, record

if TYPE_CHECKING:
    from deploy.kafka.brokers import Cluster

ANSWER_S = 30
PATIENCE_S = 240


def filled(kafka: Cluster, rows: list[tuple[bytes, bytes]], partitions: int) -> None:
    """Make the topics; send messages as chargers do."""
    from confluent_kafka.admin import AdminClient, NewTopic

    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    new = [NewTopic(TOPIC, partitions, 1)]
    new += [NewTopic(name, 2, 1) for name in (*RESULTS, DEAD_LETTERS.name)]
    for made in admin.create_topics(new).values():
        made.result(ANSWER_S)
    put(kafka, rows, partitions)


def put(kafka: Cluster, rows: list[tuple[bytes, bytes]], partitions: int) -> None:
    """Send messages: a charger's number is its partition."""
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": kafka.bootstrap, "enable.idempotence": True})
    for charger, value in rows:
        number = int(charger.rpartition(b"-")[2] or 0) % partitions
        producer.produce(TOPIC, value, key=charger, partition=number)
    assert producer.flush(ANSWER_S) == 0


def written(kafka: Cluster, *topics: str) -> Found:
    """Every record that is committed, as often as it is there."""
    from tests.engines.messages import Topics

    reader = Topics(kafka.bootstrap, 2)
    return Counter(
        record(topic, one.key() or b"", one.value() or b"", tuple(one.headers() or ()))
        for topic in topics
        for one in reader.records(topic)
    )


def run(job: ChargingJob) -> None:
    """Run the job on what is there, to its end."""
    try:
        code = flink_charging.run(job, once=True)
    except Unavailable as missing:
        pytest.skip(f"no Flink: {missing}")
    assert code == 0


def job_of(kafka: Cluster, folder: Path, **more: object) -> ChargingJob:
    options = {"bootstrap": kafka.bootstrap, "checkpoint": folder, "checkpoint_ms": 1_000}
    return ChargingJob(**(options | more))  # type: ignore[arg-type]


@pytest.mark.slow  # that a job starts, reads and writes is also seen by test_parity on Flink
def test_everything(kafka: Cluster, tmp_path: Path) -> None:
    """Lost, doubled and out of order, over four partitions."""
    told = CASES["everything"](day())
    filled(kafka, messages(told), partitions=4)
    run(job_of(kafka, tmp_path))
    wanted = expected(told)
    assert {topic for topic, *_ in wanted} == set(RESULTS)
    assert written(kafka, *RESULTS) == wanted
    assert not written(kafka, DEAD_LETTERS.name)


@pytest.mark.slow
@pytest.mark.parametrize("partitions", [1, 4])
@pytest.mark.parametrize("case", CASES)
def test_golden(case: str, partitions: int, kafka: Cluster, tmp_path: Path) -> None:
    told = CASES[case](day())
    filled(kafka, messages(told), partitions)
    run(job_of(kafka, tmp_path))
    assert written(kafka, *RESULTS) == expected(told)


BAD = {
    b"": b"malformed",
    b"[]": b"malformed",
    b'{"timestamp":"2024-05-19 12:00:00","charger_id":"charger-1","payment":3}': b"malformed",
    b'{"timestamp":"1970-01-01 00:00:07","charger_id":"charger-1","vehicle_detected":true,'
    b'"plate":"AAAAAAAA"}': b"out-of-range",
    b'{"timestamp":"2098-05-19 12:00:00","charger_id":"charger-1","vehicle_detected":true,'
    b'"plate":"AAAAAAAA"}': b"ahead",  # of the append; it moves nobody's time
    b'{"timestamp":"2024-05-01 12:00:00","charger_id":"charger-1","vehicle_detected":true,'
    b'"plate":"AAAAAAAA"}': b"late",
}


@pytest.mark.slow
def test_bad_signals_cost_nothing_that_is_good(kafka: Cluster, tmp_path: Path) -> None:
    told = day()
    rows = messages(told)
    half = len(rows) // 2
    bad = [(b"charger-1", value) for value in BAD]
    filled(kafka, [*rows[:half], *bad, *rows[half:]], partitions=1)
    run(job_of(kafka, tmp_path))
    assert written(kafka, *RESULTS) == expected(told)
    letters = written(kafka, DEAD_LETTERS.name)
    assert {value: dict(headers)["verdict"] for _, _, value, headers in letters} == BAD
    assert letters.total() == len(BAD)


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_by_kill_9(kafka: Cluster, tmp_path: Path) -> None:
    """Everything of it is killed after a checkpoint; the next start goes on from there."""
    if not flink_tables.PYTHON.exists():
        pytest.skip("no Flink: run `make engines`")
    told = CASES["everything"](day())
    half = len(told) // 2
    filled(kafka, messages(told[:half]), partitions=1)
    wanted = expected(told, ends=False)
    assert wanted.total() > expected(told[:half], ends=False).total() > 0
    _run_until(lambda: bool(written(kafka, *RESULTS)), kafka, tmp_path, signal.SIGKILL)
    put(kafka, messages(told[half:]), partitions=1)
    _run_until(
        lambda: written(kafka, *RESULTS).total() >= wanted.total(),
        kafka,
        tmp_path,
        signal.SIGTERM,
    )
    assert written(kafka, *RESULTS) == wanted


def _run_until(
    reached: Callable[[], bool], kafka: Cluster, folder: Path, number: signal.Signals
) -> None:
    """Run the command until something is there; end it, and see that all of it is gone."""
    words = ["job", "flink", "charging", "--kafka", kafka.bootstrap, "--checkpoint", str(folder)]
    child = subprocess.Popen([sys.executable, "-m", "energyguard", *words], start_new_session=True)
    try:
        until = time.monotonic() + PATIENCE_S
        while not reached():
            assert child.poll() is None and time.monotonic() < until
            time.sleep(0.5)
        if number is signal.SIGTERM:
            child.send_signal(number)
            assert child.wait(PATIENCE_S) == 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
