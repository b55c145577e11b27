"""What alerts find of events: worked by hand."""

from __future__ import annotations

import numpy as np

from energyguard.detection.alerts import HotRuns, notices
from energyguard.offline.caught import Caught, Events, caught

EVENTS = Events(
    np.array([0, 0, 1]), np.array([100, 200, 50]), np.array([110, 240, 60]), ["leak", "leak", "x"]
)


def held(*alerts: tuple[int, int, int]) -> Caught:
    """Alerts (device, first, last) in hours."""
    device, first, last = np.array(alerts, np.int64).reshape(-1, 3).T
    return caught(notices(HotRuns(device, first, last), 1), EVENTS, 1)


def test_an_event_is_found_up_to_an_hour_after_its_end() -> None:
    assert held((0, 110, 110)).found.tolist() == [True, False, False]
    assert held((0, 111, 111)).found.tolist() == [False, False, False]
    assert held((0, 99, 99)).found.tolist() == [False, False, False]


def test_alerts_of_other_devices_find_nothing() -> None:
    assert held((1, 105, 105)).good.tolist() == [False]


def test_figures() -> None:
    found = held((0, 104, 105), (0, 150, 150), (0, 202, 230), (1, 10, 10))
    assert found.good.tolist() == [True, False, True, True, False]  # one is a reminder
    assert (found.precision, found.recall) == (0.6, 2 / 3)
    assert found.f1 == 2 * 0.6 * (2 / 3) / (0.6 + 2 / 3)
    assert found.median_delay_min == 180
    assert found.of_kind("x").recall == 0.0
    assert found.of_kind("leak").recall == 1.0


def test_without_alerts_nothing_is_found() -> None:
    found = held()
    assert (found.precision, found.recall, found.f1) == (0.0, 0.0, 0.0)
    assert np.isnan(found.median_delay_min)
