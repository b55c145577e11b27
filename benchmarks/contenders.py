"""The engines of the comparison: how each is started, and how far it is."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.messages import committed
from energyguard.model.topics import ENERGY_READINGS


@dataclass(frozen=True)
class Work:
    """What is to be done: a rule over the readings of a broker, with a folder for the state."""

    bootstrap: str
    rule: str
    shape: str
    duplicates: str  # "count" or "drop"
    folder: Path

    def job(self, engine: str) -> list[str]:
        """The command of an engine: what is there now, with what makes it fast."""
        options = {
            "kafka": self.bootstrap,
            "shape": self.shape,
            "duplicates": self.duplicates,
            "dead-letters": "",
            "state": "heap",
            "parallelism": "2",
            "checkpoint": str(self.folder),
        }
        words = [f"--{name}={value}" for name, value in options.items()]
        return [sys.executable, "-m", "energyguard", "job", engine, self.rule, "--once", *words]


class Contender(Protocol):
    """One engine."""

    name: str
    promise: str  # how often a record may come out
    ends: bool  # by itself, when all that was there is done

    def command(self, work: Work) -> list[str]:
        """The process to start."""
        ...

    def done(self, work: Work) -> int:
        """How many messages it has read for good."""
        ...


class EnergyGuard:
    """The worker, a process of its own. It always drops duplicates."""

    name, promise, ends = "EnergyGuard", "exactly once", False

    def command(self, work: Work) -> list[str]:
        """The role; it goes on until it is stopped."""
        words = [sys.executable, "-m", "energyguard", "role", "worker"]
        words += ["--data-dir", str(work.folder), "--log", f"kafka://{work.bootstrap}"]
        return [*words, "--set", f"rules.use={work.rule}"]

    def done(self, work: Work) -> int:
        """The group's positions, which each transaction commits."""
        return committed(work.bootstrap, "worker")


class Spark:
    """Structured Streaming on ``local[2]``; micro-batches of 200,000 messages."""

    name, promise, ends = "Spark 4.2", "at least once", True

    def command(self, work: Work) -> list[str]:
        """The product's own job."""
        return work.job("spark")

    def done(self, work: Work) -> int:
        """The ends of the newest micro-batch that is in the checkpoint's list of commits."""
        place = work.folder / f"spark-{work.rule}"
        numbers = [int(one.name) for one in place.glob("commits/*") if one.name.isdigit()]
        if not numbers:
            return 0
        said = (place / "offsets" / str(max(numbers))).read_text().splitlines()[-1]
        return sum(json.loads(said)[ENERGY_READINGS.name].values())


class Flink:
    """Flink SQL with two tasks; a checkpoint every ten seconds."""

    name, promise, ends = "Flink 2.3", "exactly once", True

    def command(self, work: Work) -> list[str]:
        """The product's own job."""
        return work.job("flink")

    def done(self, work: Work) -> int:
        """The group's positions, which each checkpoint commits."""
        return committed(work.bootstrap, f"energyguard-{work.rule}")


CONTENDERS: dict[str, Contender] = {
    "energyguard": EnergyGuard(),
    "spark": Spark(),
    "flink": Flink(),
}
