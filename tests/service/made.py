"""What the tests of the service are made of: a history that answers what it is told to, readings,
alerts, and waiting for something to be so.
"""

from __future__ import annotations

import msgspec
import pyarrow as pa

from energyguard.errors import NotFound, Unavailable
from energyguard.intake.gateway import Gateway
from energyguard.log import Log, Records
from energyguard.model.alerts import Severity, State
from energyguard.model.readings import batch_of
from energyguard.records.alerts import AlertEvent

NOON = 1_757_160_000_000  # 2025-09-06 12:00 UTC


class StandInHistory:
    """Answers questions with the tables it is given; away until then."""

    def __init__(self) -> None:
        self.answers: dict[str, pa.Table] = {}
        self.asked: list[tuple[str, dict[str, object]]] = []

    def insert(self, table: str, rows: pa.Table) -> None:
        raise AssertionError(f"the service never inserts: {table}, {rows.num_rows}")

    def query(self, name: str, **parameters: object) -> pa.Table:
        self.asked.append((name, parameters))
        if not self.answers:
            raise Unavailable("history: not there", 2.0)
        if name not in self.answers:
            raise NotFound(f"no question {name!r}")
        return self.answers[name]

    def close(self) -> None:
        """Nothing to let go of."""


def send(log: Log, *rows: tuple[str, int, float], channel: str = "energy_kwh") -> None:
    """Append readings (device, seconds after noon, value) to the simulators' topic."""
    devices, seconds, values = zip(*rows, strict=True)
    times = [NOON + 1_000 * s for s in seconds]
    batch = batch_of(devices, channel, times, [round(v * 1e9) for v in values])
    Gateway(log).submit(batch, "energy_readings")


def alert_event(alert_id: str = "a1", state: State = State.FIRING, at_s: int = 60) -> AlertEvent:
    return AlertEvent(
        id=alert_id,
        rule="household-prod",
        device="H017",
        channel="energy_kwh",
        severity=Severity.WARNING,
        state=state,
        time_ms=NOON + 1_000 * at_s,
        since_ms=NOON,
        window_start_ms=NOON - 840_000,
        window_end_ms=NOON + 60_000,
        observed=2_310_000_000,
        expected=2_000_000_000,
        peak=2_310_000_000,
        unit="kWh",
        topic="energy_readings",
        about="H017 passed 2.0 kWh in 15 minutes",
    )


def raise_alerts(log: Log, *events: AlertEvent) -> None:
    """What a worker does."""
    keys = [event.device.encode() for event in events]
    log.append("energyguard.alerts", Records(keys, [msgspec.json.encode(e) for e in events]))
