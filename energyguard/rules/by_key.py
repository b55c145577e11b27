"""Readings brought together by key, and what is kept of each key from one batch to the next."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, NamedTuple

import numpy as np

from energyguard.model.channels import Ints
from energyguard.model.readings import Bools
from energyguard.rules.valued import ValueRows


class ByKey(NamedTuple):
    """n moments by key, in log order within each. Columns may have more axes before that of n."""

    order: Ints
    key: Ints
    time: Ints
    first: Bools  # of its key
    begin: Ints  # where its key begins

    @classmethod
    def of(cls, rows: ValueRows) -> ByKey:
        """Bring moments of a key together."""
        order = np.argsort(rows.key, kind="stable")
        key = rows.key[order]
        first = np.ones(len(key), bool)
        first[1:] = key[1:] != key[:-1]
        begin = np.maximum.accumulate(np.where(first, np.arange(len(key)), 0))
        return cls(order, key, rows.time[order], first, begin)

    def before(self, column: Ints, kept: Ints) -> Ints:
        """Of each moment, a column's value at the one before; of the first, what was kept."""
        shifted = np.empty_like(column)
        shifted[..., 1:] = column[..., :-1]
        shifted[..., self.first] = kept[..., self.key[self.first]]
        return shifted

    def since_begin(self, step: Ints) -> Ints:
        """Sums of a column from its key's first moment on, that one included."""
        total = np.cumsum(step, axis=-1)
        begun: Ints = total - (total - step)[..., self.begin]
        return begun

    def latest(self, marked: Bools) -> tuple[Ints, Bools]:
        """The latest marked moment up to each, and whether it is of the same key."""
        at = np.maximum.accumulate(np.where(marked, np.arange(len(self.key)), -1), axis=-1)
        return at, at >= self.begin

    def newest(self, marked: Bools, kept: Ints) -> Ints:
        """Up to each moment, the time of the latest marked one; of those before, what was kept."""
        at, here = self.latest(marked)
        return np.where(here, self.time[at], kept[self.key])

    @property
    def last(self) -> Ints:
        """The place of each key's last moment."""
        return np.flatnonzero(np.append(self.key[1:] != self.key[:-1], True)[: len(self.key)])

    def unsorted(self, column: Any) -> Any:
        """A column in the order of the log."""
        out = np.empty_like(column)
        out[..., self.order] = column
        return out


class KeyMemory:
    """Columns with a value for each key, the last axis; made larger as keys come."""

    def __init__(self, **fresh: tuple[tuple[int, ...], int]) -> None:
        self._fresh = {name: value for name, (_, value) in fresh.items()}
        self.columns = {name: np.empty((*axes, 0), np.int64) for name, (axes, _) in fresh.items()}

    def grow(self, keys: int) -> None:
        """Make room for so many keys."""
        for name, column in self.columns.items():
            more = keys - column.shape[-1]
            if more > 0:
                fresh = np.full((*column.shape[:-1], more), self._fresh[name])
                self.columns[name] = np.concatenate([column, fresh], axis=-1)

    def __getitem__(self, name: str) -> Ints:
        return self.columns[name]

    def keep(self, by_key: ByKey, **columns: Ints) -> None:
        """Keep the last of each key."""
        last = by_key.last
        for name, column in columns.items():
            self.columns[name][..., by_key.key[last]] = column[..., last]

    def save(self) -> dict[str, Ints]:
        """The columns, flat."""
        return {name: column.ravel() for name, column in self.columns.items()}

    def restore(self, saved: Mapping[str, Ints]) -> None:
        """Be as saved; other columns are of a rule about other channels, and are left."""
        known = {name: column.shape[:-1] for name, column in self.columns.items()}
        if saved.keys() == known.keys():
            keys = min(saved[name].size // prod(axes) for name, axes in known.items())
            if all(saved[name].size == keys * prod(axes) for name, axes in known.items()):
                self.columns = {
                    name: saved[name].reshape(*axes, keys) for name, axes in known.items()
                }
