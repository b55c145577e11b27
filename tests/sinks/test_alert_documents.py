"""Alerts of floors in the store, as system A's documents under its keys."""

from __future__ import annotations

import json
from threading import Event
from typing import Any, cast

import msgspec

from energyguard.errors import Unavailable
from energyguard.log import LATEST
from energyguard.model.alerts import Severity, State
from energyguard.pipeline import INGESTOR
from energyguard.records.alerts import AlertEvent
from energyguard.records.floor_alerts import alert_document, merged
from energyguard.sinks.ingestor import Ingestor
from energyguard.store import Row, Store
from energyguard.store.local import LocalStore
from energyguard.testing import MemoryLog
from tests.service.made import raise_alerts
from tests.sinks.made import NOON_MS, Flaky, floor, gone, send_floors

KEY = f"alerts:1:{NOON_MS // 1000}"


def alert(name: str = "kw", state: State = State.FIRING, device: str = "p1") -> AlertEvent:
    channel = {"kw": "power_kw", "amp": "current_a"}[name]
    return AlertEvent(
        id=f"{device}-{name}", rule=f"floor-{name}", device=device, channel=channel,
        severity=Severity.WARNING, state=state, time_ms=NOON_MS, since_ms=NOON_MS,
        window_start_ms=NOON_MS, window_end_ms=NOON_MS, observed=12_400_000_000,
        expected=11_000_000_000, peak=12_400_000_000, unit="kW", topic="energyguard.readings",
        about=f"{device}: too much {name}",
    )  # fmt: skip


class Forgetful(Flaky):
    """A store that does not reply to its first reads, either."""

    unread = 4

    async def read(self, series: str) -> Row | None:
        self.unread -= 1
        if self.unread >= 0:
            raise Unavailable("1 of 2 nodes replied")
        return await self._store.read(series)


async def ingest(log: MemoryLog, store: Store) -> None:
    ingestor = Ingestor(log, store)
    while await ingestor.step(Event()):
        pass
    for topic in INGESTOR.topics:
        assert log.positions(topic, INGESTOR.group) == log.positions(topic, LATEST)
    ingestor.consumer.leave()


async def document(store: Store, key: str = KEY) -> dict[str, Any]:
    row = await store.read(key)
    assert row is not None and row.value is not None
    found: dict[str, Any] = json.loads(row.value)
    return found


async def test_what_begins_in_one_second_is_one_document(store: LocalStore) -> None:
    log = MemoryLog()
    raise_alerts(log, alert("kw", State.PENDING), alert("kw"), alert("amp"), alert(device="H001"))
    raise_alerts(log, alert("kw", State.UNKNOWN), alert("kw"), alert("kw", State.RESOLVED))
    await ingest(log, store)
    found = await document(store)
    assert found["alert_id"] == "p1-kw"
    assert [(e["type"], e["value"], e["threshold"]) for e in found["eventi"]] == [
        ("kw_over", 12.4, 11.0), ("amp_over", 12.4, 11.0),
    ]  # fmt: skip
    assert found["thresholds"] == {"kw_max": 11.0, "corrente_max": 11.0}
    assert found["raw"] == {
        "piano": 1, "timestamp": "2025-09-06T12:00:00+00:00", "sensore2_kw": 12.4,
        "sensore3_corrente": 12.4,
    }  # fmt: skip
    assert [n for n in await store.names(limit=100) if n.startswith("alerts:")] == [KEY]


async def test_it_has_the_reading_that_began_it(store: LocalStore) -> None:
    log = MemoryLog()
    reading = floor("2025-09-06T12:00:00.000123+00:00")
    send_floors(log, [reading])
    raise_alerts(log, alert())
    await ingest(log, store)
    assert (await document(store))["raw"] == json.loads(reading)


async def test_nothing_is_lost_while_the_store_is_away_and_again_is_the_same(
    store: LocalStore,
) -> None:
    log, alerts = MemoryLog(), [alert("kw"), alert("amp")]
    alerts += [alert(device=f"p{n}") for n in range(2, 40)]
    raise_alerts(log, *alerts)
    flaky = Forgetful(store, gone(3))
    await ingest(log, cast(Store, flaky))
    assert flaky.unread < 0 and flaky.failed == 3
    names = [n for n in await store.names(limit=1_000) if n.startswith("alerts:")]
    assert len(names) == 39
    before = [await document(store, name) for name in names]
    again = MemoryLog()  # as after a crash before the positions moved
    raise_alerts(again, *alerts)
    await ingest(again, store)
    assert [await document(store, name) for name in names] == before


def test_a_pattern_says_how_far_off_it_is() -> None:
    evidence = (
        ("usual", 5 * 10**9),
        ("sigma", 10**9),
        ("zscore", 74 * 10**8),
        ("voltage_v", 10**9),
    )
    event = msgspec.structs.replace(alert(), rule="pattern-kw", evidence=evidence)
    found = alert_document(event)
    assert found["eventi"] == [
        {
            "type": "pattern_outlier_kw", "value": 12.4, "threshold": 11.0,
            "message": "p1: too much kw", "mu": 5.0, "sigma": 1.0, "zscore": 7.4,
        }
    ]  # fmt: skip
    assert found["raw"]["sensore3_tensione"] == 1.0
    assert found["thresholds"] == {}


def test_what_is_no_document_under_the_key_costs_nothing() -> None:
    new = alert_document(alert())
    for kept in (None, b"", b"[]", b'{"eventi":5}', b'{"eventi":[],"thresholds":{}}', b"\xff"):
        assert msgspec.json.decode(merged(kept, new)) == new
