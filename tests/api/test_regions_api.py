"""Homes by state over HTTP: what may be shown now, and in the past."""

from __future__ import annotations

from tests.application.client import client_of, ok
from tests.application.service import MadeUpService


async def test_the_api_has_the_same_numbers() -> None:
    service = MadeUpService()
    async with client_of(service) as http:
        found = await ok(http.get("/regions"))
    assert len(found["regions"]) == 16
    assert found["min_homes"] == 5
    assert found["price_eur_per_kwh"] == "0.30"
    shown = [state for state in found["regions"] if state["homes"]]
    assert sum(state["homes"] for state in shown) == found["all_shown"]["homes"]
    for state in shown:
        assert round(state["year_kwh"], 1) == round(state["power_kw"] * 8_760, 1)
        assert state["year_cost_cents"] == round(state["year_kwh"] * 30)


async def test_the_past_of_a_state_and_of_no_state() -> None:
    async with client_of(MadeUpService()) as http:
        found = await ok(http.get("/regions/power?region=DE-NW&step=1h"))
        assert len(found) >= 23
        assert {row["region"] for row in found} == {"DE-NW"}
        missing = await http.get("/regions/power?region=DE-XX")
    assert missing.status_code == 404
    assert "DE-BW" in missing.json()["error"]["message"]
