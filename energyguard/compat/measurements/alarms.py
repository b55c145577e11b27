"""The measurement store's thresholds and alerts. Both are rows of the store: they survive restarts.

A sensor may have a threshold for always, for a weekday, for an hour of the day, and for an hour of
a weekday (UTC); the most particular one holds.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema

from energyguard.clock import Clock
from energyguard.compat.quorum import Owners
from energyguard.compat.ranges import walk
from energyguard.compat.target import RESERVED
from energyguard.store import Store
from energyguard.store.keys import Key
from energyguard.store.row import OWN_KEY, Row
from energyguard.store.version import Version

THRESHOLDS = f"{RESERVED}threshold:"
ALERTS = f"{RESERVED}alerts:"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ANOMALY = "Anomaly detected: value exceeds threshold"
"""System B's sentence."""
_ALWAYS = "-"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class AlertBody(BaseModel, frozen=True):
    """A value above its threshold."""

    id: str  # the same however often it is found
    sensor_id: str
    value: float
    threshold: float
    timestamp: str = Field(description="As the sender wrote it.")
    message: str


RaiseAlert = Callable[[AlertBody], Awaitable[None]]
"""Tells the rest of the product; an alarm may be told again, with the same id."""


def _number_of_weekday(given: object) -> object:
    if isinstance(given, str) and given.lower() in WEEKDAYS:
        return WEEKDAYS.index(given.lower())
    return given


Weekday = Annotated[
    int,
    Field(ge=0, le=6, strict=True),
    BeforeValidator(_number_of_weekday),
    WithJsonSchema(
        {
            "anyOf": [{"type": "integer", "minimum": 0, "maximum": 6}, {"enum": list(WEEKDAYS)}],
            "description": "0 is Monday; or its name.",
        }
    ),
]
Hour = Annotated[int, Field(ge=0, le=23, strict=True)]


class _Kept(msgspec.Struct):
    threshold: float


_kept = msgspec.json.Decoder(_Kept)


class AlarmThresholds:
    """What is too much, by sensor and time."""

    def __init__(self, store: Store, owners: Owners) -> None:
        self._store, self._owners = store, owners

    async def set(
        self, sensor_id: str, threshold: float | None, weekday: int | None, hour: int | None
    ) -> None:
        """Set one, or take it away (None).

        Raises:
            Unavailable: too few nodes confirmed it.
        """
        value = None if threshold is None else msgspec.json.encode(_Kept(threshold))
        await self._store.change(Key(_name(sensor_id, weekday, hour)), value)

    async def of(self, sensor_id: str, at: int) -> float | None:
        """What holds for a sensor at a time; None: nothing does.

        Raises:
            Unavailable: too few nodes replied.
        """
        weekday, hour = when(at)
        names = [
            _name(sensor_id, *scope)
            for scope in ((weekday, hour), (None, hour), (weekday, None), (None, None))
        ]
        for row in await asyncio.gather(*map(self._read, names)):
            if row is not None and row.value is not None:
                return float(_kept.decode(row.value).threshold)
        return None

    async def _read(self, name: str) -> Row | None:
        """One that was acknowledged, also where a majority of its owners is not there."""
        return await self._store.read(name, copies=self._owners.seeing(name))


def in_words(sensor_id: str, threshold: float | None, weekday: int | None, hour: int | None) -> str:
    """What was set, and when it holds: in system B's words, where it holds always."""
    what = "removed" if threshold is None else f"set to {threshold}"
    day = "" if weekday is None else f" on {WEEKDAYS[weekday]}"
    hours = "" if hour is None else f" from {hour:02}:00 to {hour + 1:02}:00"
    return f"Threshold for sensor {sensor_id} {what}{day}{hours}" + " UTC" * bool(day or hours)


def when(at: int) -> tuple[int, int]:
    """The weekday (0 is Monday) and the hour of a time, UTC."""
    moment = _EPOCH + timedelta(microseconds=at)
    return moment.weekday(), moment.hour


def _name(sensor_id: str, weekday: int | None, hour: int | None) -> str:
    scope = (_ALWAYS if part is None else str(part) for part in (weekday, hour))
    return THRESHOLDS + ":".join((*scope, sensor_id))


def alarm(sensor_id: str, at: int, timestamp: str, value: float, threshold: float) -> AlertBody:
    """The alarm of a measurement that is above a threshold."""
    text = f"{sensor_id}\n{at}"
    return AlertBody(
        id=hashlib.sha256(text.encode()).hexdigest()[:16],
        sensor_id=sensor_id,
        value=value,
        threshold=threshold,
        timestamp=timestamp,
        message=ANOMALY,
    )


def row_of(found: AlertBody, at: int, version: Version) -> Row:
    """The row in which an alarm is kept: at the time of its measurement."""
    return Row(ALERTS + found.sensor_id, at, version, msgspec.json.encode(found.model_dump()))


async def alarms(
    store: Store, clock: Clock, after: tuple[str, int] = ("", OWN_KEY)
) -> AsyncIterator[AlertBody]:
    """The alarms of all sensors, by sensor and time."""
    series, at = after
    begin = (ALERTS + series, at) if series else after
    async for row in walk(store, clock, ALERTS, begin):
        if row.value is not None:
            yield AlertBody.model_validate_json(row.value)
