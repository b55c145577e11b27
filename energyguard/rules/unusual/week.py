"""What the detector goes by in each hour of the week, out of what a scorer has saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from energyguard.detection.cohort import Cohort
from energyguard.detection.learning import GROWN_H
from energyguard.detection.slots import HOUR_MS, LocalHour
from energyguard.detection.state import CohortState
from energyguard.rules.unusual.scorer import shipped

HOURS: Final = tuple(LocalHour(*divmod(hour, 24)) for hour in range(168))
"""Of a week, from Monday 00:00 on."""


class UsualWeek(NamedTuple):
    """What is usual of a device by the hour of the week, (168,) of each; powers in kW."""

    expected: npt.NDArray[np.float32]
    low: npt.NDArray[np.float32]
    high: npt.NDArray[np.float32]
    visits: npt.NDArray[np.int64]
    """How many such hours it was learned from; it forgets beyond some sixty."""


def usual_week(learned: Mapping[str, Any], key: int) -> UsualWeek | None:
    """What is usual of a device; None: it has less than two days.

    Args:
        learned: what ``UnusualScorer.parts`` gave as learned.
        key: the device's, in its partition.
    """
    for slot_ms, keys, _, saved in learned["states"]:
        place = np.flatnonzero(np.asarray(keys) == key)
        if not len(place):
            continue
        state, an_hour = CohortState.from_bytes(saved).take(place), HOUR_MS // slot_ms
        if state.seen[0] <= GROWN_H * an_hour:
            return None
        cohort = Cohort(slot_ms, shipped(slot_ms).shape, state)
        expected, low, high = np.concatenate([cohort.usual(at) for at in HOURS], axis=1)
        visits = state.visits_week[:, 0].astype(np.int64) // an_hour
        return UsualWeek(expected, low, high, visits)
    return None
