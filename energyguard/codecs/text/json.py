"""JSON lines, or one JSON array, of the same readings as the CSV, or of any dialect of objects.

    {"timestamp":"2025-09-06T17:54:02Z","household_id":"H001","energy_kwh":0.05251}
    {"timestamp":"2025-09-06T17:54:02Z","device":"F1","channel":"power_kw","value":1.5,"sequence":7}

Numbers never pass through a float: they are read as decimals and are exact to nine places. One in
quotes (``"12.5"``) is that number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs import Decoded
from energyguard.codecs.assembly import merge
from energyguard.codecs.columns import (
    MAY_BE_EMPTY,
    MAYBE_NUMBER,
    NUMBER,
    Column,
    ColumnLayout,
    Ints,
    sixty_fourth,
)
from energyguard.codecs.context import DecodeContext
from energyguard.codecs.dialect import Dialect
from energyguard.codecs.headers import BOM, known, layout_of_object
from energyguard.codecs.refusals import Refusals
from energyguard.codecs.text.csv import decimals, iso_times, strings_of
from energyguard.codecs.text.json_fast_path import decode_sound_json
from energyguard.codecs.text.lines import CLOSE_LOOK, chunks, numbered_lines
from energyguard.codecs.text.row_by_row import BEYOND, RowFault, SoundRows
from energyguard.model.quantities import from_nano, to_nano
from energyguard.model.readings import Verdict, batch_of

_BORDER = re.compile(rb"\s*,\s*(?=\{)")
_BETWEEN_OBJECTS = re.compile(rb"(?<=\n\})(\s*\n)(?=\{)")
_OBJECT = msgspec.json.Decoder(float_hook=Decimal)
_ROWS = msgspec.json.Decoder(list[msgspec.Raw])
_NUMBERS = (NUMBER, MAYBE_NUMBER)
_NUMBER_AS_TEXT = re.compile(
    r"\s{0,8}[-+]?[0-9]{1,40}(\.[0-9]{0,40})?([eE][-+]?[0-9]{1,3})?\s{0,8}"
)
"""A number in quotes, as senders write whose numbers are decimals: ``"12.5"``."""
_NOT_IN_A_CELL = re.compile(r'[,"\r\n]')
SHORTEST = 20
"""Bytes that an object has at least that is a reading."""
_SLACK = 100
MAX_KINDS = 100
"""Different sets of fields that the objects of one input may have."""


def decode_json(data: bytes, context: DecodeContext) -> Decoded:
    """Read JSON lines or an array. Never raises for what stands in them."""
    sound = decode_sound_json(data, context)
    return _row_by_row(data, context) if sound is None else sound


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


def _example() -> bytes:
    """A household's reading, and one of another channel."""
    time = np.array([1_757_181_242_000], np.int64)
    energy = batch_of(pa.array(["H001"]), "energy_kwh", time, np.array([52_510_000], np.int64))
    power = batch_of(pa.array(["F1"]), "power_kw", time, np.array([1_500_000_000], np.int64))
    return encode_json(energy) + encode_json(power)


DIALECT = Dialect(name="json", example=_example())


def _row_by_row(data: bytes, context: DecodeContext) -> Decoded:
    """The same, where something is wrong somewhere: each row is judged as if it were alone."""
    needs_device = known().needs_device and context.device
    refusals = Refusals(context.single, f"json@{context.device}" if needs_device else "json")
    objects = _Objects(context, refusals)
    if data.lstrip()[:1] == b"[":
        objects.add(enumerate(_elements(data.strip()), context.first_row))
        return merge(*objects.readings(), refusals.rows())
    if long_objects := _over_lines(data, context.first_row):
        objects.add(long_objects)
        return merge(*objects.readings(), refusals.rows())
    batches, numbers = [], []
    for chunk in chunks(data, CLOSE_LOOK):
        part = None
        if len(chunk) < len(data):
            part = decode_sound_json(chunk, context)
        if part is None:
            objects.add(numbered_lines(chunk, context.first_row, SHORTEST, refusals))
        else:
            batches.append(part.batch)
            numbers.append(part.rows)
        context = context.after(chunk)
    others, places = objects.readings()
    return merge([*batches, *others], [*numbers, *places], refusals.rows())


@dataclass
class _Objects:
    """Objects that are looked at one by one, by kind; what is refused goes into ``refusals``."""

    context: DecodeContext
    refusals: Refusals
    kinds: dict[ColumnLayout, SoundRows] = field(default_factory=dict)

    def add(self, rows: Iterable[tuple[int, bytes]]) -> None:
        """Some rows, with their numbers."""
        for number, row in rows:
            try:
                layout, cells = _cells(row, self.context.device)
                kind = self.kinds.get(layout)
                if kind is None:
                    if len(self.kinds) == MAX_KINDS:
                        what = f"more than {MAX_KINDS} kinds of objects: send them apart"
                        raise _malformed("row", what)
                    kind = self.kinds[layout] = SoundRows(layout)
                kind.add(number, cells, row)
            except RowFault as fault:
                self.refusals.refuse(number, fault.verdict, fault.field, fault.reason, row)
            except (ValueError, RecursionError, ArithmeticError) as error:  # msgspec's among them
                why = f"not JSON: {error}"
                self.refusals.refuse(number, Verdict.MALFORMED, "row", why, row)

    def readings(self) -> tuple[list[pa.RecordBatch], list[Ints]]:
        """The readings of each kind, and the rows in which they stood."""
        parts = [rows.readings(self.context, self.refusals) for rows in self.kinds.values()]
        return [part.batch for part in parts], [part.rows for part in parts]


def _malformed(field: str, reason: str) -> RowFault:
    return RowFault(Verdict.MALFORMED, field, reason)


def _over_lines(data: bytes, first_row: int) -> list[tuple[int, bytes]]:
    """Objects that are written over several lines, each with the number of its first line.

    None where they have a line each: below a damaged first line stands no field of it.
    """
    text = data.removeprefix(BOM).lstrip()
    first, _, rest = text.partition(b"\n")
    if first[:1] != b"{" or first.rstrip()[-1:] == b"}" or rest.lstrip()[:1] != b'"':
        return []
    row, found = first_row + data[: len(data) - len(text)].count(b"\n"), []
    for place, part in enumerate(_BETWEEN_OBJECTS.split(text)):
        if place % 2 == 0:
            found.append((row, part.rstrip()))
        row += part.count(b"\n")
    return found


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


def _cells(row: bytes, device: str) -> tuple[ColumnLayout, list[str]]:
    """The layout of a row and its cells; ``SoundRows`` tells what is wrong with what they hold.

    Raises:
        RowFault: it is not even a row of fields.
        ValueError: it is no JSON.
    """
    found = _OBJECT.decode(row.removeprefix(BOM))
    if not isinstance(found, dict):
        raise _malformed("row", "row is not a JSON object")
    layout = layout_of_object(found.keys())
    if not found.keys() <= layout.columns.keys():
        unknown = min(found.keys() - layout.columns.keys())
        raise _malformed(unknown[:64], f"{sixty_fourth(unknown)} is not a field of a reading")
    if layout.needs_device and not device:
        raise _malformed("device", "no field names the device, so the sender must")
    cells = []
    for name, column in layout.columns.items():
        value = found.get(name)
        empty = value is None and column in MAY_BE_EMPTY
        cells.append("" if empty else _text(name, column, value))
    return layout, cells


def _text(name: str, column: Column, value: object) -> str:
    """The cell of a value.

    Raises:
        RowFault: it is none that a cell may have.
    """
    if value is None:
        raise _malformed(name, f"{name} is missing")
    if column in _NUMBERS and isinstance(value, str) and _NUMBER_AS_TEXT.fullmatch(value):
        value = Decimal(value)
    is_text = column.is_text or (column.or_text and isinstance(value, str))
    if not is_text or isinstance(value, bool):
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise _malformed(name, f"{name} is not a number: {sixty_fourth(str(value))}")
        if column not in _NUMBERS:
            return str(value)
        try:
            return from_nano(to_nano(value))
        except ValueError:
            raise RowFault(Verdict.OUT_OF_RANGE, name, f"{name} {BEYOND}") from None
    if not isinstance(value, str):
        raise _malformed(name, f"{name} is not text: {sixty_fourth(str(value))}")
    if _NOT_IN_A_CELL.search(value):
        what = "holds a comma, a quote or a line end"
        raise _malformed(name, f"{name} {what}: {sixty_fourth(value)}")
    return value
