"""Simulated homes into the log, on the running clock.

The ticks that are due together are one append: in the log whole or not at all, with a header that
says how far they go. So after a kill -9 the simulator finds its last tick in the log and goes on
with the next one: none is missing, none comes twice with another value.
"""

from __future__ import annotations

from contextlib import closing
from threading import Event

from energyguard.clock import SYSTEM, Clock
from energyguard.codecs.context import DecodeContext
from energyguard.codecs.headers import HOUSEHOLD
from energyguard.codecs.text.delimited import decode_lines
from energyguard.domains.household.homes import Homes
from energyguard.domains.household.sample import Sample
from energyguard.domains.household.simulate import Run, this_evening_ms
from energyguard.intake.gateway import Gateway
from energyguard.log import Log, TopicPartition, open_log
from energyguard.log.waiting import is_there
from energyguard.model.topics import ENERGY_READINGS, TICK_HEADER, partition_for
from energyguard.settings.tree import Settings
from energyguard.simulators.event_clock import (
    RunningClock,
    newest_event_ms,
    newest_tick_ms,
)
from energyguard.simulators.ticker import Ticker, Times, patiently

SOURCE = "simulate"
_TOPIC = ENERGY_READINGS.name
_BEFORE_MS = 28 * 60_000  # sent at once, so that charts and windows are not empty at the start


class HouseholdFeed(Ticker):
    """Sends a run's ticks into ``energy_readings``, going on where the log stands."""

    def __init__(self, run: Run, log: Log, stop: Event, clock: Clock = SYSTEM) -> None:
        super().__init__(run, log, _TOPIC, stop)
        self._run, self._intake = run, Gateway(log)
        home = partition_for(run.homes.ids[0].as_py().encode(), ENERGY_READINGS.partitions)
        last_ms = newest_tick_ms(log, TopicPartition(_TOPIC, home))
        newest_ms = newest_event_ms(log, _TOPIC)
        evening_ms = this_evening_ms(clock)
        self._next_ms = evening_ms - _BEFORE_MS if run.start_ms is None else run.start_ms
        self._first_ms = self._next_ms
        if last_ms is not None:
            self._next_ms = max(self._next_ms, last_ms + run.tick_ms)
        if run.start_ms is None:
            self._skip_behind(newest_ms)
            self._first_ms = self._next_ms
        unwritten = run.start_ms is None and newest_ms is None
        self._clock = RunningClock(
            self._time, evening_ms if unwritten else self._next_ms, run.speedup, clock
        )

    def _send(self, time_ms: Times) -> bool:
        """Append the ticks: whole or not at all."""
        made = self._run.spoilt(time_ms)
        refused = decode_lines(b"\n".join(made.malformed), HOUSEHOLD, DecodeContext()).refused
        header = ((TICK_HEADER, str(time_ms[-1]).encode()),)
        if self._run.faults is not None:
            self._run.faults.write_truth(made.labels)

        def append() -> None:
            self._intake.refuse(refused, topic=_TOPIC, source=SOURCE, shape="csv")
            self._intake.submit(made.batch, _TOPIC, header)

        return patiently(append, self._stop)


def run(settings: Settings, stop: Event) -> None:
    """Simulate homes and the real sample; what was sent is durable when this returns."""
    simulate = settings.simulate
    homes = Homes(
        count=simulate.households,
        tick_seconds=simulate.tick_seconds,
        jitter_pct=simulate.jitter_pct,
        seed=simulate.seed,
        profile=simulate.profile,
    )
    sample = Sample() if simulate.sample else None
    with closing(open_log(settings.log_url, options=settings.log.kafka)) as log:
        if is_there(log, stop):
            run = Run(homes=homes, speedup=simulate.speedup, sample=sample)
            HouseholdFeed(run, log, stop).play()
