"""Measurements as they are sent, as they are kept and as they are shown."""

from __future__ import annotations

import math
from typing import Annotated, Any, NamedTuple

import msgspec
from pydantic import BaseModel, BeforeValidator, Field, TypeAdapter, ValidationError, WithJsonSchema

from energyguard.api.sentences import fault, place, sentence
from energyguard.compat.target import measured
from energyguard.errors import Malformed
from energyguard.store.keys import Key, iso
from energyguard.store.row import Row

MAX_SENSOR = 800
"""Bytes: the product's own keys put some before it."""


def _number(given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise ValueError("a number is needed")
    try:
        number = float(given)
    except (ValueError, OverflowError):
        raise ValueError("a number is needed") from None
    if not math.isfinite(number):
        raise ValueError("a finite number is needed")
    return number


Number = Annotated[
    float,
    BeforeValidator(_number),
    WithJsonSchema(
        {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^-?[0-9]{1,9}(\.[0-9]+)?$"}]}
    ),
]
SensorId = Annotated[str, Field(min_length=1, max_length=MAX_SENSOR)]


class Reading(BaseModel):
    """A measurement as it is sent."""

    sensor_id: SensorId
    timestamp: str = Field(
        max_length=64,
        description="ISO 8601; without an offset it is UTC.",
        examples=["2025-07-05T18:00:00"],
    )
    value: Number


class Shown(NamedTuple):
    """A measurement as it is shown."""

    key: str
    timestamp: str  # as the sender wrote it
    value: Any


_reading = TypeAdapter(Reading)


def key_of(reading: Reading) -> Key:
    """Where a measurement belongs.

    Raises:
        Malformed: its time is none, or its sensor's name is too long or the product's own.
        OutOfRange: its time is before 1970.
    """
    sensor_name(reading.sensor_id)
    key = measured(f"{reading.sensor_id}:{reading.timestamp}")
    if key.series != reading.sensor_id:
        raise Malformed(
            f"{reading.timestamp!r} is no time, such as 2025-07-05T18:00:00", "timestamp"
        )
    return key


def sensor_name(sensor_id: str) -> str:
    """A sensor's name, checked.

    Raises:
        Malformed: it is too long, or no text.
    """
    try:
        size = len(sensor_id.encode())
    except UnicodeEncodeError:
        raise Malformed("a sensor's name is text", "sensor_id") from None
    if not 0 < size <= MAX_SENSOR:
        raise Malformed(f"a sensor's name has 1 to {MAX_SENSOR} bytes", "sensor_id")
    return sensor_id


def shown(row: Row) -> Shown:
    """A row as a measurement: of what others wrote, the whole value."""
    value, timestamp = msgspec.json.decode(row.value or b"null"), iso(row.at)
    if isinstance(value, dict):
        if isinstance(value.get("timestamp"), str):
            timestamp = value["timestamp"]
        if type(value.get("value")) in (int, float):
            value = value["value"]
    return Shown(f"{row.series}:{timestamp}", timestamp, value)


def kept(reading: Reading) -> bytes:
    """A measurement as the store has it."""
    return msgspec.json.encode(reading.model_dump())


def read(given: Any) -> Reading:
    """A measurement of a list.

    Raises:
        Malformed: it is none.
    """
    try:
        return _reading.validate_python(given)
    except ValidationError as error:
        faults = [fault(place(row["loc"]), sentence(dict(row))) for row in error.errors()]
        raise Malformed("; ".join(faults)) from None
