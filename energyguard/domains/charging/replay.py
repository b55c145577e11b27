"""Files of signals of chargers, played into the log: moved onto its clock, or as they were."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter, itemgetter
from pathlib import Path
from threading import Event

from msgspec.structs import replace

from energyguard.clock import SYSTEM, Clock
from energyguard.domains.charging.codec import SHAPE, message
from energyguard.domains.charging.intake import decode_signals, post_signals
from energyguard.domains.charging.model import Signal
from energyguard.domains.charging.topics import signals_topic
from energyguard.intake.gateway import Gateway
from energyguard.intake.messages import read_file
from energyguard.log import Log
from energyguard.simulators.ticker import patiently

AT_ONCE = 5_000
MAX_WAIT_S = 0.5


@dataclass(frozen=True, kw_only=True)
class SignalReplay:
    """Which files to replay, and how.

    Attributes:
        paths: JSON lines, gzipped or not.
        keep_time: a name: signals keep their times and go to ``charger-station-signals.<name>``.
        speedup: event time by wall time; ``math.inf``: as fast as it can.
        prefix: put before every charger's id.
    """

    paths: Sequence[Path]
    keep_time: str = ""
    speedup: float = 1.0
    prefix: str = ""

    @property
    def topic(self) -> str:
        """Where the signals go."""
        return signals_topic(self.keep_time)


class SignalPlayer:
    """Plays files of signals into a log; what all of them hold is one delivery."""

    def __init__(self, replay: SignalReplay, log: Log, stop: Event, clock: Clock = SYSTEM) -> None:
        self._replay, self._stop, self._clock = replay, stop, clock
        self._intake = Gateway(log)
        self.refused = 0

    def play(self) -> list[int]:
        """Send all signals, or those until ``stop``; gives their seconds in the log.

        Raises:
            NotFound: there is no such file.
        """
        signals = sorted(self._signals(), key=attrgetter("second"))
        if not signals:
            return []
        shift = 0
        if not self._replay.keep_time:
            shift = self._clock.now_ms() // 1000 - signals[0].second
        began, sent, topic = self._clock.monotonic(), 0, self._replay.topic
        while sent < len(signals) and not self._stop.is_set():
            due = sent
            until = math.inf
            if math.isfinite(self._replay.speedup):
                past_s = (self._clock.monotonic() - began) * self._replay.speedup
                until = signals[0].second + past_s
            while due < min(len(signals), sent + AT_ONCE) and signals[due].second <= until:
                due += 1
            messages = [self._moved(signal, shift) for signal in signals[sent:due]]
            if due == sent:
                self._stop.wait(MAX_WAIT_S)
            elif patiently(partial(post_signals, self._intake, messages, topic), self._stop):
                sent = due
        return [signal.second + shift for signal in signals[:sent]]

    def _moved(self, signal: Signal, shift: int) -> tuple[bytes, bytes]:
        charger = self._replay.prefix + signal.charger
        moved = replace(signal, charger=charger, second=signal.second + shift)
        return moved.sender.encode(), message(moved)

    def _signals(self) -> Iterator[Signal]:
        for path in self._replay.paths:
            found, bad = decode_signals(read_file(path))
            self.refused += sum(row.count for row in bad)
            source = f"file:{path.name}"
            self._intake.refuse(bad, topic=self._replay.topic, source=source, shape=SHAPE)
            yield from map(itemgetter(0), found)
