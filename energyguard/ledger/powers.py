"""The fold of powers, of many keys at once: a power holds until the next reading.

It holds for at most twice the cadence, or half again the longest usual step; while fewer than
three steps are known, readings wait. A power that is not plausible is as if it were not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from energyguard.ledger.entries import Entries, EntryKind
from energyguard.ledger.evidence import Evidence
from energyguard.ledger.registers.descriptions import Descriptions
from energyguard.ledger.rhythm import MIN_STEPS, STEPS, UNKNOWN, Rhythm
from energyguard.ledger.rows import NOTHING, KeyRows, RowColumn
from energyguard.ledger.runs import KeyRuns, Numbers
from energyguard.ledger.waiting import (
    WAITING,
    Part,
    constant,
    following,
    in_order,
    resolved,
    sorted_parts,
    waited,
    without_newest,
)  # fmt: skip
from energyguard.model.channels import MS_PER_HOUR
from energyguard.model.readings import Bools, Ints

UNKNOWN_HOLD_MS = 15 * 60_000
"""A power holds so long, where the input ends before its rhythm is known."""
_NANO_KW_PER_W = 1_000_000


class HeldPowers(KeyRows):
    """What is kept of each key."""

    COLUMNS: ClassVar[Mapping[str, RowColumn]] = {
        "time": RowColumn(np.int64, WAITING, NOTHING),
        "power": RowColumn(np.int64, WAITING),
        "waiting": RowColumn(np.int64),
        "steps": RowColumn(np.uint32, STEPS),
    }
    time: Ints  # (keys, 3) of the newest readings, the newest last
    power: Ints  # (keys, 3) 1e-9 kW
    waiting: Ints  # (keys,) how many of the newest have no entry; the newest never has
    steps: Numbers  # (keys, 8) ms


class PowerFolds:
    """The powers of many keys."""

    def __init__(self, channels: Descriptions) -> None:
        self.channels = channels
        self.rows = HeldPowers()

    def fold(self, key: Ints, time: Ints, value: Ints) -> Entries:
        """Take readings, sorted by key and time; of those of one time of a key the last counts.

        Returns:
            the entries that are made or replaced, sorted by key and stamp: of each reading when
            the next one comes.
        """
        wrong = self.implausible(key, value)
        if wrong.any():
            alone = wrong & (self.rows.time[key, -1] != time)
            alone &= ~_of_one_time(key, time, ~wrong)
            apart = _apart(*_last_of_each_time(key[alone], time[alone], value[alone]))
            right = self.fold(key[~wrong], time[~wrong], value[~wrong])
            both = Entries.joined([right, apart])
            return both.where(np.lexsort((both.stamp, both.key)))
        key, time, value = _last_of_each_time(key, time, value)
        if not len(key):
            return Entries.none()
        runs, rows = KeyRuns(key), self.rows
        kept_time, kept_power = rows.time[runs.rows], rows.power[runs.rows]
        waiting = rows.waiting[runs.rows]
        before = runs.previous(time, kept_time[:, -1])
        step = np.where(before == NOTHING, 0, time - before)
        again = np.flatnonzero((runs.firsts(step) == 0) & (runs.firsts(before) != NOTHING))
        if len(again):
            kept_time, kept_power, waiting = kept_time.copy(), kept_power.copy(), waiting.copy()
            without_newest(kept_time, kept_power, waiting, again)
            before[runs.first[again]] = kept_time[again, -1]
        rhythm = Rhythm(runs, rows.steps[runs.rows], step)
        hold = self._holds(runs, rhythm)
        known = resolved(runs, hold)
        older = waited(runs, kept_time, kept_power, waiting, known, runs.firsts(time))
        after = following(runs, time, NOTHING)
        new = (key, time, value, following(runs, hold, UNKNOWN), before, after)
        rows.time[runs.rows] = runs.newest(time, kept_time)
        rows.power[runs.rows] = runs.newest(value, kept_power)
        rows.steps[runs.rows] = rhythm.newest()
        rows.waiting[runs.rows] = np.where(known == UNKNOWN, waiting + runs.count, 1)
        return _entries(in_order(runs, new, older))

    def implausible(self, key: Ints, value: Ints) -> Bools:
        """(n,) which powers are larger than is plausible."""
        wrong: Bools = np.abs(value) > self._limit(key, value)
        return wrong

    def follows(self, key: Ints, time: Ints, value: Ints) -> Bools:
        """(n,) none: each makes the entry of the one before it."""
        return np.zeros(len(key), np.bool_)

    def end(self) -> Entries:
        """The entries of what has no reading after it: the newest holds for one cadence."""
        keys = np.flatnonzero(self.rows.waiting[: self.rows.size])
        if not len(keys):
            return Entries.none()
        runs, rows = KeyRuns(keys), self.rows
        rhythm = Rhythm(runs, rows.steps[keys], np.zeros(len(keys), np.int64))
        cadence, _, _ = rhythm.before_step()
        given = self.channels.column("cadence_ms", keys)
        cadence = np.where(given > 0, given, np.where(cadence > 0, cadence, UNKNOWN_HOLD_MS))
        time = rows.time[keys]
        hold = np.full(len(keys), UNKNOWN_HOLD_MS)
        parts = waited(
            runs, time, rows.power[keys], rows.waiting[keys], hold, time[:, -1] + cadence
        )
        *older, (key, stamp, power, _, before, after) = parts
        return _entries(sorted_parts([*older, (key, stamp, power, cadence, before, after)]))

    def recent(self) -> Entries:
        """None: the newest reading has no entry, and those of the others stay."""
        return Entries.none()

    def waits(self) -> Bools:
        """(keys,) whose rhythm is not known yet."""
        return self.rows.waiting[: self.rows.size] > 1

    def steps(self) -> Numbers:
        """(keys, 8) the newest steps between readings, ms."""
        return self.rows.steps[: self.rows.size]

    def _holds(self, runs: KeyRuns, rhythm: Rhythm) -> Ints:
        """(n,) how long the reading before each holds; -1: not known yet."""
        cadence, usual, steps = rhythm.with_step()
        hold: Ints = np.maximum(2 * cadence, usual + usual // 2)
        hold[steps < MIN_STEPS] = UNKNOWN
        given = self.channels.column("cadence_ms", runs.keys)
        if given.any():
            given = np.repeat(np.broadcast_to(given, runs.keys.shape), runs.count)
            hold = np.where(given > 0, 2 * given, hold)
        return hold

    def _limit(self, key: Ints, power: Ints) -> Ints:
        """The largest plausible power of each (1e-9 kW), in its own direction."""
        largest: Ints = self.channels.column("largest_power_w", key)
        export = self.channels.column("largest_export_w", key)
        if export.any():
            largest = np.where((power < 0) & (export > 0), export, largest)
        limit: Ints = np.multiply(largest, _NANO_KW_PER_W)
        return limit


def _entries(part: Part) -> Entries:
    """The entries of powers with the longest time for which each holds."""
    key, stamp, power, hold, _, after = part
    end = np.minimum(after, stamp + hold)
    whole, rest = np.divmod(np.abs(power), MS_PER_HOUR)
    energy = np.sign(power) * (whole * (end - stamp) + rest * (end - stamp) // MS_PER_HOUR)
    zero = constant(0, key)
    kind = constant(EntryKind.DIFFERENCE, key)
    return Entries(key, stamp, stamp, end, energy, energy, energy, kind, zero, zero)


def _apart(key: Ints, time: Ints, power: Ints) -> Entries:
    """The entries of powers that are not plausible."""
    zero = constant(0, key)
    kind, evidence = constant(EntryKind.GLITCH, key), constant(Evidence.TOO_LARGE, key)
    number = np.abs(power) // _NANO_KW_PER_W
    return Entries(key, time, time, time, zero, zero, zero, kind, evidence, number)


def _of_one_time(key: Ints, time: Ints, chosen: Bools) -> Bools:
    """(n,) of which readings another of the same key and time is chosen."""
    begins = np.ones(len(key), np.bool_)
    begins[1:] = (key[1:] != key[:-1]) | (time[1:] != time[:-1])
    found = np.logical_or.reduceat(chosen, np.flatnonzero(begins))
    of_each: Bools = found[np.cumsum(begins) - 1]
    return of_each


def _last_of_each_time(key: Ints, time: Ints, value: Ints) -> tuple[Ints, Ints, Ints]:
    """Readings of which no two of a key are of one time: the last of each."""
    stays = np.ones(len(key), np.bool_)
    stays[:-1] = (key[1:] != key[:-1]) | (time[1:] != time[:-1])
    return (key, time, value) if stays.all() else (key[stays], time[stays], value[stays])
