"""Readings that count nothing, as they need more than is plausible: of large meters."""

from __future__ import annotations

from math import ceil
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs.value_kinds import INTERVAL, rising
from energyguard.model.channels import CHANNELS, MS_PER_HOUR, Kind

FEWEST: Final = 3
"""So many of them are no misread digits."""
PROPOSED: Final = 4
"""What is proposed is so many times what was needed."""


class BeyondPlausible(NamedTuple):
    """How many readings of a channel were set apart, and what they need."""

    channel: str
    readings: int
    needed_kw: float

    @property
    def proposed_kw(self) -> int:
        """A largest power that leaves room: four times what was needed, in two digits."""
        wanted = ceil(PROPOSED * self.needed_kw)
        step: int = 10 ** max(0, len(str(wanted)) - 2)
        return -(-wanted // step) * step


def beyond_plausible(entries: pa.Table) -> BeyondPlausible | None:
    """What of a device's entries was set apart as too large, where that goes on.

    A register that is read wrong for once comes back; one of a large meter rises from reading to
    reading, each time by more than is plausible.

    Args:
        entries: as the question ``entries`` has them: of one channel, in order of time.

    Returns:
        None: there are few such, or none.
    """
    if not entries.num_rows:
        return None
    channel = entries["channel"][0].as_py()
    is_apart = pc.equal(entries["kind"], "glitch").to_numpy()
    if CHANNELS[channel].kind is Kind.REGISTER:
        time = entries["time"].cast(pa.int64()).to_numpy()
        scale = pc.fill_null(entries["scale"], 1.0).to_numpy()
        step, rise = np.diff(time), np.diff(entries["value"].to_numpy()) * scale[1:]
        needed = np.append(0.0, rise * MS_PER_HOUR / np.maximum(step, 1))
        follows = np.append(False, is_apart[:-1])
        found = is_apart & (needed > 0)
        if not (found & follows).any():
            return None
    else:
        found = is_apart & pc.equal(entries["evidence"], "too_large").to_numpy()
        needed = entries["number"].to_numpy() / 1_000
    if (many := int(np.count_nonzero(found))) < FEWEST:
        return None
    return BeyondPlausible(channel, many, float(np.median(needed[found])))


def like_register(entries: pa.Table) -> bool:
    """Whether a device's energies of intervals go on as what a register shows.

    Args:
        entries: as the question ``entries`` has them: of one channel, in order of time.
    """
    if not entries.num_rows or entries["channel"][0].as_py() != INTERVAL:
        return False
    return rising(entries["time"].cast(pa.int64()).to_numpy(), entries["value"].to_numpy())
