"""The homes that an edge measures, into its own log: system E's files, or simulated ones.

They are played as of now, a message a home every 2 s, and what was not sent while nobody played
them is left out: their registers have gone on, as a meter's do. What is due together is one append,
in the log whole or not at all, with a header that says how far it goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from threading import Event

from energyguard.clock import SYSTEM, Clock
from energyguard.domains.regions.dialect import message
from energyguard.domains.regions.simulator.generated import STEP_MS, simulated
from energyguard.domains.regions.simulator.recordings import (
    Loop,
    Recording,
    distinct,
    files_of,
    read_recording,
)
from energyguard.domains.regions.topics import POWER
from energyguard.errors import Rejected
from energyguard.intake.gateway import Gateway
from energyguard.log import Log, TopicPartition, open_log
from energyguard.log.waiting import is_there
from energyguard.model.topics import TICK_HEADER, partition_for
from energyguard.settings.tree import Settings
from energyguard.simulators.event_clock import RunningClock, newest_tick_ms
from energyguard.simulators.ticker import Ticker, Times, patiently
from energyguard.telemetry import logger

_log = logger(__name__)
ROLE = "simulate-regions"


@dataclass(frozen=True, kw_only=True)
class HomesRun:
    """Which homes to play; ``start_ms`` None: as of now; ``ticks`` None: for ever."""

    homes: Sequence[Recording]
    start_ms: int | None = None
    ticks: int | None = None
    speedup: float = 1.0

    tick_ms: int = STEP_MS
    ticks_at_once: int = 30


class HomesFeed(Ticker):
    """Sends the homes' messages into ``power_topic``."""

    def __init__(self, run: HomesRun, log: Log, stop: Event, clock: Clock = SYSTEM) -> None:
        super().__init__(run, log, POWER.name, stop)
        self._run, self._intake = run, Gateway(log)
        self._loops = [(home.node, home.node.encode(), Loop(home)) for home in run.homes]
        partitions = {partition_for(key, POWER.partitions) for _, key, _ in self._loops}
        ticks = (newest_tick_ms(log, TopicPartition(POWER.name, at)) for at in partitions)
        last_ms = max((ms for ms in ticks if ms is not None), default=0)
        now_ms = clock.now_ms() if run.start_ms is None else run.start_ms
        self._next_ms = max(-(-now_ms // run.tick_ms) * run.tick_ms, last_ms + run.tick_ms)
        self._first_ms = self._next_ms
        self._clock = RunningClock(self._time, now_ms, run.speedup, clock)

    def _send(self, time_ms: Times) -> bool:
        """Append what is due up to the last tick: whole or not at all."""
        after_ms, upto_ms = int(time_ms[0]) - self._run.tick_ms, int(time_ms[-1])
        due: list[tuple[int, bytes, bytes]] = []
        for node, key, loop in self._loops:
            rows = (column.tolist() for column in loop.rows(after_ms, upto_ms))
            for at, power, energy in zip(*rows, strict=True):
                due.append((at, key, message(node, power, at, energy)))
        if not due:
            return True
        due.sort()
        _, keys, messages = zip(*due, strict=True)
        headers = [((TICK_HEADER, str(upto_ms).encode()),)] * len(due)
        return patiently(lambda: self._intake.post(keys, messages, headers, POWER.name), self._stop)


def homes_of(settings: Settings) -> list[Recording]:
    """The homes that the settings ask for. A file that cannot be read is told and left out.

    Raises:
        NotFound: the folder of homes is not there, or has no files.
        Rejected: none of its files can be read.
    """
    wanted = settings.simulate
    if wanted.homes is None:
        return simulated(wanted.region_homes, wanted.seed)
    found, refused = [], None
    for path in distinct(files_of(wanted.homes)):
        try:
            found.append(read_recording(path))
        except Rejected as error:
            refused = error
            _log.error("a household file was left out", why=str(error))
    for broken in (broken for home in found for broken in home.broken):
        _log.warning("lines were left out", **broken._asdict())
    if refused is not None and not found:
        raise refused
    return found


def run(settings: Settings, stop: Event) -> None:
    """Play homes into the edge's log; what was sent is durable when this returns."""
    homes = homes_of(settings)
    settings.edge_dir.mkdir(parents=True, exist_ok=True)
    with closing(open_log(settings.edge_log_url, session_s=settings.session_s)) as log:
        if is_there(log, stop):
            HomesFeed(HomesRun(homes=homes), log, stop).play()
