"""What half-hours teach: means of weeks, deviations that outliers move little, a new usual."""

from copy import deepcopy
from functools import cache

import numpy as np

from energyguard.rules.profile.profiles import RELEARN, Learned, Profiles, Usual

ONE = np.array([0])


class Life:
    """One device, half-hour by half-hour; every day has the same two levels."""

    def __init__(self, seed: int = 3) -> None:
        self.profiles, self.slot = Profiles(1), 0
        self.rng = np.random.default_rng(seed)

    def level(self) -> float:
        return 5e6 if 16 <= self.slot % 48 < 36 else 1e6

    def usual(self) -> Usual:
        return self.profiles.usual(ONE, np.array([self.slot]))

    def learn(self, more: float = 0.0, spread: float = 0.05) -> Usual:
        """One half-hour; what was usual before."""
        usual = self.usual()
        mean = self.level() * (1 + spread * self.rng.normal()) + more
        distance = abs(mean - float(usual.mean[0]))
        over = Learned(np.array([mean]), np.array([distance]), np.array([distance]))
        self.profiles.learn(ONE, np.array([self.slot]), over, usual)
        self.slot = (self.slot + 1) % 336
        return usual

    def weeks(self, weeks: float) -> None:
        for _ in range(int(336 * weeks)):
            self.learn()


@cache
def _lived(weeks: int) -> Life:
    life = Life()
    life.weeks(weeks)
    return life


def lived(weeks: int) -> Life:
    """A life of so many weeks, for this test alone."""
    return deepcopy(_lived(weeks))


def at(life: Life, slot: int) -> Usual:
    return life.profiles.usual(ONE, np.array([slot]))


TUESDAY_NOON, SUNDAY_NOON = 48 + 24, 6 * 48 + 24


def test_mean_and_deviation_are_those_of_the_half_hour() -> None:
    life = lived(10)
    for slot, level in ((TUESDAY_NOON, 5e6), (4 * 48 + 4, 1e6)):
        usual = at(life, slot)
        assert abs(usual.mean[0] - level) < 0.05 * level
        assert 0.035 * level < usual.sigma[0] < 0.085 * level
        assert usual.seen[0] == 50


def test_a_new_device_borrows_from_its_other_days_and_knows_how_few_they_were() -> None:
    life = Life()
    life.weeks(2 / 7)  # Monday and Tuesday
    wednesday = at(life, 2 * 48 + 24)
    assert abs(wednesday.mean[0] - 5e6) < 0.6e6
    assert wednesday.seen[0] == 2
    sunday = at(life, SUNDAY_NOON)
    assert abs(sunday.mean[0] - 5e6) < 0.6e6
    assert sunday.seen[0] == 0


def test_a_half_hour_far_off_teaches_little_and_as_much_however_far() -> None:
    moved = []
    for more in (0.0, 30e6, 3_000e6):
        life = lived(8)
        for _ in range(TUESDAY_NOON):
            life.learn()
        before = life.usual()
        life.learn(more)
        after = at(life, TUESDAY_NOON)
        moved.append(after.mean[0])
        assert abs(after.mean[0] - before.mean[0]) < before.sigma[0]
        assert after.sigma[0] < 1.3 * before.sigma[0]
    assert abs(moved[1] - moved[0]) > 0
    assert moved[2] == moved[1]


def test_one_long_fault_does_not_make_the_next_one_usual() -> None:
    """After the first half-hour far off, how high readings come stays as it was, though the fault
    goes on a little less far off.
    """
    long, short = lived(6), lived(6)
    sigma = at(long, TUESDAY_NOON).sigma[0]
    for half_hour in range(48):
        long.learn(more=(6 if half_hour == 0 else 4) * sigma)
        short.learn()
    for half_hour in (2, 5, 20, 30):
        usual, other = (at(life, half_hour) for life in (long, short))
        assert usual.highest[0] < 1.05 * other.highest[0]
    assert at(long, 0).highest[0] > 1.5 * at(short, 0).highest[0]  # the first is half believed


def test_what_stays_far_off_for_a_week_is_the_new_usual() -> None:
    life = lived(8)
    for _ in range(RELEARN - 1):
        usual = life.learn(more=20e6)
    assert usual.mean[0] < 4e6  # a week later it is strange still
    for _ in range(336 * 4):
        life.learn(more=20e6)
    assert at(life, 4).mean[0] > 17e6


def test_a_season_is_followed() -> None:
    life, lags = Life(), []
    for i in range(336 * 12):
        life.learn(more=i / 336 * 0.1e6, spread=0.02)
        if i > 336 * 6:
            usual = life.usual()
            lags.append((life.level() + i / 336 * 0.1e6 - usual.mean[0]) / 0.1e6)
    assert -0.5 < np.mean(lags) < 2  # weeks behind


def test_how_high_readings_came_is_remembered_and_half_believed_where_it_is_strange() -> None:
    life = lived(6)
    before = at(life, TUESDAY_NOON)
    for _ in range(TUESDAY_NOON):
        life.learn()
    life.learn(more=100 * before.sigma_reading[0])
    once = at(life, TUESDAY_NOON).highest[0]
    assert before.highest[0] < 20 * before.sigma_reading[0] < once < 40 * before.sigma_reading[0]
    assert at(life, SUNDAY_NOON).highest[0] < once / 3  # another kind of day
    life.weeks(8)
    assert once * 0.7 < at(life, TUESDAY_NOON).highest[0] < once
