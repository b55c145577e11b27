"""Corrections of readings, and imports that are undone, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from energyguard.service.service import EnergyService
from energyguard.sinks.archive import Archive
from tests.application.client import client_of, ok
from tests.service.test_corrections import kept, settle

__all__ = ["kept"]
READING = {"device": "H1", "time": "2025-09-06T02:03:00+02:00"}


@pytest.fixture
async def http(kept: tuple[EnergyService, Archive]) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(kept[0]) as client:
        yield client


async def test_a_reading_is_corrected_and_an_import_undone_over_http(
    http: httpx.AsyncClient, kept: tuple[EnergyService, Archive]
) -> None:
    seen = await ok(http.post("/corrections/preview", json=READING | {"value": "0.1"}))
    assert (seen["value"], seen["would_kwh"]) == (0.05, pytest.approx(0.55))
    assert await ok(http.get("/corrections")) == []
    made = await ok(http.post("/corrections", json=READING | {"value": 0.1, "why": "typo"}))
    assert (made["value"], made["by"], made["holds"]) == ("0.1", "mara", True)
    assert await ok(http.get("/corrections", params={"device": "H1"})) == [made]
    assert await ok(http.get("/corrections", params={"device": "H2"})) == []
    undone = await ok(http.post(f"/corrections/{made['id']}/undo"))
    assert (undone["undoes"], undone["device"]) == (made["id"], "H1")
    assert (await http.post(f"/corrections/{made['id']}/undo")).status_code == 409
    refused: list[tuple[dict[str, object], int, str | None]] = [
        ({"time": "2025-09-06T02:03:00"}, 422, "time"),
        ({"time": "soon"}, 422, "time"),
        ({"value": "-2000", "time": "2025-09-06T00:04:00Z"}, 422, "value"),
        ({"time": "2025-09-06T02:03:01Z"}, 404, None),
        ({"time": "2099-09-06T02:03:01Z"}, 422, "start"),
    ]
    for more, status, field in refused:
        answer = await http.post("/corrections", json=READING | more)
        assert answer.status_code == status, answer.text
        assert answer.json()["error"].get("field") == field
    [brought] = await ok(http.get("/imports"))
    gone = await ok(http.post(f"/imports/{brought['id']}/undo", json={"why": "not ours"}))
    assert (gone["import_id"], gone["why"]) == (brought["id"], "not ours")
    settle(kept[1])
    assert (await ok(http.get("/imports")))[0]["undone_by"] == gone["id"]
