"""The detector: cohort, parameters and budget together; slots in, alerts out.

An alert opens at the first slot that is rarer than the budget allows (rarer still, soon after
another one), and is over after six hours below. Learning goes by what slots are, never by alerts:
another budget or another parameter file changes nothing that is known of a device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from energyguard.detection.alerts import NEVER, AlertStates
from energyguard.detection.calm import CalmDevices
from energyguard.detection.cohort import Cohort, SlotSeen
from energyguard.detection.evidence import ABOVE_USUAL, CONTEXT, EVIDENCE
from energyguard.detection.highest import HighestUnlike
from energyguard.detection.rises import BaseRises
from energyguard.detection.scores import UNLIKE, Parameters, Rated
from energyguard.detection.slots import HOUR_MS, LocalHour
from energyguard.detection.state import CohortState, Floats
from energyguard.model.readings import Bools, Ints

WARM_DAYS: Final = 14
"""A device is learned for so long before it may raise an alert."""
DEFAULT_BUDGET: Final = 0.1
"""Alerts per device and week."""
MAX_NATS: Final = 9.2
"""Rarer than once in 10,000 device-weeks is not said: nobody has counted so long."""
GROWN_DAYS: Final = 5
"""Before, what is usual is not known well enough for rises and what is unlike to be followed."""
_NEAR: Final = np.float32(1.5)
"""Nats below the threshold that still belong to what an alert is about."""
_REASONS: Final = 3


class OwnPast(NamedTuple):
    """By what of a device's own past its rarities are raised, or lowered."""

    days: bool = True
    """What is rare of a device that is calm counts as rarer."""
    rises: bool = True
    """So it does of a nearly calm one while its base load rises as it never did; with ``days``."""
    highest: bool = True
    """What is like no kind counts as less rare where the device had its like."""


BY_ALL: Final = OwnPast()


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
        self,
        slot_ms: int,
        parameters: Parameters,
        devices: int,
        budget: float = DEFAULT_BUDGET,
        by_own: OwnPast = BY_ALL,
    ) -> None:
        """Begin with devices of which nothing is known.

        Args:
            slot_ms: the slot's length.
            parameters: what was trained.
            devices: how many.
            budget: how many alerts per device and week people want to see.
            by_own: by what of their own past rarities are raised, or lowered.

        Raises:
            ValueError: the budget is not above 0.
        """
        self.cohort = Cohort(slot_ms, parameters.shape)
        self.parameters = parameters
        self._an_hour = HOUR_MS // slot_ms
        self._level = np.empty(0, np.float32)
        self._first, self._near = np.empty((2, 0), np.int64)
        self._alerts = AlertStates(self._an_hour)
        self._calm = CalmDevices(self._an_hour) if by_own.days else None
        self._rises = BaseRises(self._an_hour) if by_own.days and by_own.rises else None
        self._highest = HighestUnlike(self._an_hour) if by_own.highest else None
        self._open: dict[int, UnusualUse] = {}
        self.add(np.full(devices, budget))

    def __len__(self) -> int:
        return len(self.cohort)

    def add(self, budgets: npt.NDArray[np.float64]) -> None:
        """Take in devices of which nothing is known; they come last.

        Args:
            budgets: (devices,) how many alerts of each people want to see in a week.

        Raises:
            ValueError: one is not above 0.
        """
        self._level = np.append(self._level, _levels(budgets))
        self.cohort.add(len(budgets))
        self._alerts.add(len(budgets))
        for own in (self._calm, self._rises, self._highest):
            if own is not None:
                own.add(len(budgets))
        for name in ("_first", "_near"):
            setattr(self, name, np.append(getattr(self, name), np.full(len(budgets), NEVER)))

    def step(
        self,
        number: int,
        at: LocalHour,
        values: npt.NDArray[np.float64],
        of: Ints | None = None,
        bars: Floats | None = None,
    ) -> list[UnusualUse]:
        """Look at a slot of every device, or of some: the alerts that open with it.

        Args:
            number: the slot's: ms since 1970 over its length.
            at: where it stands by the local clock.
            values: (devices,) NaN where there is no reading.
            of: the devices that it is of, rising; None: all.
            bars: nats by which what is rare must be rarer: of each kind, then of what is like no
                kind; (kinds + 1, devices that it is of); None: none is raised.
        """
        if of is None or len(of) == len(self):
            of, seen = np.arange(len(self)), self.cohort.step(number, at, values)
        else:
            seen = self.cohort.step_some(number, at, values, of)
        rated = self.rated(number, seen, of, bars)
        level, first, near = self._level[of], self._first[of], self._near[of]
        first = np.where((first == NEVER) & seen.known, number, first)
        warm = number - first >= WARM_DAYS * 24 * self._an_hour
        may = seen.known & warm & (first != NEVER)
        is_near = may & (rated.rarity >= level - _NEAR)
        near = np.where(is_near, np.where(near == NEVER, number, near), near)
        near[seen.known & ~is_near] = NEVER
        self._first[of], self._near[of] = first, near
        hot, new = self._alerts.step(number, np.where(may, rated.rarity - level, np.nan), of)
        opened = [
            self._opened(place, int(of[place]), number, seen, rated) for place in new.tolist()
        ]
        self._open.update((alert.device, alert) for alert in opened)
        for device in of[hot].tolist():
            if device in self._open:  # else it opened before a restart
                self._open[device].last = number
        return opened

    def rated(self, number: int, seen: SlotSeen, of: Ints, bars: Floats | None = None) -> Rated:
        """How rare what was seen is for each device, once a slot: it learns their own past.

        What people said of alerts is no calm.
        """
        rated = self.parameters.rate(seen.looked.steps, bars)
        grown = seen.known & (self.cohort.state.seen[of] > GROWN_DAYS * 24 * self._an_hour)
        if self._highest is not None:
            highest = np.where(grown, rated.unlike_unbarred, np.nan)
            unlike = rated.unlike - self._highest.step(number, highest, of)
            rated = rated._replace(rarity=np.maximum(rated.of_kinds, unlike), unlike=unlike)
        if self._calm is None:
            return rated
        rarity = np.where(seen.known, rated.unbarred, np.nan)
        raised = self._calm.step(number, rarity, of, self._rise(seen, grown, of))
        rarity, of_kinds = rated.rarity + raised, rated.of_kinds + raised
        return rated._replace(rarity=rarity, of_kinds=of_kinds, unlike=rated.unlike + raised)

    def is_hot(self, number: int, of: Ints) -> Bools:
        """(n,) which devices were at their level in a slot, with an open alert."""
        return self._alerts.is_hot(number, of)

    def is_over(self, number: int, of: Ints) -> Bools:
        """(n,) of which devices an alert that was open is over with a slot."""
        return self._alerts.is_over(number, of)

    def save(self) -> tuple[dict[str, Any], bytes]:
        """What is known of alerts, and of devices."""
        known = {"_first": self._first, "_near": self._near, **self._alerts.save()}
        for own in (self._calm, self._rises, self._highest):
            if own is not None:
                known |= own.save()
        return known, self.cohort.state.to_bytes()

    def load(self, known: Mapping[str, Any], state: bytes) -> None:
        """Know what was saved, of as many devices as there are here.

        Raises:
            ValueError: it was written by a version that keeps other rows.
        """
        self.cohort.state = CohortState.from_bytes(state)
        self._alerts.load(known)
        if self._calm is not None and "_calm_usual" in known:  # else a version before wrote it
            self._calm.load(known)
        if self._rises is not None and "_rise_sum" in known:
            self._rises.load(known)
        if self._highest is not None and "_unlike_above" in known:
            self._highest.load(known)
        self._first, self._near = known["_first"].copy(), known["_near"].copy()

    def _rise(self, seen: SlotSeen, grown: Bools, of: Ints) -> Floats | None:
        """(n,) how the base load rises, against the device's own longest rise."""
        if self._rises is None:
            return None
        above = seen.looked.numbers[ABOVE_USUAL]
        return self._rises.step(np.where(grown, above, np.nan), of)

    def _opened(
        self, place: int, device: int, number: int, seen: SlotSeen, rated: Rated
    ) -> UnusualUse:
        names = self.parameters.kinds
        likeliest = int(rated.kind[place])
        unlike = bool(rated.of_kinds[place] < self._level[device])
        parts = self.parameters.free if unlike else self.parameters.tables[likeliest]
        steps = seen.looked.steps[:, place]
        strength = parts[np.arange(len(EVIDENCE)), steps]
        strength[list(CONTEXT)] = -np.inf
        strongest = np.argsort(-strength, kind="stable")[:_REASONS].tolist()
        numbers = seen.looked.numbers[:, place]
        low, high = seen.usual[:, place].tolist()
        return UnusualUse(
            device=device,
            opened=number,
            since=int(self._near[device]),
            last=number,
            kind=UNLIKE if unlike else names[likeliest],
            next_kind=names[likeliest if unlike else int(rated.runner_up[place])],
            weeks=float(np.exp(min(rated.rarity[place], MAX_NATS))),
            value=float(seen.value[place]),
            expected=float(seen.expected[place]),
            usual_low=low,
            usual_high=high,
            reasons=tuple((EVIDENCE[n].name, float(numbers[n])) for n in strongest),
        )


def _levels(budgets: npt.NDArray[np.float64]) -> Floats:
    """The rarity from which on a slot is hot.

    Raises:
        ValueError: a budget is not above 0.
    """
    if not (budgets > 0).all():
        raise ValueError(f"{budgets.min():g} alerts per device and week: more than 0 is needed")
    return -np.log(budgets).astype(np.float32)
