"""Routes are made from the headers of queries."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpx
import pyarrow as pa
import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from energyguard.api import problems
from energyguard.api.routes.queries import build_router, row_type
from energyguard.history.query import Query, queries, query_named, read_query
from tests.application.client import serve_to_all

SUN = """\
-- question: What the sun gave.
-- columns: side up|down, kwh number kWh, note text?, more text? optional
-- column kwh: Whole.
-- row: SunRow: A row of sun.
-- rest: sun /sun: What the sun gave.
-- answer: {answer}
-- constant zone: UTC
-- parameter device: text 3 = ! | Which one.
-- parameter n: count 10 = 2 | How many.
-- parameter step: duration = 1m
-- parameter by: choice kwh alerts = kwh | By what.
SELECT {{device:String}}, {{n:UInt32}}, {{step_ms:Int64}}, {{by:String}}, {{zone:String}}
"""
ROWS = [{"side": "up", "kwh": 1.0, "note": None}, {"side": "down", "kwh": 2.0, "note": "x"}]


class OneTable:
    """A service that answers every query with the same rows."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows, self.given = rows, dict[str, Any]()
        self.settings = SimpleNamespace(serve=SimpleNamespace(names=False))

    def query(self, name: str, **given: Any) -> pa.Table:
        self.given = {"name": name, **given}
        return pa.Table.from_pylist(self.rows)


def sun(answer: str = "") -> Query:
    return read_query("sun", SUN.format(answer=answer))


async def get(service: OneTable, query: Query, path: str = "/sun", **given: str) -> httpx.Response:
    app = FastAPI()
    serve_to_all(app, service)
    app.include_router(build_router([query]))
    problems.install(app)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        return await client.get(path, params=given)


async def test_parameters_reach_the_query_as_its_text_names_them() -> None:
    service = OneTable(ROWS)
    found = await get(service, sun(), device="H1", step="2m", by="alerts")
    assert service.given == {
        "name": "sun", "device": "H1", "n": 2, "step_ms": 120_000, "by": "alerts", "zone": "UTC",
    }  # fmt: skip
    assert found.json() == [row | {"more": None} for row in ROWS]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"device": ""},
        {"device": "H123"},
        {"device": "H", "n": "11"},
        {"device": "H", "by": "x"},
    ],
)
async def test_what_the_header_does_not_allow_is_refused(given: dict[str, str]) -> None:
    service = OneTable(ROWS)
    assert (await get(service, sun(), **given)).status_code == 422
    assert service.given == {}


async def test_an_answer_is_rows_in_an_order_or_one_or_none() -> None:
    assert (await get(OneTable(ROWS), sun("newest first"), device="H")).json()[0]["side"] == "down"
    assert (await get(OneTable(ROWS), sun("one"), device="H")).json()["side"] == "up"
    assert (await get(OneTable([]), sun("one or null"), device="H")).json() is None


def test_a_row_has_the_types_of_its_columns() -> None:
    kind = row_type(sun())
    assert (kind.__name__, kind.__doc__) == ("SunRow", "A row of sun.")
    fields = kind.model_json_schema()["properties"]
    assert fields["kwh"]["description"] == "Whole."
    assert fields["side"]["enum"] == ["up", "down"]
    with pytest.raises(ValidationError, match="note"):
        kind(side="up", kwh=1)


def test_every_route_of_a_query_is_there_once() -> None:
    paths = [route.path for route in build_router(queries().values()).routes]  # type: ignore[attr-defined]
    assert len(paths) == len(set(paths)) == 23
    assert "/late" in paths


@pytest.mark.parametrize(
    ("zone", "step_ms"), [("", 3_600_000), ("Europe/Berlin", 3_600_000), ("Asia/Kolkata", 900_000)]
)
async def test_a_heat_map_has_the_hours_of_a_zone(zone: str, step_ms: int) -> None:
    service = OneTable([{"device": "H1", "hour": 5, "kwh": 1.0, "alerts": 0}])
    span = {"start": "2026-03-29", "end": "2026-03-30"} | ({"zone": zone} if zone else {})
    answer = await get(service, query_named("heatmap"), "/heatmap", **span)
    assert answer.status_code == 200
    assert (service.given["zone"], service.given["step_ms"]) == (zone or "UTC", step_ms)
    wrong = await get(service, query_named("heatmap"), "/heatmap", **span | {"zone": "Mars"})
    assert wrong.status_code == 422
    assert "such as Europe/Berlin" in wrong.text
