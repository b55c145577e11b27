"""Golden inputs: the embedded operator, Spark and Flink write the same alert records.

``golden/NAME.csv`` is what a topic holds, one message a line. ``golden/NAME.ENGINE.csv`` is what an
engine counts of it where its own definitions differ (docs/engines.md says why): the rows that only
we count are missing there. The last row of each is later than all windows, and closes them.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from energyguard.codecs.files import read_blocks
from energyguard.errors import ConfigError, Unavailable
from energyguard.rules.registry import open_book
from energyguard.settings.tree import Settings
from energyguard.stream.engines.job import Job, MessageShape, Policy
from tests.conftest import QUICK
from tests.parity.counted import worker_records

if TYPE_CHECKING:
    from deploy.kafka.brokers import Cluster
    from tests.engines.messages import Topics

GOLDEN = Path(__file__).parent / "golden"
ENGINES = ("spark", "flink")
DEMO, PROD = "household-demo", "household-prod"


def expected(
    file: Path, rule_id: str = DEMO, *, in_log_order: bool = False
) -> tuple[dict[str, bytes], list[bytes]]:
    """What the embedded worker writes, by id, and the rows that it refuses.

    Args:
        file: the rows.
        rule_id: the rule.
        in_log_order: one by one as they stand there, so that some come late; else by time.
    """
    decoded = [block for _, block in read_blocks(file, "csv", Settings().wire)]
    rows = pa.Table.from_batches([block.batch for block in decoded])
    rows = rows if in_log_order else rows.sort_by("time")
    batches = rows.to_batches(max_chunksize=1 if in_log_order else None)
    refused = sorted(row.original for block in decoded for row in block.refused)
    return worker_records(batches, open_book((), ()).get(rule_id)), refused


def lines_of(name: str) -> list[bytes]:
    return (GOLDEN / f"{name}.csv").read_bytes().splitlines()


def as_counted(name: str, engine: str) -> Path:
    """The rows that an engine counts of a golden input."""
    own = GOLDEN / f"{name}.{engine}.csv"
    return own if own.exists() else GOLDEN / f"{name}.csv"


def run(engine: str, job: Job) -> None:
    """Run a job on what is there, to its end."""
    module: Any = importlib.import_module(f"energyguard.stream.engines.{engine}")
    module.emit(job)
    try:
        code = module.run(job, once=True)
    except (ConfigError, Unavailable) as missing:  # not a refusal: the job could be written
        pytest.skip(f"no {engine}: {missing}")
    assert code == 0


@pytest.fixture(autouse=True)
def quick_java(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine lives for seconds: the second compiler would cost more than it gives."""
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", " ".join(QUICK))


def made(kafka: Cluster, partitions: int = 4) -> Topics:
    from tests.engines.messages import Topics

    return Topics(kafka.bootstrap, partitions)


@pytest.mark.parametrize("engine", ENGINES)
def test_all_at_once(engine: str, kafka: Cluster, tmp_path: Path) -> None:
    """Out of order, doubled, at the boundary, and bad rows, in one topic.

    Each of these by itself, with as many tasks as usual, is in `make test-all`.
    """
    topics = made(kafka)
    topics.put(lines_of("combined"))
    run(engine, topics.job(DEMO, tmp_path, parallelism=1))
    records, refused = expected(as_counted("combined", engine))
    assert records
    assert topics.windows() == records
    assert sorted(one.value() or b"" for one in topics.records(topics.letters)) == refused


CASES = (
    ("out_of_order", DEMO),
    ("doubled", DEMO),
    ("skewed", DEMO),
    ("boundary", DEMO),
    ("boundary_prod", PROD),
    ("midnight_and_summer_time", DEMO),
    ("bad_rows", DEMO),
    ("silent", DEMO),
)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("name", "rule_id"), CASES)
def test_golden(name: str, rule_id: str, engine: str, kafka: Cluster, tmp_path: Path) -> None:
    topics = made(kafka)
    topics.put(lines_of(name))
    run(engine, topics.job(rule_id, tmp_path))
    records, refused = expected(as_counted(name, engine), rule_id)
    assert records
    assert topics.windows() == records
    assert sorted(one.value() or b"" for one in topics.records(topics.letters)) == refused


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_late(engine: str, kafka: Cluster, tmp_path: Path) -> None:
    """Message by message: one partition, one task, and one message in each step."""
    topics = made(kafka, partitions=1)
    topics.put(lines_of("late"))
    run(engine, topics.job(DEMO, tmp_path, offsets_per_step=1, parallelism=1))
    records, _ = expected(as_counted("late", engine), in_log_order=True)
    assert records
    assert topics.windows() == records


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_late_with_duplicates_counted(engine: str, kafka: Cluster, tmp_path: Path) -> None:
    """Without the step that drops duplicates, Spark too counts a reading in windows still open."""
    topics = made(kafka, partitions=1)
    topics.put(lines_of("late"))
    options = {"offsets_per_step": 1, "parallelism": 1, "duplicates": Policy.COUNT}
    run(engine, topics.job(DEMO, tmp_path, **options))
    records, _ = expected(GOLDEN / "late.csv", in_log_order=True)
    assert topics.windows() == records


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_spread_without_keys(engine: str, kafka: Cluster, tmp_path: Path) -> None:
    """As from a producer that knows nothing of keys: a household is in every partition."""
    topics = made(kafka)
    topics.put(lines_of("out_of_order"), keyed=False)
    run(engine, topics.job(DEMO, tmp_path))
    assert topics.windows() == expected(GOLDEN / "out_of_order.csv")[0]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_json(engine: str, kafka: Cluster, tmp_path: Path) -> None:
    topics = made(kafka, partitions=1)
    rows = [line.decode().split(",") for line in lines_of("doubled")]
    form = '{{"timestamp":"{}","household_id":"{}","energy_kwh":{}}}'
    good = [form.format(*row).encode() for row in rows]
    bad = [
        b"{",
        b"[]",
        b'{"timestamp":"2025-09-06T17:00:00Z","household_id":"H001","energy_kwh":"1"}',
        b'{"timestamp":"2025-09-06T17:00:00Z","household_id":"H001"}',
    ]
    topics.put([*good[:5], *bad, *good[5:]])
    run(engine, topics.job(DEMO, tmp_path, shape=MessageShape.JSON))
    assert topics.windows() == expected(GOLDEN / "doubled.csv")[0]
    assert sorted(one.value() or b"" for one in topics.records(topics.letters)) == sorted(bad)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_doubles_counted_as_system_c_did(engine: str, kafka: Cluster, tmp_path: Path) -> None:
    """Each copy counts: as if it had come from the same home a millisecond later."""
    topics = made(kafka)
    rows = lines_of("doubled")
    topics.put(rows)
    run(engine, topics.job(DEMO, tmp_path, duplicates=Policy.COUNT))
    apart = tmp_path / "apart.csv"
    apart.write_bytes(b"".join(_each_apart(rows)))
    assert topics.windows() == expected(apart)[0]


def _each_apart(rows: list[bytes]) -> Iterator[bytes]:
    """The rows, no two of the same household and time."""
    seen: Counter[bytes] = Counter()
    for row in rows:
        identity, _, value = row.rpartition(b",")
        time, _, household = identity.partition(b",")
        ms = b".%03dZ" % seen[identity]
        seen[identity] += 1
        yield b",".join([time.replace(b"Z", ms), household, value]) + b"\n"
