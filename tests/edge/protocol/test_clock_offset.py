"""Clocks compared as NTP does."""

from __future__ import annotations

import pytest

from energyguard.edge.protocol.clock_offset import SAMPLES, ClockOffset
from energyguard.edge.protocol.contract import Instant
from energyguard.edge.protocol.messages import Heartbeat

WALL_MS = 1_700_000_000_000


def beat(at_s: float, wall_ms: int, echo_s: float, held_s: float) -> Heartbeat:
    return Heartbeat("e", 1, "c", at_s, wall_ms, echo_s, held_s)


def measured(clock: ClockOffset, now_s: float, there_s: float, back_s: float, off_ms: int) -> None:
    """A heartbeat whose echo left us, was held for 0.5 s, and is here at ``now_s``."""
    left_s = now_s - there_s - back_s - 0.5
    wall_ms = WALL_MS + int((now_s - back_s) * 1000) + off_ms
    clock.take(
        beat(9_000 + now_s, wall_ms, left_s, 0.5), Instant(now_s, WALL_MS + int(now_s * 1000))
    )


def test_the_quickest_counts() -> None:
    clock = ClockOffset()
    assert clock.offset_ms is None
    measured(clock, 1, 0.4, 0.0, 70)
    assert clock.offset_ms == 270  # all of it on the way there
    measured(clock, 2, 0.01, 0.01, 70)
    measured(clock, 3, 0.4, 0.0, 70)
    assert clock.offset_ms == pytest.approx(70, abs=1)
    assert clock.round_trip_ms == pytest.approx(20, abs=1)
    for second in range(SAMPLES):
        measured(clock, 4 + second, 0.0, 0.4, 70)
    assert clock.offset_ms == pytest.approx(-130, abs=1), "what is long ago does not count"


def test_a_clock_that_was_set_is_known_at_once() -> None:
    clock = ClockOffset()
    measured(clock, 1, 0.01, 0.01, 70)
    measured(clock, 2, 0.3, 0.3, 3_600_000)
    assert clock.offset_ms == pytest.approx(3_600_000, abs=1)


def test_the_echo_is_of_the_newest() -> None:
    clock = ClockOffset()
    now = Instant(10.0, WALL_MS)
    assert clock.echo(now) == (-1.0, 0.0)
    clock.take(beat(7.0, 0, -1.0, 0.0), now)
    clock.take(beat(6.0, 0, -1.0, 0.0), Instant(11.0, WALL_MS))  # it was overtaken
    assert clock.echo(Instant(12.5, WALL_MS)) == (7.0, 2.5)
    assert clock.offset_ms is None


def test_nonsense_is_not_measured() -> None:
    clock = ClockOffset()
    clock.take(beat(1.0, 0, 50.0, 0.0), Instant(10.0, WALL_MS))  # an echo of the future
    clock.take(beat(2.0, 0, 5.0, 60.0), Instant(10.0, WALL_MS))  # held longer than it was away
    assert clock.offset_ms is None
