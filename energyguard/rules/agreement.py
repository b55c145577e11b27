"""What has to agree by physics: scorers of the kind ``agree``.

Each looks at the channels of a device side by side, at the moments of which all have told their
value. All is counted in whole numbers, so that no alert depends on how readings were cut into
batches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from energyguard.model.channels import MS_PER_HOUR, Ints
from energyguard.model.quantities import NANO
from energyguard.model.readings import Bools
from energyguard.rules.by_key import ByKey, KeyMemory
from energyguard.rules.tolerance import PARTS, Allowed, Tolerance
from energyguard.rules.valued import Scores, ValueRows

NEVER = -(1 << 62)
_PER_MILLI, _PER_MICRO = 10**6, 10**3


def _between(observed: Ints, low: Ints, high: Ints, tolerance: Tolerance) -> tuple[Ints, Ints]:
    """How far amounts are beyond their bounds, and the bound that each is held against."""
    too_low = tolerance.below(low) - observed
    too_high = observed - tolerance.above(high)
    expected = np.where(too_low > too_high, low, high)
    return np.maximum(too_low, too_high), expected


class PowerOfCurrent:
    """A power against voltage times current: no more, and no less than the lowest power factor.

    Args:
        allowed: by how much it may be beyond, the lowest power factor, phases, when it is over.
    """

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed
        self._kept = KeyMemory(odd_ms=((), NEVER))

    def score(self, rows: ValueRows) -> Scores:
        """Judge each moment by itself; channels: power, voltage, current."""
        power, volt, ampere = rows.value.values()
        limits = self._allowed.at(rows.devices, rows.key)
        product = np.abs((volt // _PER_MILLI) * (ampere // _PER_MILLI))  # mV · mA: 1e-9 kW
        product *= limits.phases
        lowest = product // PARTS * (limits.lowest_factor // (NANO // PARTS))
        beyond, expected = _between(np.abs(power), lowest, product, Tolerance.of(limits))
        names = list(rows.value)
        evidence = {names[1]: volt, names[2]: ampere}
        settled = self._settled(rows, beyond > 0, limits.settle_ms)
        return Scores(beyond > 0, settled, beyond, power, expected, evidence)

    def _settled(self, rows: ValueRows, odd: Bools, settle_ms: Ints | int) -> Bools:
        """Whether all has agreed for long enough."""
        self._kept.grow(len(rows.devices))
        if not odd.any() and (self._kept["odd_ms"] == NEVER).all():
            return ~odd
        by_key = ByKey.of(rows)
        odd_ms = by_key.newest(odd[by_key.order], self._kept["odd_ms"])
        self._kept.keep(by_key, odd_ms=odd_ms)
        settled: Bools = by_key.unsorted(by_key.time - odd_ms) >= settle_ms
        return settled & ~odd

    def save(self) -> dict[str, Ints]:
        """When each device disagreed last."""
        return self._kept.save()

    def restore(self, saved: Mapping[str, Ints]) -> None:
        """Be as saved."""
        self._kept.restore(saved)


class CounterOfPower:
    """A counter against the integral of the power, over spans of equal length.

    Between two moments the energy is at least that of the lower of their powers, and at most that
    of the higher. Bounds and the counter's steps add up over a span; the first moment behind it
    judges it. A longer gap than ``max_gap_ms`` begins anew, and so does a counter that falls: of
    that the ledger says what it was, a reset, the end of its digits or another meter.

    Args:
        allowed: how far apart they may be (the counter's resolution is part of it), how long a span
            is, and for how long none may disagree before an alert is over.
        max_gap_ms: how far apart two moments may be.
    """

    def __init__(self, allowed: Allowed, max_gap_ms: int) -> None:
        self._allowed, self._max_gap_ms = allowed, max_gap_ms
        self._kept = KeyMemory(
            time=((), NEVER),
            odd_ms=((), NEVER),
            counter=((), 0),
            power=((), 0),
            sums=((3,), 0),
            whole=((), 0),
        )

    def score(self, rows: ValueRows) -> Scores:
        """Judge spans; channels: counter, power."""
        self._kept.grow(len(rows.devices))
        kept, by_key = self._kept, ByKey.of(rows)
        limits = self._allowed.at(rows.devices, by_key.key)
        counter, power = (column[by_key.order] for column in rows.value.values())
        power = (
            np.maximum(power, 0) // _PER_MICRO
        )  # a counter of imports stands while power goes out
        before_ms = by_key.before(by_key.time, kept["time"])
        power_before = by_key.before(power, kept["power"])
        rise = counter - by_key.before(counter, kept["counter"])
        gap = by_key.time - before_ms > self._max_gap_ms  # or the first of all
        anew = gap | (rise < 0)
        ends = ~anew & (by_key.time // limits.span_ms != before_ms // limits.span_ms)
        step = np.where(anew, 0, by_key.time - before_ms)
        steps = np.stack([
            np.where(anew, 0, rise),
            np.minimum(power, power_before) * step,
            np.maximum(power, power_before) * step,
        ])  # fmt: skip
        cuts = anew | ends
        sums = self._sums(by_key, steps, cuts)
        at, here = by_key.latest(cuts)
        begun = np.where(here, ends[at], kept["whole"][by_key.key]).astype(np.int64)
        judged = ends & (by_key.before(begun, kept["whole"]) > 0)
        low, high = _nano_kwh(sums[1:])
        beyond, expected = _between(sums[0], low, high, Tolerance.of(limits))
        odd = judged & (beyond > 0)
        odd_ms = by_key.newest(odd, kept["odd_ms"])
        kept.keep(
            by_key,
            time=by_key.time,
            odd_ms=odd_ms,
            counter=counter,
            power=power,
            sums=np.where(cuts, 0, sums),
            whole=begun,
        )
        columns = (
            odd,
            judged & ~odd & (by_key.time - odd_ms >= limits.settle_ms),
            np.where(judged, beyond, NEVER),
            sums[0],
            expected,
        )
        return Scores(*map(by_key.unsorted, columns))

    def _sums(self, by_key: ByKey, steps: Ints, cuts: Bools) -> Ints:
        """The sums of steps behind the last cut before each moment, up to and with its own."""
        total = by_key.since_begin(steps)
        nothing = np.zeros(len(self._kept["time"]), np.int64)
        at, here = by_key.latest(by_key.before(cuts.astype(np.int64), nothing) > 0)
        base = np.where(here, (total - steps)[:, at], 0)
        summed: Ints = total - base + np.where(here, 0, self._kept["sums"][:, by_key.key])
        return summed

    def save(self) -> dict[str, Ints]:
        """Where each device's span stands."""
        return self._kept.save()

    def restore(self, saved: Mapping[str, Ints]) -> None:
        """Be as saved."""
        self._kept.restore(saved)


def _nano_kwh(micro_kw_ms: Ints) -> Ints:
    """1e-6 kW · ms as 1e-9 kWh."""
    return micro_kw_ms // MS_PER_HOUR * _PER_MICRO


class StillOfOthers:
    """A value that stays as it is while another one moves; nothing, 0, may stay.

    A value is stuck when it was the same at ``readings`` moments in a row, for ``still_ms``, while
    another one moved at half of them or more. The alert is over when no value stands so long.

    Args:
        allowed: at how many moments a value may not move, and for how long.
        channels: how many there are.
    """

    def __init__(self, allowed: Allowed, channels: int) -> None:
        self._allowed = allowed
        each = (channels,)
        self._kept = KeyMemory(
            time=((), NEVER),
            seen=((), 0),
            value=(each, 0),
            moves=(each, 0),
            began_ms=(each, 0),
            began_seen=(each, 0),
            began_moves=((channels, channels), 0),
        )

    def score(self, rows: ValueRows) -> Scores:
        """Judge how long each channel has stood; what is observed is the longest, in 1e-9 s."""
        self._kept.grow(len(rows.devices))
        kept, by_key = self._kept, ByKey.of(rows)
        limits = self._allowed.at(rows.devices, by_key.key)
        value = np.stack([column[by_key.order] for column in rows.value.values()])
        known = by_key.before(by_key.time, kept["time"]) > NEVER
        move = known & (value != by_key.before(value, kept["value"]))
        moves = by_key.since_begin(move.astype(np.int64)) + kept["moves"][:, by_key.key]
        seen = by_key.since_begin(np.ones(len(known), np.int64)) + kept["seen"][by_key.key]
        at, here = by_key.latest(move | ~known)
        now = by_key.key
        began_ms = np.where(here, by_key.time[at], kept["began_ms"][:, now])
        began_seen = np.where(here, seen[at], kept["began_seen"][:, now])
        began_moves = np.where(
            here[:, None], moves[:, at].swapaxes(0, 1), kept["began_moves"][..., now]
        )  # (channel that stands, channel that moves, moment)
        kept.keep(
            by_key,
            time=by_key.time,
            seen=seen,
            value=value,
            moves=moves,
            began_ms=began_ms,
            began_seen=began_seen,
            began_moves=began_moves,
        )
        stood, lasted = seen - began_seen, by_key.time - began_ms
        stands = (stood >= limits.readings) & (lasted >= limits.still_ms) & (value != 0)
        stuck = stands & (2 * (moves - began_moves).max(axis=1) >= stood)
        lasted = np.where(stuck, lasted, 0)
        expected = np.broadcast_to(np.asarray(limits.still_ms) * _PER_MILLI, known.shape)
        return self._scores(by_key, list(rows.value), value, stands, lasted, expected)

    def _scores(
        self,
        by_key: ByKey,
        names: Sequence[str],
        value: Ints,
        stands: Bools,
        lasted: Ints,
        expected: Ints,
    ) -> Scores:
        longest = by_key.unsorted(lasted.max(axis=0))
        value, lasted = by_key.unsorted(value), by_key.unsorted(lasted)
        evidence = dict(zip(names, value, strict=True))
        evidence |= {
            f"{name} still": ms * _PER_MILLI for name, ms in zip(names, lasted, strict=True)
        }
        return Scores(
            breaks=longest > 0,
            clears=by_key.unsorted(~stands.any(axis=0)),
            score=longest,
            observed=longest * _PER_MILLI,  # ms as 1e-9 s
            expected=by_key.unsorted(expected),
            evidence=evidence,
        )

    def save(self) -> dict[str, Ints]:
        """Since when each value stands."""
        return self._kept.save()

    def restore(self, saved: Mapping[str, Ints]) -> None:
        """Be as saved."""
        self._kept.restore(saved)
