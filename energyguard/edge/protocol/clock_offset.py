"""How far apart the clocks of two ends are, found out as NTP does."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from energyguard.edge.protocol.contract import Instant
from energyguard.edge.protocol.messages import Heartbeat

SAMPLES = 8
"""Of the newest so many, the one that was on its way for the shortest time counts."""

DRIFT_MS = 50
"""Clocks may go apart by so much meanwhile."""


class _Sample(NamedTuple):
    round_trip_s: float
    offset_ms: int


class ClockOffset:
    """The other end's wall clock less ours. How long frames travel is measured by clocks that
    nobody sets, so neither clock has to hold still.
    """

    def __init__(self) -> None:
        self._samples: deque[_Sample] = deque(maxlen=SAMPLES)
        self._echo_s, self._echo_came_s = -1.0, 0.0

    def take(self, heartbeat: Heartbeat, now: Instant) -> None:
        """A heartbeat of the other end came."""
        if heartbeat.at_s > self._echo_s:  # one that was overtaken says nothing
            self._echo_s, self._echo_came_s = heartbeat.at_s, now.monotonic_s
        if heartbeat.echo_s < 0:
            return
        round_trip_s = now.monotonic_s - heartbeat.echo_s - heartbeat.held_s
        if 0 <= round_trip_s < 3_600:
            there_ms = heartbeat.wall_ms + int(round_trip_s * 500)
            self._add(_Sample(round_trip_s, there_ms - now.wall_ms))

    def _add(self, sample: _Sample) -> None:
        """Count it. Where it cannot be true together with the others a clock was set."""
        if self._samples:
            best = min(self._samples)
            may_differ_ms = (best.round_trip_s + sample.round_trip_s) * 500 + DRIFT_MS
            if abs(sample.offset_ms - best.offset_ms) > may_differ_ms:
                self._samples.clear()
        self._samples.append(sample)

    def echo(self, now: Instant) -> tuple[float, float]:
        """``echo_s`` and ``held_s`` of the next heartbeat."""
        if self._echo_s < 0:
            return -1.0, 0.0
        return self._echo_s, now.monotonic_s - self._echo_came_s

    @property
    def offset_ms(self) -> int | None:
        """The other clock less ours; None: not known yet."""
        return min(self._samples).offset_ms if self._samples else None

    @property
    def round_trip_ms(self) -> int | None:
        """The shortest time that frames took, there and back."""
        return int(min(self._samples).round_trip_s * 1000) if self._samples else None
