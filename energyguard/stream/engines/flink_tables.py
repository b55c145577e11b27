"""What the jobs on Flink share: their settings, topics of Kafka as tables, and how they are run."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template
from typing import Final

from energyguard.stream.engines.job import Engine, EngineJob, StateStore, quoted
from energyguard.stream.engines.programs import ended, jars_of, java_home

PYTHON: Final = Path(__file__).parents[3] / ".venv-flink" / "bin" / "python"
"""Where ``make engines`` puts Flink's environment, in a checkout."""

_SETTINGS: Final = """\
SET 'parallelism.default' = '${parallelism}';
SET 'table.local-time-zone' = 'UTC';
SET 'state.backend.type' = '${state}';
SET 'restart-strategy.type' = 'failure-rate';
SET 'restart-strategy.failure-rate.max-failures-per-interval' = '5';
SET 'restart-strategy.failure-rate.failure-rate-interval' = '10 min';
SET 'restart-strategy.failure-rate.delay' = '5 s';
SET 'execution.checkpointing.interval' = '${interval}';
SET 'execution.checkpointing.dir' = '${checkpoints}';
SET 'execution.checkpointing.savepoint-dir' = '${savepoints}';
SET 'execution.checkpointing.externalized-checkpoint-retention' = 'RETAIN_ON_CANCELLATION';"""
_SOURCE: Final = """\
  'connector' = 'kafka',
  'topic' = '${source_topic}',
  'properties.bootstrap.servers' = '${bootstrap}',${properties}
  'properties.group.id' = '${name}',
  'properties.isolation.level' = 'read_committed',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'scan.watermark.emit.strategy' = 'on-event',
-- [until stopped]
  'scan.watermark.idle-timeout' = '30 s',
-- [end]"""
_SINK: Final = """\
CREATE TEMPORARY TABLE `${table}` (
  ${columns},
  headers MAP<STRING, BYTES> METADATA
) WITH (
  'connector' = 'kafka',
  'topic' = '${topic}',
  'properties.bootstrap.servers' = '${bootstrap}',${properties}
  'properties.transaction.timeout.ms' = '600000',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = '${name}-${suffix}',${key}
  'value.format' = 'raw'
);"""
_KEY: Final = """
  'key.format' = 'raw',
  'key.fields' = '{}',
  'value.fields-include' = 'EXCEPT_KEY',"""


def sink(job: EngineJob, table: str, columns: str, topic: str, suffix: str, key: str = "") -> str:
    """A topic that gets a job's records, exactly once; ``key``: the column that is their key."""
    names = {"table": table, "topic": topic, "suffix": suffix, "name": job.name}
    words = {name: quoted(word) for name, word in {**names, "bootstrap": job.bootstrap}.items()}
    text = {"columns": columns, "properties": _properties(job), "key": _KEY.format(key) * bool(key)}
    return Template(_SINK).substitute(words, **text)


def written(
    template: Traversable,
    job: EngineJob,
    state: Path,
    blocks: Mapping[str, bool],
    words: Mapping[str, object],
    expressions: Mapping[str, str],
) -> str:
    """The text of a job.

    Args:
        template: its template.
        job: what it must know.
        state: the folder for its state.
        blocks: which parts it needs, by their names; ``until stopped`` is one.
        words: what stands between quotes, and numbers.
        expressions: SQL, as it is.
    """
    text = template.read_text("utf-8")
    text = text.replace("${settings}", _SETTINGS).replace("${source}", _SOURCE)
    for name, wanted in blocks.items():
        block = re.compile(rf"-- \[{name}\]\n(.*?)-- \[end\]\n", re.DOTALL)
        text = block.sub(r"\1" if wanted else "", text)
    every = {
        "name": job.name,
        "parallelism": job.parallelism,
        "state": "hashmap" if job.state is StateStore.HEAP else "rocksdb",
        "checkpoints": (state / "checkpoints").as_uri(),
        "savepoints": (state / "savepoints").as_uri(),
        "bootstrap": job.bootstrap,
        "bounded": "unbounded" if blocks["until stopped"] else "latest-offset",
        **words,
    }
    quotes = {name: quoted(word) for name, word in every.items()}
    return Template(text).substitute(quotes, properties=_properties(job), **expressions)


def start(
    text: str,
    state: Path,
    program: Sequence[str | Path],
    jars: Path | None,
    *,
    once: bool,
    environment: Mapping[str, str] | None = None,
) -> int:
    """Run a job's text in Flink's environment, from its newest state unless it runs once.

    Returns:
        The exit code.

    Raises:
        Unavailable: Java or the jars are not there.
    """
    java = {"JAVA_HOME": str(java_home())}
    connector = jars_of(Engine.FLINK, jars)
    state.mkdir(parents=True, exist_ok=True)
    file = state / ("once.sql" if once else "job.sql")
    file.write_text(text, "utf-8")
    words: list[str | Path] = [
        file,
        "--savepoints",
        (state / "savepoints").as_uri(),
        "--jars",
        *connector,
    ]
    if not once and (saved := newest_state(state)):
        words += ["--state", saved.as_uri()]
    return ended([PYTHON, *program, *words], {**os.environ, **java, **(environment or {})})


def newest_state(folder: Path) -> Path | None:
    """The newest savepoint or checkpoint that is complete."""
    whole = sorted(folder.glob("*points/**/_metadata"), key=lambda path: path.stat().st_mtime_ns)
    return whole[-1].parent if whole else None


def _properties(job: EngineJob) -> str:
    return "".join(
        f"\n  'properties.{quoted(name)}' = '{quoted(value)}',"
        for name, value in job.properties.items()
    )
