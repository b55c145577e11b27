"""Columns of times as they stand in a file: each day and each time of the day is read once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs.columns import nanos
from energyguard.errors import Malformed
from energyguard.files.values.dates import day_number, is_day
from energyguard.files.values.times import (
    ClockTime,
    LocalTimeReader,
    clock_time,
    halves,
    is_compact,
    zone_named,
)

T = TypeVar("T")
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
DAY_MS = 86_400_000
FIRST, SECOND, OPEN = 0, 1, -1
"""Of an hour that comes twice: which one a time says it is in."""
_SINCE_1970 = r"\d{9,19}(?:\.\d+)?"
_LARGEST = ((10**17, 1_000_000_000), (10**14, 1_000_000), (10**11, 1_000))
_UNITS = {1: "s", 1_000: "ms", 1_000_000: "µs", 1_000_000_000: "ns"}


@dataclass(frozen=True, slots=True)
class FileMoments:
    """n times.

    Attributes:
        ms: since 1970, by UTC or by their own clock.
        is_utc: which say themselves when they are.
        which: of an hour that comes twice: FIRST, SECOND or OPEN.
        bad: which cannot be read.
        epoch: the unit of numbers since 1970; empty: they are written.
        midnight_end: whether 24:00 is among them, so that they are the ends of intervals.
    """

    ms: Ints
    is_utc: Bools
    which: npt.NDArray[np.int8]
    bad: Bools
    epoch: str = ""
    midnight_end: bool = False

    def without(self, rows: Bools) -> FileMoments:
        """The same, without some lines."""
        kept = ~rows
        return replace(
            self, ms=self.ms[kept], is_utc=self.is_utc[kept], which=self.which[kept],
            bad=self.bad[kept],
        )  # fmt: skip


def moments(texts: pa.Array, month_first: bool) -> FileMoments:
    """Times in one column: a date and a time of the day, or a number since 1970.

    Args:
        texts: n cells.
        month_first: how dates with the year at the end are read.
    """
    texts = pc.utf8_trim_whitespace(texts)
    first = next((text.as_py() for text in texts if text.as_py()), "")
    if (
        re.fullmatch(_SINCE_1970, first)
        and not is_compact(first)
        and pc.all(pc.match_substring_regex(texts, f"^{_SINCE_1970}$")).as_py()
    ):
        return _since_1970(texts)
    days, clocks = _halves(texts)
    found = joined_moments(days, clocks, month_first)
    return _one_by_one(texts, found, month_first) if found.bad.any() else found


def joined_moments(days: pa.Array, clocks: pa.Array, month_first: bool) -> FileMoments:
    """Times in two columns: the date, and the time of the day."""
    day, no_day = _each(days, lambda text: day_number(text, month_first), 0)
    clock, no_clock = _each(clocks, clock_time, ClockTime(0))
    day_codes, day_values = day
    clock_codes, clock_values = clock
    ms = np.array([c.ms for c in clock_values] or [0], np.int64)
    offset_ms = np.array([(c.offset_s or 0) * 1_000 for c in clock_values] or [0], np.int64)
    is_utc = np.array([c.offset_s is not None for c in clock_values] or [False])
    marks = {"A": FIRST, "B": SECOND}
    which = np.array([marks.get(c.mark, OPEN) for c in clock_values] or [OPEN], np.int8)
    midnight = np.array(day_values or [0], np.int64) * DAY_MS
    return FileMoments(
        midnight[day_codes] + (ms - offset_ms)[clock_codes],
        is_utc[clock_codes],
        which[clock_codes],
        no_day | no_clock,
        midnight_end=bool((ms == DAY_MS).any()),
    )


def dates(texts: pa.Array, month_first: bool) -> FileMoments:
    """Days alone: their midnights."""
    (codes, values), bad = _each(
        pc.utf8_trim_whitespace(texts), lambda text: day_number(text, month_first), 0
    )
    n = len(texts)
    ms = np.array(values or [0], np.int64)[codes] * DAY_MS
    return FileMoments(ms, np.zeros(n, bool), np.full(n, OPEN, np.int8), bad)


def _each(
    texts: pa.Array, read: Callable[[str], T], nothing: T
) -> tuple[tuple[Ints, list[T]], Bools]:
    """Each different text read once: codes and values; and which texts cannot be read."""
    encoded = texts.dictionary_encode()
    codes = np.asarray(encoded.indices, np.int64)
    values: list[T] = []
    wrong: list[bool] = []
    for text in encoded.dictionary.to_pylist():
        try:
            values.append(read(text.strip()))
            wrong.append(False)
        except Malformed:
            values.append(nothing)
            wrong.append(True)
    bad = np.array(wrong or [False])[codes]
    return (codes, values), bad


def _halves(texts: pa.Array) -> tuple[pa.Array, pa.Array]:
    """The date and the time of the day of each cell; an empty one where there is none."""
    for mark in "T ":
        at = _same_place(texts, mark)
        if at and is_day(texts[0].as_py()[:at]):
            return pc.utf8_slice_codeunits(texts, 0, at), pc.utf8_slice_codeunits(texts, at + 1)
    encoded = texts.dictionary_encode()
    parts = [halves(text) for text in encoded.dictionary.to_pylist()]
    days, clocks = (
        pa.array([part[side] for part in parts], pa.string()).take(encoded.indices)
        for side in (0, 1)
    )
    return days, clocks


def _same_place(texts: pa.Array, mark: str) -> int:
    """Where the mark first stands in every text; 0: not in all, or not at the same place."""
    places = np.asarray(pc.find_substring(texts, mark), np.int64)
    return int(places[0]) if len(places) and (places == places[0]).all() and places[0] > 0 else 0


def _since_1970(texts: pa.Array) -> FileMoments:
    """Numbers since 1970; how large each is says in which unit."""
    n = len(texts)
    whole = np.asarray(
        pc.replace_substring_regex(texts, r"\..*$", "").cast(pa.int64(), safe=True), np.int64
    )
    units = [per for _, per in _LARGEST]
    per_s = np.select([whole >= largest for largest, _ in _LARGEST], units, 1)
    ms = whole // np.maximum(per_s // 1_000, 1)
    if (of_seconds := per_s == 1).any():
        seconds = _rounded(texts.filter(pa.array(of_seconds)))
        ms[of_seconds] = nanos(pa.chunked_array([seconds])) // 1_000_000
    none, found = np.zeros(n, bool), (_UNITS[per] for per in np.unique(per_s).tolist())
    return FileMoments(ms, ~none, np.full(n, OPEN, np.int8), none, epoch=", ".join(found))


def _rounded(texts: pa.Array) -> pa.Array:
    """Decimal numbers with at most nine places."""
    return pc.replace_substring_regex(texts, r"(\.\d{9})\d+$", r"\1").cast(pa.decimal128(28, 9))


def _one_by_one(texts: pa.Array, found: FileMoments, month_first: bool) -> FileMoments:
    """The same, with what could not be read by halves read as a whole: ``12 Jan 2024 10:00``."""
    reader = LocalTimeReader(zone_named("UTC"), month_first)
    ms, is_utc, bad = found.ms.copy(), found.is_utc.copy(), found.bad.copy()
    places = np.flatnonzero(found.bad)
    (codes, values), wrong = _each(texts.take(pa.array(places)), reader.moment, None)
    for place, code in zip(places[~wrong].tolist(), codes[~wrong].tolist(), strict=True):
        moment = values[code]
        if moment is not None:
            ms[place], is_utc[place], bad[place] = moment.second * 1_000, moment.is_utc, False
    return FileMoments(ms, is_utc, found.which, bad, found.epoch, found.midnight_end)
