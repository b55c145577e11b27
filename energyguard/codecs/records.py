"""The readings in the records of a topic: ours, packed, and messages that others sent.

Ours are a compressed Arrow batch per record and partition: one byte format, four bytes size of the
batch (little-endian), then the batch as an Arrow IPC message without its schema (it is
``model.readings.SCHEMA``), compressed with zstd.

Whoever writes to a topic of readings with a client of their own sends a reading a message, as CSV
or JSON: with a key each device always to the same partition, without one to any. What cannot be
read costs its neighbours nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, repeat
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs.assembly import DEFAULT, PlausibilityLimits
from energyguard.codecs.context import DecodeContext
from energyguard.codecs.headers import HOUSEHOLD
from energyguard.codecs.messages import CSV, ISOLATED, JSON
from energyguard.codecs.refusals import Bad, Contents, bad_record, distinct, together
from energyguard.codecs.sources import device_in
from energyguard.codecs.text.delimited import decode_sound
from energyguard.codecs.text.json_fast_path import decode_sound_json
from energyguard.errors import Corrupt
from energyguard.model.channels import CHANNELS
from energyguard.model.readings import BACKFILL, SCHEMA
from energyguard.model.topics import partition_for

FORMAT = 1
MAX_READINGS = 2**19
"""Readings in a record; more of one partition become several records."""
MAX_UNPACKED = 512 << 20
"""Bytes of a record once it is unpacked."""
_CODEC = pa.Codec("zstd", compression_level=1)


def partitions_of(devices: pa.Array, partitions: int) -> npt.NDArray[np.int32]:
    """The partition of each device of an Arrow string array; each distinct one is hashed once."""
    encoded = devices.dictionary_encode()
    names = encoded.dictionary.cast(pa.binary()).to_pylist()
    table = np.fromiter(map(partition_for, names, repeat(partitions)), np.int32, len(names))
    return np.asarray(table[encoded.indices.to_numpy()], np.int32)


def pack(batch: pa.RecordBatch, partitions: int) -> list[tuple[int, bytes]]:
    """Split readings by partition, in order, and pack each part: (partition, bytes)."""
    if not batch.num_rows:
        return []
    where = partitions_of(batch.column(0), partitions)
    counts = np.bincount(where, minlength=partitions)
    if counts.max() == len(where):
        return [(int(where[0]), value) for value in _pack(batch)]
    order = np.argsort(where.astype(np.uint16), kind="stable")
    sorted_batch = batch.take(pa.array(order))
    starts = np.cumsum(counts) - counts
    return [
        (p, value)
        for p in np.flatnonzero(counts).tolist()
        for value in _pack(sorted_batch.slice(int(starts[p]), int(counts[p])))
    ]


def _pack(batch: pa.RecordBatch) -> Iterator[bytes]:
    for start in range(0, batch.num_rows, MAX_READINGS):
        raw = batch.slice(start, MAX_READINGS).serialize()
        packed: bytes = _CODEC.compress(raw, asbytes=True)
        yield bytes([FORMAT]) + int(raw.size).to_bytes(4, "little") + packed


def unpack(values: Sequence[bytes]) -> tuple[pa.RecordBatch, npt.NDArray[np.int32]]:
    """The readings of some records in order, and for each the index of its record.

    Raises:
        Corrupt: a record is not what ``pack`` made.
    """
    batches = [_unpack(value) for value in values]
    sizes = [batch.num_rows for batch in batches]
    record = np.repeat(np.arange(len(batches), dtype=np.int32), sizes)
    whole = pa.concat_batches(batches) if batches else pa.RecordBatch.from_pylist([], SCHEMA)
    if not {*pc.unique(whole.column("channel")).to_pylist()} <= CHANNELS.keys():
        raise Corrupt("packed readings are of a channel that is not known")
    return whole, record


def _unpack(value: bytes) -> pa.RecordBatch:
    try:
        if value[0] != FORMAT:
            raise Corrupt(f"packed readings: unknown format {value[0]}")
        size = int.from_bytes(value[1:5], "little")
        if size > MAX_UNPACKED:
            raise Corrupt(f"packed readings unpack to {size} bytes")
        raw = _CODEC.decompress(memoryview(value)[5:], size)
        batch = pa.ipc.read_record_batch(raw, SCHEMA)
        batch.validate(full=True)
        return batch
    except (pa.ArrowException, OSError, EOFError, IndexError, ValueError) as error:
        raise Corrupt(f"packed readings cannot be read: {error}") from error


CLOSE_LOOK = 4096
"""One bad message costs so many others a look at each, at most."""

PACKED_ANEW = (("packed-by", b"worker"),)
"""The headers of what a worker packed of messages without a key: whoever read those has it."""

Headers = tuple[tuple[str, bytes], ...]
_OURS = bytes([FORMAT])


def read_records(
    values: Sequence[bytes | None], limits: PlausibilityLimits = DEFAULT, topic: str = ""
) -> Contents:
    """The readings of records of a topic, whose name may say the device of messages."""
    context = DecodeContext(limits, device_in(f"topic:{topic}"))
    return together(list(_parts(0, values, context)))


def _parts(
    place: int, values: Sequence[bytes | None], context: DecodeContext
) -> Iterator[Contents]:
    """Halves and halves again, until all messages of one are sound, or few enough to look at."""
    sound = _alike(place, values, context)
    if sound is not None:
        yield sound
    elif len(values) > CLOSE_LOOK and (values[0] or _OURS)[0] != FORMAT:
        half = len(values) // 2
        yield from _parts(place, values[:half], context)
        yield from _parts(place + half, values[half:], context)
    else:
        for packed, run in groupby(values, _is_packed):
            mine = [value or b"" for value in run]
            yield _packed(place, mine) if packed else _messages(place, mine, context)
            place += len(mine)


def read_settled(
    keys: Sequence[bytes | None],
    values: Sequence[bytes | None],
    limits: PlausibilityLimits = DEFAULT,
    topic: str = "",
) -> Contents:
    """The readings that are where they belong: not those that a worker will pack anew."""
    found = read_records(values, limits, topic)
    astray = keyless(keys, values)
    if astray is None:
        return found
    here = np.flatnonzero(~astray[found.record])
    return Contents(found.readings.take(pa.array(here)), found.record[here], found.bad)


def keyless(
    keys: Sequence[bytes | None], values: Sequence[bytes | None]
) -> npt.NDArray[np.bool_] | None:
    """Which records are messages of others without a key; None: none is.

    Such a device's messages lie in any partition.
    """
    if None not in keys:
        return None
    pairs = zip(keys, values, strict=True)
    found = [key is None and (value or _OURS)[0] != FORMAT for key, value in pairs]
    return np.array(found, np.bool_) if any(found) else None


def backfilled(headers: Sequence[Headers]) -> npt.NDArray[np.bool_] | None:
    """Which records hold readings of the past (``model.readings.BACKFILL``); None: none does."""
    if not any(headers):
        return None
    found = [BACKFILL[0] in each for each in headers]
    return np.array(found, np.bool_) if any(found) else None


def _alike(place: int, values: Sequence[bytes | None], context: DecodeContext) -> Contents | None:
    """Messages that are all a line of CSV, or all of JSON, and all sound; None: look at each."""
    if not values or (values[0] or _OURS)[0] == FORMAT or None in values:
        return None
    text = b"\n".join(cast(Sequence[bytes], values))
    kind = JSON if text[:1] == b"{" else CSV
    if text.count(b"\n") != len(values) - 1 or (kind == CSV and b"{" in text):
        return None
    if kind == JSON:
        found = decode_sound_json(text, context)
    else:
        found = decode_sound(text, HOUSEHOLD, context)
    if found is None or found.refused or distinct(found.rows) < len(values):
        return None
    return Contents(found.batch, place + found.rows - 1, [])


def _is_packed(value: bytes | None) -> bool:
    return bool(value) and (value or _OURS)[0] == FORMAT


def _packed(place: int, values: Sequence[bytes]) -> Contents:
    bad: list[Bad] = []
    good = list(range(len(values)))
    try:
        readings, record = unpack(values)
    except Corrupt:
        for i, value in enumerate(values):
            try:
                unpack([value])
            except Corrupt as error:
                bad.append(bad_record(place + i, "packed", value, str(error)))
        good = sorted({*good} - {refusal.record - place for refusal in bad})
        readings, record = unpack([values[i] for i in good])
    return Contents(readings, place + np.asarray(good, np.int64)[record], bad)


def _messages(place: int, values: Sequence[bytes], context: DecodeContext) -> Contents:
    """Messages of others: at once where all are sound, else in a process that may die of them."""
    sound = _alike(place, values, context)
    if sound is not None:
        return sound
    return ISOLATED.read(values, context).moved(place)
