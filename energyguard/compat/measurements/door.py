"""The measurement store (system B): its verbs at the root of a port."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, FastAPI, Path, Query

from energyguard.clock import SYSTEM, Clock
from energyguard.compat.measurements.alarms import AlertBody, RaiseAlert, alarms, in_words
from energyguard.compat.measurements.answers import (
    Alerts,
    Bulk,
    History,
    Measurement,
    Measurements,
    SensorStatistics,
    Service,
    Stored,
    StoredMany,
    Threshold,
)
from energyguard.compat.measurements.nodes import Told, node_routes
from energyguard.compat.measurements.readings import Reading, sensor_name
from energyguard.compat.measurements.sensors import Sensors
from energyguard.compat.openapi_fragments import TOKEN, described_app, without
from energyguard.compat.quorum import Owners
from energyguard.compat.shapes import MeasurementError, as_measurements
from energyguard.compat.target import measured
from energyguard.store import Store
from energyguard.store.admin import ClusterAdmin
from energyguard.store.row import OWN_KEY
from energyguard.store.version import HybridClock

OPEN = ("/",)
"""What needs no token."""

_ABOUT = """Measurements of sensors, replicated.

A measurement is `{"sensor_id", "timestamp", "value"}`, its key `sensor_id:timestamp`. A time
without an offset is UTC, and is shown as it was sent. A second measurement of the same time takes
the place of the first, which stays in the sensor's history. `success` says that it is on the disks
of as many nodes as have to have it; after 503 and 504 nobody knows: send it again.
Errors: `{"error", "message"}`.
"""
_ERRORS: Mapping[int, str] = {
    400: "Something is missing, cannot be read or cannot be right.",
    403: "No token, or one that is unknown or revoked.",
    404: "There is no such measurement, sensor or node.",
    409: "It contradicts what is already so; or fault injection is off.",
    413: "The body is too long.",
    503: "Too few nodes reply; `Retry-After` says when to try again.",
    504: "No answer in time: it may have been done, or may be yet.",
    507: "No room: nothing was taken.",
}
Limit = Annotated[int, Query(ge=1, le=10_000, description="At most so many.")]
PathSensor = Annotated[str, Path(alias="id", description="The sensor.")]


def build_measurements(
    store: Store,
    cluster: ClusterAdmin | None,
    versions: HybridClock,
    raise_alert: RaiseAlert,
    clock: Clock = SYSTEM,
) -> FastAPI:
    """The measurement store's verbs, without a guard in front.

    Args:
        store: where measurements, thresholds and alerts are.
        cluster: the nodes that the store is on; None: it is one local file.
        versions: of bulks: the clock that the store's own changes use, where it can be had.
        raise_alert: tells the rest of the product of a value above its threshold.
        clock: what is over is not seen.
    """
    title = "EnergyGuard: measurement store"
    app = described_app(title, _ABOUT, _ERRORS, MeasurementError, as_measurements)

    @app.get("/")
    async def service() -> Service:
        """What this is; needs no token."""
        return Service()

    owners = Owners(cluster)
    sensors = Sensors(store, owners, versions, clock, raise_alert)
    routers = (_writing(sensors), _reading(sensors), _alerts(sensors, store, clock))
    for routes in (*routers, node_routes(cluster, owners)):
        app.include_router(routes, dependencies=[TOKEN])
    app.openapi = without(app, "422")  # type: ignore[method-assign]
    return app


def _writing(sensors: Sensors) -> APIRouter:
    routes = APIRouter(tags=["measurements"])

    @routes.post("/ingest")
    async def ingest(reading: Reading) -> Stored:
        """Store a measurement; it takes the place of one of the same time."""
        alert = await sensors.ingest(reading)
        key = f"{reading.sensor_id}:{reading.timestamp}"
        return Stored(message=f"Measurement {key} stored successfully", key=key, alert=alert)

    @routes.post("/ingest/bulk")
    async def ingest_bulk(body: Bulk) -> StoredMany:
        """Store up to 1,000 measurements; those that are wrong are listed, with their place."""
        stored, alerts, refused = await sensors.ingest_many(body.measurements)
        return StoredMany(
            status="partial" if refused else "success",
            message=f"{stored} are stored, {len(refused)} are not",
            stored=stored,
            alerts=alerts,
            errors=list(refused),
        )

    @routes.delete("/delete/{key:path}")
    async def delete(key: str) -> Told:
        """Delete a measurement."""
        await sensors.delete(key)
        return Told(message=f"Measurement {key} deleted successfully")

    return routes


def _reading(sensors: Sensors) -> APIRouter:
    routes = APIRouter(tags=["measurements"])

    @routes.get("/measurement/{key:path}")
    async def measurement(key: str) -> Measurement:
        """One measurement."""
        found = await sensors.get(key)
        return Measurement(
            message="Retrieved", key=key, timestamp=found.timestamp, value=found.value
        )

    @routes.get("/measurements")
    async def measurements(
        limit: Limit = 10_000,
        after: Annotated[str | None, Query(description="Only those after this key.")] = None,
    ) -> Measurements:
        """The measurements of all sensors, by sensor and time."""
        found, more = await sensors.all(after, limit)
        return Measurements(measurements={item.key: item.value for item in found}, next=more)

    @routes.get("/sensor/{id:path}/history")
    async def history(
        sensor_id: PathSensor,
        limit: Limit = 10_000,
        after: Annotated[str | None, Query(description="Only those after this time.")] = None,
    ) -> History:
        """All values that a sensor has had, oldest first, and those that hold."""
        versions, held, more = await sensors.history(sensor_name(sensor_id), after, limit)
        return History(
            sensor_id=sensor_id,
            measurements={item.key: item.value for item in held},
            history=versions,
            next=more,
        )

    @routes.get("/sensor/{id:path}/statistics")
    async def statistics(sensor_id: PathSensor) -> SensorStatistics:
        """Mean and standard deviation of a sensor's values, and how many they are."""
        found = await sensors.statistics(sensor_name(sensor_id))
        return SensorStatistics(sensor_id=sensor_id, **found._asdict())

    return routes


def _alerts(sensors: Sensors, store: Store, clock: Clock) -> APIRouter:
    routes = APIRouter(tags=["alerts"])

    @routes.post("/set_threshold")
    async def set_threshold(body: Threshold) -> Told:
        """Say above which value a sensor raises an alert: always, on a weekday, in an hour."""
        name = sensor_name(body.sensor_id)
        await sensors.thresholds.set(name, body.threshold, body.weekday, body.hour)
        return Told(message=in_words(name, body.threshold, body.weekday, body.hour))

    @routes.get("/alerts")
    async def alerts(
        limit: Limit = 10_000,
        after: Annotated[str | None, Query(description="Only those after this key.")] = None,
    ) -> Alerts:
        """The alerts of all sensors, by sensor and time."""
        found: list[AlertBody] = []
        more = last = None
        async for item in alarms(store, clock, measured(after) if after else ("", OWN_KEY)):
            if len(found) == limit:
                more = last
                break
            found.append(item)
            last = f"{item.sensor_id}:{item.timestamp}"
        return Alerts(alerts=found, next=more)

    return routes
