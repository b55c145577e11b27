"""What is rarer for a calm device: rarities are counted on devices of which most are wilder.

A floor that is alike from day to day never comes near the level that ordinary homes reach each few
weeks, so even a fault is not rare enough there. A device whose days stay far below that level has
its rarities raised by how far: never lowered, never by more than two nats. A home with some
weeks of low days is no calm device: days as homes have them take that back twice as fast.

A base load that stands above usual for longer than the device remembers (``rises.py``) raises them
as well, also of a device that is nearly calm: by its third week a floor is not known to be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from energyguard.detection.state import Floats
from energyguard.model.readings import Ints

CALM_BELOW: Final = np.float32(-0.9)
"""A device is calm whose days' highest rarities are mostly below this."""
CALM_SLOPE: Final = np.float32(3)
"""By so much are rarities raised for each nat below."""
MAX_CALM_NATS: Final = np.float32(2)
NEARLY_CALM: Final = np.float32(-0.6)
"""Of a device whose days are mostly below this a rise of the base load raises rarities."""
_RISE_FROM: Final = np.float32(0.3)  # log of the rise over the longest remembered
_RISE_SLOPE: Final = np.float32(2)
MAX_RISE_NATS: Final = np.float32(1.5)
MAX_BOTH_NATS: Final = np.float32(3)
_STEP: Final = np.float32(0.1)  # by which a day moves the running level
_LIVED_STEP: Final = np.float32(0.2)  # by which a day moves it up that is as those of homes are
_LIVED: Final = (np.float32(-0.8), np.float32(0.5))  # between these; above may be a fault
_LOWEST, _HIGHEST = np.float32(-1.75), np.float32(1)
_NOTHING: Final = np.float32(-np.inf)
_NEW: Final = -1


class CalmDevices:
    """The running level of each device's daily highest rarities; it begins at 0: not calm.

    A day below it moves it down by a step, one above it up: by as much, or by two where it is as
    the days of homes are.
    """

    def __init__(self, an_hour: int, devices: int = 0) -> None:
        """Begin with devices of which nothing is known; ``an_hour``: slots of an hour."""
        self._a_day = 24 * an_hour
        self._day = np.full(devices, _NEW, np.int64)
        self._top = np.full(devices, _NOTHING, np.float32)  # the highest of that day
        self._usual = np.zeros(devices, np.float32)

    def add(self, devices: int) -> None:
        """Take in devices of which nothing is known; they come last."""
        new = CalmDevices(self._a_day // 24, devices).save()
        self.load({name: np.append(column, new[name]) for name, column in self.save().items()})

    def step(self, number: int, rarity: Floats, of: Ints, rise: Floats | None = None) -> Floats:
        """By how many nats each device's slot is rarer than it is for all; then learn the slot.

        Args:
            number: the slot's; it rises.
            rarity: (n,) of each; NaN says nothing.
            of: (n,) the devices; none stands twice.
            rise: (n,) what ``BaseRises`` says of each; None: nobody follows rises.
        """
        day = number // self._a_day
        over = of[self._day[of] != day]
        if over.size:
            self._close(over, day)
        usual = self._usual[of]
        raised = np.clip(CALM_SLOPE * (CALM_BELOW - usual), 0, MAX_CALM_NATS)
        if rise is not None:
            nats = np.clip(_RISE_SLOPE * (rise - _RISE_FROM), 0, MAX_RISE_NATS)
            raised = np.minimum(raised + np.where(usual < NEARLY_CALM, nats, 0), MAX_BOTH_NATS)
        self._top[of] = np.fmax(self._top[of], rarity)
        return np.asarray(raised, np.float32)

    def _close(self, over: Ints, day: int) -> None:
        top, usual = self._top[over], self._usual[over]
        is_lived = (top > _LIVED[0]) & (top < _LIVED[1])
        step = np.where(top > usual, np.where(is_lived, _LIVED_STEP, _STEP), -_STEP)
        moved = np.clip(usual + step, _LOWEST, _HIGHEST)
        self._usual[over] = np.where(top > _NOTHING, moved, usual)
        self._day[over], self._top[over] = day, _NOTHING

    def save(self) -> dict[str, npt.NDArray[Any]]:
        """All that is kept."""
        return {"_calm_day": self._day, "_calm_top": self._top, "_calm_usual": self._usual}

    def load(self, known: Mapping[str, npt.NDArray[Any]]) -> None:
        """Know what was saved."""
        self._day = known["_calm_day"].copy()
        self._top, self._usual = known["_calm_top"].copy(), known["_calm_usual"].copy()


def calmed(rarities: npt.NDArray[np.floating], an_hour: int) -> npt.NDArray[np.float64]:
    """(devices, slots) rarities as each device has them, without rises; NaN says nothing."""
    calm, every = CalmDevices(an_hour, len(rarities)), np.arange(len(rarities))
    columns = rarities.T.astype(np.float32)
    raised = [calm.step(n, column, every) for n, column in enumerate(columns)]
    return rarities.astype(np.float64) + np.stack(raised, axis=1)
