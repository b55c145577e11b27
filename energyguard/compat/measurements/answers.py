"""The bodies of the measurement store's requests and answers, as OpenAPI shows them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field, WithJsonSchema

from energyguard.compat.measurements.alarms import AlertBody, Hour, Weekday
from energyguard.compat.measurements.nodes import Told
from energyguard.compat.measurements.readings import Number, SensorId
from energyguard.compat.measurements.sensors import MAX_ITEMS, Refused, Version


class Service(BaseModel):
    """What this is."""

    status: str = "EnergyGuard API running"


class Stored(Told):
    """A measurement is stored."""

    key: str
    alert: AlertBody | None = Field(description="It is above its threshold.")


class Bulk(BaseModel):
    """Many measurements. They are read one by one: a bad one costs no other."""

    measurements: Annotated[
        list[Any],
        Field(min_length=1, max_length=MAX_ITEMS),
        WithJsonSchema(
            {
                "type": "array",
                "minItems": 1,
                "maxItems": MAX_ITEMS,
                "items": {"$ref": "#/components/schemas/Reading"},
            }
        ),
    ]


class StoredMany(Told):
    """What became of many measurements."""

    stored: int
    alerts: int
    errors: list[Refused]


class Measurement(Told):
    """One measurement."""

    key: str
    timestamp: str = Field(description="As it was sent.")
    value: Any


class Threshold(BaseModel):
    """Above which value a sensor raises an alert."""

    sensor_id: SensorId
    threshold: Number | None = Field(description="null: take it away.")
    weekday: Weekday | None = Field(None, description="On this day only, UTC.")
    hour: Hour | None = Field(None, description="In this hour only, UTC.")


class Alerts(BaseModel):
    """Alerts, by sensor and time."""

    status: str = "success"
    alerts: list[AlertBody]
    next: str | None = Field(description="There are more: ask again with this as `after`.")


class Measurements(BaseModel):
    """Values by key."""

    status: str = "success"
    measurements: dict[str, Any]
    next: str | None = Field(description="There are more: ask again with this as `after`.")


class History(Measurements):
    """Values by key, and all that there ever were."""

    sensor_id: str
    history: list[Version]


class SensorStatistics(BaseModel):
    """What the values of a sensor are like."""

    status: str = "success"
    sensor_id: str
    n: int
    mean: float
    std: float | None = Field(description="Of a sample; null: there is one value only.")
