"""Spans of the calendar by HTTP: as JSON, and as files."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

import httpx
import openpyxl
import pyarrow.parquet as pq
import pytest

from tests.application.client import client_of
from tests.application.service import MadeUpService


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(MadeUpService()) as client:
        yield client


async def asked(http: httpx.AsyncClient, **given: Any) -> httpx.Response:
    return await http.get("/consumption", params={"zone": "Europe/Berlin", **given})


async def test_a_day_is_answered_by_its_hours(http: httpx.AsyncClient) -> None:
    answer = (await asked(http, of=["device/H001", "device/H002"], span="2025-09-05")).json()
    assert (answer["span"], answer["zone"]) == ("2025-09-05", "Europe/Berlin")
    assert answer["start"] == "2025-09-05T00:00:00+02:00"
    assert answer["until"] == answer["end"] == "2025-09-06T00:00:00+02:00"
    first, second = answer["series"]
    assert (first["of"], first["name"], second["of"]) == ("device/H001", "H001", "device/H002")
    assert len(first["steps"]) == len(first["before"]) == 24
    assert all(a["end"] == b["start"] for a, b in pairwise(first["steps"]))
    assert first["total_kwh"] == pytest.approx(sum(step["kwh"] for step in first["steps"]))
    assert first["before_total_kwh"] == pytest.approx(sum(s["kwh"] for s in first["before"]))
    assert first["total_kwh"] != second["total_kwh"]
    alone = (await asked(http, of="device/H001", span="2025-09-05", compare=False)).json()
    assert (alone["series"][0]["before"], alone["series"][0]["before_total_kwh"]) == (None, None)


async def test_everything_leaves_out_what_lives_in_another_time_in_files_too() -> None:
    service, span = MadeUpService(), "2025-09-05"
    async with client_of(service) as http:

        async def total() -> float:
            [everything] = (await asked(http, span=span)).json()["series"]
            found = (await asked(http, span=span, format="parquet", compare=False)).content
            kwh = pq.read_table(io.BytesIO(found))["kwh"].to_pylist()
            assert sum(kwh) == pytest.approx(everything["total_kwh"])
            return float(everything["total_kwh"])

        every = await total()
        [gone] = (await asked(http, of="device/H001", span=span)).json()["series"]
        service.live.apart = lambda among=None: frozenset({"H001"})  # type: ignore[method-assign]
        assert await total() == pytest.approx(every - gone["total_kwh"])
        [itself] = (await asked(http, of="device/H001", span=span)).json()["series"]
        assert itself["total_kwh"] == gone["total_kwh"]


@pytest.mark.parametrize("ranking", ["/top", "/heatmap"])
async def test_rankings_leave_out_what_lives_in_another_time(ranking: str) -> None:
    service = MadeUpService()
    async with client_of(service) as http:

        async def devices() -> set[str]:
            answer = await http.get(ranking, params={"n": 1_000})
            return {row["device"] for row in answer.json()}

        every = await devices()
        service.live.apart = lambda among=None: frozenset({"H001"})  # type: ignore[method-assign]
        assert every - await devices() == {"H001"}
    by_name = {row.device: row.kwh for row in service.devices.summaries(0, service.t())}
    assert by_name["H001"]  # the list of devices leaves out none


async def test_without_words_it_is_today_and_everything(http: httpx.AsyncClient) -> None:
    answer = (await http.get("/consumption")).json()
    assert answer["zone"] == "UTC"
    [everything] = answer["series"]
    assert (everything["of"], everything["name"]) == ("", "everything")
    assert everything["open"] is not None
    assert everything["before_total_kwh"] < sum(s["kwh"] for s in everything["before"])


async def test_a_month_is_a_workbook(http: httpx.AsyncClient) -> None:
    answer = await asked(http, of="device/H001", span="2025-08", format="xlsx")
    assert 'filename="consumption-2025-08.xlsx"' in answer.headers["content-disposition"]
    [head, *rows] = openpyxl.load_workbook(io.BytesIO(answer.content)).active.values
    assert head[:3] == ("of", "name", "start")
    assert len(rows) == 31
    assert (str(rows[0][2]), rows[0][4]) == ("2025-08-01 00:00:00", 2)
    assert head[7:] == ("before_start", "before_kwh", "cost", "currency")
    assert {row[9:] for row in rows} == {(None, None)}  # nothing has a tariff


@pytest.mark.parametrize("compare", [True, False])
async def test_answers_have_what_it_costs_where_there_is_a_tariff(compare: bool) -> None:
    service = MadeUpService()
    service.enter("tariff/flat", name="Flat", price=Decimal("0.30"), currency="EUR")
    service.enter("site/west", name="West", tariff="flat")
    service.enter("device/H001", name="Oven", site="west")
    given: dict[str, Any] = {"of": ["device/H001", "device/H002"], "span": "2025-09-05"}
    given["compare"] = compare
    async with client_of(service) as http:
        answered = await http.get("/consumption", params=given)
        answer = await http.get("/consumption", params=given | {"format": "parquet"})
    rows = pq.read_table(io.BytesIO(answer.content)).to_pylist()
    oven = [row for row in rows if row["of"] == "device/H001"]
    assert len(oven) == 24
    for row in oven:
        assert row["cost"] == pytest.approx(0.3 * row["kwh"], abs=1e-9)
        assert row["currency"] == "EUR"
    assert {(r["cost"], r["currency"]) for r in rows if r not in oven} == {(None, None)}
    first, second = answered.json()["series"]
    assert [(step["cost"], step["currency"]) for step in first["steps"]] == [
        (row["cost"], row["currency"]) for row in oven
    ]
    assert {(step["cost"], step["currency"]) for step in second["steps"]} == {(None, None)}


async def test_files_have_the_same_rows(http: httpx.AsyncClient) -> None:
    span = {"of": "device/H001", "span": "2025-08", "compare": False}
    text = (await asked(http, **span, format="csv")).text.splitlines()
    table = pq.read_table(io.BytesIO((await asked(http, **span, format="parquet")).content))
    assert text[0] == ",".join(table.column_names)
    assert text[1].startswith("device/H001,H001,2025-08-01T00:00:00+02:00,2025-08-02T00:00:00")
    assert len(text) - 1 == table.num_rows == 31


@pytest.mark.parametrize(
    ("given", "status", "field", "says"),
    [
        ({"span": "tomorrow"}, 422, "span", "write one like today"),
        ({"span": "0001"}, 422, "span", "from 1972 to 2104"),
        ({"zone": "Europe/Berlim"}, 422, "zone", "Europe/Berlin"),
        ({"of": "H001"}, 422, "of", "no key of the catalogue"),
        ({"of": "site/attic"}, 404, None, "no site 'attic'"),
        ({"step": "second"}, 422, "step", "quarter"),
        ({"of": [f"device/H{n}" for n in range(101)]}, 422, "of", "at most 100"),
    ],
)
async def test_what_cannot_be_asked_says_why(
    http: httpx.AsyncClient, given: dict[str, Any], status: int, field: str | None, says: str
) -> None:
    answer = await asked(http, **given)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error.get("field") == field
    assert says in error["message"]


@pytest.mark.parametrize(
    ("shape", "days", "says"),
    [
        ("csv", 60, "100 at once in 5,760 steps of a quarter are 576,000 rows, and there may be"),
        ("xlsx", 20, "for longer steps, or CSV or Parquet, which may have 300,000"),
        (
            "json",
            20,
            "192,000 rows, and there may be 100,000: ask for fewer at once, for less time",
        ),
    ],
)
async def test_too_many_rows_are_refused_before_they_are_made(
    http: httpx.AsyncClient, shape: str, days: int, says: str
) -> None:
    devices, span = [f"device/H{n}" for n in range(100)], f"last-{days}-days"
    answer = await asked(http, of=devices, span=span, step="quarter", format=shape, zone="UTC")
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "step")
    assert says in answer.json()["error"]["message"]
