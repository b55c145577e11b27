"""Records of the log as rows of the history's tables; what cannot be read is left out and said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs.limits import DEFAULT, PlausibilityLimits
from energyguard.codecs.records import read_settled
from energyguard.history import NO_SEQUENCE
from energyguard.history.people import People
from energyguard.log.records import Fetched
from energyguard.model.alerts import AlertEvent
from energyguard.model.fixed import to_nano
from energyguard.model.readings import EARLIEST_MS
from energyguard.model.topics import ALERTS, ENERGY_ALERTS, LATE, source_of, topic_named
from energyguard.records.energy_alerts import ENERGY_ALERT_DECODER
from energyguard.sinks import charging_rows
from energyguard.sinks.decoded import each, unreadable

PLACES = 2**20
"""A record holds fewer readings than this: a reading's rank in its partition is one number."""
LATEST_MS = 4_102_444_800_000
"""2100: a reading beyond it is *ahead* by any clock; it is kept in the table ``late`` alone."""

Ints = npt.NDArray[np.int64]
_WINDOW_ALERTS = pa.schema(
    [
        ("id", pa.string()),
        ("device", pa.string()),
        ("window_start", pa.timestamp("ms", "UTC")),
        ("window_end", pa.timestamp("ms", "UTC")),
        ("kwh", pa.int64()),
        ("rule", pa.string()),
        ("mode", pa.string()),
    ]
)


def rows_of(
    fetched: Fetched, people: People, limits: PlausibilityLimits = DEFAULT
) -> dict[str, pa.Table]:
    """The rows that records of a topic become, by table."""
    topic = topic_named(fetched.topic)
    name = topic.name if topic else ""
    if name in charging_rows.READ:
        return charging_rows.READ[name](fetched, people)
    if name not in _READ:
        return {"readings": _readings(fetched, limits)}
    table, read = _READ[name]
    return {table: read(fetched)}


def _readings(fetched: Fetched, limits: PlausibilityLimits) -> pa.Table:
    batch, record, place = _unpacked(fetched, limits)
    offset = np.asarray(fetched.offsets, np.uint64)[record]
    version = np.uint64(2**64 - 1) - (offset * np.uint64(PLACES) + place.astype(np.uint64))
    table = pa.table(
        {
            "device": batch["device"].dictionary_encode(),
            "channel": batch["channel"].dictionary_encode(),
            "time": batch["time"],
            "value": batch["value"],
            "sequence": pc.fill_null(batch["sequence"], NO_SEQUENCE),
            "topic": pa.DictionaryArray.from_arrays(
                pa.array(np.zeros(len(record), np.int32)), [source_of(fetched.topic)]
            ),
            "version": version,
        }
    )
    ms = batch["time"].cast(pa.int64()).to_numpy(zero_copy_only=False)
    believable = (ms >= EARLIEST_MS) & (ms < LATEST_MS)
    return table if believable.all() else table.filter(pa.array(believable))


def _late(fetched: Fetched) -> pa.Table:
    batch, record, place = _unpacked(fetched)
    verdicts = [dict(headers).get("verdict", b"").decode() for headers in fetched.headers]
    return pa.table(
        {
            "topic": pa.repeat(fetched.topic, len(record)),
            "partition": np.full(len(record), fetched.partition, np.int32),
            "offset": np.asarray(fetched.offsets, np.int64)[record],
            "place": place.astype(np.int32),
            "verdict": pa.array(verdicts, pa.string()).take(pa.array(record)),
            "device": batch["device"],
            "channel": batch["channel"],
            "time_ms": batch["time"].cast(pa.int64()),
            "value": batch["value"],
            "sequence": pc.fill_null(batch["sequence"], NO_SEQUENCE),
        }
    )


def _alerts(fetched: Fetched) -> pa.Table:
    events = [event for _, event in each(fetched, _EVENT.decode)]
    kinds = AlertEvent.__annotations__
    return pa.table(
        {
            name: pa.array(
                [getattr(e, name) for e in events],
                pa.int64() if kinds[name] == "int" else pa.string(),
            )
            for name in AlertEvent.__struct_fields__
            if name != "reason"  # `about` says it, too
        }
    )


def _window_alerts(fetched: Fetched) -> pa.Table:
    records = list(each(fetched, ENERGY_ALERT_DECODER.decode))
    ids = [dict(fetched.headers[i]).get("id", b"").decode() for i, _ in records]
    ends = [_times([getattr(r, end) for _, r in records]) for end in ("window_start", "window_end")]
    columns = [
        ids,
        [r.household_id for _, r in records],
        *ends,
        [to_nano(str(r.kwh)) for _, r in records],
        [r.rule for _, r in records],
        [r.mode for _, r in records],
    ]
    return pa.table(columns, schema=_WINDOW_ALERTS)


_EVENT = msgspec.json.Decoder(AlertEvent)
_READ: Mapping[str, tuple[str, Callable[[Fetched], pa.Table]]] = {
    ALERTS.name: ("alerts", _alerts),
    ENERGY_ALERTS.name: ("window_alerts", _window_alerts),
    LATE.name: ("late", _late),
}


def _times(texts: Sequence[str]) -> pa.Array:
    stamps = pc.strptime(pa.array(texts, pa.string()), "%Y-%m-%d %H:%M:%S", "ms")
    return pc.assume_timezone(stamps, "UTC")


def _unpacked(
    fetched: Fetched, limits: PlausibilityLimits = DEFAULT
) -> tuple[pa.RecordBatch, Ints, Ints]:
    """All readings, the index of each one's record in ``fetched``, its place in the record."""
    batch, record, bad = read_settled(fetched.keys, fetched.values, limits)
    for one in bad:  # its dead letter is the worker's
        unreadable(fetched, one.record, one.refused.reason)
    starts = np.searchsorted(record, np.arange(len(fetched)))
    return batch, record, np.arange(len(record)) - starts[record]
