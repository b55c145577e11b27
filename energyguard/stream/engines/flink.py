"""A job as Flink SQL: windows over event time, exactly-once sinks, savepoints.

The text is ``flink.sql`` with the job's words in it. ``run`` hands it to ``flink_runner.py`` in
Flink's own environment: its pins clash with ours.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec

from energyguard.errors import Unavailable
from energyguard.model.topics import DAY_MS
from energyguard.records.energy_alerts import BEFORE, EnergyAlert
from energyguard.stream.engines import flink_tables
from energyguard.stream.engines.counting import JobCounting
from energyguard.stream.engines.flink_reading import entries, expressions, instant, interval
from energyguard.stream.engines.flink_tables import sink, written
from energyguard.stream.engines.job import Engine, Job, Policy, quoted

STATE_VERSION: Final = 2
"""Of the operators in ``flink.sql``: state of another one is not gone on from."""
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
    text = _written(job, once=once)
    if not flink_tables.PYTHON.exists():
        raise Unavailable(f"no Flink at {flink_tables.PYTHON}: run `make engines`")
    runner = Path(__file__).with_name("flink_runner.py")
    return flink_tables.start(text, state_folder(job), [runner], jars, once=once)


def state_folder(job: Job) -> Path:
    """Where the job's state is: jobs that cannot share state have folders of their own."""
    shared = (
        STATE_VERSION,
        job.threshold.meaning,
        job.readings,
        job.duplicates,
        bool(job.dead_letters),
        job.state,
        job.counting,
    )
    digest = hashlib.sha256(msgspec.json.encode(shared)).hexdigest()[:12]
    return (job.checkpoint / "flink" / f"{job.rule.id}-{digest}").resolve()


def _written(job: Job, *, once: bool) -> str:
    """The text with the job's words in it, and without the blocks that the job does not need."""
    job.check_for(Engine.FLINK)
    blocks = {
        "uncounted": job.counting.is_register and bool(job.dead_letters),  # within dead letters
        "until stopped": not once,
        "dead letters": bool(job.dead_letters),
        "drop duplicates": job.duplicates is Policy.DROP,
        "points": not job.is_spread,
        "spread": job.is_spread,
        "intervals": job.is_spread and not job.counting.is_register,
        "registers": job.counting.is_register,
    }
    letters = sink(job, "dead_letters", "message BYTES", job.dead_letters, "dead-letters")
    columns = "household_id STRING,\n  record STRING"
    expressions_ = {
        **expressions(job),
        **entries(job),
        "span": _span(job),
        "alerts_sink": sink(job, "alerts", columns, job.alerts, "alerts", key="household_id"),
        "dead_letters_sink": letters,
    }
    return written(
        files(__package__) / "flink.sql", job, state_folder(job), blocks, _words(job), expressions_
    )


def _span(job: Job) -> str:
    """Which windows are written, where one rule relieves another."""
    marks = ((">", job.after_ms), ("<=", job.until_ms))
    span = "".join(f" AND window_end {how} {instant(ms)}" for how, ms in marks if ms is not None)
    return span + _drawn(job.counting)


def _drawn(counting: JobCounting) -> str:
    """That a device's channel does not count what is fed in: its energy is below 0."""
    fed_in, not_by_name = (
        ", ".join(f"'{quoted(name)}'" for name in names)
        for names in (counting.fed_in, counting.not_by_name)
    )
    found = f" AND household_id NOT IN ({fed_in})" if fed_in else ""
    if not counting.fed_in_names:
        return found
    other = f"household_id IN ({not_by_name}) OR " if not_by_name else ""
    return f"{found} AND ({other}NOT REGEXP(household_id, '{counting.fed_in_names}'))"


def _words(job: Job) -> dict[str, object]:
    """What stands between quotes, and numbers."""
    rule, size_ms = job.threshold, job.before_ms + job.threshold.window_ms + job.after_window_ms
    record = {"rule": rule.text, "mode": rule.mode_name}
    return {
        "text": rule.text,
        "rule_id": rule.id,
        "interval": "10 s",
        "known": f"{max(KNOWN_MS, 2 * (job.lateness_ms + size_ms))} ms",
        "source_topic": job.readings,
        "shape": job.shape.value,
        "drift": f"{max(1, job.lateness_ms // 2)} ms",
        "lateness": interval(job.lateness_ms + 1),
        "window": interval(size_ms),
        "before": interval(job.before_ms),
        "after": interval(job.after_window_ms),
        "slide": interval(rule.slide_ms),
        "window_s": size_ms // 1000,
        "slide_s": rule.slide_ms // 1000,
        "raise_above": rule.level,
        "channel": job.counting.channel,
        "step": job.counting.step_ms,
        **{
            f"before_{name}": text
            for name, text in zip(EnergyAlert.__struct_fields__, BEFORE, strict=True)
        },
        "record_end": msgspec.json.encode(record).decode()[1:],
        "counted": "counted" if job.duplicates is Policy.COUNT else "counted_once",
        "carried": ", message, from_partition, from_offset" * job.counting.is_register,
    }
