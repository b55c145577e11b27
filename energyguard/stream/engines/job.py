"""A rule as data: one description with declared semantics, for engines that are not ours.

An engine's module takes a ``Job`` and has two functions of the same signature::

    emit(job: Job) -> str                                            the job file, as text
    run(job: Job, *, once: bool, jars: Path | None = None) -> int    in a child; its exit code

``once``: read what is there now, then end; the state is kept in the checkpoint folder.
Both begin with ``job.check_for(engine)``, so that what cannot be expressed is refused at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from energyguard.codecs.columns import LONG_NUMBER
from energyguard.codecs.headers import HOUSEHOLD
from energyguard.errors import ConfigError
from energyguard.model.channels import CHANNELS
from energyguard.model.quantities import NANO, from_nano, spell_duration
from energyguard.model.topics import DAY_MS, DEAD_LETTERS, ENERGY_ALERTS, ENERGY_READINGS
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.rule import Rule
from energyguard.stream.engines.counting import JobCounting

_PATTERNS: Final[Mapping[str, str]] = {
    "timestamp": r"\d{4}-\d\d-\d\d[T ]\d\d(?::\d\d(?::\d\d(?:\.\d{1,3})?)?)?"
    r"(?:Z|[+-]\d\d(?::?\d\d)?)",
    "household_id": HOUSEHOLD.columns["household_id"].pattern,
}
"""What the fields of a sound line look like, in the words that Python and Java share."""


class Engine(StrEnum):
    """Who runs a job."""

    SPARK = "spark"
    FLINK = "flink"


class MessageShape(StrEnum):
    """How a message says ``timestamp``, ``household_id``, ``energy_kwh``; one reading in each."""

    CSV = "csv"
    JSON = "json"


class Policy(StrEnum):
    """What happens to a reading that is there already."""

    DROP = "drop"
    COUNT = "count"  # into the sums, as system C counted a doubled reading twice


class StateStore(StrEnum):
    """Where an engine keeps open windows."""

    ROCKSDB = "rocksdb"
    HEAP = "heap"


class EngineJob(msgspec.Struct, frozen=True, kw_only=True):
    """What every engine must know; durations in ms of event time."""

    bootstrap: str
    dead_letters: str = DEAD_LETTERS.name  # empty: bad rows are left out, and only counted
    lateness_ms: int = 600_000
    ahead_ms: int | None = 3_600_000  # beyond its record's append time; None: no limit
    checkpoint: Path = Path("energyguard-data/engines")
    state: StateStore = StateStore.ROCKSDB
    parallelism: int = 2
    properties: Mapping[str, str] = {}  # for Kafka's Java clients; Spark fills in $NAME

    @property
    def name(self) -> str:
        """What an engine calls the job."""
        raise NotImplementedError

    @property
    def topics(self) -> tuple[str, ...]:
        """Those that must be there."""
        raise NotImplementedError

    def explain(self) -> dict[str, str]:
        """Every declared semantic, by its name, in sentences."""
        raise NotImplementedError

    def check_for(self, engine: Engine) -> None:
        """Hold the job against what an engine can do.

        Raises:
            ConfigError: every thing that it cannot express, and what to change.
        """
        raise NotImplementedError


class Job(EngineJob, frozen=True, kw_only=True):
    """A rule with everything that an engine must know."""

    rule: Rule
    readings: str = ENERGY_READINGS.name
    alerts: str = ENERGY_ALERTS.name
    shape: MessageShape = MessageShape.CSV
    plausible_nano_kwh: int = 100_000_000_000
    duplicates: Policy = Policy.DROP
    after_ms: int | None = None  # only windows that end later than this are written, and
    until_ms: int | None = None  # only those that end by this: where one rule relieves another
    offsets_per_step: int = 200_000  # Spark: at most so many in a micro-batch
    counting: JobCounting = JobCounting()

    @property
    def patterns(self) -> dict[str, str]:
        """What the fields of a sound line look like, in the words that Python and Java share."""
        return {**_PATTERNS, self.counting.channel: LONG_NUMBER.pattern}

    @property
    def range_nano_kwh(self) -> tuple[int, int]:
        """The least and the greatest value, in 1e-9 kWh."""
        if not self.counting.is_register:
            return -self.plausible_nano_kwh, self.plausible_nano_kwh
        channel = CHANNELS[self.counting.channel]
        return int(channel.lowest) * NANO, int(channel.highest) * NANO

    @property
    def before_ms(self) -> int:
        """How much older than a window a reading may be that speaks of it."""
        return self.counting.before_ms(self.threshold.slide_ms)

    @property
    def after_window_ms(self) -> int:
        """How much younger it may be."""
        return self.counting.after_ms(self.threshold.slide_ms)

    @property
    def is_spread(self) -> bool:
        """Whether energy is spread over more than a point."""
        return self.before_ms + self.after_window_ms > 0

    @property
    def threshold(self) -> ThresholdRule:
        """The rule, of the kind that engines run."""
        assert isinstance(self.rule, ThresholdRule)
        return self.rule

    @property
    def name(self) -> str:
        """What an engine calls the job."""
        return f"energyguard-{self.rule.id}"

    @property
    def topics(self) -> tuple[str, ...]:
        """Those that must be there."""
        return (self.readings, self.alerts, self.dead_letters)

    def explain(self) -> dict[str, str]:
        """Every declared semantic, by its name, in sentences."""
        rule, spell = self.threshold, spell_duration
        ahead = "none" if self.ahead_ms is None else f"{spell(self.ahead_ms)} after the append"
        return {
            "rule": f"{rule.id}: {rule.text}",
            "readings": f"{self.readings}, one {self.shape} reading in each message",
            "alerts": f"{self.alerts}; key: household; header id: rule/household/window end in ms",
            "key": "household_id",
            "event time": "timestamp, in UTC; ms",
            "lateness": f"{spell(self.lateness_ms)} behind the newest reading",
            "window": f"{spell(rule.window_ms)}, [end - window, end)",
            "slide": f"{spell(rule.slide_ms)}: an end at every multiple of it since 1970",
            "energy": self.counting.explain(),
            "aggregate": "sum of energy in fixed point, 1e-9 kWh, 64 bit: exact, in any order",
            "comparison": f"sum > {from_nano(rule.level)} kWh: strictly greater",
            "emit": "on close: once, when the window's end is not above the watermark",
            "writes": self._span(),
            "ahead of time": f"limit: {ahead}; refused before they move the watermark",
            "late": "drop: a reading all of whose windows are closed changes nothing",
            "malformed": "drop: left out of the sums"
            + (f"; to {self.dead_letters}" if self.dead_letters else ""),
            "duplicates": _DUPLICATES[self.duplicates],
            "episodes": "not in a job: clear level and dwell belong to the embedded worker",
        }

    def _span(self) -> str:
        """Which windows are written, in words."""
        marks = (("that end after", self.after_ms), ("that end by", self.until_ms))
        limits = [f"{word} {instant(ms)}" for word, ms in marks if ms is not None]
        return f"windows {' and '.join(limits)}" if limits else "all windows"

    def check_for(self, engine: Engine) -> None:
        """Hold the job against what an engine can do.

        Raises:
            ConfigError: every thing that it cannot express, and what to change.
        """
        if engine not in self.rule.engines:
            which = "" if self.rule.is_uniform else " that is not the same for all devices"
            raise ConfigError(
                f"{engine}: {self.rule.id}: cannot run a rule of the kind {self.rule.kind!r}"
                f"{which} ({self.rule.text}); let the embedded worker run it"
            )
        faults = [f"{self.rule.id}: {fault}" for fault in self.rule.validate()]
        faults += self.counting.faults(self.threshold.slide_ms, self.threshold.window_ms)
        cannot = {**CANNOT, **CANNOT_OF.get(engine, {})}
        faults += [sentence for wrong, sentence in cannot.items() if wrong(self)]
        if faults:
            raise ConfigError(*(f"{engine}: {fault}" for fault in faults))


def quoted(word: object) -> str:
    """A word as it stands between SQL's quotes."""
    return str(word).replace("'", "''")


def instant(ms: int) -> str:
    """An instant as people read it."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat().replace("+00:00", "Z")


_DUPLICATES: Final[Mapping[Policy, str]] = {
    Policy.DROP: "drop: the first of (household_id, timestamp) wins",
    Policy.COUNT: "count: a doubled reading is summed twice, as system C did",
}


def _is_about_another(job: Job) -> bool:
    return job.counting.channel not in job.threshold.channels


CANNOT: Final[Mapping[Callable[[Job], bool], str]] = {
    _is_about_another: "the rule is not about the channel that the job reads (`energy_kwh`, or "
    "--channel): add it to the rule's channels, or let the embedded worker run it",
    lambda job: job.counting.is_register and job.duplicates is Policy.COUNT: "duplicates: a "
    "register that is read twice is no second amount; use `drop`",
    lambda job: (
        job.threshold.slide_ms % 1000 != 0
    ): "slide: a record's times are in whole seconds; use a slide of whole seconds",
    lambda job: job.lateness_ms < 0: "lateness is negative",
    lambda job: job.parallelism < 1: "parallelism: at least 1",
}
"""What no engine can express, and what to change."""

CANNOT_OF: Final[Mapping[Engine, Mapping[Callable[[Job], bool], str]]] = {
    Engine.FLINK: {
        lambda job: (
            max(job.lateness_ms, job.threshold.window_ms, job.ahead_ms or 0) >= 100 * DAY_MS
        ): ("a length of time of 100 days or more: its SQL has two digits for the days"),
    },
}
"""What one engine cannot express."""
