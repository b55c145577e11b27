"""What floors send, as columns first: their JSON messages, or the readings of those."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from energyguard.domains.building.load_shape import Integers
from energyguard.model.readings import batch_of
from energyguard.records.floors import device_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NANO_PER_MILLI, _NANO_PER_DECI = 10**6, 10**8
_MILLI = [f".{milli:03d}".rstrip("0").rstrip(".") for milli in range(1000)]
"""Thousandths as they stand behind a whole number."""


class FloorValues(NamedTuple):
    """What F floors send at T times: T × F matrices, whole numbers.

    Attributes:
        time_ms: the timestamps, ms since 1970 UTC: ahead or behind where the clock is wrong.
        is_sent: whether the message is sent.
        wh: the counter, Wh.
        added_wh: the energy of the tick that ends then, Wh.
        watt: the power, W.
        milliampere: the current, mA.
        decivolt: the voltage, 0.1 V.
    """

    time_ms: Integers
    is_sent: npt.NDArray[np.bool_]
    wh: Integers
    added_wh: Integers
    watt: Integers
    milliampere: Integers
    decivolt: Integers


def floors_of(values: FloorValues) -> Integers:
    """The number of the floor of each message that is sent, by time, then floor."""
    return np.nonzero(values.is_sent)[1] + 1


def as_messages(values: FloorValues, has_delta: bool) -> list[bytes]:
    """System A's messages (``records/floors.py``) that are sent, by time, then floor."""
    sent = values.is_sent
    rows = zip(
        values.time_ms[sent].tolist(),
        floors_of(values).tolist(),
        *(
            map(_text, *(part[sent].tolist() for part in np.divmod(column, 1000)))
            for column in (
                values.wh,
                values.watt,
                values.milliampere,
                100 * values.decivolt,
                values.added_wh,
            )
        ),
        strict=True,
    )
    made, last_ms, timestamp = list[bytes](), None, ""
    for ms, floor, kwh, kw, ampere, volt, added in rows:
        if ms != last_ms:
            last_ms, timestamp = ms, (_EPOCH + timedelta(milliseconds=ms)).isoformat()
        delta = f'"delta_kwh":{added},' if has_delta else ""
        made.append(
            f'{{"piano":{floor},"sensore1_kwh":{kwh},"sensore2_kw":{kw},'
            f'"sensore3_corrente":{ampere},"sensore3_tensione":{volt},'
            f'{delta}"timestamp":"{timestamp}"}}'.encode()
        )
    return made


def as_batch(values: FloorValues, has_delta: bool) -> pa.RecordBatch:
    """The readings of those messages, by time, floor, then channel."""
    columns = {
        "energy_register_kwh": values.wh * _NANO_PER_MILLI,
        "power_kw": values.watt * _NANO_PER_MILLI,
        "current_a": values.milliampere * _NANO_PER_MILLI,
        "voltage_v": values.decivolt * _NANO_PER_DECI,
    }
    if has_delta:
        columns["delta_kwh"] = values.added_wh * _NANO_PER_MILLI
    sent, many = values.is_sent, len(columns)
    floor = np.repeat(floors_of(values), many)
    devices = pa.array([device_of(place + 1) for place in range(sent.shape[1])], pa.string())
    channel = pa.array(np.tile(np.arange(many), floor.size // many))
    return batch_of(
        devices.take(pa.array(floor - 1)),
        pa.array(list(columns), pa.string()).take(channel),
        np.repeat(values.time_ms[sent], many),
        np.stack([column[sent] for column in columns.values()], axis=1).ravel(),
    )


def _text(whole: int, milli: int) -> str:
    return f"{whole}{_MILLI[milli]}"
