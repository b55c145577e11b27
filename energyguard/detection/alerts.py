"""From hot slots to alerts: hot slots at most six hours apart are one alert.

Rarities are counted in these alerts, so the same joining makes them, opens them and compares them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from energyguard.model.readings import Bools, Ints

JOIN_H: Final = 6
"""An alert is open until so many hours below its level."""
AGAIN_H: Final = 24
"""While it goes on, people are reminded each so many hours."""


class HotRuns(NamedTuple):
    """Alerts, sorted by device and slot: from their first hot slot to their last."""

    device: Ints
    first: Ints
    last: Ints

    def __len__(self) -> int:
        return len(self.device)


def hot_runs(hot: Bools, an_hour: int) -> HotRuns:
    """The alerts of hot slots.

    Args:
        hot: (devices, slots).
        an_hour: slots of an hour.
    """
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
