"""A job as Flink SQL: windows over event time, exactly-once sinks, savepoints.

The text is ``flink.sql`` with the job's words in it. ``run`` hands it to ``flink_runner.py`` in
Flink's own environment: its pins clash with ours.
"""

from __future__ import annotations

import hashlib
import os
import re
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Final

import msgspec

from energyguard.errors import Unavailable
from energyguard.model.topics import DAY_MS
from energyguard.stream.engines.job import Engine, Job, Policy, Shape, StateStore
from energyguard.stream.engines.programs import ended, jars_of, java_home
from energyguard.wire.columns import DEVICE

PYTHON: Final = Path(__file__).parents[3] / ".venv-flink" / "bin" / "python"
"""Where ``make engines`` puts Flink's environment, in a checkout."""

KNOWN_MS: Final = DAY_MS
"""A reading is known at least so long, to tell its double; Flink's state ages by the wall clock."""

_DAY: Final = (  # one that the calendar has: Flink takes 30 February for the 28th
    r"20(?:\d\d-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)"
    r"|02-(?:0[1-9]|1\d|2[0-8]))|(?:[02468][048]|[13579][26])-02-29)"
)
_CLOCK: Final = r"(?:[01]\d|2[0-3])(?::[0-5]\d(?::[0-5]\d(?:\.\d{1,3})?)?)?"
_ZONE: Final = r"(?:Z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)"
_NUMBER: Final = r"[+-]?(?:\d{1,18}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,2})?"
_SOUND: Final = rf"^{_DAY}[T ]{_CLOCK}{_ZONE},{DEVICE.pattern},{_NUMBER}\z"
_FIELDS: Final = ("timestamp", "household_id", "energy_kwh")
_TEXT: Final = "CAST(message AS STRING)"


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
    shared = (job.rule.meaning, job.readings, job.duplicates, bool(job.dead_letters), job.state)
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
    return Template(text).substitute(quoted | _expressions(job), properties=properties)


def _quoted(word: object) -> str:
    return str(word).replace("'", "''")


def _words(job: Job, once: bool) -> dict[str, object]:
    """What stands between quotes, and numbers."""
    rule, state = job.rule, state_folder(job)
    record = {"rule": rule.text, "mode": rule.mode or rule.id}
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
        "lateness": _interval(job.lateness_ms + 1),
        "window": _interval(rule.window_ms),
        "slide": _interval(rule.slide_ms),
        "window_s": rule.window_ms // 1000,
        "slide_s": rule.slide_ms // 1000,
        "raise_above": rule.raise_above,
        "record_end": msgspec.json.encode(record).decode()[1:],
        "counted": "counted" if job.duplicates is Policy.COUNT else "counted_once",
    }


def _expressions(job: Job) -> dict[str, str]:
    """SQL over the column ``message``; a computed column may not name another, so it repeats."""
    if job.shape is Shape.CSV:
        line, sound = rf"TRIM(TRAILING U&'\000D\000A' FROM {_TEXT})", ""
        time, name, number = (f"SPLIT_INDEX({line}, ',', {place})" for place in range(3))
        begin = _TEXT
    else:
        time, name, number = (f"JSON_VALUE({_TEXT}, '$.{field}')" for field in _FIELDS)
        line = f"CONCAT_WS(',', {time}, {name}, {number})"
        sound = rf"""REGEXP({_TEXT}, '"energy_kwh"\s*:\s*[-\d]') AND """  # a number, not text
        begin = time
    at = _time(begin, time)
    ahead = "TRUE"
    if job.ahead_ms is not None:
        limit = f"INTERVAL '{_interval(job.ahead_ms)}' DAY TO SECOND(3)"
        ahead = f"{at} <= CAST(appended AS TIMESTAMP(3)) + {limit}"
    marks = ((">", job.after_ms), ("<=", job.until_ms))
    span = [f" AND window_end {sign} {_instant(ms)}" for sign, ms in marks if ms is not None]
    return {
        "name_of": name,
        "sound": f"{sound}REGEXP({line}, '{_SOUND}')",
        "plausible": _plausible(number, job.plausible_nano_kwh),
        "kwh": _nine_places(number),
        "time": at,
        "in_time": ahead,
        "span": "".join(span),
    }


def _plausible(field: str, most_nano: int) -> str:
    """Whether a number, rounded to nine places, is neither below 0 nor above a limit."""
    half = Decimal("0.0000000005")
    sign = "<=" if most_nano % 2 == 0 else "<"  # a half goes to the even one
    return (
        f"(TRY_CAST({field} AS DECIMAL(38, 20)) >= -{half:f} "
        f"AND TRY_CAST({field} AS DECIMAL(38, 20)) {sign} {Decimal(most_nano) / 10**9 + half:f})"
    )


def _nine_places(field: str) -> str:
    """A field as a decimal with nine places; what has more is rounded half to even, as by us."""
    rounded = f"TRY_CAST({field} AS DECIMAL(18, 9))"  # Flink rounds half up
    half = f"{rounded} - TRY_CAST({field} AS DECIMAL(38, 20)) = 0.0000000005"
    odd = f"MOD(CAST({rounded} * 1000000000 AS BIGINT), 2) = 1"
    return (
        f"CASE WHEN CHAR_LENGTH({field}) > 11 AND {half} AND {odd} "
        f"THEN CAST({rounded} - 0.000000001 AS DECIMAL(18, 9)) ELSE {rounded} END"
    )


def _time(begin: str, field: str) -> str:
    """A field as a timestamp: at once where it is as usual, else by its length and its zone.

    Args:
        begin: text that begins with the field.
        field: the field alone.
    """
    zone = "([+-]\\d\\d):?(\\d\\d)?$"
    local = f"REGEXP_REPLACE({field}, '(Z|[+-]\\d\\d(:?\\d\\d)?)$', '')"
    whole = f"{local} || SUBSTRING('0000-00-00 00:00:00.000' FROM CHAR_LENGTH({local}) + 1)"
    hours = f"REGEXP_EXTRACT({field}, '{zone}', 1)"
    minutes = f"COALESCE(REGEXP_EXTRACT({field}, '{zone}', 2), '0')"
    east = f"CAST({hours} AS INT) * 60 + CAST(SUBSTRING({hours}, 1, 1) || {minutes} AS INT)"
    return (
        f"CASE WHEN SUBSTRING({begin}, 11, 1) = 'T' AND SUBSTRING({begin}, 20, 1) = 'Z' "
        f"THEN TO_TIMESTAMP(SUBSTRING({begin}, 1, 20), 'yyyy-MM-dd''T''HH:mm:ss''Z''') "
        f"ELSE TIMESTAMPADD(MINUTE, -COALESCE({east}, 0), "
        f"TO_TIMESTAMP(REPLACE({whole}, 'T', ' '), 'yyyy-MM-dd HH:mm:ss.SSS')) END"
    )


def _instant(ms: int) -> str:
    at = datetime.fromtimestamp(ms / 1000, UTC)
    return f"TIMESTAMP '{at:%Y-%m-%d %H:%M:%S}.{ms % 1000:03}'"


def _interval(ms: int) -> str:
    """A length of time as SQL writes it between its quotes."""
    seconds, ms = divmod(ms, 1000)
    days, seconds = divmod(seconds, 86_400)
    return f"{days} {seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{ms:03}"
