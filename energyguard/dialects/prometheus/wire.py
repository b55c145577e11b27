"""The messages of Prometheus remote write, read by hand: samples as columns, names once.

    1.0  WriteRequest   1: TimeSeries (1: Label (1: name, 2: value), 2: Sample, 4: Histogram)
    2.0  Request        4: symbols    5: TimeSeries (1: packed label refs, 2: Sample, 5: Metadata)
         Sample         1: value, a double    2: timestamp, ms since 1970

Senders put one sample into a series, mostly, and write fields in their order: where the sample
stands is known then, and all samples are cut out at once. Any other series is walked through.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from energyguard.codecs.columns import Ints
from energyguard.errors import Malformed

Floats = npt.NDArray[np.float64]
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SAMPLE: Final = 18
"""Bytes of a sample of 1970 to 2109 in its series: 12 10 09 value 10 timestamp."""
_ZERO_SAMPLE: Final = 9
"""The same of the value 0, which is not written: 12 07 10 timestamp."""
_WEIGHTS: Final = 1 << (7 * np.arange(6, dtype=np.int64))
_SIGNED: Final = 1 << 63
MAX_FIELDS: Final = 1_000_000
"""Series and texts of a request, and samples of series that are walked through."""
_TOO_MANY: Final = f"a request has at most {MAX_FIELDS:,} series, texts and samples"
STALE: Final = 0x7FF0000000000002
"""The bits of the value that ends a series: it is none."""


class WireFields(NamedTuple):
    """The texts and messages that are the fields of a message.

    Attributes:
        number: of each field, its number.
        start: where its content begins.
        end: where it ends.
    """

    number: Ints
    start: Ints
    end: Ints

    def of(self, number: int) -> tuple[Ints, Ints]:
        """Where the fields of a number begin and end."""
        which = self.number == number
        return self.start[which], self.end[which]


class WireSamples(NamedTuple):
    """n samples, each of a series.

    Attributes:
        series: of each, its place among the series.
        time_ms: of each.
        value: of each.
    """

    series: Ints
    time_ms: Ints
    value: Floats

    def take(self, which: npt.NDArray[np.bool_] | Ints) -> WireSamples:
        """Some of them."""
        return WireSamples(self.series[which], self.time_ms[which], self.value[which])


def fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """The fields of a message: number, where it begins and ends, and its value if it is a varint.

    Raises:
        Malformed: it is no message.
    """
    while at < end:
        tag, at = varint(data, at, end)
        kind, value = tag & 7, 0
        start = at
        if kind == _VARINT:
            value, at = varint(data, at, end)
        elif kind == _BYTES:
            size, start = varint(data, at, end)
            at = start + size
        elif kind in (_FIXED64, _FIXED32):
            at += 8 if kind == _FIXED64 else 4
        else:
            raise Malformed(f"the message has a field of kind {kind}", "body")
        if at > end:
            raise Malformed("the message ends in the middle of a field", "body")
        yield tag >> 3, start, at, value


def varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """A number and where it ends.

    Raises:
        Malformed: it does not end.
    """
    value = shift = 0
    while at < end and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise Malformed("the message ends in the middle of a number", "body")


def wire_fields(data: bytes) -> WireFields:
    """The fields of a message of texts and messages, which is what requests are.

    Raises:
        Malformed: it is no message.
    """
    heads, at = _heads(data)
    codes = np.frombuffer(data, np.uint8)
    is_wide = codes[heads + 1] >= 0x80
    is_odd = (codes[heads] & 0x87 != _BYTES) | (is_wide & (codes[heads + 2] >= 0x80))
    if is_odd.any():  # what comes from here is read one by one
        first = int(is_odd.argmax())
        at, heads, is_wide = int(heads[first]), heads[:first], is_wide[:first]
    elif len(heads) == MAX_FIELDS:
        raise Malformed(_TOO_MANY, "body")
    if at > len(data):
        raise Malformed("the message ends in the middle of a series", "body")
    tag, size, second = (codes[heads + offset].astype(np.int64) for offset in range(3))
    start = heads + 2 + is_wide
    end = start + size + np.where(is_wide, (second << 7) - 0x80, 0)
    rest = list(islice(fields(data, at, len(data)), MAX_FIELDS))
    if len(rest) == MAX_FIELDS:
        raise Malformed(_TOO_MANY, "body")
    others = np.array([field[:3] for field in rest], np.int64).reshape(-1, 3).T
    return WireFields(*map(np.concatenate, zip((tag >> 3, start, end), others, strict=True)))


def _heads(data: bytes) -> tuple[Ints, int]:
    """Where fields begin if each is a text or a message below 16 KB; and where the last ends."""
    at, end, found = 0, len(data) - 2, array("q")
    for _ in range(MAX_FIELDS):
        if at >= end:
            break
        found.append(at)
        size = data[at + 1]
        at += size + 2 if size < 0x80 else size + (data[at + 2] << 7) - 0x7D
    return np.array(found), at


def samples_at(
    data: bytes, starts: Ints, ends: Ints, full: Ints, zero: Ints
) -> tuple[WireSamples, Ints, Ints]:
    """The samples of series that have one, where it stands; and what they are of.

    Args:
        data: the whole message.
        starts: n places where the series begin.
        ends: and end.
        full: n places where the sample of each would begin.
        zero: the same of a sample whose value is not written.

    Returns:
        Samples, where each begins, and where it ends.
    """
    codes = np.frombuffer(data, np.uint8)
    is_full = _begins(codes, starts, full, ends, (0x12, 0x10, 0x09), 12)
    is_found = is_full.copy()
    rest = np.flatnonzero(~is_full)
    is_found[rest] = _begins(codes, starts[rest], zero[rest], ends[rest], (0x12, 0x07, 0x10), 3)
    at = np.flatnonzero(is_found)
    has_value = is_full[at]
    begins = np.where(has_value, full[at], zero[at])
    lasts = begins + np.where(has_value, _SAMPLE, _ZERO_SAMPLE)
    value = np.zeros(len(at))
    eight = begins[has_value][:, None] + np.arange(3, 11)
    value[has_value] = codes[eight].view("<f8").reshape(-1)
    digits = codes[lasts[:, None] + np.arange(-6, 0)].astype(np.int64) & 0x7F
    return WireSamples(at, np.asarray(digits @ _WEIGHTS, np.int64), value), begins, lasts


def _begins(
    codes: npt.NDArray[np.uint8],
    starts: Ints,
    place: Ints,
    ends: Ints,
    head: tuple[int, int, int],
    time: int,
) -> npt.NDArray[np.bool_]:
    """Which places are of samples that begin so, with a time of six bytes at their end."""
    size = time + 6
    if len(codes) < size:
        return np.zeros(len(place), np.bool_)
    fits = (place >= starts) & (place + size <= ends)
    safe = np.clip(place, 0, len(codes) - size)
    for offset, wanted in enumerate(head):
        fits &= codes[safe + offset] == wanted
    fits &= codes[safe + time - 1] == 0x10
    for offset in range(time, time + 5):
        fits &= codes[safe + offset] >= 0x80
    return fits & (codes[safe + time + 5] < 0x80)


def samples_in(data: bytes, at: int, end: int, limit: int) -> Iterator[tuple[int, float]]:
    """The samples of a series, one by one: time and value.

    Raises:
        Malformed: it is no series, or has more samples than the limit.
    """
    for number, start, stop, _ in fields(data, at, end):
        if number != 2:
            continue
        limit -= 1
        if limit < 0:
            raise Malformed(_TOO_MANY, "body")
        time, value = 0, 0.0
        for field, first, last, plain in fields(data, start, stop):
            if field == 1 and last - first == 8:
                value = float(np.frombuffer(data, "<f8", 1, first)[0])
            elif field == 2:
                time = plain - (1 << 64) if plain >= _SIGNED else plain
        yield time, value
