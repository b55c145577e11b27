"""The fold of registers, of many keys at once.

Nearly all readings follow the one before them quietly: many are folded together, in columns. From
the first of a key that does not, its readings go one by one through ``RegisterFold`` until nothing
is in doubt any more.
"""

from __future__ import annotations

from itertools import repeat

import numpy as np

from energyguard.ledger.entries import Entries
from energyguard.ledger.registers.accepted import KeyEntry
from energyguard.ledger.registers.descriptions import Descriptions
from energyguard.ledger.registers.kept_registers import KeptRegisters
from energyguard.ledger.registers.quiet import QuietReadings
from energyguard.ledger.registers.register_fold import RegisterFold
from energyguard.ledger.rhythm import STEPS
from energyguard.ledger.rows import NOTHING
from energyguard.ledger.runs import KeyRuns, Numbers
from energyguard.model.readings import Bools, Ints

ROUND = 4_096
"""So many readings of a key are folded at once after the first that was not quiet."""
FEW = 64
"""So few readings are not worth another round: they are folded one by one."""


class RegisterFolds:
    """The registers of many keys."""

    def __init__(self, channels: Descriptions) -> None:
        self.channels = channels
        self.rows = KeptRegisters()
        self.folds: dict[int, RegisterFold] = {}  # of those that are in doubt

    def fold(self, key: Ints, time: Ints, value: Ints) -> Entries:
        """Take readings, sorted by key and time; of those of one time of a key the first counts.

        Returns:
            the entries that are made or replaced, sorted by key and stamp; a replaced one has the
            stamp that it had.
        """
        parts: list[Entries] = []
        rest = np.arange(len(key))
        while len(rest):
            first_round = not parts
            take = rest if first_round else _heads(key[rest], rest)
            quiet = QuietReadings(
                self.rows, self.channels, (key[take], time[take], value[take]), self._in_doubt()
            )
            parts.append(quiet.fold())
            if first_round:
                rest = rest[~quiet.follows]
            else:
                rest = np.setdiff1d(rest, take[quiet.follows], assume_unique=True)
            if len(rest):
                alone, rest = self._one_by_one(key, time, value, rest)
                parts.append(alone)
        return parts[0] if len(parts) == 1 else newest_of_each(Entries.joined(parts))

    def follows(self, key: Ints, time: Ints, value: Ints) -> Bools:
        """(n,) which readings, up to the first of each key that does not, follow quietly."""
        readings = key, time, value
        return QuietReadings(self.rows, self.channels, readings, self._in_doubt()).follows

    def _in_doubt(self) -> Ints:
        return np.fromiter(self.folds, np.int64, len(self.folds))

    def _one_by_one(self, key: Ints, time: Ints, value: Ints, rest: Ints) -> tuple[Entries, Ints]:
        """Fold readings of each key until nothing is in doubt; the others are left."""
        runs = KeyRuns(key[rest])
        found: list[tuple[int, KeyEntry]] = []
        left = []
        few = len(rest) <= FEW
        for number, first, last in zip(
            runs.keys.tolist(), runs.first.tolist(), runs.last.tolist(), strict=True
        ):
            fold = self.folds.pop(number, None) or self._load(number)
            fold.channel = self.channels.channel(number)
            at = first
            alone = few or fold.channel.resets_daily
            while at <= last:
                place = rest[at]
                found += zip(
                    repeat(number), fold.take(int(time[place]), int(value[place])), strict=False
                )
                at += 1
                if fold.doubt is None and not alone:
                    break
            left.append(rest[at : last + 1])
            self._save(number, fold)
        return _columns(found), np.concatenate(left)

    def _load(self, key: int) -> RegisterFold:
        return self.rows.load(key, self.channels.channel(key))

    def _save(self, key: int, fold: RegisterFold) -> None:
        self.rows.save(key, fold)
        if fold.doubt:
            self.folds[key] = fold

    def end(self) -> Entries:
        """The entries of what is in doubt, as its best explanation has them."""
        found = [
            (key, entry)
            for key, fold in self.folds.items()
            if fold.doubt
            for entry in fold.doubt.news(keep=False)
        ]
        return newest_of_each(_columns(found))

    def recent(self) -> Entries:
        """Those of the newest accepted readings of each key, up to four."""
        found: list[tuple[int, KeyEntry]] = []
        for key in np.flatnonzero(self.rows.newest[: self.rows.size] != NOTHING).tolist():
            fold = self.folds.get(key) or self._load(key)
            found += zip(repeat(key), fold.recent(), strict=False)
        return newest_of_each(_columns(found))

    def waits(self) -> Bools:
        """(keys,) whose newest reading is in doubt."""
        waits = np.zeros(self.rows.size, np.bool_)
        waits[[key for key, fold in self.folds.items() if fold.waits]] = True
        return waits

    def steps(self) -> Numbers:
        """(keys, 8) the newest steps between readings, ms."""
        steps = self.rows.steps[: self.rows.size].copy()
        for key, fold in self.folds.items():
            steps[key] = 0
            steps[key, STEPS - len(fold.steps) :] = fold.steps
        return steps

    def doubts(self) -> Doubts:
        """The readings in doubt of each key: time and register."""
        found = sorted(self.folds.items())
        return {key: fold.doubt.readings for key, fold in found if fold.doubt}

    def open(self, doubts: Doubts) -> None:
        """Put keys into doubt again, whose rows are from before it."""
        for key, readings in doubts.items():
            self.folds.pop(key, None)
            fold = self._load(key)
            for time, register in readings:
                fold.take(time, register)
            self.folds[key] = fold


Doubts = dict[int, list[tuple[int, int]]]


def _heads(key: Ints, rest: Ints) -> Ints:
    """Of the readings that are left, so many of each key as are folded in one round."""
    return rest[KeyRuns(key).place < ROUND]


def _columns(found: list[tuple[int, KeyEntry]]) -> Entries:
    """Entries of some keys in columns."""
    if not found:
        return Entries.none()
    table = np.array([(key, *entry) for key, entry in found], np.int64)
    return Entries(*table.T)


def newest_of_each(entries: Entries) -> Entries:
    """Entries sorted by key and stamp; of those of one reading the last counts."""
    order = np.lexsort((entries.stamp, entries.key))
    key, stamp = entries.key[order], entries.stamp[order]
    stays = np.ones(len(order), np.bool_)
    stays[:-1] = (key[1:] != key[:-1]) | (stamp[1:] != stamp[:-1])
    return entries.where(order[stays])
