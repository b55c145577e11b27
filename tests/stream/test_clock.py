"""The clock ``wall``: how far ahead of its record's append a reading may be."""

from __future__ import annotations

import numpy as np

from energyguard.model.readings import batch_from, batch_of
from energyguard.model.topics import TopicClock
from energyguard.stream.time.clock import PartitionClock
from energyguard.stream.time.trusted import ClockLimits

NOON = 1_757_246_400_000
LIMITS = ClockLimits(ahead_wall_ms=300_000)


def test_a_reading_is_ahead_beyond_the_limit_and_not_at_it() -> None:
    times = [NOON - 3_600_000, NOON, NOON + 300_000, NOON + 300_001]
    batch = batch_from(batch_of(["A"] * 4, "energy_kwh", times, [1] * 4), appended_ms=NOON)
    admitted = PartitionClock(TopicClock.WALL, LIMITS).admit(batch, np.zeros(4, np.int64))
    assert admitted.batch.time.tolist() == times[:3]
    assert admitted.ahead is not None
    assert admitted.ahead.time.tolist() == times[3:]
