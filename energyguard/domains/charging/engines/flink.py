"""The rule ``charging`` as a Flink job: from signals in Kafka to system D's results in Kafka.

The logic is the embedded worker's own code; ```flink_program.py``` runs it in Flink's environment.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Final
from zipfile import ZipFile, ZipInfo

import msgspec

from energyguard.domains.charging.model import ParkingLimits
from energyguard.domains.charging.sessions.operator import LATENESS_S
from energyguard.domains.charging.topics import (
    FULL_SESSIONS,
    SIGNALS,
    TOTAL_OCCUPIED,
    TRANSACTION_PROFIT,
    VIOLATIONS,
)
from energyguard.errors import ConfigError, Unavailable
from energyguard.model.topics import DAY_MS, DEAD_LETTERS
from energyguard.stream.engines import flink_tables
from energyguard.stream.engines.flink_reading import DAY, interval, limit_of
from energyguard.stream.engines.job import Engine, EngineJob

RULE: Final = "charging"
RESULTS: Final = (
    FULL_SESSIONS.name,
    VIOLATIONS.name,
    TRANSACTION_PROFIT.name,
    TOTAL_OCCUPIED.name,
)
_TEMPLATE: Final = files(__package__) / "charging.sql"
PACKAGE: Final = Path(__file__).parents[3]

_TEXT: Final = "CAST(message AS STRING)"
_TIME: Final = f"JSON_VALUE({_TEXT}, '$.timestamp')"
_CHARGER: Final = f"JSON_VALUE({_TEXT}, '$.charger_id')"
_CLOCK: Final = r"[T ](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ?"
_SHAPE: Final = r'"(?:vehicle_detected|user_connection|recharging)"\s*:\s*(?:true|false)'
_AT: Final = f"TO_TIMESTAMP(REPLACE(SUBSTRING({_TIME}, 1, 19), 'T', ' '), 'yyyy-MM-dd HH:mm:ss')"


class ChargingJob(EngineJob, frozen=True, kw_only=True):
    """What the job must know."""

    signals: str = SIGNALS.name
    results: tuple[str, ...] = RESULTS  # where each of them goes, in their order
    limits: ParkingLimits = ParkingLimits()
    lateness_ms: int = LATENESS_S * 1000
    checkpoint_ms: int = 10_000  # as often results become visible

    @property
    def name(self) -> str:
        """What Flink calls the job."""
        return f"energyguard-{RULE}"

    @property
    def topics(self) -> tuple[str, ...]:
        """Those that must be there."""
        return (self.signals, *self.results, self.dead_letters)

    def explain(self) -> dict[str, str]:
        """Every declared semantic, by its name, in sentences."""
        limits = self.limits
        return {
            "rule": f"{RULE}: stays, violations, occupancy and money (docs/charging.md)",
            "signals": f"{self.signals}, one signal in each message",
            "results": ", ".join(self.results),
            "key": "charger_id; of total-occupied all chargers",
            "event time": "timestamp, in UTC: 2024-05-19 11:03:12, or with T and Z; s",
            "lateness": f"{self.lateness_ms // 1000} s behind the newest signal of its partition",
            "order": "second, then stop, disconnect, leave, arrive, connect, start",
            "limits": f"{limits.before_s} s before, {limits.after_s} s after the charge",
            "hour": f"{limits.seconds_per_hour} s of event time",
            "restatement": "none: a late signal is set apart, and bills stay as they are",
            "late, malformed, ahead": f"to {self.dead_letters or 'nowhere'}, with the reason",
            "duplicates": "a repeated signal changes nothing",
        }

    def check_for(self, engine: Engine) -> None:
        """Hold the job against what an engine can do.

        Raises:
            ConfigError: every thing that it cannot express, and what to change.
        """
        wrong = {
            "it has timers per charger: run it on flink": engine is not Engine.FLINK,
            "lateness is negative": self.lateness_ms < 0,
            "lateness: whole seconds, as the signals' times are": self.lateness_ms % 1000 != 0,
            "a length of time of 100 days or more": max(self.lateness_ms, self.ahead_ms or 0)
            >= 100 * DAY_MS,
        }
        if any(wrong.values()):
            raise ConfigError(*(f"{engine}: {RULE}: {why}" for why, so in wrong.items() if so))


def emit(job: ChargingJob) -> str:
    """Refused: it is no file, but a program with our package.

    Raises:
        ConfigError: always; it says what to do.
    """
    raise ConfigError(
        "flink: the job `charging` runs our own code in Flink's workers and is no file of SQL; "
        "run it without --emit"
    )


def run(job: ChargingJob, *, once: bool, jars: Path | None = None) -> int:
    """Run the job on a Flink of this machine until it is stopped, then leave a savepoint.

    A start goes on from the newest savepoint or checkpoint of the same job.

    Args:
        job: what to run.
        once: from the beginning to what is there now; then all that came happens.
        jars: the folder with the connector's jar; None: where ``make engines`` puts it.

    Returns:
        The exit code: 0 when it ended well.

    Raises:
        ConfigError: what Flink cannot express, and what to change.
        Unavailable: Flink's environment, Java or the jars are not there.
    """
    job.check_for(Engine.FLINK)
    python, state = _python(), state_folder(job)
    state.mkdir(parents=True, exist_ok=True)
    package = packed(state / "energyguard.zip")
    text = written(job, package, python, once=once)
    program = ["-m", "energyguard.domains.charging.engines.flink_program"]
    paths = {"PYTHONPATH": str(package)}
    return flink_tables.start(text, state, program, jars, once=once, environment=paths)


def _python() -> Path:
    """Flink's Python, with what our code needs there."""
    if not flink_tables.PYTHON.exists():
        raise Unavailable(f"no Flink at {flink_tables.PYTHON}: run `make engines`")
    found = subprocess.run(
        [flink_tables.PYTHON, "-c", "import msgspec"], capture_output=True, check=False
    )
    if found.returncode:
        raise Unavailable(f"no msgspec beside Flink at {flink_tables.PYTHON}: run `make engines`")
    return flink_tables.PYTHON


def packed(file: Path) -> Path:
    """Our package as a zip, for Flink's workers; the same code, the same bytes."""
    with ZipFile(file, "w") as packed:
        for path in sorted(PACKAGE.rglob("*.py")):
            packed.writestr(ZipInfo(str(path.relative_to(PACKAGE.parent))), path.read_bytes())
    return file


def state_folder(job: ChargingJob) -> Path:
    """Where the job's state is: jobs that cannot share state have folders of their own."""
    shared = (job.signals, job.limits, job.results, job.state)
    digest = hashlib.sha256(msgspec.json.encode(shared)).hexdigest()[:12]
    return (job.checkpoint / "flink" / f"{RULE}-{digest}").resolve()


def written(job: ChargingJob, package: Path, python: Path, *, once: bool) -> str:
    """The job's tables, settings and sinks."""
    settings = msgspec.json.encode({"limits": job.limits, "topic": job.signals}).decode()
    words: dict[str, object] = {
        "interval": f"{job.checkpoint_ms} ms",
        "package": package,
        "python": python,
        "lateness": interval(job.lateness_ms),
        "source_topic": job.signals,
    }
    expressions = {
        **_expressions(),
        "in_time": "TRUE" if (limit := limit_of(job)) is None else f"{_AT} <= {limit}",
        "words": settings,
        "sinks": "\n".join(_sink(job, *topic) for topic in _sinks(job)),
        "inserts": "\n".join(_insert(*topic) for topic in _sinks(job)),
    }
    blocks = {"until stopped": not once}
    return flink_tables.written(_TEMPLATE, job, state_folder(job), blocks, words, expressions)


def _expressions() -> dict[str, str]:
    """How a message is read before our own code sees it: its time and its charger."""
    sound = f"REGEXP({_TIME}, '^{DAY}{_CLOCK}\\z') AND {_CHARGER} <> ''"
    return {
        "sound": f"{sound} AND REGEXP({_TEXT}, '{_SHAPE}')",
        "time": _AT,
        "charger": _CHARGER,
    }


def _sinks(job: ChargingJob) -> Iterator[tuple[str, str]]:
    """The record's name of a topic, and where it goes."""
    yield from zip(RESULTS, job.results, strict=True)
    if job.dead_letters:
        yield DEAD_LETTERS.name, job.dead_letters


def _sink(job: ChargingJob, name: str, topic: str) -> str:
    key = "" if name == DEAD_LETTERS.name else "charger"
    columns = f"{key} STRING, record BYTES" if key else "record BYTES"
    return flink_tables.sink(job, name, columns, topic, topic, key)


def _insert(name: str, _topic: str) -> str:
    columns = "record, headers" if name == DEAD_LETTERS.name else "charger, record, headers"
    return f"INSERT INTO `{name}` SELECT {columns} FROM `results` WHERE topic = '{name}';"
