"""Explanations by HTTP: of a day, of an hour, of a site, of a reading."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

import httpx
import pytest

from tests.application.client import client_of
from tests.application.entries import QUARTER, ZERO
from tests.application.service import MadeUpService


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    service = MadeUpService()
    service.enter("site/house", name="House", zone="Europe/Berlin")
    service.enter("device/H001", name="Oven", site="house")
    async with client_of(service) as client:
        yield client


async def test_a_day_has_bounds_hours_and_what_is_odd(http: httpx.AsyncClient) -> None:
    found = (await http.get("/explain", params={"of": "device/H001", "span": "today"})).json()
    assert found["zone"] == "Europe/Berlin"
    assert found["start"].endswith("T00:00:00+01:00")
    assert found["low"] <= found["kwh"] <= found["high"]
    assert 0.9 < found["coverage"] < 1.0
    assert [entry["kind"] for entry in found["entries"]] == ["difference", "dip", "gap"]
    assert found["entries"][0]["verdicts"] == ["late"]
    [ordinary] = found["ordinary"]
    inside = ordinary["kwh"] + sum(entry["inside"] for entry in found["entries"])
    assert ordinary["entries"] > 60
    assert inside == pytest.approx(found["kwh"], rel=0.05)
    every = {"of": "device/H001", "span": "today", "all": "true"}
    assert len((await http.get("/explain", params=every)).json()["entries"]) > 60


async def test_any_time_can_be_explained(http: httpx.AsyncClient) -> None:
    hour = {"start": str(ZERO - 2 * QUARTER), "end": str(ZERO + 2 * QUARTER)}
    found = (await http.get("/explain", params={"of": "device/H001", **hour})).json()
    assert len(found["steps"]) == 4
    times = [datetime.fromisoformat(found[name]) for name in ("start", "end")]
    assert (times[1] - times[0]).total_seconds() == 3_600
    wrong = {"start": hour["end"], "end": hour["start"]}
    answer = await http.get("/explain", params={"of": "device/H001", **wrong})
    assert (answer.status_code, "ends before it begins" in answer.text) == (422, True)


async def test_a_site_is_its_devices(http: httpx.AsyncClient) -> None:
    found = (await http.get("/explain", params={"of": "site/house", "span": "yesterday"})).json()
    assert [part["of"] for part in found["parts"]] == ["device/H001"]
    assert found["parts"][0]["kwh"] == pytest.approx(found["kwh"])
    assert found["entries"] == []


async def test_a_reading_that_the_log_has_no_more_says_where_it_was(
    http: httpx.AsyncClient,
) -> None:
    asked = {"device": "H001", "time": str(ZERO)}
    [found] = (await http.get("/explain/reading", params=asked)).json()
    assert (found["kept"], found["topic"], found["offset"]) == (False, "energy_readings", 5)
    missing = await http.get("/explain/reading", params={"device": "nobody", "time": str(ZERO)})
    assert missing.status_code == 404


async def test_what_was_known_by_a_time(http: httpx.AsyncClient) -> None:
    day = {"of": "device/H001", "span": "2025-11-22"}
    now = (await http.get("/explain", params=day)).json()
    assert (now["as_known"], now["now_kwh"]) == (None, None)
    gone = await http.get("/explain", params={**day, "as_known": "2025-11-21T00:00:00Z"})
    assert (gone.status_code, "nobody can tell" in gone.text) == (404, True)
    everything = await http.get("/explain", params={"as_known": "2025-11-21T00:00:00Z"})
    assert everything.status_code == 422
    asked = {"device": "H001", "step": "1h", "as_known": "2025-11-21T00:00:00Z"}
    assert (await http.get("/bounds", params=asked)).status_code == 404
