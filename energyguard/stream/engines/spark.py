"""A job for Spark Structured Streaming: ``spark_job.py`` with the job's own constants, and
``spark_windows.py``.

The file is complete: it imports nothing of ours, and ``spark-submit`` takes it to a cluster. Here
it runs in a child process on ``local[n]``. Records go out at least once: after a fall some may come
twice, with the same id. Late and doubled readings are in Spark's own figures of the query.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from energyguard.codecs.headers import HOUSEHOLD
from energyguard.errors import ConfigError
from energyguard.records.energy_alerts import BEFORE
from energyguard.stream.engines.job import Engine, Job, Policy, StateStore
from energyguard.stream.engines.programs import ended, jars_of, java_home

TEMPLATE: Final = Path(__file__).with_name("spark_job.py")
SECOND_HALF: Final = Path(__file__).with_name("spark_windows.py")
MARK: Final = "# ---- the second half ----\n"
BEGIN, END = "# ---- the job ----\n", "# ---- end of the job ----\n"
HEAP: Final = "2g"
*_, BEFORE_RULE, BEFORE_MODE = BEFORE
_STATE: Final = "spark.sql.streaming.stateStore."


def emit(job: Job) -> str:
    """The job as a Python file.

    Raises:
        ConfigError: Spark cannot express it.
    """
    job.check_for(Engine.SPARK)
    before, _, rest = TEMPLATE.read_text().partition(BEGIN)
    constants = "".join(f"{name} = {_spelled(value)}\n" for name, value in _constants(job).items())
    first = f"{before}{BEGIN}{constants}{END}{rest.partition(END)[2]}"
    return first + SECOND_HALF.read_text().partition(MARK)[2]


def _spelled(value: Any) -> str:
    """A constant as Python writes it; a mapping has a line for each of its names."""
    if isinstance(value, Mapping) and value:
        return "".join(["{\n", *(f"    {k!r}: {v!r},\n" for k, v in value.items()), "}"])
    return f"{value:_}" if type(value) is int else repr(value)


def _constants(job: Job) -> Mapping[str, Any]:
    rule, mode = (
        msgspec.json.encode(words).decode() for words in (job.rule.text, job.threshold.mode_name)
    )
    return {
        "NAME": job.name,
        "BOOTSTRAP": job.bootstrap,
        "READINGS": job.readings,
        "ALERTS": job.alerts,
        "DEAD_LETTERS": job.dead_letters,
        "SHAPE": job.shape.value,
        "RULE_ID": job.rule.id,
        "RECORD_END": f"{BEFORE_RULE}{rule}{BEFORE_MODE}{mode}}}",
        "WINDOW_MS": job.threshold.window_ms,
        "SLIDE_MS": job.threshold.slide_ms,
        "BEFORE_MS": job.before_ms,
        "AFTER_WINDOW_MS": job.after_window_ms,
        "LATENESS": f"{job.lateness_ms} milliseconds",
        "RAISE_ABOVE_NANO_KWH": job.rule.level,
        "RANGE_NANO_KWH": job.range_nano_kwh,
        "CHANNEL": job.counting.channel,
        "STEP_MS": job.counting.step_ms if job.counting.is_register else 0,
        "OF_ALL": tuple(job.counting.of_all),
        "DEVICES": {device: tuple(facts) for device, facts in job.counting.devices.items()},
        "FED_IN": job.counting.fed_in,
        "FED_IN_NAMES": job.counting.fed_in_names,
        "NOT_BY_NAME": job.counting.not_by_name,
        "AHEAD_MS": job.ahead_ms,
        "AFTER_MS": job.after_ms,
        "UNTIL_MS": job.until_ms,
        "COUNT_DUPLICATES": job.duplicates is Policy.COUNT,
        "CHECKPOINT": str(job.checkpoint.absolute() / f"spark-{job.rule.id}{_apart(job)}"),
        "OFFSETS_PER_STEP": job.offsets_per_step,
        "PROPERTIES": dict(job.properties),
        "STATE": _state(job),
        "PATTERNS": job.patterns,
        "EXPECTED": {
            job.counting.channel if name == "energy_kwh" else name: column.wanted
            for name, column in HOUSEHOLD.columns.items()
        },
    }


def _apart(job: Job) -> str:
    """What sets the folder of a job that spreads energy apart: its state is that of no other."""
    if not job.is_spread:
        return ""
    spread = (job.counting.channel, job.before_ms, job.after_window_ms)
    return f"-{hashlib.sha256(msgspec.json.encode(spread)).hexdigest()[:12]}"


def _state(job: Job) -> Mapping[str, str]:
    """Settings of the state; the number of shuffles stays what it was at the first start."""
    settings = {"spark.sql.shuffle.partitions": str(2 * job.parallelism)}
    if job.state is StateStore.ROCKSDB:
        provider = "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"
        settings[f"{_STATE}providerClass"] = provider
        settings[f"{_STATE}rocksdb.changelogCheckpointing.enabled"] = "true"
    return settings


def run(job: Job, *, once: bool, jars: Path | None = None) -> int:
    """Run the job here, in a child process, until it ends; its exit code.

    Args:
        job: the job.
        once: take what is there now, then end.
        jars: the folder with the connector's jars; None: where ``make engines`` puts them.

    Raises:
        ConfigError: Spark cannot express the job, or the extra is not installed.
        Unavailable: Java or the jars are not there.
    """
    text = emit(job)
    if (found := importlib.util.find_spec("pyspark")) is None or found.origin is None:
        raise ConfigError("Spark needs the extra `spark`: pip install 'energyguard[spark]'")
    home = Path(found.origin).parent
    options = {
        "spark.log.level": "WARN",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": str(not once).lower(),
    }
    command = [str(home / "bin" / "spark-submit"), "--master", f"local[{job.parallelism}]"]
    command += ["--driver-memory", HEAP, "--jars", ",".join(map(str, jars_of(Engine.SPARK, jars)))]
    for name, value in options.items():
        command += ["--conf", f"{name}={value}"]
    environment = {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",  # its page too stays on this machine
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "JAVA_HOME": str(java_home()),
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{job.name}.py"
        file.write_text(text)
        return ended([*command, str(file), *(["--once"] if once else [])], environment)
