"""Records of the log as rows of the history's tables; what cannot be read is left out and said."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs.assembly import DEFAULT, PlausibilityLimits
from energyguard.codecs.records import read_settled
from energyguard.history import NO_SEQUENCE
from energyguard.history.corrections.corrected_tables import IMPORT_RECORDS, LAST_VERSION
from energyguard.history.corrections.effective import PLACES, offsets_of
from energyguard.history.people import People
from energyguard.log.records import Fetched, Headers
from energyguard.model.readings import EARLIEST_MS, Verdict
from energyguard.model.topics import source_of
from energyguard.records.contract import Encoding
from energyguard.records.readings import (
    LATE_READINGS,
    LATE_TABLE,
    READINGS_TABLE,
    LateHeaders,
    ReadingHeaders,
)
from energyguard.records.registry import record_of
from energyguard.sinks.record_rows import tables_of, unreadable

LATEST_MS = 4_102_444_800_000
"""2100: a reading beyond it is *ahead* by any clock; it is kept in the table ``late`` alone."""

Ints = npt.NDArray[np.int64]


def rows_of(
    fetched: Fetched, people: People, limits: PlausibilityLimits = DEFAULT
) -> dict[str, pa.Table]:
    """The rows that records of a topic become, by table."""
    record = record_of(fetched.topic)
    if record.encoding is not Encoding.PACKED:
        return tables_of(fetched, record, people)
    if record is LATE_READINGS:
        return {LATE_TABLE.name: _late(fetched)}
    rows = _readings(fetched, limits)
    brought = _import_records(fetched, rows) if any(map(_is_imported, fetched.headers)) else None
    return {READINGS_TABLE.name: rows} | ({} if brought is None else {IMPORT_RECORDS.name: brought})


def _readings(fetched: Fetched, limits: PlausibilityLimits) -> pa.Table:
    batch, record, place = _unpacked(fetched, limits)
    offset = np.asarray(fetched.offsets, np.uint64)[record]
    rank = offset * np.uint64(PLACES) + place.astype(np.uint64)
    version = np.uint64(LAST_VERSION) - np.maximum(rank, np.uint64(1))  # the last: a corrected one
    table = pa.table(
        {
            "device": batch["device"].dictionary_encode(),
            "channel": batch["channel"].dictionary_encode(),
            "time": batch["time"],
            "value": batch["value"],
            "sequence": pc.fill_null(batch["sequence"], NO_SEQUENCE),
            "topic": _repeated(source_of(fetched.topic), len(record)),
            "version": version,
        },
        READINGS_TABLE.schema,
    )
    ms = batch["time"].cast(pa.int64()).to_numpy(zero_copy_only=False)
    believable = (ms >= EARLIEST_MS) & (ms < LATEST_MS)
    kept = believable & ~_is_first_again(table, rank)
    return table if kept.all() else table.filter(pa.array(kept))


def _is_first_again(table: pa.Table, rank: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Whether a row is its partition's second and of the identity of the first.

    No version is left that would tell them apart: the largest is that of corrected readings.
    """
    found = np.zeros(len(rank), np.bool_)
    first, second = np.flatnonzero(rank == 0), np.flatnonzero(rank == 1)
    if len(first) and len(second):
        both = table.select(["device", "channel", "time", "sequence"])
        places = (int(first[0]), int(second[0]))
        one, other = (both.slice(place, 1).to_pylist() for place in places)
        found[places[1]] = one == other
    return found


def _is_imported(headers: Headers) -> bool:
    return any(name == "import" for name, _ in headers)


def _import_records(fetched: Fetched, rows: pa.Table) -> pa.Table:
    """Which of these records an import of a file brought."""
    offset = offsets_of(rows["version"].to_numpy())
    ms = rows["time"].cast(pa.int64()).to_numpy()
    found = []
    for headers, at, at_ms in zip(
        fetched.headers, fetched.offsets, fetched.timestamps_ms, strict=True
    ):
        mine = ms[offset == at] if _is_imported(headers) else ms[:0]
        if len(mine):
            brought = ReadingHeaders.decode(headers)
            found.append(
                {
                    "import_id": brought.import_id, "topic": fetched.topic,
                    "partition": fetched.partition, "offset": at, "file": brought.import_file,
                    "by": brought.import_by, "at_ms": at_ms, "readings": len(mine),
                    "first_ms": int(mine.min()), "last_ms": int(mine.max()),
                }
            )  # fmt: skip
    return pa.Table.from_pylist(found, IMPORT_RECORDS.schema)


def _late(fetched: Fetched) -> pa.Table:
    batch, record, place = _unpacked(fetched)
    verdicts = [LateHeaders.decode(headers).verdict for headers in fetched.headers]
    counted = np.array([verdict == Verdict.ACCEPTED for verdict in verdicts], bool)[record]
    table = pa.table(
        {
            "topic": _repeated(fetched.topic, len(record)),
            "partition": np.full(len(record), fetched.partition, np.int32),
            "offset": np.asarray(fetched.offsets, np.int64)[record],
            "place": place.astype(np.int32),
            "verdict": pa.array(verdicts, pa.string()).take(pa.array(record)).dictionary_encode(),
            "device": batch["device"].dictionary_encode(),
            "channel": batch["channel"].dictionary_encode(),
            "time_ms": batch["time"].cast(pa.int64()),
            "value": batch["value"],
            "sequence": pc.fill_null(batch["sequence"], NO_SEQUENCE),
        },
        LATE_TABLE.schema,
    )
    return table.filter(pa.array(~counted)) if counted.any() else table


def _repeated(text: str, rows: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), [text])


def _unpacked(
    fetched: Fetched, limits: PlausibilityLimits = DEFAULT
) -> tuple[pa.RecordBatch, Ints, Ints]:
    """All readings, the index of each one's record in ``fetched``, its place in the record."""
    batch, record, bad = read_settled(fetched.keys, fetched.values, limits, fetched.topic)
    for refusal in bad:  # its dead letter is the worker's
        unreadable(fetched, refusal.record, refusal.refused.reason)
    starts = np.searchsorted(record, np.arange(len(fetched)))
    return batch, record, np.arange(len(record)) - starts[record]
