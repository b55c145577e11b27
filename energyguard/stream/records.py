"""Outcomes as records: system C's alert per window, alert events, and readings set apart."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.log.records import Records
from energyguard.model.alerts import AlertEvent
from energyguard.model.readings import Verdict
from energyguard.model.topics import LATE
from energyguard.stream.batch import Batch, Ints
from energyguard.stream.outcome import Over
from energyguard.wire.csv import decimals
from energyguard.wire.packed import pack


def window_alerts(over: Over, devices: Sequence[str]) -> pa.StringArray:
    """System C's alert records as JSON, one per window, all at once."""
    used, at = np.unique(over.key, return_inverse=True)
    names = [msgspec.json.encode(devices[k]).decode() for k in used.tolist()]
    household = pa.DictionaryArray.from_arrays(pa.array(at), pa.array(names)).cast(pa.string())
    mode = msgspec.json.encode(over.rule.mode or over.rule.id).decode()
    text = msgspec.json.encode(over.rule.text).decode()
    return pc.binary_join_element_wise(
        '{"household_id":',
        household,
        ',"window_start":"',
        spell_times(over.end_ms - over.rule.window_ms),
        '","window_end":"',
        spell_times(over.end_ms),
        '","kwh":',
        decimals(pa.array(over.nano_kwh)),
        f',"rule":{text},"mode":{mode}}}',
        "",
    )


def spell_times(ms: Ints) -> pa.StringArray:
    """``YYYY-MM-DD HH:MM:SS`` in UTC; each distinct time is written once."""
    used, at = np.unique(ms, return_inverse=True)
    texts = pc.strftime(pa.array(used // 1000, pa.timestamp("s")), format="%Y-%m-%d %H:%M:%S")
    return pa.DictionaryArray.from_arrays(pa.array(at), texts).cast(pa.string())


def energy_alerts(over: Sequence[Over], devices: Sequence[str]) -> Records:
    """Records for ``energy_alerts``: key household, id in the header."""
    keys: list[bytes | None] = []
    values: list[bytes | None] = []
    headers = []
    for one in over:
        values += window_alerts(one, devices).cast(pa.binary()).to_pylist()
        names = [devices[k] for k in one.key.tolist()]
        keys += [name.encode() for name in names]
        rule = one.rule.id
        headers += [
            (("id", f"{rule}/{name}/{end}".encode()),)
            for name, end in zip(names, one.end_ms.tolist(), strict=True)
        ]
    return Records(keys, values, headers)


def alert_events(events: Sequence[AlertEvent]) -> Records:
    """Records for ``energyguard.alerts``: key device."""
    return Records([e.device.encode() for e in events], [msgspec.json.encode(e) for e in events])


def set_apart(verdict: Verdict, batch: Batch, topic: str, partition: int) -> Records:
    """Records for ``energyguard.late``: packed readings that no window counted."""
    packed = pack(batch.readings, LATE.partitions)
    header = (
        ("verdict", verdict.value.encode()),
        ("topic", topic.encode()),
        ("partition", str(partition).encode()),
        ("offset", str(int(batch.offset[0])).encode()),
    )
    return Records(
        [None] * len(packed),
        [value for _, value in packed],
        [header] * len(packed),
        partitions=[where for where, _ in packed],
    )
