"""Ledger entries of many devices as slots: mean powers, NaN where entries do not cover the slot."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from energyguard.detection.open_slots import COVERED, SAYS_NOTHING
from energyguard.detection.slots import HOUR_MS
from energyguard.ledger.entries import Entries
from energyguard.ledger.spread import spread
from energyguard.model.quantities import NANO
from energyguard.model.readings import Ints


class SlotGrid(NamedTuple):
    """Slots of devices, from the first that any has to the last."""

    first: int
    """The first slot's number: ms since 1970 over the length."""
    power_kw: npt.NDArray[np.float64]  # (devices, slots)


def slots_of(entries: Entries, cadence_ms: Ints, slot_ms: int) -> SlotGrid:
    """Spread entries over slots.

    Args:
        entries: of devices that are numbered from 0.
        cadence_ms: (devices,) how long each entry at a point speaks of.
        slot_ms: the length of a slot.
    """
    used = entries.where(~np.isin(entries.kind, SAYS_NOTHING))
    parts = spread(used.energy, used.start, used.end, slot_ms)
    if not len(parts.bucket):
        return SlotGrid(0, np.full((len(cadence_ms), 0), np.nan))
    first = int(parts.bucket.min())
    shape = len(cadence_ms), int(parts.bucket.max()) - first + 1
    key = used.key[parts.entry]
    place = key * shape[1] + parts.bucket - first
    point = (used.start == used.end)[parts.entry]
    covered = np.where(point, cadence_ms[key], parts.inside_ms)
    size = shape[0] * shape[1]
    ms = np.bincount(place, covered, size).reshape(shape)
    kwh = np.bincount(place, parts.energy, size).reshape(shape) / NANO
    known = ms >= COVERED * slot_ms
    power = kwh / np.where(known, np.minimum(ms, slot_ms), 1) * HOUR_MS
    return SlotGrid(first, np.where(known, power, np.nan))
