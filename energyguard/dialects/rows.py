"""Dialects of small bodies: one value after the other, with its name and its time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import msgspec
import numpy as np

from energyguard.codecs import Decoded
from energyguard.codecs.columns import sixty_fourth
from energyguard.codecs.context import DecodeContext
from energyguard.codecs.refusals import Refusals
from energyguard.dialects.mapping import mapping_of
from energyguard.dialects.names import NotPlaced, Placed, ValueName
from energyguard.dialects.values import NamedValues, readings_of_names
from energyguard.errors import Malformed
from energyguard.model.readings import Verdict

_TIMES = ((5e9, 1e3), (5e12, 1.0), (5e15, 1e-3), (float("inf"), 1e-6))
"""Below a size, how many milliseconds one of a time since 1970 is."""
_MS_LIMIT = 2**62


class NamedValue(NamedTuple):
    """A value as it was sent.

    ``place`` is where its dialect knows that it belongs; None: its name, unit and labels tell it.
    """

    name: ValueName
    time_ms: int
    number: float
    place: Placed | NotPlaced | None = None


def readings_of_rows(
    rows: Iterable[tuple[int, bytes]],
    read: Callable[[bytes], Iterator[NamedValue]],
    dialect: str,
    shape: str,
    context: DecodeContext,
) -> Decoded:
    """The readings of rows that are read one by one; a bad row is refused whole.

    Args:
        rows: the number and the bytes of each.
        read: gives a row's values. Raises ``Malformed``.
        dialect: whose names they are.
        shape: how a row's bytes are decoded again.
        context: mappings, limits, the device where none is named.
    """
    refusals, mapping = Refusals(context.single, shape), mapping_of(context.mappings)
    values: list[NamedValue] = []
    numbers: list[int] = []
    originals: list[bytes] = []
    for number, row in rows:
        try:
            found = list(read(row))
        except Malformed as error:
            refusals.refuse(number, Verdict.MALFORMED, error.field or "row", error.reason, row)
            continue
        values += found
        numbers += [number] * len(found)
        originals += [row] * len(found)
    keys = [(value.name, value.place) for value in values]
    names = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    whole = NamedValues(
        [
            mapping.place(_with_device(name, context.device), dialect, place)
            for name, place in names
        ],
        np.array([names[key] for key in keys], np.int64),
        np.array([value.time_ms for value in values], np.int64),
        np.array([value.number for value in values], np.float64),
        np.array(numbers, np.int64),
        originals.__getitem__,
    )
    return readings_of_names(whole, shape, context, refusals)


def _with_device(name: ValueName, device: str) -> ValueName:
    return name if name.device or not device else name._replace(device=device)


def numbered_lines(data: bytes, context: DecodeContext) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, with their numbers."""
    for at, line in enumerate(data.split(b"\n")):
        if line.strip():
            yield context.first_row + at, line.rstrip(b"\r")


def json_of(data: bytes) -> object:
    """What a text of JSON says.

    Raises:
        Malformed: it is none.
    """
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"it is no JSON: {error}") from error


def number_or_none(value: object) -> float | None:
    """A number, or a text of one; None: it is neither."""
    try:
        return number_of(value, "")
    except Malformed:
        return None


def number_of(value: object, name: str) -> float:
    """A number, or a text of one.

    Raises:
        Malformed: it is none.
    """
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            return float(value)
        except (ValueError, OverflowError):
            pass
    raise Malformed(f"{name} is no number: {sixty_fourth(str(value))}", "value")


def since_1970(value: object) -> int:
    """A time in s, ms, µs or ns since 1970, by its size, in ms.

    Raises:
        Malformed: it is no number.
    """
    number = number_of(value, "the time")
    factor = next((ms for limit, ms in _TIMES if abs(number) < limit), 0.0)
    return int(min(max(number * factor, -_MS_LIMIT), _MS_LIMIT)) if factor else _MS_LIMIT
