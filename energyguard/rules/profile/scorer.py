"""Readings of one channel held against profiles, as scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from energyguard.model.channels import MEASURES
from energyguard.model.quantities import NANO
from energyguard.model.readings import Bools, Ints
from energyguard.rules.profile.calendar import Calendar
from energyguard.rules.profile.running import PER_MICRO, Compared, RunningHalfHours
from energyguard.rules.valued import Scores, ValueRows

_MAX_Z = 1e6
_HIGHER = 1.4  # than readings came of late: what a single one must be to be strange


class ProfileLimits(NamedTuple):
    """How far from what is usual is too far; deviations in 1e-9."""

    sigmas: int
    at_once: int
    """Of a single reading above; 0: none is too far."""
    clear_at: int
    needs: int
    """How many half-hours a deviation is known from."""
    sign: int
    """1: above; -1: below; 0: either."""


class _Judged(NamedTuple):
    """Some rows and what is said of each; amounts in 1e-9."""

    at: Ints
    z: Ints
    bad: Ints
    """Deviations to the side that counts."""
    known: Bools
    columns: tuple[Ints, ...]
    """Observed, expected, usual, sigma, z, bad, half-hour."""


class ProfileScorer:
    """Profiles of one channel of one partition, and readings held against them."""

    def __init__(self, limits: ProfileLimits, calendar: Calendar) -> None:
        self._limits, self._calendar = limits, calendar
        self._running: RunningHalfHours | None = None
        self._saved: Mapping[str, Any] | None = None

    def score(self, rows: ValueRows) -> Scores:
        """Judge readings by what was usual before each, and learn the half-hours that they end."""
        ((channel, value),) = rows.value.items()
        if self._running is None:
            self._running = RunningHalfHours(MEASURES[channel], self._calendar)
            if self._saved is not None:
                self._running.load(self._saved)
        self._running.grow(len(rows.devices))
        read, over = self._running.take(rows.key, rows.time, value)
        return self._scores(len(rows), read, over)

    def save(self) -> Any:
        """The profiles, and the half-hours that are not over."""
        return self._saved if self._running is None else self._running.save()

    def parts(self) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """The half-hours that are not over; the profiles, where one was since the last time."""
        saved = dict(self.save() or {})
        learned = {"profiles": saved.pop("profiles")} if saved else None
        if self._running is None:
            return saved, learned
        was_learned, self._running.has_learned = self._running.has_learned, False
        return saved, learned if was_learned else None

    def restore(self, saved: Any) -> None:
        """Know what another knew.

        Raises:
            KeyError: the profiles are missing.
        """
        if saved and "profiles" not in saved:
            raise KeyError("profiles")
        self._running, self._saved = None, saved or None

    def _scores(self, n: int, read: Compared, over: Compared) -> Scores:
        limits, readings, half_hours = self._limits, self._judged(read), self._judged(over)
        breaks, clears = np.zeros((2, n), bool)
        if limits.at_once:
            higher = read.value - read.usual.mean > _HIGHER * read.usual.highest
            breaks[read.at] = higher & (readings.z > limits.at_once)
        clears[over.at] = half_hours.known & (half_hours.bad <= limits.clear_at)
        clears &= ~breaks
        shown = ~breaks[over.at]  # of a reading that ends a half-hour that, unless it is worse
        breaks[over.at] |= half_hours.bad > limits.sigmas
        columns = np.zeros((len(readings.columns), n), np.int64)
        for row, of_reading, of_half_hour in zip(
            columns, readings.columns, half_hours.columns, strict=True
        ):
            row[read.at] = of_reading
            row[over.at[shown]] = of_half_hour[shown]
        observed, expected, usual, sigma, z, bad, slot = columns
        evidence = {"usual": usual, "sigma": sigma, "zscore": z, "half_hour": slot}
        return Scores(breaks, clears, bad, observed, expected, evidence)

    def _judged(self, found: Compared) -> _Judged:
        """How many deviations values are off; none where these are not known yet."""
        usual, limits = found.usual, self._limits
        known = (usual.seen >= limits.needs) & (found.sigma > 0)
        off = (found.value - usual.mean) / np.where(known, found.sigma, 1)
        z = np.rint(np.where(known, np.clip(off, -_MAX_Z, _MAX_Z), 0) * NANO).astype(np.int64)
        sign = np.where(z < 0, -1, 1) if limits.sign == 0 else limits.sign
        bad = sign * z
        border = usual.mean + sign * found.sigma * (limits.sigmas / NANO)
        amounts = (np.rint(n).astype(np.int64) for n in (border, usual.mean, found.sigma))
        nano = (n * PER_MICRO for n in (found.value, *amounts))
        return _Judged(found.at, z, bad, known, (*nano, z, bad, found.slot * NANO))
