"""Silences of one cause over REST: the incident, and the alerts that say that they are in it."""

from __future__ import annotations

import httpx

from energyguard.log import Log
from energyguard.model.catalogue import Device, Site
from energyguard.service.contract import Service
from tests.notifier.made import enter, silent
from tests.service.made import alert_event, raise_alerts
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
