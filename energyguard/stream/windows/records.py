"""Outputs as records: system C's alert per window, alert events, and readings set apart."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs.csv import decimals
from energyguard.codecs.packed import pack
from energyguard.log.records import Records
from energyguard.model.readings import Verdict
from energyguard.model.topics import LATE
from energyguard.records.alerts import ALERT_EVENT, AlertEvent
from energyguard.records.energy_alerts import BEFORE, EnergyAlertHeaders, identity
from energyguard.records.readings import LateHeaders
from energyguard.stream.time.batch import Ints, ReadingBatch
from energyguard.stream.windows.output import Breaches

Found = Sequence[tuple[Breaches, Sequence[str]]]
_HOUSEHOLD, _START, _END, _KWH, _RULE, _MODE = BEFORE


def window_alerts(found: Found) -> pa.StringArray:
    """System C's alert records as JSON, one per window, all at once.

    Args:
        found: breaches, each lot with the names of its keys.
    """
    ends = np.concatenate([some.end_ms for some, _ in found])
    starts = np.concatenate([some.end_ms - some.rule.window_ms for some, _ in found])
    return pc.binary_join_element_wise(
        _HOUSEHOLD,
        _households(found),
        f'{_START}"',
        spell_times(starts),
        f'"{_END}"',
        spell_times(ends),
        f'"{_KWH}',
        decimals(pa.array(np.concatenate([some.nano_kwh for some, _ in found]))),
        _rules(found),
        "",
    )


def _households(found: Found) -> pa.StringArray:
    """Whose each window is, as a JSON string; each name is written once."""
    lot = np.repeat(np.arange(len(found)), [len(some.key) for some, _ in found])
    key = np.concatenate([some.key for some, _ in found])
    used, at = np.unique(lot << 32 | key, return_inverse=True)
    names = [found[both >> 32][1][both & 0xFFFF_FFFF] for both in used.tolist()]
    return _spread([msgspec.json.encode(name).decode() for name in names], at)


def _rules(found: Found) -> pa.StringArray:
    """The end of each record, which says by which rule."""
    texts = []
    for some, _ in found:
        text, mode = some.rule.text, some.rule.mode_name
        rule, mode = (msgspec.json.encode(words).decode() for words in (text, mode))
        texts.append(f"{_RULE}{rule}{_MODE}{mode}}}")
    return _spread(texts, np.repeat(np.arange(len(found)), [len(some.key) for some, _ in found]))


def _spread(texts: Sequence[str], at: Ints) -> pa.StringArray:
    return pa.DictionaryArray.from_arrays(pa.array(at), pa.array(texts)).cast(pa.string())


def spell_times(ms: Ints) -> pa.StringArray:
    """``YYYY-MM-DD HH:MM:SS`` in UTC."""
    return pa.array(ms // 1000, pa.timestamp("s")).cast(pa.string())


def energy_alerts(found: Found) -> Records:
    """Records for ``energy_alerts``: key household, id in the header."""
    keys: list[bytes | None] = []
    headers = []
    for some, devices in found:
        names = [devices[k] for k in some.key.tolist()]
        keys += [name.encode() for name in names]
        headers += [
            EnergyAlertHeaders(identity(some.rule.id, name, end)).encode()
            for name, end in zip(names, some.end_ms.tolist(), strict=True)
        ]
    return Records(keys, window_alerts(found).cast(pa.binary()).to_pylist(), headers)


def alert_events(events: Sequence[AlertEvent]) -> Records:
    """Records for ``energyguard.alerts``: key device."""
    return Records([e.device.encode() for e in events], [ALERT_EVENT.encode(e) for e in events])


def set_apart(verdict: Verdict, batch: ReadingBatch, topic: str, partition: int) -> Records:
    """Records for ``energyguard.late``: packed readings that no window counted."""
    packed = pack(batch.readings, LATE.partitions)
    header = LateHeaders(verdict.value, topic, str(partition), str(int(batch.offset[0]))).encode()
    return Records(
        [None] * len(packed),
        [value for _, value in packed],
        [header] * len(packed),
        partitions=[where for where, _ in packed],
    )
