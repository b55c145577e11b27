"""Who is told outside of the house, over HTTP."""

from __future__ import annotations

import httpx

from tests.application.client import ok
from tests.notify.servers import hooked

HOOK = "https://1.1.1.1/s3cr3t"


async def test_routes_over_http(http: httpx.AsyncClient) -> None:
    made = await ok(http.put("/notify/routes/desk", json={"address": HOOK, "severity": "warning"}))
    assert (made["how"], made["to"], made["by"]) == ("webhook", "https://1.1.1.1/…", "mara")
    changed = await ok(http.put("/notify/routes/desk", json={"quiet": "22:00-06:30"}))
    assert (changed["quiet"], changed["severity"]) == ("22:00-06:30", "warning")
    assert await ok(http.get("/notify/routes")) == [changed]
    assert await ok(http.get("/notify/routes/desk")) == changed
    assert "s3cr3t" not in str(changed)
    for wrong in ({"quiet": "night"}, {"address": "ftp://x"}, {"to": "me"}, {"per_hour": 0}):
        assert (await http.put("/notify/routes/desk", json=wrong)).status_code == 422
    assert await ok(http.get("/notify/routes/desk")) == changed
    with hooked() as hook:
        inside = await http.put("/notify/routes/inside", json={"address": hook.url})
    assert "inside the network" in inside.text
    assert (await http.delete("/notify/routes/desk")).status_code == 200
    assert (await http.post("/notify/routes/desk/test")).status_code == 404
    assert await ok(http.get("/notify/deliveries", params={"route": "desk"})) == []
