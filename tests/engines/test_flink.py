"""A rule as Flink SQL: what stands in it, what is refused; however it ends, it goes on from there.

That Flink writes the same records as we do is held by ``tests/parity``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from energyguard.errors import ConfigError, Unavailable
from energyguard.rules.registry import open_book
from energyguard.stream.engines import flink, flink_tables
from energyguard.stream.engines.job import Job, MessageShape, Policy, StateStore
from tests.parity.test_parity import DEMO, GOLDEN, expected, lines_of, made

if TYPE_CHECKING:
    from deploy.kafka.brokers import Cluster
    from tests.engines.messages import Topics

PATIENCE_S = 240


def job_of(folder: Path) -> Job:
    return Job(rule=open_book((), ()).get(DEMO), bootstrap="broker:9092", checkpoint=folder)


def test_a_job_has_only_what_it_needs(tmp_path: Path) -> None:
    whole = flink.emit(job_of(tmp_path))
    bare = msgspec.structs.replace(job_of(tmp_path), dead_letters="", duplicates=Policy.COUNT)
    assert "ROW_NUMBER" in whole and "dead_letters" in whole and "$" not in whole.split("ts AS")[0]
    text = flink.emit(bare)
    assert "ROW_NUMBER" not in text and "dead_letters" not in text and "state.ttl" not in text
    assert "JSON_VALUE" in flink.emit(msgspec.structs.replace(bare, shape=MessageShape.JSON))


def test_words_cannot_break_out_of_their_quotes(tmp_path: Path) -> None:
    job = msgspec.structs.replace(job_of(tmp_path), readings="o'brien", properties={"a": "b'c"})
    text = flink.emit(job)
    assert "'topic' = 'o''brien'" in text
    assert text.count("'properties.a' = 'b''c'") == 3  # the source and both sinks


def test_jobs_that_cannot_share_state_have_folders_of_their_own(tmp_path: Path) -> None:
    job = job_of(tmp_path)
    rule = job.rule.with_fields(raise_above=1)
    assert flink.state_folder(msgspec.structs.replace(job, rule=rule)) == flink.state_folder(job)
    other = msgspec.structs.replace(job, duplicates=Policy.COUNT)
    assert flink.state_folder(other) != flink.state_folder(job)


def test_what_flink_cannot_express_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="flink: a length of time of 100 days"):
        flink.emit(msgspec.structs.replace(job_of(tmp_path), lateness_ms=100 * 86_400_000))


def test_one_rule_relieves_another_at_an_instant(tmp_path: Path) -> None:
    job = msgspec.structs.replace(job_of(tmp_path), after_ms=1_757_181_600_000)
    assert "AND window_end > TIMESTAMP '2025-09-06 18:00:00.000';" in flink.emit(job)
    job = msgspec.structs.replace(job_of(tmp_path), until_ms=1_757_181_600_000)
    assert "AND window_end <= TIMESTAMP '2025-09-06 18:00:00.000';" in flink.emit(job)


def test_missing_parts_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if flink_tables.PYTHON.exists():
        with pytest.raises(Unavailable, match="no jars for flink"):
            flink.run(job_of(tmp_path), once=True, jars=tmp_path)
    monkeypatch.setattr(flink_tables, "PYTHON", tmp_path / "nothing")
    with pytest.raises(Unavailable, match="make engines"):
        flink.run(job_of(tmp_path), once=True)


ENDS = {
    "stopped": (StateStore.ROCKSDB, Policy.DROP, "savepoint"),
    "command killed": (StateStore.HEAP, Policy.DROP, "savepoint"),
    "all killed": (StateStore.HEAP, Policy.COUNT, "chk"),
}
"""How a run ends; the state and the policy that it has; what the next one goes on from."""


@pytest.mark.slow
@pytest.mark.parametrize("end", ENDS)
def test_a_run_goes_on_where_the_last_ended(end: str, kafka: Cluster, tmp_path: Path) -> None:
    """What was open then goes on after it: nothing is missing, nothing comes twice."""
    if not flink_tables.PYTHON.exists():
        pytest.skip("no Flink: run `make engines`")
    state, duplicates, left = ENDS[end]
    topics = made(kafka, partitions=1)
    job = topics.job(DEMO, tmp_path, parallelism=1, state=state, duplicates=duplicates)
    lines, wanted = lines_of("out_of_order"), expected(GOLDEN / "out_of_order.csv")[0]
    topics.put(lines[:90])
    _run_until(lambda: _taken(topics, job) == 90, job, end)
    saved = flink_tables.newest_state(flink.state_folder(job))
    assert saved is not None and saved.name.startswith(left)
    topics.put(lines[90:])
    _run_until(lambda: len(topics.records(topics.alerts)) >= len(wanted), job, "stopped")
    assert topics.windows() == wanted
    assert len(topics.records(topics.alerts)) == len(wanted)


def _taken(topics: Topics, job: Job) -> int:
    """How many messages a checkpoint of the job holds."""
    from confluent_kafka import Consumer, KafkaException, TopicPartition

    consumer = Consumer({"bootstrap.servers": topics.bootstrap, "group.id": job.name})
    try:
        [place] = consumer.committed([TopicPartition(topics.readings, 0)], timeout=30)
    except KafkaException:  # a broker that never had a group has no coordinator yet
        return 0
    finally:
        consumer.close()
    return int(place.offset)


def _run_until(reached: Callable[[], bool], job: Job, end: str) -> None:
    """Run the job as the command does; end it, and wait until all its processes are gone."""
    words = ["job", "flink", DEMO, "--kafka", job.bootstrap, "--parallelism", "1"]
    words += ["--readings", job.readings, "--alerts", job.alerts]
    words += ["--dead-letters", job.dead_letters, "--checkpoint", str(job.checkpoint)]
    words += ["--state", job.state.value, "--duplicates", job.duplicates.value]
    child = subprocess.Popen([sys.executable, "-m", "energyguard", *words], start_new_session=True)
    try:
        _await(lambda: reached() or child.poll() is not None)
        assert child.poll() is None
        if end == "stopped":
            child.send_signal(signal.SIGTERM)
            assert child.wait(PATIENCE_S) == 0
        elif end == "command killed":
            child.kill()
            child.wait()
            _await(lambda: not _alive(child.pid))
    finally:
        if _alive(child.pid):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _alive(group: int) -> bool:
    """Whether a process of the group is there."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _await(reached: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not reached():
        assert time.monotonic() < until
        time.sleep(0.2)
