"""Alerts of hot slots: joined within six hours, reminded each day."""

import numpy as np

from energyguard.detection.alerts import hot_runs, notices


def test_hot_slots_within_six_hours_are_one_alert() -> None:
    hot = np.zeros((3, 300), bool)
    hot[0, [10, 34, 59]] = True  # 6 h apart: one; 6 h 15 min apart: another
    hot[2, 100:293] = True
    runs = hot_runs(hot, 4)
    assert list(zip(*(column.tolist() for column in runs), strict=True)) == [
        (0, 10, 34), (0, 59, 59), (2, 100, 292),
    ]  # fmt: skip
    assert len(hot_runs(np.zeros((2, 9), bool), 4)) == 0


def test_an_alert_that_goes_on_is_reminded_each_day() -> None:
    hot = np.zeros((2, 300), bool)
    hot[0, 5] = True
    hot[1, 100:293] = True  # 48 h: at once, after 24 and after 48
    people_get = notices(hot_runs(hot, 4), 4)
    assert people_get.device.tolist() == [0, 1, 1, 1]
    assert people_get.slot.tolist() == [5, 100, 196, 292]
    assert people_get.again.tolist() == [False, False, True, True]
