"""From rarities to alerts: slots at most six hours apart are one alert, and each raises a bar.

Rarities are counted in these alerts, so the same rule makes them, opens them and compares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from energyguard.detection.state import Floats
from energyguard.model.readings import Bools, Ints

JOIN_H: Final = 6
"""An alert is open until so many hours below its level."""
AGAIN_H: Final = 24
"""While it goes on, people are reminded each so many hours."""
RAISED_NATS: Final = 1.0
"""By so much rarer must be what opens another alert of a device just after one."""
MAX_RAISED_NATS: Final = 3.0
RAISED_HALF_LIFE_H: Final = 72
NEVER: Final = -(2**40)


class AlertStates:
    """Whether each device has an open alert, and how high its bar is for another one.

    An alert raises the bar of its device, whatever its kind: who hears of one soon after another
    looks at neither, and a device whose use changes often would take all of the budget. An alert
    that is open goes on at the level itself.
    """

    def __init__(self, an_hour: int, devices: int = 0, nats: float = RAISED_NATS) -> None:
        """Begin with devices that had none.

        Args:
            an_hour: slots of an hour.
            devices: how many.
            nats: by how much an alert raises the bar; 0: by nothing.
        """
        self._an_hour, self._nats = an_hour, nats
        self._hot, self._raised = np.full((2, devices), NEVER, np.int64)
        self._bar = np.zeros(devices)  # nats in the slot ``_raised``

    def add(self, devices: int) -> None:
        """Take in devices that had none; they come last."""
        new = AlertStates(self._an_hour, devices).save()
        self.load({name: np.append(column, new[name]) for name, column in self.save().items()})

    def step(self, number: int, above: Floats, of: Ints) -> tuple[Ints, Ints]:
        """Look at a slot.

        Args:
            number: the slot's; it rises.
            above: (n,) nats by which each is rarer than its level; NaN says nothing.
            of: (n,) the devices; none stands twice.

        Returns:
            the places, among those given, of devices with an open alert that are at their level
            now, and of those whose alert opens with it.
        """
        place = np.flatnonzero(above >= 0)
        device = of[place]
        is_open = number - self._hot[device] <= JOIN_H * self._an_hour
        age = (number - self._raised[device]) / (RAISED_HALF_LIFE_H * self._an_hour)
        bar = self._bar[device] * np.exp2(-age)
        opens = ~is_open & (above[place] >= bar)
        new, hot = device[opens], is_open | opens
        self._hot[device[hot]] = number
        self._raised[new] = number
        self._bar[new] = np.minimum(bar[opens] + self._nats, MAX_RAISED_NATS)
        return place[hot], place[opens]

    def is_hot(self, number: int, of: Ints) -> Bools:
        """(n,) which devices were at their level in a slot, with an open alert."""
        hot: Bools = self._hot[of] == number
        return hot

    def is_over(self, number: int, of: Ints) -> Bools:
        """(n,) of which devices an alert that was open is over with a slot."""
        over: Bools = number - self._hot[of] > JOIN_H * self._an_hour
        return over

    def save(self) -> dict[str, npt.NDArray[Any]]:
        """All that is kept."""
        return {"_hot": self._hot, "_bar": self._bar, "_raised": self._raised}

    def load(self, known: Mapping[str, npt.NDArray[Any]]) -> None:
        """Know what was saved; a version without bars kept only when each was hot."""
        self._hot = known["_hot"].copy()
        self._bar = known.get("_bar", np.zeros(len(self._hot))).copy()
        self._raised = known.get("_raised", self._hot).copy()


class HotRuns(NamedTuple):
    """Alerts, sorted by device and slot: from their first hot slot to their last."""

    device: Ints
    first: Ints
    last: Ints

    def __len__(self) -> int:
        return len(self.device)


def alert_runs(above: Floats, an_hour: int, nats: float = RAISED_NATS) -> HotRuns:
    """The alerts of devices through all of their slots.

    Args:
        above: (devices, slots) nats by which each is rarer than its level; NaN says nothing.
        an_hour: slots of an hour.
        nats: by how much an alert raises the bar for the next one.
    """
    hot = above >= 0
    if nats:
        states, every = AlertStates(an_hour, len(above), nats), np.arange(len(above))
        for number in np.flatnonzero(hot.any(axis=0)).tolist():
            hot[:, number] = False
            hot[states.step(number, above[:, number], every)[0], number] = True
    device, slot = np.nonzero(hot)
    new = np.ones(len(slot), bool)
    new[1:] = (device[1:] != device[:-1]) | (np.diff(slot) > JOIN_H * an_hour)
    starts = np.flatnonzero(new)
    ends = np.append(starts[1:], len(slot))[: len(starts)] - 1
    return HotRuns(device[starts], slot[starts], slot[ends])


class AlertNotices(NamedTuple):
    """What people get of alerts: one at the onset, one each 24 h while it goes on."""

    device: Ints
    slot: Ints
    again: npt.NDArray[np.bool_]
    """It is a reminder."""

    def __len__(self) -> int:
        return len(self.device)

    @property
    def onsets(self) -> AlertNotices:
        """Without the reminders."""
        first = ~self.again
        return AlertNotices(self.device[first], self.slot[first], self.again[first])


def notices(runs: HotRuns, an_hour: int) -> AlertNotices:
    """The onset of each alert, and its reminders."""
    a_day = AGAIN_H * an_hour
    counts = 1 + (runs.last - runs.first) // a_day
    run = np.repeat(np.arange(len(runs)), counts)
    number = np.arange(len(run)) - np.repeat(np.cumsum(counts) - counts, counts)
    return AlertNotices(runs.device[run], runs.first[run] + number * a_day, number > 0)
