"""What alerts find of events that somebody labelled: precision, recall, F1, delay.

Times are in any unit, ms or slots, as long as all are: ``an_hour`` says which. An event is found by
an alert that is raised in it or within an hour after its end; such an alert is good.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from energyguard.detection.alerts import AlertNotices
from energyguard.model.readings import Bools, Ints


class Events(NamedTuple):
    """What there was to find."""

    device: Ints
    start: Ints
    end: Ints
    """The first time after it."""
    kind: Sequence[str]

    def __len__(self) -> int:
        return len(self.kind)


class Caught(NamedTuple):
    """What alerts found of events."""

    good: Bools  # (alerts,) raised in an event
    delay_min: npt.NDArray[np.float64]  # (events,) until the first alert; NaN: missed
    kind: Sequence[str]  # of each event

    @property
    def found(self) -> Bools:
        """(events,) which were found."""
        return np.isfinite(self.delay_min)

    @property
    def precision(self) -> float:
        """The part of the alerts that is good; 0 where there is none."""
        return float(self.good.mean()) if len(self.good) else 0.0

    @property
    def recall(self) -> float:
        """The part of the events that was found; 0 where there is none."""
        return float(self.found.mean()) if len(self.kind) else 0.0

    @property
    def f1(self) -> float:
        """Of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    @property
    def median_delay_min(self) -> float:
        """Of the events that were found; NaN where none was."""
        return float(np.median(self.delay_min[self.found])) if self.found.any() else np.nan

    def of_kind(self, kind: str) -> Caught:
        """The same of the events of a kind; all alerts."""
        mine = np.array([of == kind for of in self.kind], bool)
        return self._replace(delay_min=self.delay_min[mine], kind=[kind] * int(mine.sum()))


def caught(raised: AlertNotices, events: Events, an_hour: int) -> Caught:
    """Hold alerts against events.

    Args:
        raised: sorted by device and time.
        events: in any order.
        an_hour: how much of their unit of time is an hour.
    """
    good = np.zeros(len(raised), bool)
    delay_min = np.full(len(events), np.nan)
    for number, (device, start, end) in enumerate(
        zip(events.device.tolist(), events.start.tolist(), events.end.tolist(), strict=True)
    ):
        first, last = np.searchsorted(raised.device, [device, device + 1])
        at = raised.slot[first:last]
        inside = np.flatnonzero((at >= start) & (at < end + an_hour))
        good[first + inside] = True
        if len(inside):
            delay_min[number] = (at[inside[0]] - start) * 60 / an_hour
    return Caught(good, delay_min, events.kind)
