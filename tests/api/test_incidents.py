"""Silences of one cause over REST: the incident, and the alerts that say that they are in it."""

from __future__ import annotations

import httpx

from energyguard.log import Log
from energyguard.model.catalogue import Device, Site
from energyguard.service.contract import Service
from tests.alerts.test_flapping import comes
from tests.application.client import ok
from tests.notifier.made import enter, fires, silent
from tests.service.made import NOON, alert_event, raise_alerts
from tests.waiting import until


async def test_an_alert_names_its_incident(
    http: httpx.AsyncClient, log: Log, service: Service
) -> None:
    devices = {f"device_{name}": Device(name="", site="second") for name in ("m1", "m2", "m3")}
    enter(log, site_second=Site(name="floor 2"), **devices)
    raise_alerts(log, alert_event("a1"), silent("m1"), silent("m2", 5))
    entries = service.catalogue.entries
    until(lambda: len(service.book.open()) == 3 and len(entries.devices_at("second")) == 3)
    (incident,) = (await http.get("/incidents")).json()
    assert incident == {
        "id": "m1", "cause": "site", "place": "second", "since_ms": silent("m1").since_ms,
        "alerts": ["m1", "m2"], "devices": ["m1", "m2"], "of_devices": 3,
    }  # fmt: skip
    listed = (await http.get("/alerts")).json()
    assert {alert["id"]: alert.get("incident") for alert in listed} == {
        "a1": None, "m1": "m1", "m2": "m1",
    }  # fmt: skip
    assert (await http.get("/alerts/m2")).json()["incident"] == "m1"


async def test_alerts_that_come_and_go_say_so(
    http: httpx.AsyncClient, log: Log, service: Service
) -> None:
    raise_alerts(log, *(comes(number) for number in range(5)), fires("b", device="H018"))
    until(lambda: len(service.book.open()) == 6)
    rows = {row["id"]: row.get("flaps") for row in await ok(http.get("/alerts"))}
    flaps = {"times": 5, "since_ms": NOON}
    assert rows == {"b": None, "a0": flaps, "a1": flaps, "a2": flaps, "a3": flaps, "a4": flaps}
    assert (await ok(http.get("/alerts/a4")))["flaps"]["times"] == 5
    assert "flaps" not in await ok(http.get("/alerts/b"))
