"""System E's world: a simulator a household file, a collector, an adapter that writes the log."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from energyguard.domains.regions.simulator.recordings import BrokenLine, distinct
from energyguard.errors import ConfigError, Rejected

HERE = "energyguard.domains.regions.mosaik"
SIMULATORS: dict[str, Any] = {
    "Meters": {"python": f"{HERE}.meters:HouseholdMeters"},
    "Collector": {"python": f"{HERE}.collector:Collector"},
    "PowerTopic": {"python": f"{HERE}.adapter:PowerTopic"},
}
INSTALL = 'pip install "energyguard[mosaik]"'
STEP_S = 900
"""A step, where nobody waits for each reading: mosaik takes time for each pair of simulators."""
REAL_TIME_STEP_S = 2


@dataclass(frozen=True, kw_only=True)
class CoSimulation:
    """What to simulate.

    Attributes:
        files: system E's files, a household each.
        log: where ``power_topic`` is written, as ``open_log`` has it.
        start_ms: the first moment, ms since 1970 UTC; None: the first of the files.
        end_ms: from when on nothing is sent; None: behind the last of the files.
        for_s: how long from the start on, where no end is given.
        step_s: simulated seconds between two steps; None: as fits the pace.
        speedup: simulated time by wall time; inf: as fast as it goes.
        options: properties for the client of Kafka.
    """

    files: Sequence[Path]
    log: str
    start_ms: int | None = None
    end_ms: int | None = None
    for_s: int | None = None
    step_s: int | None = None
    speedup: float = math.inf
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def step(self) -> int:
        """The step, with its default filled in."""
        if self.step_s is not None:
            return self.step_s
        return STEP_S if math.isinf(self.speedup) else REAL_TIME_STEP_S


@dataclass(frozen=True, slots=True)
class CoSimulated:
    """What came of it: messages written, a row a household, and the lines left out."""

    messages: int
    start_ms: int
    end_ms: int
    homes: Sequence[Mapping[str, Any]]
    broken: Sequence[BrokenLine]


def simulate(wanted: CoSimulation) -> CoSimulated:
    """Run the world; what was written is durable when this returns.

    Raises:
        ConfigError: the extra is not installed, the span is empty, or two files have one name.
        NotFound: a file is not there.
        Rejected: nothing of a file, or of all of them in the span, can be taken.
        Unavailable: the log does not answer.
    """
    with _world() as world:
        homes, broken = _homes(world, distinct(wanted.files), wanted.step)
        start_ms, end_ms = _span(wanted, [home.extra_info for _, home in homes])
        for meters, _ in homes:
            meters.set_span(start_ms, end_ms)
        collector = world.start("Collector", step_size=wanted.step)
        adapter = world.start(
            "PowerTopic", log=wanted.log, step_size=wanted.step, options=dict(wanted.options)
        )
        sinks = collector.Collector(), adapter.Topic()
        for _, home in homes:
            for sink in sinks:
                world.connect(home, sink, "readings")
        world.run(
            until=-(-(end_ms - start_ms) // 1000),
            rt_factor=None if math.isinf(wanted.speedup) else 1 / wanted.speedup,
            print_progress=False,
            shutdown=False,
        )
        written, summary = adapter.written(), collector.summary()
    if not written:
        raise Rejected("no file has a reading in the span; without --start and --end all is sent")
    return CoSimulated(written, start_ms, end_ms, summary, broken)


@contextmanager
def _world() -> Iterator[Any]:
    """A world, with its simulators ended at the block's end.

    Raises:
        ConfigError: mosaik is not installed.
    """
    try:
        import mosaik
        from loguru import logger
    except ImportError as error:
        raise ConfigError(
            f"the co-simulation needs mosaik, which is not installed ({error}): {INSTALL}"
        ) from error
    for name in ("mosaik", "mosaik_api_v3"):
        logger.disable(name)
    with (
        warnings.catch_warnings(),
        mosaik.World(SIMULATORS, skip_greetings=True, configure_logging=False) as world,
    ):
        warnings.filterwarnings("ignore", "Simulation too slow")  # at a pace: by a millisecond
        yield world


def _homes(
    world: Any, files: Sequence[Path], step: int
) -> tuple[list[tuple[Any, Any]], list[BrokenLine]]:
    """A simulator and its household for each file, and the lines and files left out.

    Raises:
        Rejected: nothing of any file can be taken.
    """
    homes: list[tuple[Any, Any]] = []
    broken: list[BrokenLine] = []
    for path in files:
        meters = world.start("Meters", step_size=step)
        try:
            home = meters.Household(file=str(path))
        except Rejected as error:
            broken.append(BrokenLine(str(path), 1, error.reason))
            continue
        homes.append((meters, home))
        broken += [BrokenLine(*line) for line in home.extra_info["broken"]]
    if not homes:
        raise Rejected(broken[0].reason, field="row")
    return homes, broken


def _span(wanted: CoSimulation, infos: Sequence[Mapping[str, int]]) -> tuple[int, int]:
    """From when to when, in ms; it begins at a whole second.

    Raises:
        ConfigError: it is empty.
    """
    start_ms, end_ms = wanted.start_ms, wanted.end_ms
    if start_ms is None:
        start_ms = min(info["first_ms"] for info in infos) // 1000 * 1000
    if end_ms is None and wanted.for_s is not None:
        end_ms = start_ms + 1000 * wanted.for_s
    if end_ms is None:
        end_ms = max(info["last_ms"] for info in infos) + 1
    if end_ms <= start_ms:
        raise ConfigError(
            f"the simulation would end {(start_ms - end_ms) / 1000:,.0f} s before it begins: look "
            "at start and end"
        )
    return start_ms, end_ms
