"""A job as Flink SQL: windows over event time, exactly-once sinks, savepoints.

The text is ``flink.sql`` with the job's words in it. ``run`` hands it to ``flink_runner.py`` in
Flink's own environment: its pins clash with ours.
"""

from __future__ import annotations

import hashlib
import os
import re
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Final

import msgspec

from energyguard.errors import Unavailable
from energyguard.model.topics import DAY_MS
from energyguard.records.energy_alerts import BEFORE, EnergyAlert
from energyguard.stream.engines.flink_reading import expressions, instant, interval
from energyguard.stream.engines.job import Engine, Job, Policy, StateStore
from energyguard.stream.engines.programs import ended, jars_of, java_home

PYTHON: Final = Path(__file__).parents[3] / ".venv-flink" / "bin" / "python"
"""Where ``make engines`` puts Flink's environment, in a checkout."""

KNOWN_MS: Final = DAY_MS
"""A reading is known at least so long, to tell its double; Flink's state ages by the wall clock."""


def emit(job: Job) -> str:
    """The job as Flink SQL that a cluster's own client can run.

    Raises:
        ConfigError: what Flink cannot express, and what to change.
    """
    return _written(job, once=False)


def run(job: Job, *, once: bool, jars: Path | None = None) -> int:
    """Run the job on a Flink of this machine until it is stopped, then leave a savepoint.

    A start goes on from the newest savepoint or checkpoint of the same job.

    Args:
        job: what to run.
        once: from the beginning to what is there now; the end closes every window.
        jars: the folder with the connector's jar; None: where ``make engines`` puts it.

    Returns:
        The exit code: 0 when it ended well.

    Raises:
        ConfigError: what Flink cannot express, and what to change.
        Unavailable: Flink's environment, Java or the jars are not there.
    """
    text, state = _written(job, once=once), state_folder(job)
    if not PYTHON.exists():
        raise Unavailable(f"no Flink at {PYTHON}: run `make engines`")
    environment = {**os.environ, "JAVA_HOME": str(java_home())}
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
    runner = Path(__file__).with_name("flink_runner.py")
    return ended([PYTHON, runner, *words], environment)


def state_folder(job: Job) -> Path:
    """Where the job's state is: jobs that cannot share state have folders of their own."""
    shared = (
        job.threshold.meaning,
        job.readings,
        job.duplicates,
        bool(job.dead_letters),
        job.state,
    )
    digest = hashlib.sha256(msgspec.json.encode(shared)).hexdigest()[:12]
    return (job.checkpoint / "flink" / f"{job.rule.id}-{digest}").resolve()


def newest_state(folder: Path) -> Path | None:
    """The newest savepoint or checkpoint that is complete."""
    whole = sorted(folder.glob("*points/**/_metadata"), key=lambda path: path.stat().st_mtime_ns)
    return whole[-1].parent if whole else None


def _written(job: Job, *, once: bool) -> str:
    """The text with the job's words in it, and without the blocks that the job does not need."""
    job.check_for(Engine.FLINK)
    blocks = {
        "until stopped": not once,
        "dead letters": bool(job.dead_letters),
        "drop duplicates": job.duplicates is Policy.DROP,
    }
    text = files(__package__).joinpath("flink.sql").read_text("utf-8")
    for name, wanted in blocks.items():
        block = re.compile(rf"-- \[{name}\]\n(.*?)-- \[end\]\n", re.DOTALL)
        text = block.sub(r"\1" if wanted else "", text)
    quoted = {name: _quoted(word) for name, word in _words(job, once).items()}
    properties = "".join(
        f"\n  'properties.{_quoted(name)}' = '{_quoted(value)}',"
        for name, value in job.properties.items()
    )
    read = expressions(job) | {"span": _span(job)}
    return Template(text).substitute(quoted | read, properties=properties)


def _quoted(word: object) -> str:
    return str(word).replace("'", "''")


def _span(job: Job) -> str:
    """Which windows are written, where one rule relieves another."""
    marks = ((">", job.after_ms), ("<=", job.until_ms))
    return "".join(f" AND window_end {how} {instant(ms)}" for how, ms in marks if ms is not None)


def _words(job: Job, once: bool) -> dict[str, object]:
    """What stands between quotes, and numbers."""
    rule, state = job.threshold, state_folder(job)
    record = {"rule": rule.text, "mode": rule.mode_name}
    return {
        "name": job.name,
        "text": rule.text,
        "rule_id": rule.id,
        "parallelism": job.parallelism,
        "state": "hashmap" if job.state is StateStore.HEAP else "rocksdb",
        "checkpoints": (state / "checkpoints").as_uri(),
        "savepoints": (state / "savepoints").as_uri(),
        "known": f"{max(KNOWN_MS, 2 * (job.lateness_ms + rule.window_ms))} ms",
        "bootstrap": job.bootstrap,
        "readings": job.readings,
        "alerts": job.alerts,
        "dead_letters": job.dead_letters,
        "shape": job.shape.value,
        "bounded": "latest-offset" if once else "unbounded",
        "drift": f"{max(1, job.lateness_ms // 2)} ms",
        "lateness": interval(job.lateness_ms + 1),
        "window": interval(rule.window_ms),
        "slide": interval(rule.slide_ms),
        "window_s": rule.window_ms // 1000,
        "slide_s": rule.slide_ms // 1000,
        "raise_above": rule.level,
        **{
            f"before_{name}": text
            for name, text in zip(EnergyAlert.__struct_fields__, BEFORE, strict=True)
        },
        "record_end": msgspec.json.encode(record).decode()[1:],
        "counted": "counted" if job.duplicates is Policy.COUNT else "counted_once",
    }
