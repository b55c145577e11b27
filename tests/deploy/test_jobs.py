"""What the compose file does with a rule for Spark and Flink: write the job, hand it over."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

pytest.importorskip("confluent_kafka", reason="the extra `kafka` is not installed")

from tests.deploy.conftest import Composed
from tests.deploy.stack import Stack


@pytest.fixture
def stack(composed: Composed, tmp_path: Path) -> Stack:
    """Nothing of it runs."""
    return Stack(
        composed(ENGINE_RULE="household-demo")["services"], tmp_path, range(20_000, 20_060)
    )


def planned(stack: Stack, engine: str, file: str) -> str:
    """The job that the service of an engine writes."""
    service = f"{engine}-plan"
    done = stack.run(service, "energyguard", *stack.words(service))
    assert done.returncode == 0, done.stderr
    return (stack.folder / "jobs" / file).read_text()


def test_spark_s_job_is_written_where_its_driver_looks(stack: Stack) -> None:
    text = planned(stack, "spark", "job.py")
    ast.parse(text)
    assert stack.words("spark-job")[-1] == str(stack.folder / "jobs" / "job.py")
    assert f"CHECKPOINT = '{stack.folder}/state/spark-household-demo'" in text
    assert f"BOOTSTRAP = '{stack.inside}'" in text


def test_flink_s_job_goes_on_from_its_newest_state(stack: Stack) -> None:
    text = planned(stack, "flink", "job.sql")
    assert f"'{stack.inside}'" in text
    client = stack.folder / "bin" / "sql-client.sh"
    client.parent.mkdir()
    client.write_text('#!/bin/sh\necho "$@"\n')  # says what Flink's client would be told
    client.chmod(0o755)

    def told() -> str:
        done = stack.run("flink-job", *stack.words("flink-job"))
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    job = f"-f {stack.folder}/jobs/job.sql"
    assert told() == job
    (of,) = {
        Path(line.split("'")[3][7:]).parent for line in text.splitlines() if "points';" in line
    }
    other = stack.folder / "state" / "flink" / "another-rule" / "checkpoints" / "a" / "chk-9"
    places = [of / "checkpoints" / "a" / "chk-2", of / "savepoints" / "savepoint-b", other]
    for second, place in enumerate(places):
        place.mkdir(parents=True)
        (place / "_metadata").touch()
        os.utime(place / "_metadata", (second, second))
    assert told() == f"-Dexecution.state-recovery.path={places[1]} {job}"
