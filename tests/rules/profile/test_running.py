"""Half-hours as they come: the same however readings are cut, and after any restart."""

import numpy as np
import pytest

from energyguard.model.channels import MEASURES
from energyguard.model.selector import SiteClock
from energyguard.rules.kinds.profile import ProfileRule
from energyguard.rules.local_times import DeviceClocks
from energyguard.rules.profile.calendar import Calendar, WeekTimes
from energyguard.rules.profile.profiles import BYTES
from energyguard.rules.profile.running import RunningHalfHours
from energyguard.rules.profile.scorer import ProfileScorer
from energyguard.rules.valued import ValueRows

MONDAY = 1_757_289_600_000  # 2025-09-08T00:00:00Z
KEYS, TICK_MS = 3, 120_000
ROME = Calendar("Europe/Rome")


def half_hours_of(key: np.ndarray, time: np.ndarray) -> WeekTimes:
    return ROME.moments(time)


def readings(channel: str, days: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    ticks = days * 86_400_000 // TICK_MS
    time = np.repeat(MONDAY + np.arange(ticks) * TICK_MS, KEYS)
    key = np.tile(np.arange(KEYS), ticks)
    day = 1 + np.sin(time / 86_400_000 * 2 * np.pi)
    value = (10**9 * (day + 0.2 * rng.random(len(time)))).astype(np.int64)
    if channel == "energy_register_kwh":
        value = np.cumsum(value.reshape(-1, KEYS), axis=0).ravel()
    sent = rng.random(len(time)) < 0.9
    return key[sent], time[sent], value[sent]


def running(channel: str) -> RunningHalfHours:
    made = RunningHalfHours(MEASURES[channel])
    made.grow(KEYS)
    return made


def lived(
    channel: str, sizes: list[int], *, restarts: bool = False
) -> tuple[list[tuple[float, ...]], list[bytes]]:
    """What is said of every reading and half-hour, and what is known in the end."""
    key, time, value = readings(channel, 9)
    half_hours, found, at, turn = running(channel), [], 0, 0
    while at < len(key):
        size = sizes[turn % len(sizes)]
        part = slice(at, at + size)
        for kind, some in enumerate(
            half_hours.take(key[part], time[part], value[part], half_hours_of)
        ):
            columns = (some.at + at, some.slot, some.value, some.sigma, *some.usual)
            found += [(kind, *row) for row in zip(*(c.tolist() for c in columns), strict=True)]
        at, turn = at + size, turn + 1
        if restarts:
            saved = half_hours.save()
            half_hours = running(channel)
            half_hours.load(saved)
    profiles = [column.tobytes() for column in vars(half_hours.profiles).values()]
    return sorted(found), profiles


@pytest.mark.parametrize("channel", ["power_kw", "energy_kwh", "energy_register_kwh"])
def test_batches_and_restarts_change_nothing(channel: str) -> None:
    whole = lived(channel, [10**9])
    assert len(whole[0]) > 15_000
    assert lived(channel, [701, 1, 2, 90]) == whole
    assert lived(channel, [211, 3], restarts=True) == whole


def test_a_device_is_judged_as_if_it_were_alone() -> None:
    key, time, value = readings("power_kw", 15)
    together = running("power_kw")
    together.take(key, time, value, half_hours_of)
    for own in range(KEYS):
        mine = key == own
        alone = running("power_kw")
        alone.take(key[mine] * 0, time[mine], value[mine], half_hours_of)
        for name, column in vars(together.profiles).items():
            assert column[own].tobytes() == vars(alone.profiles)[name][0].tobytes(), name


def test_a_profile_is_small() -> None:
    together = running("power_kw")
    size = sum(column.nbytes for column in vars(together.profiles).values())
    assert size == KEYS * BYTES
    assert BYTES <= 6_000


@pytest.mark.parametrize("step_minutes", [1, 5, 15, 30])
def test_energies_are_what_half_an_hour_has_at_any_step(step_minutes: int) -> None:
    time = MONDAY + np.arange(1, 400) * step_minutes * 60_000
    energy = np.full(len(time), 10**9 * step_minutes // 30)
    for channel, value in (("energy_kwh", energy), ("energy_register_kwh", np.cumsum(energy))):
        read, over = running(channel).take(
            np.zeros(len(time), np.int64), time, value, half_hours_of
        )
        assert set(over.value.tolist()) <= {10**6, 10**6 - 1}
        assert len(read.at) == len(time) - 1  # nobody knows since when the first one counts


def test_a_counter_that_falls_and_a_long_pause_say_nothing() -> None:
    minutes = np.array([0, 10, 20, 400, 410])
    kwh = np.array([5, 6, 2, 9, 10]) * 10**9
    read, _ = running("energy_register_kwh").take(
        np.zeros(5, np.int64), MONDAY + minutes * 60_000, kwh, half_hours_of
    )
    assert read.at.tolist() == [1, 4]


def test_a_half_hour_of_few_readings_is_judged_as_few_readings() -> None:
    key, time, value = readings("power_kw", 20)
    mine = key == 0
    half_hours = running("power_kw")
    half_hours.take(key[mine], time[mine], value[mine], half_hours_of)
    last = int(time.max())
    half_hours.take(np.array([0]), np.array([last + 3_600_000]), np.array([10**9]), half_hours_of)
    _, over = half_hours.take(
        np.array([0]), np.array([last + 7_200_000]), np.array([10**9]), half_hours_of
    )
    assert over.sigma.tolist() == np.maximum(over.usual.sigma, over.usual.sigma_reading).tolist()


def test_profiles_are_saved_only_when_a_half_hour_was_over() -> None:
    rule = ProfileRule(
        id="r", channels=("power_kw",), sigmas=4 * 10**9, lasting=3 * 10**9, clear_at=2 * 10**9,
        needs=3,
    )  # fmt: skip
    scorer = rule.scorer()
    assert isinstance(scorer, ProfileScorer)

    clocks = DeviceClocks(["p1"], lambda device: SiteClock())

    def told(minute: int) -> bool:
        """Whether the profiles are saved anew after a reading."""
        time = np.array([MONDAY + minute * 60_000])
        value = {"power_kw": np.array([10**9])}
        scorer.score(ValueRows(["p1"], np.array([0]), time, value, clocks))
        quick, learned = scorer.parts()
        assert "profiles" not in quick
        return learned is not None

    assert [told(minute) for minute in (0, 10, 20, 31, 40, 59, 60)] == [
        True, False, False, True, False, False, True
    ]  # fmt: skip
    again = rule.scorer()
    assert isinstance(again, ProfileScorer)
    again.restore(scorer.save())
    assert again.parts()[1] is not None
