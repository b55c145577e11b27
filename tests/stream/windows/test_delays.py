"""How late a device usually is: of its newest eight deliveries the second longest delay."""

from __future__ import annotations

import random

import numpy as np
import pytest

from energyguard.stream.windows.rhythm.delays import UsualDelays

START, MINUTE_MS = 1_757_116_800_000, 60_000


def delays_of(minutes: list[int]) -> UsualDelays:
    """One device that delivers once an hour, so many minutes late."""
    delays = UsualDelays()
    delays.grow(1)
    for hour, late in enumerate(minutes):
        run = START + hour * 60 * MINUTE_MS
        at = (np.array([n]) for n in (0, run - late * MINUTE_MS, run))
        delays.deliver(*at)
    return delays


@pytest.mark.parametrize(
    ("minutes", "usual"),
    [
        ([7], 7),  # of few the longest
        ([0, 7, 2], 7),
        ([0, 7, 2, 3], 3),
        ([50, 0, 0, 0, 0, 0, 0, 0], 0),  # one that was late moves nothing
        ([50, 50, *[1] * 6], 50),
        ([50, 50, *[1] * 7], 1),  # nine are too many to remember
        ([90 * 24 * 60] * 4, 90 * 24 * 60),  # a quarter of a year, in ms more than 32 bits have
    ],
)
def test_of_eight_deliveries_the_second_longest_delay_counts(
    minutes: list[int], usual: int
) -> None:
    assert delays_of(minutes).usual().tolist() == [usual * MINUTE_MS]


@pytest.mark.parametrize("seed", range(3))
def test_after_each_reading_it_is_what_is_known_with_those_up_to_it(seed: int) -> None:
    rng = random.Random(seed)
    rows = []
    for device in range(3):
        run = START
        for _ in range(25):
            run += rng.choice([0, 0, 20_000, 50_000, 3 * MINUTE_MS])
            rows.append((device, run - rng.choice([0, 0, rng.randrange(10**7)]), run))
    first = [row for row in rows if row[2] < START + 10 * MINUTE_MS]
    rest = [row for row in rows if row[2] >= START + 10 * MINUTE_MS]
    known = UsualDelays()
    known.grow(3)
    known.deliver(*np.array(first).T)
    expected = []
    for at in range(len(rest)):
        part = UsualDelays()
        part.restore([column.copy() for column in known.save()])
        part.deliver(*np.array(rest[: at + 1]).T)
        expected.append(int(part.usual()[rest[at][0]]))
    assert known.after(*np.array(rest).T).tolist() == expected
    for row in rest:
        known.deliver(*np.array([row]).T)
    assert known.usual().tolist() == part.usual().tolist()
