"""Sites, groups and devices over REST: entered, changed, found, undone, as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.application.client import client_of, ok
from tests.application.service import MadeUpService

LINDENHOF = {"name": "Lindenhof 12", "zone": "Europe/Berlin", "holidays": ["DE-BE"]}


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """Over fifty homes, and a site with a floor."""
    async with client_of(MadeUpService()) as client:
        await ok(client.put("/sites/l12", json=LINDENHOF))
        await ok(client.put("/sites/f2", json={"name": "Floor 2", "parent": "l12"}))
        yield client


async def test_a_device_is_named_and_placed(http: httpx.AsyncClient) -> None:
    path = "/catalogue/devices/H001"
    new = await ok(http.get(path))
    assert (new["state"], new["revision"], new["entry"]) == ("new", 0, {"name": ""})
    oven = {"name": "Oven", "site": "f2", "labels": {"a": "1", "b": "2"}}
    named = await ok(http.patch(path, json=oven))
    assert [place["name"] for place in named["sites"]] == ["Lindenhof 12", "Floor 2"]
    assert (named["zone"], named["by"] != "", named["at_ms"] > 0) == ("Europe/Berlin", True, True)
    changed = await ok(http.patch(path, json={"labels": {"a": None}, "rating_kw": 3}))
    assert changed["entry"] == {"name": "Oven", "site": "f2", "labels": {"b": "2"}, "rating_kw": 3}
    found = await ok(http.get("/catalogue/devices", params={"site": "l12", "search": "ov"}))
    assert (found["total"], found["rows"][0]["id"]) == (1, "H001")
    assert (await ok(http.get("/sites")))[0]["devices"] == 1
    assert (await http.delete(path)).status_code == 204
    assert (await ok(http.get(path)))["state"] == "new"
    assert (await http.get("/catalogue/devices/nobody")).status_code == 404


async def test_two_people_do_not_lose_each_others_work(http: httpx.AsyncClient) -> None:
    seen = (await http.get("/sites/l12")).headers["ETag"]
    first = await http.patch("/sites/l12", json={"name": "L 12"}, headers={"If-Match": seen})
    assert first.headers["ETag"] != seen
    late = await http.patch("/sites/l12", json={"name": "Mine"}, headers={"If-Match": seen})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "conflict")
    assert (await ok(http.get("/sites/l12")))["entry"]["name"] == "L 12"
    there = await http.put("/sites/l12", json=LINDENHOF, headers={"If-Match": '"0"'})
    assert there.status_code == 409  # somebody entered it already
    assert (await http.delete("/sites/f2", headers={"If-Match": "me"})).status_code == 422


async def test_what_cannot_be_so_is_refused_with_its_reason(http: httpx.AsyncClient) -> None:
    refused = await http.put("/sites/f3", json={"name": "F", "parent": "l13", "zone": "Mars"})
    assert refused.status_code == 422
    assert [fault.split(": ")[1] for fault in refused.json()["error"]["faults"]] == [
        "zone",
        "parent",
    ]
    inner = await http.delete("/sites/l12")
    assert "in it are site/f2: move them first" in inner.json()["error"]["message"]
    strange = await http.put("/catalogue/devices/x", json={"name": "x", "colour": "red"})
    assert strange.json()["error"]["field"] == "colour"
    assert (await http.put("/groups/a%2Fb", json={"name": "x"})).status_code == 404
    assert (await http.put("/sites/%20", json={"name": "x"})).status_code == 422


async def test_a_charger_has_a_slash_in_its_id(http: httpx.AsyncClient) -> None:
    path = "/catalogue/devices/charger:dundee/C1"
    assert (await ok(http.put(path, json={"name": "Quay"})))["id"] == "charger:dundee/C1"
    assert (await ok(http.get(path)))["name"] == "Quay"


async def test_a_change_is_undone_and_a_meter_swapped(http: httpx.AsyncClient) -> None:
    for name in ("Oven", "Stove"):
        await ok(http.patch("/catalogue/devices/H001", json={"name": name}))
    undone = await ok(http.post("/catalogue/undo", json={"key": "device/H001"}))
    assert [change["what"] for change in undone] == ["changed", "changed", "entered"]
    assert undone[0]["fields"] == [{"field": "name", "before": "Stove", "after": "Oven"}]
    history = await http.get("/catalogue/history", params={"key": "device/H001"})
    assert history.json() == undone
    new = await ok(http.post("/catalogue/swap", json={"old": "H001", "new": "H002"}))
    assert (new["name"], new["replaces"]) == ("Oven", ["H001"])


async def test_the_catalogue_is_a_file(http: httpx.AsyncClient) -> None:
    file, csv = "/catalogue/file", {"name": "devices.csv"}
    text = "id,name,site\nH001,Oven,f2\nH002,Fridge,\n"
    preview = await ok(http.post(file, content=text, params=csv | {"preview": True}))
    assert (preview["new"], preview["written"]) == (["device/H001", "device/H002"], 0)
    assert (await ok(http.post(file, content=text, params=csv)))["written"] == 2
    assert (await http.get(file, params=csv)).text == (
        "id,name,site,groups,kind\nH001,Oven,f2,,\nH002,Fridge,,,\n"
    )
    toml = (await http.get(file)).text
    again = await ok(http.post(file, content=toml))
    assert (again["same"], again["written"]) == (4, 0)
    bad = await http.post(file, content="id,site\nH003,gone\nH004,f2\n", params=csv)
    assert bad.json()["error"]["faults"] == [
        "devices.csv:2: device/H003: site: there is no site 'gone': enter it first"
    ]
    rest = csv | {"skip_faulty": True}
    skipped = await ok(http.post(file, content="id,site\nH003,gone\nH004,f2\n", params=rest))
    assert (skipped["new"], len(skipped["faults"])) == (["device/H004"], 1)
