"""The detector: cohort, parameters and budget together; slots in, alerts out.

An alert opens at the first slot that is rarer than the budget allows, and is over after six hours
below. Learning goes by what slots are, never by alerts: another budget or another parameter file
changes nothing that is known of a device.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from energyguard.detection.alerts import JOIN_H
from energyguard.detection.cohort import Cohort, SlotSeen
from energyguard.detection.evidence import CONTEXT, EVIDENCE
from energyguard.detection.scores import UNLIKE, Parameters, Rated
from energyguard.detection.slots import HOUR_MS, LocalHour

WARM_DAYS: Final = 14
"""A device is learned for so long before it may raise an alert."""
DEFAULT_BUDGET: Final = 0.1
"""Alerts per device and week."""
MAX_NATS: Final = 9.2
"""Rarer than once in 10,000 device-weeks is not said: nobody has counted so long."""
_NEAR: Final = np.float32(1.5)
"""Nats below the threshold that still belong to what an alert is about."""
_REASONS: Final = 3
_NEVER: Final = -(2**40)


@dataclass(slots=True)
class UnusualUse:
    """An alert, with what people need to judge it. Amounts are in the unit of the slots."""

    device: int
    opened: int
    """The number of the slot in which it opened."""
    since: int
    """The first slot that was nearly as rare, without a pause until it opened."""
    last: int
    """The newest slot that was as rare."""
    kind: str
    next_kind: str
    weeks: float
    """Of ordinary use there is one such alert in so many device-weeks."""
    value: float
    expected: float
    usual_low: float
    usual_high: float
    reasons: tuple[tuple[str, float], ...]
    """The strongest evidence of the slot, and its numbers."""


class UnusualDetector:
    """One cohort's devices under watch."""

    def __init__(
        self, slot_ms: int, parameters: Parameters, devices: int, budget: float = DEFAULT_BUDGET
    ) -> None:
        """Begin with devices of which nothing is known.

        Args:
            slot_ms: the slot's length.
            parameters: what was trained.
            devices: how many.
            budget: how many alerts per device and week people want to see.

        Raises:
            ValueError: the budget is not above 0.
        """
        if not budget > 0:
            raise ValueError(f"{budget:g} alerts per device and week: more than 0 is needed")
        self.cohort = Cohort(slot_ms, parameters.shape)
        self.cohort.add(devices)
        self.parameters = parameters
        self._level = np.float32(-np.log(budget))
        self._an_hour = HOUR_MS // slot_ms
        self._first = np.full(devices, _NEVER, np.int64)
        self._hot = np.full(devices, _NEVER, np.int64)
        self._near = np.full(devices, _NEVER, np.int64)
        self._open: dict[int, UnusualUse] = {}

    def step(self, number: int, at: LocalHour, values: npt.NDArray[np.float64]) -> list[UnusualUse]:
        """Look at a slot of every device: the alerts that open with it.

        Args:
            number: the slot's: ms since 1970 over its length.
            at: where it stands by the local clock.
            values: (devices,) NaN where there is no reading.
        """
        seen = self.cohort.step(number, at, values)
        rated = self.parameters.rate(seen.looked.steps)
        self._first[(self._first == _NEVER) & seen.known] = number
        warm = number - self._first >= WARM_DAYS * 24 * self._an_hour
        may = seen.known & warm & (self._first != _NEVER)
        near = may & (rated.rarity >= self._level - _NEAR)
        self._near = np.where(near, np.where(self._near == _NEVER, number, self._near), self._near)
        self._near[seen.known & ~near] = _NEVER
        hot = np.flatnonzero(may & (rated.rarity >= self._level))
        new = hot[number - self._hot[hot] > JOIN_H * self._an_hour]
        self._hot[hot] = number
        opened = [self._opened(device, number, seen, rated) for device in new.tolist()]
        self._open.update((alert.device, alert) for alert in opened)
        for device in hot.tolist():
            self._open[device].last = number
        return opened

    def _opened(self, device: int, number: int, seen: SlotSeen, rated: Rated) -> UnusualUse:
        names = self.parameters.kinds
        likeliest = int(rated.kind[device])
        unlike = bool(rated.of_kinds[device] < self._level)
        parts = self.parameters.free if unlike else self.parameters.tables[likeliest]
        steps = seen.looked.steps[:, device]
        strength = parts[np.arange(len(EVIDENCE)), steps]
        strength[list(CONTEXT)] = -np.inf
        strongest = np.argsort(-strength, kind="stable")[:_REASONS].tolist()
        numbers = seen.looked.numbers[:, device]
        low, high = seen.usual[:, device].tolist()
        return UnusualUse(
            device=device,
            opened=number,
            since=int(self._near[device]),
            last=number,
            kind=UNLIKE if unlike else names[likeliest],
            next_kind=names[likeliest if unlike else int(rated.runner_up[device])],
            weeks=float(np.exp(min(rated.rarity[device], MAX_NATS))),
            value=float(seen.value[device]),
            expected=float(seen.expected[device]),
            usual_low=low,
            usual_high=high,
            reasons=tuple((EVIDENCE[n].name, float(numbers[n])) for n in strongest),
        )
