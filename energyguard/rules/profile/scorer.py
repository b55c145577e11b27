"""Readings of one channel held against profiles, as scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from energyguard.ledger.channels import plain_channel
from energyguard.ledger.scales import Scales
from energyguard.model.channels import MEASURES, Measure
from energyguard.model.quantities import NANO
from energyguard.model.readings import Bools, Ints
from energyguard.rules.limit_columns import LimitColumns
from energyguard.rules.local_times import RuleCalendars
from energyguard.rules.profile.lasting import ON_END, LastHalfHours
from energyguard.rules.profile.profiles import Floats
from energyguard.rules.profile.running import PER_MICRO, Compared, RunningHalfHours
from energyguard.rules.valued import DescribedKeys, Scores, ValueRows

_MAX_Z = 1e6
_CAP = 2  # times ``lasting``: what a single half-hour counts at the highest
_HIGHER = 1.4  # than readings came of late: what a single one must be to be strange


class ProfileLimits(NamedTuple):
    """How far from what is usual is too far: numbers, or columns of (n,). Deviations in 1e-9."""

    sigmas: Ints | int
    at_once: Ints | int
    """Of a single reading above; 0: none is too far."""
    lasting: Ints | int
    """Of the last half-hours in the mean; 0: no mean is too far."""
    clear_at: Ints | int
    needs: Ints | int
    """How many half-hours a deviation is known from."""


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
    """Profiles of one channel of one partition, and readings held against them.

    Args:
        allowed: how far each device may be off.
        calendars: which half-hours of a device are of one kind.
        sign: 1: above what is usual; -1: below; 0: either.
    """

    def __init__(
        self, allowed: LimitColumns[ProfileLimits], calendars: RuleCalendars, sign: int
    ) -> None:
        self._allowed, self._calendars, self._sign = allowed, calendars, sign
        self._running: RunningHalfHours | None = None
        self._last = LastHalfHours()
        self._saved: Mapping[str, Any] | None = None

    def score(self, rows: ValueRows) -> Scores:
        """Judge readings by what was usual before each, and learn the half-hours that they end."""
        ((channel, value),) = rows.value.items()
        running = self._begin(rows.keys_of(channel))
        half_hours = partial(self._calendars.moments, rows.clocks)
        read, over = running.take(rows.key, rows.time, value, half_hours)
        return self._scores(rows, read, over)

    def describe_again(self, of: DescribedKeys, keys: Ints) -> None:
        """Something else is said of some keys; those of another sign or scale are learned anew."""
        self._last.forget(self._begin(of).turn(keys, *_signs_and_scales(of, keys)))

    def _begin(self, of: DescribedKeys) -> RunningHalfHours:
        if self._running is None:
            self._running = RunningHalfHours(MEASURES[of.channel])
            if self._saved is not None:
                self._running.load(self._saved)
        known = self._running.keys
        self._running.grow(len(of.devices))
        new = np.arange(known, self._running.keys)
        self._running.is_fed_in[new], scales = _signs_and_scales(of, new)
        self._running.scales.grow(scales)
        self._last.grow(len(of.devices))
        return self._running

    def save(self) -> Any:
        """The profiles, and the half-hours that are not over."""
        if self._running is None:
            return self._saved
        return {**self._running.save(), "last": self._last.save()}

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
        self._running, self._saved, self._last = None, saved or None, LastHalfHours()
        if saved and "last" in saved:
            self._last.load(saved["last"])

    def _scores(self, rows: ValueRows, read: Compared, over: Compared) -> Scores:
        of_read = self._allowed.at(rows.devices, rows.key[read.at])
        of_over = self._allowed.at(rows.devices, rows.key[over.at])
        readings, half_hours = self._judged(read, of_read), self._judged(over, of_over)
        n = len(rows)
        stays, half_hours, mean = self._lasting(rows.key[over.at], over, half_hours, of_over)
        breaks, clears = np.zeros((2, n), bool)
        if np.any(of_read.at_once):
            higher = read.value - read.usual.mean > _HIGHER * read.usual.highest
            higher &= np.asarray(of_read.at_once) > 0
            breaks[read.at] = higher & (readings.z > of_read.at_once)
        clears[over.at] = half_hours.known & (half_hours.bad <= of_over.clear_at) & ~stays
        clears &= ~breaks
        shown = ~breaks[over.at]  # of a reading that ends a half-hour that, unless it is worse
        breaks[over.at] |= (half_hours.bad > of_over.sigmas) | stays
        columns = np.zeros((len(readings.columns), n), np.int64)
        for row, of_reading, of_half_hour in zip(
            columns, readings.columns, half_hours.columns, strict=True
        ):
            row[read.at] = of_reading
            row[over.at[shown]] = of_half_hour[shown]
        observed, expected, usual, sigma, z, bad, slot = columns
        evidence = {"usual": usual, "sigma": sigma, "zscore": z, "half_hour": slot}
        if np.any(of_over.lasting):
            evidence["lasting"] = np.zeros(n, np.int64)
            evidence["lasting"][over.at] = mean
        return Scores(breaks, clears, bad, observed, expected, evidence)

    def _lasting(
        self, key: Ints, over: Compared, found: _Judged, limits: ProfileLimits
    ) -> tuple[Bools, _Judged, Ints]:
        """Which half-hours are a little off with those before them: what these are held against is
        what would have been too much after those; and by how many deviations all are off.
        """
        if not np.any(limits.lasting):
            return np.zeros(len(key), bool), found, np.zeros(len(key), np.int64)
        limit = np.asarray(limits.lasting)
        z = np.clip(found.z, -_CAP * limit, _CAP * limit) / NANO
        last = self._last.take(key, over.slot, z)
        sign = self._side(z)
        mean = np.where(found.bad > limits.sigmas, 0, np.rint(sign * last.mean * NANO))
        stays = (limit > 0) & (mean > limit) & (found.bad > limit // 2)
        needed = np.maximum(ON_END * limit / NANO - sign * last.before, limit / NANO / 2)
        held = np.rint(over.usual.mean + sign * needed * over.sigma).astype(np.int64) * PER_MICRO
        observed, expected, *others = found.columns
        columns = (observed, np.where(stays, held, expected), *others)
        return stays, found._replace(columns=columns), np.where(stays, mean, 0).astype(np.int64)

    def _side(self, z: Ints | Floats) -> Ints | int:
        """To which side of what is usual deviations count."""
        return self._sign or np.where(z < 0, -1, 1)

    def _judged(self, found: Compared, limits: ProfileLimits) -> _Judged:
        """How many deviations values are off; none where these are not known yet."""
        usual = found.usual
        known = (usual.seen >= limits.needs) & (found.sigma > 0)
        off = (found.value - usual.mean) / np.where(known, found.sigma, 1)
        z = np.rint(np.where(known, np.clip(off, -_MAX_Z, _MAX_Z), 0) * NANO).astype(np.int64)
        sign = self._side(z)
        bad = sign * z
        border = usual.mean + sign * found.sigma * (np.asarray(limits.sigmas) / NANO)
        amounts = (np.rint(n).astype(np.int64) for n in (border, usual.mean, found.sigma))
        nano = (n * PER_MICRO for n in (found.value, *amounts))
        return _Judged(found.at, z, bad, known, (*nano, z, bad, found.slot * NANO))


def _signs_and_scales(of: DescribedKeys, keys: Ints) -> tuple[Bools, Sequence[Scales]]:
    """(K,) which of some keys count what is fed in, and their scales; of a level neither."""
    measure: Measure = MEASURES[of.channel]
    if measure.is_level:
        return np.zeros(len(keys), bool), [()] * len(keys)
    plain = plain_channel(measure.kind)
    channels = [of.described(key, plain) for key in keys.tolist()]
    return np.array([channel.is_fed_in for channel in channels], bool), [
        channel.scales for channel in channels
    ]
