"""Real Spark on a real Kafka: what is missing is said; a job that falls goes on where it was.

That Spark writes the same records as we do is held by ``tests/parity``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from energyguard.errors import Unavailable
from energyguard.stream.engines import spark
from energyguard.stream.engines.job import StateStore
from tests.cli.conftest import Terminal, data_dir, terminal
from tests.parity.test_parity import DEMO, GOLDEN, PROD, expected, lines_of, made, run

if TYPE_CHECKING:
    from deploy.kafka.brokers import Cluster
    from tests.engines.messages import Topics

__all__ = ["data_dir", "terminal"]  # fixtures
PATIENCE_S = 120


def test_a_missing_topic_is_named(kafka: Cluster, terminal: Terminal) -> None:
    topics = made(kafka, partitions=1)
    words = ("--alerts", topics.alerts, "--dead-letters", topics.letters, "--readings", "nowhere")
    said = terminal("job", "spark", DEMO, "--kafka", kafka.bootstrap, *words)
    assert said.code == 4
    assert "no topic 'nowhere'" in said.err


def test_missing_parts_are_named(
    kafka: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyspark", reason="the extra `spark` is not installed")
    job = made(kafka, partitions=1).job(DEMO, tmp_path)
    with pytest.raises(Unavailable, match="make engines"):
        spark.run(job, once=True, jars=tmp_path)
    (tmp_path / "some.jar").touch()
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Unavailable, match="no `java`"):
        spark.run(job, once=True, jars=tmp_path)


@pytest.mark.slow
def test_state_on_the_heap_and_a_second_run(kafka: Cluster, tmp_path: Path) -> None:
    """The second run goes on from the checkpoint: nothing is read twice, nothing is missing."""
    topics = made(kafka)
    job = topics.job(DEMO, tmp_path, state=StateStore.HEAP)
    lines = lines_of("out_of_order")
    topics.put(lines[:90])
    run("spark", job)
    topics.put(lines[90:])
    run("spark", job)
    assert topics.windows() == expected(GOLDEN / "out_of_order.csv")[0]
    assert len(topics.records(topics.alerts)) == len(topics.windows())


@pytest.mark.slow
def test_one_rule_relieves_another(kafka: Cluster, tmp_path: Path) -> None:
    """Both jobs run beside each other; each window is written by one of them."""
    topics = made(kafka)
    topics.put(lines_of("boundary_prod"))
    at = 1_757_178_900_000  # 17:15
    run("spark", topics.job(DEMO, tmp_path / "old", until_ms=at))
    run("spark", topics.job(PROD, tmp_path / "new", after_ms=at))
    old, new = (expected(GOLDEN / "boundary_prod.csv", rule)[0] for rule in (DEMO, PROD))
    wanted = {id_: record for id_, record in old.items() if int(id_.split("/")[-1]) <= at}
    wanted |= {id_: record for id_, record in new.items() if int(id_.split("/")[-1]) > at}
    assert {id_.split("/")[0] for id_ in wanted} == {DEMO, PROD}
    assert topics.windows() == wanted


@pytest.mark.slow
def test_killed_in_the_middle(kafka: Cluster, tmp_path: Path) -> None:
    """After kill -9 some records may come twice, with the same id; none is missing or wrong."""
    topics = made(kafka)
    lines = lines_of("skewed")
    topics.put(lines[:100])
    _killed_when_it_has_begun(topics, tmp_path)
    topics.put(lines[100:])
    run("spark", topics.job(DEMO, tmp_path))
    assert topics.windows() == expected(GOLDEN / "skewed.csv")[0]


def _killed_when_it_has_begun(topics: Topics, folder: Path) -> None:
    """Start the job as the command does, and kill all of it after its first micro-batch."""
    words = ["job", "spark", DEMO, "--kafka", topics.bootstrap, "--checkpoint", str(folder)]
    words += ["--readings", topics.readings, "--alerts", topics.alerts]
    words += ["--dead-letters", topics.letters]
    child = subprocess.Popen([sys.executable, "-m", "energyguard", *words], start_new_session=True)
    begun = folder / f"spark-{DEMO}" / "commits" / "0"
    until = time.monotonic() + PATIENCE_S
    try:
        while not begun.exists():
            assert child.poll() is None and time.monotonic() < until
            time.sleep(0.05)
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
