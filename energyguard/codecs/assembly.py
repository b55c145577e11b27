"""From columns to readings: what is doubtful is looked at again, what cannot be true is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs import Decoded, RefusedRow
from energyguard.codecs.columns import (
    DEVICE,
    EMPTY_FIELD,
    LARGEST_WHOLE,
    MAX_DEVICE,
    MAY_BE_EMPTY,
    NAME,
    WHOLE,
    ColumnLayout,
    Ints,
    TableReadings,
    sixty_fourth,
)
from energyguard.codecs.refusals import Refusals
from energyguard.codecs.value_kinds import meant_field
from energyguard.model.channels import CHANNELS
from energyguard.model.quantities import NANO, from_nano
from energyguard.model.readings import EARLIEST_MS, SCHEMA, Verdict, batch_of

_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_000  # years 1 to 9999
_LATEST_MS = 4_102_444_800_000  # 2100-01-01: a later time is no time


class PlausibilityLimits(Protocol):
    """What the settings say is plausible (``settings.tree.WireSettings``)."""

    @property
    def plausible_kwh(self) -> float:
        """The most that an interval energy may be, either sign: below 0 it was fed in."""
        ...

    @property
    def plausible_kw(self) -> float:
        """The most that a power may be, either sign."""
        ...


@dataclass(frozen=True, slots=True)
class DefaultLimits:
    """The plausible limits with their defaults."""

    plausible_kwh: float = 100.0
    plausible_kw: float = 10_000.0


DEFAULT = DefaultLimits()


def out_of_range(
    channel: str, time_ms: Ints, value: Ints, limits: PlausibilityLimits, lowest: int | None = None
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which values and which times of one channel cannot be true; ``lowest`` raises its bound."""
    low, high = _bounds(channel, limits, lowest)
    return (value < low) | (value > high), (time_ms < EARLIEST_MS) | (time_ms > _LATEST_MS)


def _bounds(channel: str, limits: PlausibilityLimits, lowest: int | None) -> tuple[int, int]:
    """The lowest and highest value of a channel, in 1e-9 of its unit."""
    low, high = CHANNELS[channel].lowest, CHANNELS[channel].highest
    if channel == "energy_kwh":
        low, high = max(low, -limits.plausible_kwh), min(high, limits.plausible_kwh)
    elif channel == "power_kw":
        low, high = max(low, -limits.plausible_kw), min(high, limits.plausible_kw)
    nano = int(low * NANO)
    return nano if lowest is None else max(nano, lowest), int(high * NANO)


def value_reason(
    field: str, channel: str, nano: int, limits: PlausibilityLimits, lowest: int | None = None
) -> str:
    """What is wrong with a value."""
    low, high = _bounds(channel, limits, lowest)
    unit = CHANNELS[channel].unit
    amount = f"{from_nano(nano)} {unit}"
    if nano < 0 <= low:
        return f"{field} is negative: {amount}"
    if nano > high:
        return f"{field} is above the plausible {from_nano(high)} {unit}: {amount}"
    return f"{field} is below the plausible {from_nano(low)} {unit}: {amount}"


def time_reason(field: str, time_ms: int) -> str:
    """What is wrong with a time."""
    if not _FIRST_MS <= time_ms <= _LAST_MS:  # no calendar has it
        return f"{field} is {time_ms} ms from 1970"
    when = datetime.fromtimestamp(time_ms / 1000, UTC)
    side = "before 2000" if time_ms < EARLIEST_MS else "after 2100"
    return f"{field} is {side}: {when.replace(tzinfo=None).isoformat(timespec='seconds')}Z"


_LARGE_EXPONENT = re.compile(rb"[eE][+-]?\d{3,}")


def large_exponent(data: bytes) -> bool:
    """Whether a number may have an exponent of three digits or more: one of nine ends the process.

    Such a thing within a word is none.
    """
    if b"e" not in data and b"E" not in data:
        return False
    codes = np.frombuffer(data, np.uint8)
    places = np.flatnonzero(((codes[1:-1] | 32) == ord("e")) & (codes[:-2] <= ord("9"))) + 1
    for place in places[codes[places + 1] <= ord("9")].tolist():
        before = data[max(0, place - 64) : place].rstrip(b"0123456789.+-")[-1:]
        if _LARGE_EXPONENT.match(data, place) and not (before.isalnum() or before >= b"\x80"):
            return True
    return False


def doubtful_columns(table: pa.Table, layout: ColumnLayout) -> bool:
    """Whether a name is empty, too long or padded, or a field is empty that must not be."""
    for (_, column), values in zip(layout.columns.items(), table.columns, strict=True):
        if values.null_count and column not in MAY_BE_EMPTY:
            return True
        if column is EMPTY_FIELD and len(values) and pc.max(pc.utf8_length(values)).as_py():
            return True
        if column.among is not None and not pc.all(pc.is_in(values, column.among)).as_py():
            return True
        if column in WHOLE and len(values):
            span = pc.min_max(values).as_py()
            if max(span["max"] or 0, -(span["min"] or 0)) > LARGEST_WHOLE:
                return True
        if column in (DEVICE, NAME) and len(values):
            span = pc.min_max(pc.utf8_length(values)).as_py()
            if span["max"] > MAX_DEVICE or (column is DEVICE and span["min"] < 1):
                return True
    return False


Bools = npt.NDArray[np.bool_]


class Fault(NamedTuple):
    """Why a reading is refused."""

    verdict: Verdict
    field: str
    reason: str
    meant: str = ""  # the field by whose name such a value would be taken; empty: none


@dataclass(frozen=True, slots=True)
class Checked:
    """Which readings of a part are refused: for their channel, their time or their value."""

    part: TableReadings
    channel: Bools
    time: Bools
    value: Bools
    bad: Bools  # any of these

    def verdict(self, place: int) -> Verdict:
        """How the refused reading at a place ends."""
        return Verdict.MALFORMED if self.channel[place] else Verdict.OUT_OF_RANGE

    def fault(self, place: int, time_field: str, limits: PlausibilityLimits) -> Fault:
        """Why the reading at a place is refused."""
        part = self.part
        channel = part.channel if isinstance(part.channel, str) else part.channel[place].as_py()
        if self.channel[place]:
            known = ", ".join(CHANNELS)
            why = f"channel {sixty_fourth(channel)} is not known; there are: {known}"
            return Fault(Verdict.MALFORMED, "channel", why)
        if self.time[place]:
            why = time_reason(time_field, int(part.time[place]))
            return Fault(Verdict.OUT_OF_RANGE, time_field, why)
        value = int(part.value[place])
        why = value_reason(part.field, channel, value, limits, part.lowest)
        is_below = value < _bounds(channel, limits, part.lowest)[0]
        meant = meant_field(part.field, channel, is_below)
        return Fault(Verdict.OUT_OF_RANGE, part.field, why, meant)


def check_part(part: TableReadings, limits: PlausibilityLimits) -> Checked:
    """Which readings of a part are refused."""
    unknown, wrong_time, wrong_value = (np.zeros(len(part.time), bool) for _ in range(3))
    for channel, places in _by_channel(part):
        if channel not in CHANNELS:
            unknown[places] = True
            continue
        time, value = part.time[places], part.value[places]
        wrong_value[places], wrong_time[places] = out_of_range(
            channel, time, value, limits, part.lowest
        )
    bad = unknown | wrong_time | wrong_value
    return Checked(part, unknown, wrong_time, wrong_value, bad)


def _by_channel(part: TableReadings) -> list[tuple[str, Ints | slice]]:
    """Each channel of a part and where its readings stand."""
    if isinstance(part.channel, str):
        return [(part.channel, slice(None))]
    encoded = part.channel.dictionary_encode()
    code = encoded.indices.to_numpy()
    names = encoded.dictionary.to_pylist()
    return [(name, np.flatnonzero(code == i)) for i, name in enumerate(names)]


EMPTY = Decoded(pa.RecordBatch.from_pylist([], SCHEMA), np.empty(0, np.int64), ())


@dataclass(frozen=True, slots=True)
class TableRows:
    """The rows of a table: what is needed to refuse one.

    Attributes:
        number: of each, its number in the input.
        original: gives the bytes of the row at a place.
        time_field: the column that held the time.
        limits: what is plausible.
    """

    number: Ints
    original: Callable[[int], bytes]
    time_field: str
    limits: PlausibilityLimits


def assemble(parts: Sequence[TableReadings], rows: TableRows, refusals: Refusals) -> Decoded:
    """The readings of some parts of the same rows; one bad value refuses its row.

    Args:
        parts: readings of rows that can be read.
        rows: these rows.
        refusals: has what was refused before, and gets the rows that are refused here.
    """
    n = len(rows.number)
    checks = [check_part(part, rows.limits) for part in parts]
    good, filled = np.ones(n, bool), np.zeros(n, bool)
    for checked in checks:
        good[checked.part.place] &= ~checked.bad
        filled[checked.part.place] = True
    if not (good.all() and filled.all()):
        good &= filled
        for place in np.flatnonzero(~good).tolist():
            _refuse(place, checks, rows, refusals)
    batches: list[pa.RecordBatch] = []
    numbers: list[Ints] = []
    for part in parts:
        batch = batch_of(part.device, part.channel, part.time, part.value, part.sequence)
        mine, taken = rows.number[part.place], good[part.place]
        batches.append(batch if taken.all() else batch.filter(pa.array(taken)))
        numbers.append(mine if taken.all() else mine[taken])
    return merge(batches, numbers, refusals.rows())


def _refuse(place: int, checks: Sequence[Checked], rows: TableRows, refusals: Refusals) -> None:
    """Refuse the row at a place for the first of its parts that is bad."""
    row, line = int(rows.number[place]), rows.original(place)
    for checked in checks:
        at = checked.part.place_of(place)
        if at is None or not checked.bad[at]:
            continue
        if refusals.full:
            refusals.count(row, checked.verdict(at), line)
        else:
            fault = checked.fault(at, rows.time_field, rows.limits)
            bad = RefusedRow(row, fault.verdict, fault.field, fault.reason, line)
            refusals.add(replace(bad, shape=refusals.shape, meant=fault.meant))
        return
    refusals.refuse(row, Verdict.MALFORMED, "row", "the row has no value", line)


def merge(
    batches: Sequence[pa.RecordBatch], numbers: Sequence[Ints], refused: Sequence[RefusedRow]
) -> Decoded:
    """Parts of the same lines together, in the order of the lines."""
    if len(batches) == 1:
        return Decoded(batches[0], numbers[0], tuple(refused))
    rows = np.concatenate([*numbers, np.empty(0, np.int64)])
    order = np.argsort(rows, kind="stable")
    table = pa.Table.from_batches(batches, SCHEMA).combine_chunks()
    batch = table.to_batches()[0] if table.num_rows else EMPTY.batch
    return Decoded(batch.take(pa.array(order)), rows[order], tuple(refused))
