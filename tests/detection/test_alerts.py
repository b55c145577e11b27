"""Alerts of rarities: joined within six hours, reminded each day, and each raises a bar."""

import numpy as np
import numpy.typing as npt
import pytest

from energyguard.detection.alerts import (
    MAX_RAISED_NATS,
    RAISED_HALF_LIFE_H,
    RAISED_NATS,
    AlertStates,
    HotRuns,
    alert_runs,
    notices,
)

A_DAY = 96


def above(slots: int, *spans: tuple[int, int, float], devices: int = 1) -> npt.NDArray[np.float32]:
    """Nats above the level: −1, but in spans of the last device."""
    found = np.full((devices, slots), -1, np.float32)
    for first, last, nats in spans:
        found[-1, first : last + 1] = nats
    return found


def listed(runs: HotRuns) -> list[tuple[int, int, int]]:
    return list(zip(*(column.tolist() for column in runs), strict=True))


def test_hot_slots_within_six_hours_are_one_alert() -> None:
    hot = above(300, (100, 292, 0), devices=3)
    hot[0, [10, 34, 59]] = 5  # 6 h apart: one; 6 h 15 min apart: another
    assert listed(alert_runs(hot, 4)) == [(0, 10, 34), (0, 59, 59), (2, 100, 292)]
    assert len(alert_runs(above(9), 4)) == 0


def test_an_alert_that_goes_on_is_reminded_each_day() -> None:
    hot = above(300, (100, 292, 0), devices=2)  # 48 h: at once, after 24 and after 48
    hot[0, 5] = 0
    people_get = notices(alert_runs(hot, 4), 4)
    assert people_get.device.tolist() == [0, 1, 1, 1]
    assert people_get.slot.tolist() == [5, 100, 196, 292]
    assert people_get.again.tolist() == [False, False, True, True]


@pytest.mark.parametrize(
    ("after_h", "nats", "opens"),
    [
        (7, RAISED_NATS * 0.8, False),
        (7, RAISED_NATS, True),  # less than the whole is left
        (RAISED_HALF_LIFE_H, RAISED_NATS * 0.49, False),
        (RAISED_HALF_LIFE_H, RAISED_NATS * 0.51, True),
        (10 * RAISED_HALF_LIFE_H, 0.01, True),
    ],
)
def test_soon_after_an_alert_another_must_be_rarer(after_h: int, nats: float, opens: bool) -> None:
    again = 10 + 4 * after_h
    found = above(again + 10, (10, 10, 0.5), (again, again + 3, nats))
    assert len(alert_runs(found, 4)) == 1 + opens
    assert len(alert_runs(found, 4, nats=0)) == 2


def test_an_alert_that_is_open_goes_on_at_its_level() -> None:
    found = above(200, (10, 10, 0.5), (30, 40, 0.0), (60, 61, 0.0))
    assert listed(alert_runs(found, 4)) == [(0, 10, 61)]


def test_a_bar_grows_with_each_alert_to_its_highest_and_is_of_one_device() -> None:
    pause = 7 * 4
    found = above(20 * pause, *((n * pause, n * pause, 9.0) for n in range(10)), devices=2)
    found[1, 12 * pause] = MAX_RAISED_NATS * 0.6  # less than what is left of the highest
    found[0, 12 * pause] = 0.1
    runs = alert_runs(found, 4)
    assert np.bincount(runs.device).tolist() == [1, 10]
    found[1, 12 * pause] = MAX_RAISED_NATS
    assert np.bincount(alert_runs(found, 4).device).tolist() == [1, 11]


def test_states_are_those_of_the_whole_however_they_are_cut() -> None:
    chance = np.random.default_rng(2)
    found = chance.normal(-2, 1.5, (7, 12 * A_DAY)).astype(np.float32)
    whole = alert_runs(found, 4)
    states, every = AlertStates(4, 3), np.arange(7)
    states.add(4)
    firsts = []
    for slot in range(found.shape[1]):
        if slot % 300 == 0:  # a restart
            kept, states = states.save(), AlertStates(4, 7)
            states.load(kept)
        for part in (every[4:], every[:4]):
            hot, opened = states.step(slot, found[part, slot], part)
            firsts += [(int(part[place]), slot) for place in opened]
            assert states.is_hot(slot, part[hot]).all()
            assert not states.is_over(slot, part[hot]).any()
    assert len(firsts) > 20
    assert sorted(firsts) == list(zip(whole.device.tolist(), whole.first.tolist(), strict=True))


def test_what_a_version_without_bars_kept_is_taken_up() -> None:
    before = AlertStates(4, 2)
    before.step(50, np.array([0.0, -1.0], np.float32), np.arange(2))
    states = AlertStates(4, 2)
    states.load({"_hot": before.save()["_hot"]})
    hot, opened = states.step(60, np.array([0.0, 0.0], np.float32), np.arange(2))
    assert (hot.tolist(), opened.tolist()) == ([0, 1], [1])
