"""Standing silences, and acts on many alerts, over HTTP."""

from __future__ import annotations

import httpx

from energyguard.log import Log
from energyguard.service.contract import Service
from tests.application.client import ok
from tests.service.made import alert_event, raise_alerts
from tests.waiting import until


async def test_silences_over_http(http: httpx.AsyncClient, log: Log, service: Service) -> None:
    raise_alerts(log, alert_event("a1"), alert_event("a2"))
    until(lambda: len(service.book.open()) == 2)
    scope = {"selector": "id=H0*", "rule": "household-prod"}
    would = await ok(http.post("/silences/preview", json=scope))
    assert would == {"open": 2, "last_7_days": 2, "devices": 1}
    made = await ok(http.post("/silences", json={**scope, "until": "2 h", "note": "works"}))
    assert (made["about"], made["active"], made["alerts"], made["by"]) == (
        "id=H0*, rule household-prod", True, 2, "mara",
    )  # fmt: skip
    assert [row["id"] for row in await ok(http.get("/silences"))] == [made["id"]]
    alert = await ok(http.get("/alerts/a1"))
    assert (alert["state"], alert["standing"]) == ("silenced", made["id"])
    ended = await ok(http.delete(f"/silences/{made['id']}"))
    assert "standing" not in await ok(http.get("/alerts/a1"))
    assert (ended["active"], ended["ended_by"]) == (False, "mara")
    assert (await http.delete(f"/silences/{made['id']}")).status_code == 409
    wrongs = ({"selector": "floor"}, {"until": "soon"}, {"every": "soon"}, {"from": "soon"})
    for wrong in wrongs:
        answer = await http.post("/silences", json=wrong)
        assert answer.status_code == 422
        assert answer.json()["error"]["field"] == next(iter(wrong))
    window = {**scope, "from": "2126-12-01", "until": "2127-01-01", "every": "sun 02:00-06:00"}
    planned = await ok(http.post("/silences", json=window))
    assert (planned["active"], planned["is_over"], planned["every"], planned["zone"]) == (
        False, False, "sun 02:00-06:00", "UTC",
    )  # fmt: skip
    assert planned["next_ms"] == planned["from_ms"] + 2 * 3_600_000  # 1 December 2126: a Sunday


async def test_many_alerts_over_http(http: httpx.AsyncClient, log: Log, service: Service) -> None:
    raise_alerts(log, alert_event("a1"), alert_event("a2"))
    until(lambda: len(service.book.open()) == 2)
    body = {"ids": ["a1", "a2"], "act": "silence", "for": "1 h", "note": "both"}
    rows = await ok(http.post("/alerts/act", json=body))
    assert {row["state"] for row in rows} == {"silenced"}
    assert {row["note"] for row in rows} == {"both"}
    wrong = await http.post("/alerts/act", json={"ids": ["a1", "a9"], "act": "acknowledge"})
    assert wrong.status_code == 404
    assert (await http.post("/alerts/act", json={"ids": [], "act": "unsilence"})).status_code == 422
