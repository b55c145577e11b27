"""The readings in the records of a topic: ours, packed, and messages that others sent.

Whoever writes to a topic of readings with a client of their own sends a reading a message, as CSV
or JSON: with a key each device always to the same partition, without one to any. What cannot be
read costs its neighbours nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from energyguard.errors import Corrupt
from energyguard.model.readings import BACKFILL, SCHEMA, Verdict
from energyguard.wire import Refused
from energyguard.wire.csv import HOUSEHOLD
from energyguard.wire.delimited import decode_sound
from energyguard.wire.json import decode_sound_json
from energyguard.wire.limits import DEFAULT, Plausible
from energyguard.wire.packed import FORMAT, unpack
from energyguard.wire.shapes import HEADERS, TITLES, decode

CLOSE_LOOK = 4096
"""One bad message costs so many others a look at each, at most."""

PACKED_ANEW = (("packed-by", b"worker"),)
"""The headers of what a worker packed of messages without a key: whoever read those has it."""

Headers = tuple[tuple[str, bytes], ...]
_PACKED, _CSV, _JSON = "packed", "csv", "json"
_OURS = bytes([FORMAT])
_KINDS = {FORMAT: _PACKED, ord("{"): _JSON}


class Bad(NamedTuple):
    """What of a record was not taken: the record's place, its shape, and why."""

    record: int
    shape: str
    refused: Refused


class Contents(NamedTuple):
    """n readings in log order, each with the place of its record; and what was refused."""

    readings: pa.RecordBatch
    record: npt.NDArray[np.int64]
    bad: list[Bad]


def read_records(values: Sequence[bytes | None], limits: Plausible = DEFAULT) -> Contents:
    """The readings of records of a topic."""
    parts = list(_parts(0, values, limits))
    if len(parts) == 1:
        return parts[0]
    batches = [part.readings for part in parts if part.readings.num_rows]
    return Contents(
        pa.concat_batches(batches) if batches else _NOTHING,
        np.concatenate([part.record for part in parts]) if parts else _NOWHERE,
        [bad for part in parts for bad in part.bad],
    )


def _parts(place: int, values: Sequence[bytes | None], limits: Plausible) -> Iterator[Contents]:
    """Halves and halves again, until all messages of one are sound, or few enough to look at."""
    sound = _alike(place, values, limits)
    if sound is not None:
        yield sound
    elif len(values) > CLOSE_LOOK and (values[0] or _OURS)[0] != FORMAT:
        half = len(values) // 2
        yield from _parts(place, values[:half], limits)
        yield from _parts(place + half, values[half:], limits)
    else:
        for kind, run in groupby(values, _kind):
            mine = [value or b"" for value in run]
            yield _READ[kind](place, mine, kind, limits)
            place += len(mine)


def read_settled(
    keys: Sequence[bytes | None], values: Sequence[bytes | None], limits: Plausible = DEFAULT
) -> Contents:
    """The readings that are where they belong: not those that a worker will pack anew."""
    found = read_records(values, limits)
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


def _alike(place: int, values: Sequence[bytes | None], limits: Plausible) -> Contents | None:
    """Messages that are all a line of CSV, or all of JSON, and all sound; None: look at each."""
    if not values or (values[0] or _OURS)[0] == FORMAT or None in values:
        return None
    text = b"\n".join(cast(Sequence[bytes], values))
    kind = _JSON if text[:1] == b"{" else _CSV
    if text.count(b"\n") != len(values) - 1 or (kind == _CSV and b"{" in text):
        return None
    if any(line.strip().lower() in _HEADS for line in values[:2] if line):
        return None
    if kind == _JSON:
        found = decode_sound_json(text, limits)
    else:
        found = decode_sound(text, HOUSEHOLD, limits)
    if found is None or found.refused or _distinct(found.rows) < len(values):
        return None
    return Contents(found.batch, place + found.rows - 1, [])


def _kind(value: bytes | None) -> str:
    return _KINDS.get(value[0], _CSV) if value else ""


def _nothing(place: int, values: Sequence[bytes], kind: str, limits: Plausible) -> Contents:
    bad = [_bad(place + i, kind, value or b"", "is empty") for i, value in enumerate(values)]
    return Contents(_NOTHING, _NOWHERE, bad)


def _packed(place: int, values: Sequence[bytes], kind: str, limits: Plausible) -> Contents:
    bad: list[Bad] = []
    good = list(range(len(values)))
    try:
        readings, record = unpack(values)
    except Corrupt:
        for i, value in enumerate(values):
            try:
                unpack([value])
            except Corrupt as error:
                bad.append(_bad(place + i, kind, value, str(error)))
        good = sorted({*good} - {one.record - place for one in bad})
        readings, record = unpack([values[i] for i in good])
    return Contents(readings, place + np.asarray(good, np.int64)[record], bad)


def _lines(place: int, values: Sequence[bytes], kind: str, limits: Plausible) -> Contents:
    """Messages of one line each, decoded all at once."""
    bad: list[Bad] = []
    lines = [b"" if line.strip().lower() in _HEADS else line for line in values[:2]]
    lines += values[2:]  # a header would speak for all that follow it: no message may
    text = b"\n".join(lines)
    if text.count(b"\n") != len(values) - 1:
        lines = [line.rstrip(b"\r\n") for line in lines]
        several = [i for i, line in enumerate(lines) if b"\n" in line]
        bad = [_bad(place + i, kind, values[i], "is more than one line") for i in several]
        for i in several:
            lines[i] = b""
        text = b"\n".join(lines)
    _, found = decode(text, kind, limits)
    bad += [Bad(place + one.row - 1, kind, replace(one, row=1)) for one in found.refused]
    if _distinct(found.rows) + len(bad) < len(values):
        told = {one.record - place for one in bad} | set((found.rows - 1).tolist())
        silent = sorted({*range(len(values))} - told)
        bad += [_bad(place + i, kind, values[i], "holds no reading") for i in silent]
    return Contents(found.batch, place + found.rows - 1, bad)


def _distinct(rows: npt.NDArray[np.int64]) -> int:
    """How many different ones there are among ascending numbers."""
    return 1 + int(np.count_nonzero(np.diff(rows))) if len(rows) else 0


def _bad(record: int, shape: str, value: bytes, reason: str) -> Bad:
    return Bad(record, shape, Refused(1, Verdict.MALFORMED, "record", reason, value))


_HEADS = {*HEADERS, *TITLES}
_READ = {"": _nothing, _PACKED: _packed, _CSV: _lines, _JSON: _lines}
_NOTHING = pa.RecordBatch.from_pylist([], SCHEMA)
_NOWHERE = np.empty(0, np.int64)
