"""Keys whose scale changes at an event time: what comes is folded by the one that holds then.

Only what is plausible depends on it, so nothing is cut: a register goes on over the change.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import numpy as np

from energyguard.ledger.entries import Entries
from energyguard.ledger.powers import PowerFolds
from energyguard.ledger.registers.descriptions import Descriptions
from energyguard.ledger.registers.fold import Doubts, newest_of_each
from energyguard.ledger.runs import KeyRuns
from energyguard.model.readings import Bools, Ints


class _Folds(Protocol):
    def fold(self, key: Ints, time: Ints, value: Ints) -> Entries: ...

    def follows(self, key: Ints, time: Ints, value: Ints) -> Bools: ...


def fold_by_scales(
    fold: _Folds, channels: Descriptions, key: Ints, time: Ints, value: Ints
) -> Entries:
    """Fold readings, those of each key by the scales that hold at their times."""
    place = channels.places(key, time)
    parts = []
    for number in np.unique(place).tolist():
        mine = place == number
        keys = KeyRuns(key[mine]).keys
        _go_by(channels, keys, np.full(len(keys), number))
        parts.append(fold.fold(key[mine], time[mine], value[mine]))
    return parts[0] if len(parts) == 1 else newest_of_each(Entries.joined(parts))


def follows_by_scales(
    fold: _Folds, channels: Descriptions, key: Ints, time: Ints, value: Ints
) -> Bools:
    """Which readings follow quietly; none of a key after its first change."""
    place, runs = channels.places(key, time), KeyRuns(key)
    first = runs.firsts(place)
    _go_by(channels, runs.keys, first)
    follows: Bools = fold.follows(key, time, value) & (place == runs.each(first))
    return follows


def implausible_by_scales(
    fold: PowerFolds, channels: Descriptions, key: Ints, time: Ints, value: Ints
) -> Bools:
    """Which powers are not plausible, each by the scale that holds at its time."""
    place, found = channels.places(key, time), np.zeros(len(key), np.bool_)
    for number in np.unique(place).tolist():
        mine = place == number
        _go_by(channels, keys := np.unique(key[mine]), np.full(len(keys), number))
        found[mine] = fold.implausible(key[mine], value[mine])
    return found


def go_by_times(channels: Descriptions, keys: Iterable[int], newest_ms: Ints) -> None:
    """Go by the scales that hold at the newest readings of some keys; of all: (keys,)."""
    for key in keys:
        if key in channels.timed:
            channels.go_by(key, channels.place_of(key, int(newest_ms[key])))


def go_by_doubts(channels: Descriptions, doubts: Doubts) -> None:
    """Go by the scales that held when doubts began, for those that are put into doubt again."""
    for key, readings in doubts.items():
        if key in channels.timed:
            channels.go_by(key, channels.place_of(key, readings[0][0]))


def _go_by(channels: Descriptions, keys: Ints, places: Ints) -> None:
    timed = channels.timed
    for key, place in zip(keys.tolist(), places.tolist(), strict=True):
        if key in timed:
            channels.go_by(key, place)
