"""Links of messages: to look does nothing, the button does, and only for that alert."""

from __future__ import annotations

from collections.abc import AsyncIterator
from secrets import token_hex

import httpx
import pytest

from energyguard.access.tokens import Tokens
from energyguard.api.app import build_app
from energyguard.log import Log
from energyguard.notify.seal import MAX_LINK, MAX_LINKED, NotifySeal
from energyguard.service.contract import Service
from energyguard.service.notify.contract import RouteFields
from tests.service.made import alert_event, raise_alerts
from tests.waiting import until


@pytest.fixture
async def stranger(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who is not logged in."""
    app = build_app(service, Tokens(service.settings.data_dir), "127.0.0.1")
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


async def test_a_link_acts_when_its_button_is_pressed(
    stranger: httpx.AsyncClient, log: Log, service: Service
) -> None:
    service.routes.put("desk", RouteFields(address="https://1.1.1.1/x"), "mara")
    raise_alerts(log, alert_event("a1"), alert_event("a2"))
    until(lambda: len(service.book.open()) == 2)
    seal = NotifySeal(service.settings.data_dir)
    keys = {alert: seal.link("desk", alert) for alert in ("a1", "a2", "a9")}
    looked = await stranger.get("/answer", params={"key": keys["a1"]})
    assert looked.status_code == 200
    assert "H017 passed 2.0 kWh" in looked.text
    assert "<button>Acknowledge</button>" in looked.text
    assert service.book.get("a1").acknowledged_by is None  # whoever opens links does nothing
    done = await stranger.post("/answer", data={"key": keys["a1"]})
    assert "somebody has it" in done.text
    assert service.book.get("a1").acknowledged_by == "desk (link)"
    german = {"Accept-Language": "de"}
    quiet = {"key": keys["a2"], "act": "silence"}
    looked = await stranger.get("/answer", params=quiet, headers=german)
    assert "<button>Für einen Tag stummschalten</button>" in looked.text
    await stranger.post("/answer", data=quiet)
    assert service.book.get("a2").state == "silenced"
    for wrong in (keys["a9"], keys["a1"][:-1], "", "nonsense"):
        assert (await stranger.get("/answer", params={"key": wrong})).status_code == 404
    service.routes.remove("desk", "mara")
    assert (await stranger.post("/answer", data={"key": keys["a1"]})).status_code == 404


async def test_a_link_of_many_alerts_can_be_pressed(
    stranger: httpx.AsyncClient, log: Log, service: Service
) -> None:
    service.routes.put("desk", RouteFields(address="https://1.1.1.1/x"), "mara")
    ids = [token_hex(11) for _ in range(MAX_LINKED + 1)]  # as long as those of alerts
    raise_alerts(log, *(alert_event(alert) for alert in ids))
    until(lambda: len(service.book.open()) == len(ids))
    key = NotifySeal(service.settings.data_dir).link("desk", *ids)
    assert 1_000 < len(key) < MAX_LINK
    assert (await stranger.post("/answer", data={"key": key})).status_code == 200
    taken = [alert for alert in ids if service.book.get(alert).acknowledged_by]
    assert taken == ids[:MAX_LINKED]


async def test_another_page_can_press_no_button(
    stranger: httpx.AsyncClient, service: Service
) -> None:
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert (await stranger.post("/answer", data={"key": "x"}, headers=foreign)).status_code == 403
