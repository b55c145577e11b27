"""What is like no kind is news once: it is held against the highest that its device remembers.

The label-free channel counts what is rare of ordinary streams. A home that does each few days what
others never do would take everybody's budget by it. So of each device the highest rarity of that
channel is remembered, as far as it is above one nat (an ordinary device has that much in three
weeks), and comes off what the channel says. Known kinds of faults are not lowered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from energyguard.detection.state import Floats
from energyguard.model.readings import Ints

MAX_LOWERED_NATS: Final = np.float32(3)
_USUAL: Final = np.float32(1)
"""Nats up to which a device's highest is as those of ordinary devices are."""
_FORGOTTEN_A_DAY: Final = np.float32(0.1)
_NOTHING: Final = np.float32(-np.inf)
_NEW: Final = -1


class HighestUnlike:
    """By how many nats the highest that each device remembers is above usual; at first by none.

    A day counts when it is over: what goes on is not held against itself.
    """

    def __init__(self, an_hour: int, devices: int = 0) -> None:
        """Begin with devices of which nothing is known; ``an_hour``: slots of an hour."""
        self._a_day = 24 * an_hour
        self._day = np.full(devices, _NEW, np.int64)
        self._top = np.full(devices, _NOTHING, np.float32)  # the highest of that day
        self._above = np.zeros(devices, np.float32)

    def add(self, devices: int) -> None:
        """Take in devices of which nothing is known; they come last."""
        new = HighestUnlike(self._a_day // 24, devices).save()
        self.load({name: np.append(column, new[name]) for name, column in self.save().items()})

    def step(self, number: int, rarity: Floats, of: Ints) -> Floats:
        """By how many nats what is like no kind counts as less rare; then learn the slot.

        Args:
            number: the slot's; it rises.
            rarity: (n,) of each by the label-free channel; NaN says nothing.
            of: (n,) the devices; none stands twice.
        """
        day = number // self._a_day
        over = of[self._day[of] != day]
        if over.size:
            self._close(over, day)
        lowered: Floats = self._above[of]
        self._top[of] = np.fmax(self._top[of], rarity)
        return lowered

    def _close(self, over: Ints, day: int) -> None:
        days = np.where(self._day[over] == _NEW, 0, day - self._day[over])
        kept = np.maximum(self._above[over] - _FORGOTTEN_A_DAY * days.astype(np.float32), 0)
        above = np.clip(self._top[over] - _USUAL, 0, MAX_LOWERED_NATS)
        self._above[over] = np.maximum(kept, above)
        self._day[over], self._top[over] = day, _NOTHING

    def save(self) -> dict[str, npt.NDArray[Any]]:
        """All that is kept."""
        return {"_unlike_day": self._day, "_unlike_top": self._top, "_unlike_above": self._above}

    def load(self, known: Mapping[str, npt.NDArray[Any]]) -> None:
        """Know what was saved."""
        self._day = known["_unlike_day"].copy()
        self._top, self._above = known["_unlike_top"].copy(), known["_unlike_above"].copy()


def lowered(
    rarities: npt.NDArray[np.floating], an_hour: int, first: int = 0
) -> npt.NDArray[np.float64]:
    """(devices, slots) rarities of the label-free channel as each device has them.

    Args:
        rarities: (devices, slots) as they are for all.
        an_hour: slots of an hour.
        first: the slot from which on devices are known well enough to remember them.
    """
    highest, every = HighestUnlike(an_hour, len(rarities)), np.arange(len(rarities))
    columns = rarities.T.astype(np.float32)
    columns[:first] = np.nan
    off = [highest.step(n, column, every) for n, column in enumerate(columns)]
    return rarities.astype(np.float64) - np.stack(off, axis=1)
