"""JSON lines, or one JSON array, of the same readings as the CSV; of floors, of a thermometer.

    {"timestamp":"2025-09-06T17:54:02Z","household_id":"H001","energy_kwh":0.05251}
    {"timestamp":"2025-09-06T17:54:02Z","device":"F1","channel":"power_kw","value":1.5,"sequence":7}

Numbers never pass through a float: they are read as decimals and are exact to nine places.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.model.fixed import from_nano, to_nano
from energyguard.model.readings import Verdict
from energyguard.wire import Decoded, Refused, building, thermometer
from energyguard.wire.alike import lines_alike
from energyguard.wire.columns import (
    ANYTHING,
    DEVICE,
    ISO_TIME,
    MAY_BE_EMPTY,
    NAME,
    PLAIN_TIME,
    SEQUENCE,
    Column,
    Layout,
    sixty_fourth,
)
from energyguard.wire.csv import HOUSEHOLD, NUMBERED, decimals, iso_times, strings_of
from energyguard.wire.delimited import BEYOND, decode_lines, decode_sound, merge
from energyguard.wire.limits import Plausible

_BORDER = re.compile(rb"\s*,\s*(?=\{)")
_LINE = msgspec.json.Decoder(float_hook=Decimal)
_ROWS = msgspec.json.Decoder(list[msgspec.Raw])
_MARKED = (
    (re.compile(rb'"(?:piano|sensore\w*)"\s*:'), building.LAYOUT),
    (re.compile(rb'"celsius"\s*:'), thermometer.LAYOUT),
)
"""Fields by which rows of others are known."""
_TEXTS = (ISO_TIME, PLAIN_TIME, DEVICE, NAME, ANYTHING)
_NOTHING = msgspec.Raw(b"")


class _Household(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A sound object of system C."""

    timestamp: str
    household_id: str
    energy_kwh: msgspec.Raw


class _Numbered(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A sound object of any device and channel."""

    timestamp: str
    device: str
    channel: str
    value: msgspec.Raw
    sequence: Annotated[int, msgspec.Meta(ge=0)] | None = None


class _Floor(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A sound object of system A."""

    timestamp: str
    piano: int
    sensore1_kwh: msgspec.Raw
    sensore2_kw: msgspec.Raw
    sensore3_corrente: msgspec.Raw
    sensore3_tensione: msgspec.Raw
    delta_kwh: msgspec.Raw = _NOTHING
    delta_kwh_multiplier: msgspec.Raw = _NOTHING

    def line(self) -> str:
        """A line of the layout."""
        numbers = (
            self.sensore1_kwh,
            self.sensore2_kw,
            self.sensore3_corrente,
            self.sensore3_tensione,
            self.delta_kwh,
            self.delta_kwh_multiplier,
        )
        return f"{self.timestamp},{self.piano},{','.join(str(n, 'ascii') for n in numbers)}"


class _Degrees(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A sound object of system D's thermometer."""

    timestamp: str
    celsius: msgspec.Raw


_DEGREES = msgspec.json.Decoder(list[_Degrees])
_FLOORS = msgspec.json.Decoder(list[_Floor])
_HOUSEHOLDS = msgspec.json.Decoder(list[_Household])
_NUMBEREDS = msgspec.json.Decoder(list[_Numbered])


def decode_json(data: bytes, limits: Plausible, first_row: int = 1) -> Decoded:
    """Read JSON lines or an array. Never raises for what stands in them."""
    sound = decode_sound_json(data, limits, first_row)
    return _row_by_row(data, limits, first_row) if sound is None else sound


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


def decode_sound_json(data: bytes, limits: Plausible, first_row: int = 1) -> Decoded | None:
    """The same, at once; None where some object may not be sound."""
    lines = _lines_at_once(data)
    if lines is None:
        return None
    layout, text = lines
    decoded = decode_sound(text, layout, limits, first_row=first_row)
    return None if decoded is None or decoded.refused else decoded


def _lines_at_once(data: bytes) -> tuple[Layout, bytes] | None:
    """Sound objects as lines of a layout; None: look at each of them."""
    text = data.removesuffix(b"\n")
    if text[:1] == b"[":
        return _lines_of(text)
    if (alike := lines_alike(text)) is not None:
        return HOUSEHOLD, alike
    alone = text.count(b"}\n{") == text.count(b"\n") and text[:1] == b"{" and text[-1:] == b"}"
    return _lines_of(b"[" + text.replace(b"\n", b",") + b"]") if alone else None


def _lines_of(array: bytes) -> tuple[Layout, bytes] | None:
    """An array of sound objects as lines."""
    try:
        if b'"piano"' in array:
            layout = building.LAYOUT
            lines = [row.line() for row in _FLOORS.decode(array)]
        elif b'"celsius"' in array:
            layout = thermometer.LAYOUT
            lines = [
                f"{row.timestamp},{str(row.celsius, 'ascii')}" for row in _DEGREES.decode(array)
            ]
        elif b'"device"' not in array:
            layout = HOUSEHOLD
            lines = [
                f"{row.timestamp},{row.household_id},{str(row.energy_kwh, 'ascii')}"
                for row in _HOUSEHOLDS.decode(array)
            ]
        else:
            layout = NUMBERED
            lines = [
                f"{row.timestamp},{row.device},{row.channel},{str(row.value, 'ascii')},"
                f"{'' if row.sequence is None else row.sequence}"
                for row in _NUMBEREDS.decode(array)
            ]
    except (ValueError, RecursionError):  # msgspec's own are among them
        return None
    text = "\n".join(lines)
    commas = (len(layout.columns) - 1) * len(lines)
    sound = text.count(",") == commas and text.count("\n") == len(lines) - 1
    return (layout, text.encode()) if sound else None


def _row_by_row(data: bytes, limits: Plausible, first_row: int) -> Decoded:
    """The same, where something is wrong somewhere: each row is judged as if it were alone."""
    rows = _elements(data.strip()) if data.lstrip()[:1] == b"[" else data.split(b"\n")
    parts = []
    for mark, layout in _MARKED:
        mine = [row if mark.search(row) else b"" for row in rows]
        if any(mine):
            parts.append(_rows_of(mine, layout, limits, first_row))
            rows = [b"" if own else row for own, row in zip(mine, rows, strict=True)]
    layout = NUMBERED if any(b'"device"' in row for row in rows[:100]) else HOUSEHOLD
    parts.append(_rows_of(rows, layout, limits, first_row))
    refused = sorted((one for part in parts for one in part.refused), key=lambda one: one.row)
    return merge([part.batch for part in parts], [part.rows for part in parts], refused)


def _rows_of(rows: Sequence[bytes], layout: Layout, limits: Plausible, first_row: int) -> Decoded:
    """Rows of one layout; empty ones are passed over."""
    lines: list[bytes] = []
    refused_rows: dict[int, Refused] = {}
    for number, row in enumerate(rows, first_row):
        if not row.strip():
            lines.append(b"")
            continue
        try:
            lines.append(_line(row, layout))
        except (ValueError, msgspec.DecodeError, RecursionError, ArithmeticError) as error:
            field, _, reason = str(error).partition("|")
            why = reason or f"not JSON: {field}"
            lines.append(b"")
            verdict = (
                Verdict.OUT_OF_RANGE if why.startswith(f"{field} {BEYOND}") else Verdict.MALFORMED
            )
            refused_rows[number] = Refused(number, verdict, field if reason else "row", why, row)
    decoded = decode_lines(b"\n".join(lines), layout, limits, first_row=first_row)
    for fault in decoded.refused:
        original = rows[fault.row - first_row]
        refused_rows[fault.row] = replace(fault, original=original)
    return replace(decoded, refused=tuple(refused_rows.values()))


def _elements(array: bytes) -> list[bytes]:
    """The elements of an array; of a broken one what lies between its borders of objects."""
    try:
        return [bytes(raw) for raw in _ROWS.decode(array)]
    except (ValueError, RecursionError):
        inside = array.removeprefix(b"[").removesuffix(b"]").strip()
        return _BORDER.split(inside) if inside else [array]


def _line(row: bytes, layout: Layout) -> bytes:
    """A row as a line of the layout; the codec of lines then tells what is wrong with its fields.

    Raises:
        ValueError: ``field|reason``, where it is not even a row of fields.
    """
    found = _LINE.decode(row)
    if not isinstance(found, dict):
        raise ValueError("row|row is not a JSON object")
    if layout is NUMBERED and "household_id" in found:
        found = {
            "timestamp": found.get("timestamp"),
            "device": found["household_id"],
            "channel": "energy_kwh",
            "value": found.get("energy_kwh"),
        }
    unknown = sorted(set(found) - layout.columns.keys())
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
    return ",".join(fields).encode()


def _text(name: str, column: Column, value: Any) -> str:
    number = column not in _TEXTS
    if value is None:
        raise ValueError(f"{name}|{name} is missing")
    if isinstance(value, bool) or (number and not isinstance(value, int | Decimal)):
        raise ValueError(f"{name}|{name} is not a number: {sixty_fourth(str(value))}")
    if number:
        if column in (SEQUENCE, building.FLOOR):
            return str(value)
        try:
            return from_nano(to_nano(value))
        except ValueError:
            raise ValueError(f"{name}|{name} {BEYOND}") from None
    if not isinstance(value, str):
        raise ValueError(f"{name}|{name} is not text: {sixty_fourth(str(value))}")
    if "," in value or "\n" in value or "\r" in value:
        raise ValueError(f"{name}|{name} holds a comma or a line end: {sixty_fourth(value)}")
    return value
