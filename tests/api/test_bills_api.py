"""Bills, tariffs and prices by HTTP: as JSON, and as files."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import httpx
import openpyxl
import pytest

from energyguard.model.tariffs import TaxRate
from tests.application.client import client_of
from tests.application.service import MadeUpService

TARIFF = {
    "name": "Home",
    "currency": "EUR",
    "prices": [{"price": 0.2, "name": "night", "when": "22:00-06:00"}, {"price": "0.40000"}],
    "per_month": 9.9,
}


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """A home with a tariff, in Berlin."""
    service = MadeUpService()
    service.enter(
        "tariff/home",
        name="Home",
        currency="EUR",
        price=Decimal("0.29531"),
        per_day=Decimal("0.30"),
        taxes=(TaxRate(name="VAT", percent=Decimal(19)),),
    )
    service.enter("site/house", name="House", zone="Europe/Berlin", tariff="home")
    service.enter("device/H001", name="Oven", site="house")
    async with client_of(service) as client:
        yield client


async def billed(http: httpx.AsyncClient, **given: Any) -> httpx.Response:
    return await http.get("/bills", params={"of": "site/house", "span": "2025-09-05", **given})


async def test_a_bill_has_its_lines_and_their_sum(http: httpx.AsyncClient) -> None:
    bill = (await billed(http)).json()
    used = (
        await http.get("/consumption", params={"of": "site/house", "span": "2025-09-05"})
    ).json()
    [energy, standing, tax] = bill["lines"]
    assert float(bill["kwh"]) == used["series"][0]["total_kwh"] == float(energy["quantity"])
    assert (bill["name"], bill["currency"], bill["tariffs"]) == ("House", "EUR", ["home"])
    assert (energy["kind"], energy["unit"], energy["price"]) == ("energy", "kWh", "0.29531")
    exact = Decimal(energy["quantity"]) * Decimal("29.531")
    assert abs(energy["amount_minor"] - exact) <= Decimal("0.5")
    assert (standing["amount"], tax["name"], tax["price"]) == ("0.30", "VAT", "0.19")
    assert bill["total_minor"] == sum(line["amount_minor"] for line in bill["lines"])
    assert Decimal(bill["total"]) * 100 == bill["total_minor"]
    assert (energy["start"], bill["end"]) == (
        ("2025-09-05T00:00:00+02:00", "2025-09-06T00:00:00+02:00")
    )
    assert (bill["unpriced"], bill["missing"]) == ([], [])


async def test_a_bill_is_a_spreadsheet(http: httpx.AsyncClient) -> None:
    bill = (await billed(http)).json()
    answer = await billed(http, format="csv")
    assert 'filename="bill-2025-09-05.csv"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["item"] for row in rows] == ["energy", "standing", "tax"]
    assert [row["amount"] for row in rows[1:]] == ["0.3", bill["lines"][2]["amount"].rstrip("0")]
    assert rows[0]["quantity"] == bill["lines"][0]["quantity"]
    book = await billed(http, format="xlsx")
    [head, *lines] = openpyxl.load_workbook(io.BytesIO(book.content)).active.values
    assert head[:3] == ("item", "name", "start")
    assert (str(lines[0][2]), lines[1][7]) == ("2025-09-05 00:00:00", 0.3)


async def test_a_tariff_is_entered_and_asked_what_if(http: httpx.AsyncClient) -> None:
    made = await http.put("/tariffs/night", json=TARIFF)
    assert made.status_code == 200, made.text
    assert made.json()["entry"]["prices"][0] == {
        "price": "0.2", "name": "night", "when": "22:00-06:00",
    }  # fmt: skip
    assert made.json()["entry"]["prices"][1] == {"price": "0.40000"}
    listed = (await http.get("/tariffs")).json()
    assert [(row["id"], row["sites"]) for row in listed] == [("home", ["house"]), ("night", [])]
    bill = (await billed(http, tariff="night")).json()
    assert [(line["name"], line["unit"]) for line in bill["lines"]] == [
        ("night", "kWh"),
        ("", "kWh"),
        ("", "day"),
    ]
    wrong = await http.put("/tariffs/night", json=TARIFF | {"price": 1})
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (422, "prices")
    assert (await http.delete("/tariffs/night")).status_code == 204
    assert (await http.get("/tariffs/night")).status_code == 404
    kept = await http.delete("/tariffs/home")
    assert (kept.status_code, "site/house" in kept.text) == (422, True)


async def test_dynamic_prices_come_as_csv_and_go_as_csv(http: httpx.AsyncClient) -> None:
    spot = {"name": "Spot", "source": "spot-de", "currency": "EUR"}
    assert (await http.put("/tariffs/spot", json=spot)).status_code == 200
    none = (await billed(http, tariff="spot")).json()
    assert (none["total_minor"], none["unpriced"][0]["reason"]) == (0, "no-price-in-list")
    assert none["unpriced"][0]["kwh"] == none["kwh"]
    text = "start,price\n" + "".join(f"2025-09-05T{n:02}:00+02:00,-0.0{n:02}\n" for n in range(23))
    taken = await http.post("/prices/spot-de", content=text.encode())
    assert taken.json() == {"list": "spot-de", "prices": 23}
    bill = (await billed(http, tariff="spot")).json()
    assert bill["total_minor"] < 0
    assert [(s["start"], s["end"]) for s in bill["unpriced"]] == [
        ("2025-09-05T23:00:00+02:00", "2025-09-06T00:00:00+02:00")
    ]
    [listed] = (await http.get("/prices")).json()
    assert (listed["id"], listed["prices"]) == ("spot-de", 23)
    assert datetime.fromisoformat(listed["start"]).timestamp() == 1757023200
    given = {"span": "2025-09-05", "zone": "Europe/Berlin"}
    file = (await http.get("/prices/spot-de", params=given)).text
    assert file.splitlines()[2] == "2025-09-05T01:00:00+02:00,2025-09-05T02:00:00+02:00,-0.001"
    await http.post("/prices/spot-de", content=file.encode())
    assert (await http.get("/prices/spot-de", params=given)).text == file
    bad = await http.post("/prices/spot-de", content=b"start,price\nsoon,1\n")
    assert (bad.status_code, "spot-de.csv:2: 'soon' is no time" in bad.text) == (422, True)
    assert (await http.get("/prices/gone")).status_code == 404


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({"of": ""}, 422, "is no key of the catalogue"),
        ({"of": "device/H002"}, 404, "has no tariff in 2025-09-05"),
        ({"of": "site/gone"}, 404, "no site"),
        ({"span": "soon"}, 422, "is no span of the calendar"),
        ({"tariff": "gone"}, 404, "no tariff"),
    ],
)
async def test_what_cannot_be_billed_says_why(
    http: httpx.AsyncClient, given: dict[str, str], status: int, words: str
) -> None:
    answer = await billed(http, **given)
    assert (answer.status_code, words in answer.text) == (status, True), answer.text
