"""The fold of interval energies, of many keys at once: each gets its length and its place in time.

The length is what somebody says, else the key's cadence; while that is not known (fewer than three
steps), readings wait, unless a step is at most a minute. The stamp is the interval's start, unless
somebody says that it is its end. A negative interval is export.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from energyguard.ledger.entries import Entries, EntryKind
from energyguard.ledger.evidence import Evidence
from energyguard.ledger.plausible import largest_energies, reach_ms
from energyguard.ledger.registers.descriptions import Descriptions
from energyguard.ledger.rhythm import MIN_STEPS, POINT_MS, STEPS, UNKNOWN, Rhythm, lengths_of
from energyguard.ledger.rows import NOTHING, KeyRows, RowColumn
from energyguard.ledger.runs import KeyRuns, Numbers, before_first_not
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
from energyguard.model.readings import Bools, Ints


class IntervalRows(KeyRows):
    """What is kept of each key."""

    COLUMNS: ClassVar[Mapping[str, RowColumn]] = {
        "time": RowColumn(np.int64, WAITING, NOTHING),
        "energy": RowColumn(np.int64, WAITING),
        "length": RowColumn(np.int64, 1, UNKNOWN),
        "waiting": RowColumn(np.int64),
        "steps": RowColumn(np.uint32, STEPS),
    }
    time: Ints  # (keys, 3) of the newest readings, the newest last
    energy: Ints  # (keys, 3)
    length: Ints  # (keys,) of the newest; -1: it waits
    waiting: Ints  # (keys,) how many of the newest wait
    steps: Numbers  # (keys, 8) ms


class IntervalFolds:
    """The interval energies of many keys."""

    def __init__(self, channels: Descriptions) -> None:
        self.channels = channels
        self.rows = IntervalRows()

    def fold(self, key: Ints, time: Ints, value: Ints) -> Entries:
        """Take readings, sorted by key and time; those of one time of a key add up.

        Returns:
            the entries that are made or replaced, sorted by key and stamp.
        """
        key, time, value = _added_up(key, time, value)
        runs, rows = KeyRuns(key), self.rows
        kept_time, kept_energy = rows.time[runs.rows], rows.energy[runs.rows]
        waiting, length_before = rows.waiting[runs.rows], rows.length[runs.rows]
        before = runs.previous(time, kept_time[:, -1])
        step = np.where(before == NOTHING, 0, time - before)
        first = runs.firsts(step), runs.firsts(before), runs.firsts(time)
        again = np.flatnonzero((first[0] == 0) & (first[1] != NOTHING))
        if len(again):
            kept_time, kept_energy = kept_time.copy(), kept_energy.copy()
            waiting, length_before = waiting.copy(), length_before.copy()
            value = value.copy()
            value[runs.first[again]] += kept_energy[again, -1]
            without_newest(kept_time, kept_energy, waiting, again)
            before[runs.first[again]] = kept_time[again, -1]
            length_before[again] = UNKNOWN
        rhythm = Rhythm(runs, rows.steps[runs.rows], step)
        length = self._lengths(runs, rhythm)
        known = resolved(runs, length)
        new = (key, time, value, length, before, following(runs, time, NOTHING))
        older = waited(runs, kept_time, kept_energy, waiting, known, first[2])
        cut = 10 * first[0] < 9 * length_before
        if cut.any():
            cut &= ~self.channels.where("stamp_is_end", runs.keys)
            older.append(
                (
                    runs.keys[cut], kept_time[cut, -1], kept_energy[cut, -1], length_before[cut],
                    kept_time[cut, -2], first[2][cut],
                )
            )  # fmt: skip
        rows.time[runs.rows] = runs.newest(time, kept_time)
        rows.energy[runs.rows] = runs.newest(value, kept_energy)
        rows.steps[runs.rows] = rhythm.newest()
        rows.length[runs.rows] = runs.lasts(length)
        rows.waiting[runs.rows] = np.where(known == UNKNOWN, waiting + runs.count, 0)
        return self._entries(in_order(runs, new, older))

    def follows(self, key: Ints, time: Ints, value: Ints) -> Bools:
        """(n,) which readings, up to the first of each key that does not, cut and delay nothing."""
        runs, rows = KeyRuns(key), self.rows
        before = runs.previous(time, rows.time[runs.rows, -1])
        step = np.where(before == NOTHING, 0, time - before)
        length = self._lengths(runs, Rhythm(runs, rows.steps[runs.rows], step))
        length_before = runs.previous(length, rows.length[runs.rows])
        follows = (step > 0) & (length != UNKNOWN) & (length_before != UNKNOWN)
        return before_first_not(runs, follows & (10 * step >= 9 * length_before))

    def end(self) -> Entries:
        """The entries of what waits: as long as the rhythm says so far, or a point."""
        waits = self.rows.waiting[: self.rows.size] > 0
        is_lone = (self.steps() == 0).all(axis=1)  # of which no step, so no power, is known
        parts = [self._of_waiting(np.flatnonzero(waits & ~is_lone), judged=True)]
        parts.append(self._of_waiting(np.flatnonzero(waits & is_lone), judged=False))
        return _by_key(Entries.joined(parts))

    def _of_waiting(self, keys: Ints, judged: bool) -> Entries:
        if not len(keys):
            return Entries.none()
        runs, rows = KeyRuns(keys), self.rows
        none = np.zeros(len(keys), np.int64)
        length = lengths_of(Rhythm(runs, rows.steps[keys], none).before_step()[0])
        after = np.full(len(keys), NOTHING)
        return self._entries(
            sorted_parts(
                waited(runs, rows.time[keys], rows.energy[keys], rows.waiting[keys], length, after)
            ),
            judged,
        )

    def recent(self) -> Entries:
        """The newest of each key: the next reading may cut it, or add to it."""
        rows = self.rows
        keys = np.flatnonzero(rows.length[: rows.size] != UNKNOWN)
        time, energy, length = rows.time[keys], rows.energy[keys], rows.length[keys]
        after = np.full(len(keys), NOTHING)
        return self._entries((keys, time[:, -1], energy[:, -1], length, time[:, -2], after))

    def waits(self) -> Bools:
        """(keys,) whose newest reading has no length yet."""
        return self.rows.waiting[: self.rows.size] > 0

    def steps(self) -> Numbers:
        """(keys, 8) the newest steps between readings, ms."""
        return self.rows.steps[: self.rows.size]

    def _lengths(self, runs: KeyRuns, rhythm: Rhythm) -> Ints:
        """(n,) the length of each; 0: a point; -1: not known yet."""
        of_keys = rhythm.lengths()
        length = np.repeat(of_keys, runs.count) if not runs.single else of_keys.copy()
        if of_keys.min() == UNKNOWN:
            rest = np.flatnonzero(length == UNKNOWN)
            cadence, _, steps = rhythm.with_step(rest)
            found = lengths_of(cadence)
            found[(steps < MIN_STEPS) & ((found > 0) | (steps == 0))] = UNKNOWN
            length[rest] = found
        for field in ("cadence_ms", "length_ms"):
            given = self.channels.column(field, runs.keys)
            if given.any():
                given = np.repeat(np.broadcast_to(given, runs.keys.shape), runs.count)
                length = np.where(given == 0, length, np.where(given <= POINT_MS, 0, given))
        return length

    def _entries(self, part: Part, judged: bool = True) -> Entries:
        """The entries of readings with their lengths; ``judged``: by the largest power."""
        key, stamp, energy, length, before, after = part
        start, end = self._spans(key, stamp, length, before, after)
        zero, plain = constant(0, key), constant(EntryKind.INTERVAL, key)
        wrong = np.flatnonzero(np.abs(energy) > self._limit(key, energy, length))
        if not judged or not len(wrong):
            return Entries(key, stamp, start, end, energy, energy, energy, plain, zero, zero)
        kind, evidence, number = plain.copy(), zero.copy(), zero.copy()
        kind[wrong], evidence[wrong] = EntryKind.GLITCH, Evidence.TOO_LARGE
        number[wrong] = np.abs(energy[wrong]) * 3.6 / np.maximum(length[wrong], POINT_MS)
        start, end, energy = start.copy(), end.copy(), energy.copy()
        start[wrong] = end[wrong] = stamp[wrong]
        energy[wrong] = 0
        return Entries(key, stamp, start, end, energy, energy, energy, kind, evidence, number)

    def _spans(
        self, key: Ints, stamp: Ints, length: Ints, before: Ints, after: Ints
    ) -> tuple[Ints, Ints]:
        """From when to when: up to the next stamp (from the last), if that is clearly nearer."""
        if length.max(initial=0) == 0:
            return stamp, stamp
        is_end = self.channels.where("stamp_is_end", key)
        cut = ~is_end & (after != NOTHING) & (10 * (after - stamp) < 9 * length)
        end = np.where(is_end, stamp, np.where(cut, after, stamp + length))
        if not is_end.any():
            return stamp, end
        cut = is_end & (before != NOTHING) & (10 * (stamp - before) < 9 * length)
        return np.where(cut, before, np.where(is_end, stamp - length, stamp)), end

    def _limit(self, key: Ints, energy: Ints, length: Ints) -> Ints:
        """The largest plausible energy of each, in its own direction."""
        power = self.channels.column("largest_power_w", key)
        export = self.channels.column("largest_export_w", key)
        if export.any():
            power = np.where((energy < 0) & (export > 0), export, power)
        duration = np.maximum(length, POINT_MS) if length.max(initial=0) else np.array([POINT_MS])
        return largest_energies(power, reach_ms(int(power.max(initial=1))), duration)


def _by_key(entries: Entries) -> Entries:
    """Entries by key, in the order in which they are within each."""
    return entries.where(np.argsort(entries.key, kind="stable"))


def _added_up(key: Ints, time: Ints, value: Ints) -> tuple[Ints, Ints, Ints]:
    """Readings of which no two of a key are of one time: those are added up."""
    fresh = np.ones(len(key), np.bool_)
    fresh[1:] = (key[1:] != key[:-1]) | (time[1:] != time[:-1])
    if fresh.all():
        return key, time, value
    return key[fresh], time[fresh], np.add.reduceat(value, np.flatnonzero(fresh))
