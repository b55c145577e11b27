"""JSON lines, or one JSON array, of the same readings as the CSV; of floors, of a thermometer.

    {"timestamp":"2025-09-06T17:54:02Z","household_id":"H001","energy_kwh":0.05251}
    {"timestamp":"2025-09-06T17:54:02Z","device":"F1","channel":"power_kw","value":1.5,"sequence":7}

Numbers never pass through a float: they are read as decimals and are exact to nine places.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs import Decoded, building, thermometer
from energyguard.codecs.assembly import merge
from energyguard.codecs.columns import (
    ANYTHING,
    DEVICE,
    ISO_TIME,
    MAY_BE_EMPTY,
    NAME,
    PLAIN_TIME,
    WHOLE,
    Column,
    ColumnLayout,
    sixty_fourth,
)
from energyguard.codecs.csv import HOUSEHOLD, NUMBERED, decimals, iso_times, strings_of
from energyguard.codecs.delimited import decode_lines
from energyguard.codecs.headers import BOM, layout_of
from energyguard.codecs.limits import PlausibilityLimits
from energyguard.codecs.lines import numbered_lines
from energyguard.codecs.objects import decode_sound_json
from energyguard.codecs.refusals import Refusals
from energyguard.codecs.row_by_row import BEYOND
from energyguard.model.fixed import from_nano, to_nano
from energyguard.model.readings import Verdict

_BORDER = re.compile(rb"\s*,\s*(?=\{)")
_LINE = msgspec.json.Decoder(float_hook=Decimal)
_ROWS = msgspec.json.Decoder(list[msgspec.Raw])
_NOT_IN_A_CELL = re.compile(r'[,"\r\n]')
SHORTEST = 20
"""Bytes that an object has at least that is a reading."""
_SLACK = 100
MAX_KINDS = 100
"""Different sets of fields that the objects of one input may have."""
_TEXTS = (ISO_TIME, PLAIN_TIME, DEVICE, NAME, ANYTHING)


def decode_json(
    data: bytes, limits: PlausibilityLimits, first_row: int = 1, single: int | None = None
) -> Decoded:
    """Read JSON lines or an array. Never raises for what stands in them.

    Args:
        data: the text.
        limits: what is plausible.
        first_row: the number of the first row.
        single: how many refused rows come back one by one; None: all.
    """
    sound = decode_sound_json(data, limits, first_row)
    return _row_by_row(data, limits, first_row, single) if sound is None else sound


def encode_json(batch: pa.RecordBatch) -> bytes:
    """Write one object per line: system C's where all readings are ``energy_kwh``, else any's."""
    if not batch.num_rows:
        return b""
    time, device, channel, value, sequence = (
        batch.column(name) for name in ("time", "device", "channel", "value", "sequence")
    )
    quoted = pa.array(
        [str(msgspec.json.encode(name), "utf-8") for name in device.to_pylist()], pa.string()
    )
    start = pc.binary_join_element_wise('{"timestamp":"', iso_times(time), '",', "")
    if pc.all(pc.equal(channel, "energy_kwh")).as_py() and sequence.null_count == len(sequence):
        columns = ['"household_id":', quoted, ',"energy_kwh":', decimals(value)]
    else:
        named = pc.binary_join_element_wise(',"channel":"', channel, '","value":', "")
        number = pc.binary_join_element_wise(',"sequence":', sequence.cast(pa.string()), "")
        number = pc.fill_null(number, "")
        columns = ['"device":', quoted, named, decimals(value), number]
    return strings_of(pc.binary_join_element_wise(start, *columns, "}", ""), "\n")


def _row_by_row(
    data: bytes, limits: PlausibilityLimits, first_row: int, single: int | None
) -> Decoded:
    """The same, where something is wrong somewhere: each row is judged as if it were alone."""
    refusals = Refusals(single, "json")
    if data.lstrip()[:1] == b"[":
        rows: Iterable[tuple[int, bytes]] = enumerate(_elements(data.strip()), first_row)
    else:
        rows = numbered_lines(data, first_row, SHORTEST, refusals)
    kinds: dict[ColumnLayout, tuple[list[int], list[bytes], list[bytes]]] = {}
    for number, row in rows:
        try:
            layout, line = _line(row)
            if layout not in kinds and len(kinds) == MAX_KINDS:
                raise ValueError(f"row|more than {MAX_KINDS} kinds of objects: send them apart")
            numbers, lines, originals = kinds.setdefault(layout, ([], [], []))
            numbers.append(number)
            lines.append(line)
            originals.append(row)
        except (ValueError, msgspec.DecodeError, RecursionError, ArithmeticError) as error:
            verdict, field, why = _fault(error)
            refusals.refuse(number, verdict, field, why, row)
    parts = []
    for layout, (numbers, lines, originals) in kinds.items():
        part = decode_lines(b"\n".join(lines), layout, limits)
        parts.append((part.batch, np.array(numbers, np.int64)[part.rows - 1]))
        for fault in part.refused:
            at = fault.row - 1
            refusals.refuse(numbers[at], fault.verdict, fault.field, fault.reason, originals[at])
    return merge([batch for batch, _ in parts], [row for _, row in parts], refusals.rows())


def _fault(error: Exception) -> tuple[Verdict, str, str]:
    """How a row ends that is no reading, the field at fault, and why."""
    field, mark, reason = str(error).partition("|")
    if not mark:
        return Verdict.MALFORMED, "row", f"not JSON: {field}"
    beyond = reason.startswith(f"{field} {BEYOND}")
    return Verdict.OUT_OF_RANGE if beyond else Verdict.MALFORMED, field, reason


def _elements(array: bytes) -> list[bytes]:
    """The elements of an array; of a broken one what lies between its borders of objects.

    One whose elements cannot all be readings, since they are too small or too many, is one element:
    as objects they would need many times its memory.
    """
    objects = array.count(b"{")
    if objects * SHORTEST > len(array) + _SLACK or array.count(b",") > _SLACK * (objects + 1):
        return [array]
    try:
        return [bytes(raw) for raw in _ROWS.decode(array)]
    except (ValueError, RecursionError):
        inside = array.removeprefix(b"[").removesuffix(b"]").strip()
        return _BORDER.split(inside) if inside else [array]


def _line(row: bytes) -> tuple[ColumnLayout, bytes]:
    """The layout of a row and its line; the codec of lines tells what is wrong with its fields.

    Raises:
        ValueError: ``field|reason``, where it is not even a row of fields.
    """
    found = _LINE.decode(row.removeprefix(BOM))
    if not isinstance(found, dict):
        raise ValueError("row|row is not a JSON object")
    layout = _layout(found)
    unknown = sorted(found.keys() - layout.columns.keys())
    if unknown:
        raise ValueError(
            f"{unknown[0][:64]}|{sixty_fourth(unknown[0])} is not a field of a reading"
        )
    fields = []
    for name, column in layout.columns.items():
        value = found.get(name)
        if value is None and column in MAY_BE_EMPTY:
            fields.append("")
            continue
        fields.append(_text(name, column, value))
    return layout, ",".join(fields).encode()


def _layout(found: Mapping[str, object]) -> ColumnLayout:
    """What the fields of an object are; of an unknown one, what they seem to be."""
    names = found.keys()
    if names == HOUSEHOLD.columns.keys():
        return HOUSEHOLD
    if "piano" in names or any(name.startswith("sensore") for name in names):
        return building.LAYOUT
    if "celsius" in names:
        return thermometer.LAYOUT
    numbered = NUMBERED.columns.keys()
    if names <= numbered and {"device", "channel", "value"} & names:
        return NUMBERED
    layout = layout_of(tuple(sorted(names)))
    if layout is not None and layout.shape == "csv" and not layout.needs_device:
        return layout
    return NUMBERED if "device" in names else HOUSEHOLD


def _text(name: str, column: Column, value: Any) -> str:
    number = column not in _TEXTS
    if value is None:
        raise ValueError(f"{name}|{name} is missing")
    if isinstance(value, bool) or (number and not isinstance(value, int | Decimal)):
        raise ValueError(f"{name}|{name} is not a number: {sixty_fourth(str(value))}")
    if number:
        if column in (*WHOLE, building.FLOOR):
            return str(value)
        try:
            return from_nano(to_nano(value))
        except ValueError:
            raise ValueError(f"{name}|{name} {BEYOND}") from None
    if not isinstance(value, str):
        raise ValueError(f"{name}|{name} is not text: {sixty_fourth(str(value))}")
    if _NOT_IN_A_CELL.search(value):
        what = "holds a comma, a quote or a line end"
        raise ValueError(f"{name}|{name} {what}: {sixty_fourth(value)}")
    return value
