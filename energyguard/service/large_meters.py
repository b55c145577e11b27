"""Meters that are larger than what is plausible of them, from the newest readings of a log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs.records import read_records
from energyguard.history.energy import folded
from energyguard.history.energy.energy_channels import spelled
from energyguard.ledger.channels import EnergyChannel
from energyguard.log import EARLIEST, LATEST, Log
from energyguard.model.channels import CHANNELS, MS_PER_HOUR, Kind
from energyguard.model.readings import times_of
from energyguard.pipeline import READINGS
from energyguard.service.beyond_plausible import FEWEST, BeyondPlausible, beyond_plausible

NEWEST: Final = 1_000
"""So many records of each partition are looked at."""
MAX_NAMED: Final = 5


class LargeMeter(NamedTuple):
    """A device, and what of its newest readings counts nothing."""

    device: str
    of: BeyondPlausible


def large_meters(
    log: Log, described: Callable[[str, str], EnergyChannel], min_power_w: int
) -> Iterator[LargeMeter]:
    """A few of the meters whose newest readings need more power than is plausible of them.

    Args:
        log: has their readings.
        described: what is said of a device's channel.
        min_power_w: the smallest power that is the largest plausible one of any device.
    """
    found = 0
    for topic in READINGS:
        readings = pa.Table.from_batches([_newest(log, topic.name)])
        for name in pc.unique(readings["channel"]).to_pylist():
            if name not in CHANNELS or CHANNELS[name].is_level:
                continue
            of_channel = readings.filter(pc.equal(readings["channel"], name))
            for device in _suspects(of_channel, CHANNELS[name].kind, min_power_w):
                mine = of_channel.filter(pc.equal(of_channel["device"], device))
                large = beyond_plausible(_entries(device, mine, described(device, name)))
                if large is not None:
                    yield LargeMeter(device, large)
                    found += 1
                if found == MAX_NAMED:
                    return


def _newest(log: Log, topic: str) -> pa.RecordBatch:
    """The newest readings of a topic."""
    first = log.positions(topic, EARLIEST)
    ends = log.positions(topic, LATEST)
    at = {place: max(offset, ends[place] - NEWEST) for place, offset in first.items()}
    values: list[bytes | None] = []
    while parts := log.read({p: o for p, o in at.items() if o < ends[p]}, NEWEST, 0):
        for part in parts:
            values += part.values
            at[part.at] = part.next_offset
    return read_records(values, topic=topic).readings


def _suspects(readings: pa.Table, kind: Kind, min_power_w: int) -> list[str]:
    """Devices of which some readings need more than a power."""
    names = readings["device"].combine_chunks().dictionary_encode()
    key, time = names.indices.to_numpy(), times_of(readings)
    order = np.lexsort((time, key))
    key, time, value = key[order], time[order], readings["value"].to_numpy()[order]
    follows = np.append(False, (key[1:] == key[:-1]) & (np.diff(time) > 0))
    step = np.where(follows, np.diff(time, prepend=0), MS_PER_HOUR)
    energy = np.diff(value, prepend=0) if kind is Kind.REGISTER else value
    power: npt.NDArray[np.float64] = np.abs(energy) / 1e6  # W, of a power
    if kind is not Kind.POWER:
        power = power * (MS_PER_HOUR / step)
    many = np.bincount(key[follows & (power > min_power_w)], minlength=len(names.dictionary))
    return [names.dictionary[n].as_py() for n in np.flatnonzero(many >= FEWEST).tolist()]


def _entries(device: str, readings: pa.Table, channel: EnergyChannel) -> pa.Table:
    """As the question ``entries`` has them."""
    times = pa.array(times_of(readings), pa.int64())
    rows = pa.table({"name": readings["channel"], "ms": times, "nano": readings["value"]})
    rows = rows.sort_by("ms")
    for name in ("wrong", "is_set"):
        rows = rows.append_column(name, pa.array([0] * len(rows), pa.int64()))
    rows = rows.append_column("facts", pa.array([spelled(channel)] * len(rows)))
    first, last = rows["ms"][0].as_py(), rows["ms"][-1].as_py()
    bound = {"device": device, "start_ms": str(first), "end_ms": str(last + 1)}
    return folded.entries(rows, bound)
