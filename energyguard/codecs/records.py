"""The readings in the records of a topic: ours, packed, and messages that others sent.

Whoever writes to a topic of readings with a client of their own sends a reading a message, as CSV
or JSON: with a key each device always to the same partition, without one to any. What cannot be
read costs its neighbours nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from energyguard.codecs.delimited import decode_sound
from energyguard.codecs.headers import HOUSEHOLD
from energyguard.codecs.isolated import ISOLATED
from energyguard.codecs.json_fast_path import decode_sound_json
from energyguard.codecs.limits import DEFAULT, PlausibilityLimits
from energyguard.codecs.messages import (
    CSV,
    JSON,
    Bad,
    Contents,
    bad_record,
    distinct,
    together,
)
from energyguard.codecs.packed import FORMAT, unpack
from energyguard.errors import Corrupt
from energyguard.model.readings import BACKFILL

CLOSE_LOOK = 4096
"""One bad message costs so many others a look at each, at most."""

PACKED_ANEW = (("packed-by", b"worker"),)
"""The headers of what a worker packed of messages without a key: whoever read those has it."""

Headers = tuple[tuple[str, bytes], ...]
_OURS = bytes([FORMAT])


def read_records(values: Sequence[bytes | None], limits: PlausibilityLimits = DEFAULT) -> Contents:
    """The readings of records of a topic."""
    return together(list(_parts(0, values, limits)))


def _parts(
    place: int, values: Sequence[bytes | None], limits: PlausibilityLimits
) -> Iterator[Contents]:
    """Halves and halves again, until all messages of one are sound, or few enough to look at."""
    sound = _alike(place, values, limits)
    if sound is not None:
        yield sound
    elif len(values) > CLOSE_LOOK and (values[0] or _OURS)[0] != FORMAT:
        half = len(values) // 2
        yield from _parts(place, values[:half], limits)
        yield from _parts(place + half, values[half:], limits)
    else:
        for packed, run in groupby(values, _is_packed):
            mine = [value or b"" for value in run]
            yield _packed(place, mine) if packed else _messages(place, mine, limits)
            place += len(mine)


def read_settled(
    keys: Sequence[bytes | None],
    values: Sequence[bytes | None],
    limits: PlausibilityLimits = DEFAULT,
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


def _alike(
    place: int, values: Sequence[bytes | None], limits: PlausibilityLimits
) -> Contents | None:
    """Messages that are all a line of CSV, or all of JSON, and all sound; None: look at each."""
    if not values or (values[0] or _OURS)[0] == FORMAT or None in values:
        return None
    text = b"\n".join(cast(Sequence[bytes], values))
    kind = JSON if text[:1] == b"{" else CSV
    if text.count(b"\n") != len(values) - 1 or (kind == CSV and b"{" in text):
        return None
    if kind == JSON:
        found = decode_sound_json(text, limits)
    else:
        found = decode_sound(text, HOUSEHOLD, limits)
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
        good = sorted({*good} - {one.record - place for one in bad})
        readings, record = unpack([values[i] for i in good])
    return Contents(readings, place + np.asarray(good, np.int64)[record], bad)


def _messages(place: int, values: Sequence[bytes], limits: PlausibilityLimits) -> Contents:
    """Messages of others: at once where all are sound, else in a process that may die of them."""
    sound = _alike(place, values, limits)
    if sound is not None:
        return sound
    return ISOLATED.read(values, limits).moved(place)
