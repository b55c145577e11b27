"""Alarms of the measurement store as the product's own alerts: on the page, in every client."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from energyguard.compat.measurements.alarms import AlertBody, RaiseAlert
from energyguard.log import Records, open_log
from energyguard.model.alerts import Severity, State
from energyguard.model.quantities import to_nano
from energyguard.model.topics import ALERTS
from energyguard.records.alerts import AlertEvent
from energyguard.rules.kinds.state import breach
from energyguard.settings.tree import Settings
from energyguard.store.keys import microseconds

RULE = "threshold"
"""The rule id of alerts that say: a value that was ingested is above its sensor's threshold."""

LARGEST = 9_000_000_000.0  # 64 bits of 1e-9


def event(found: AlertBody) -> AlertEvent:
    """The alert event of an alarm; the same however often it is told."""
    time_ms = microseconds(found.timestamp) // 1_000
    observed = _nano(found.value)
    return AlertEvent(
        id=found.id,
        rule=RULE,
        device=found.sensor_id,
        channel="",
        severity=Severity.WARNING,
        state=State.FIRING,
        time_ms=time_ms,
        since_ms=time_ms,
        window_start_ms=time_ms,
        window_end_ms=time_ms,
        observed=observed,
        expected=_nano(found.threshold),
        peak=observed,
        unit="",
        topic="",
        about=breach(found.sensor_id, f"{found.value:g}", f"{found.threshold:g}"),
    )


def _nano(value: float) -> int:
    """As an alert counts it; what is beyond its numbers is the largest of them."""
    return to_nano(max(-LARGEST, min(LARGEST, value)))


@contextmanager
def raising_alerts(settings: Settings) -> Iterator[RaiseAlert]:
    """Write alarms to the log's alert topic."""
    log = open_log(settings.log_url, options=settings.log.kafka)

    def write(found: AlertBody) -> None:
        record = Records(keys=[found.id.encode()], values=[msgspec.json.encode(event(found))])
        log.append(ALERTS.name, record)

    async def raise_alert(found: AlertBody) -> None:
        await asyncio.to_thread(write, found)

    try:
        yield raise_alert
    finally:
        log.close()
