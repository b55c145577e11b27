"""The questions about stations over HTTP, from a real history."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import date, datetime
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from openpyxl import load_workbook

from energyguard.catalogue.changes import Edit
from energyguard.clock import SYSTEM
from energyguard.domains.charging.currencies import currency_of, other_currencies
from energyguard.history.chdb import ChdbHistory
from energyguard.history.people import People
from energyguard.history.rollups import RollUps
from energyguard.model.access import AccessRole, Caller
from energyguard.model.calendar import CalendarSpan
from energyguard.model.catalogue import Device, Site, Term
from energyguard.service.bills.revenue import Revenue, revenue_of
from energyguard.service.limited.callers import CallerServices
from energyguard.service.service import EnergyService
from energyguard.settings.tree import Settings
from tests.application.catalogue import OwnedLog
from tests.application.client import client_of, ok
from tests.history.charging import LISTED, T0_S, Stayed, table, tables

SPAN = "start=2024-05-06T00:00:00Z&end=2024-05-07T00:00:00Z"
STAYS = [
    Stayed("c1", 0, 3_600, (60, 1_800, 11 * 10**9, 605), (3_000, 2)),
    Stayed("c1", 7_200, 1_800, (60, 600, 4 * 10**9, 200), None),
    Stayed("c3", 600, 600, None, (600, 0)),
]
PLATE = "AB12CD34"


@pytest.fixture
def pseudonym(tmp_path: Path) -> str:
    people = People(tmp_path)
    made = people.pseudonym(PLATE)
    people.close()
    return made


@pytest.fixture
def real(tmp_path: Path, pseudonym: str) -> Iterator[ChdbHistory]:
    history = ChdbHistory(tmp_path / "history")
    rows = [(charger, name, None, None, None, "") for charger, name in LISTED.items()]
    history.insert("chargers", table("chargers", rows))
    rollups = RollUps(history)
    signal = ("t", 0, 1, "c1", T0_S, "arrive", pseudonym, 0, None)
    history.insert("signals", table("signals", [signal]))
    seconds = [("t", T0_S + second, second % 3) for second in range(60)]
    made = tables(STAYS) | {"occupied": table("occupied", seconds)}
    for name, found in made.items():
        history.insert(name, found)
        rollups.mark(name, found)
    rollups.settle()
    yield history
    history.close()


@pytest.fixture
def names() -> bool:
    return False


@pytest.fixture
def asked(real: ChdbHistory, tmp_path: Path, names: bool) -> Iterator[EnergyService]:
    serve = Settings().serve.model_copy(update={"names": names})
    settings = Settings(data_dir=tmp_path, serve=serve)
    with EnergyService(OwnedLog(), real, settings, SYSTEM) as opened:
        yield opened


@pytest.fixture
async def http(asked: EnergyService) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(asked, "/api/v1/stations") as client:
        yield client


async def test_the_eight_questions(http: httpx.AsyncClient) -> None:
    north, south = await ok(http.get(f"/occupancy?{SPAN}"))
    assert (north["station"], north["bays"], north["occupied_s"]) == ("north", 2, 5_400)
    assert north["occupancy"] == 3.125
    assert north["availability"] == 96.875
    assert south["occupied_s"] == 600
    (stays,) = await ok(http.get(f"/stays?{SPAN}&station=north"))
    assert stays == {"station": "north", "sessions": 2, "mean_stay_s": 2_700.0}
    (charges,) = await ok(http.get(f"/charges?{SPAN}&station=north"))
    assert (charges["charges"], charges["mean_charge_s"], charges["kwh"]) == (2, 1_200.0, 15.0)
    sessions = await ok(http.get(f"/sessions?{SPAN}&step=2h"))
    assert [one["sessions"] for one in sessions] == [2, 1, *[0] * 10]
    assert sessions[1]["time"] == "2024-05-06T02:00:00Z"
    (revenue,) = await ok(http.get(f"/revenue?{SPAN}&step=24h"))
    assert (revenue["charges"], revenue["eur"], revenue["kwh"]) == (2, 8.05, 15.0)
    best, worst = await ok(http.get(f"/top?{SPAN}&n=1"))
    assert (best["side"], best["station"], best["eur"]) == ("top", "north", 8.05)
    assert (worst["side"], worst["station"], worst["eur"]) == ("bottom", "south", 0.0)
    newest, _ = await ok(http.get(f"/violations?{SPAN}"))
    assert (newest["time"], newest["kind"]) == (
        "2024-05-06T00:50:00Z",
        "Long parking after recharging",
    )
    kinds = await ok(http.get(f"/violations/kinds?{SPAN}&station=south"))
    assert kinds == [{"station": "south", "kind": "Parking without charging", "violations": 1}]
    now = await ok(http.get("/occupied/now"))
    assert now == {"time": "2024-05-06T00:00:59Z", "occupied": 2, "chargers": 4}
    (minute,) = await ok(http.get(f"/occupied?{SPAN}&step=1m"))
    assert (minute["occupied"], minute["least"], minute["most"]) == (1.0, 0, 2)


async def test_money_of_three_currencies_is_three_sums(
    http: httpx.AsyncClient, asked: EnergyService, real: ChdbHistory
) -> None:
    paid = [
        Stayed("c3", 10_800, 600, (0, 600, 2 * 10**9, 150), None),
        Stayed("c5", 10_800, 600, (0, 600, 3 * 10**9, 1_234), None),  # listed nowhere
    ]
    rollups = RollUps(real)
    for name, found in tables(paid).items():
        real.insert(name, found)
        rollups.mark(name, found)
    rollups.settle()
    alps = Site(name="Alps", currency="CHF")
    edits = [
        Edit("site/alps", alps),
        Edit("site/station:south", Site(name="Bern 4", parent="alps")),  # renamed, of its parent's
        Edit("site/station:c5", Site(name="c5", currency="PLN")),
    ]
    asked.catalogue.put(edits, "mara")
    sums = {"EUR": (2, 8.05, 15.0), "CHF": (1, 1.5, 2.0), "PLN": (1, 12.34, 3.0)}
    rows = await ok(http.get(f"/revenue?{SPAN}&step=24h"))
    assert {r["currency"]: (r["charges"], r["eur"], r["kwh"]) for r in rows} == sums
    hours = await ok(http.get(f"/revenue?{SPAN}&step=1h"))
    assert [(r["time"][11:13], r["currency"], r["eur"]) for r in hours if r["charges"]] == [
        ("00", "EUR", 6.05), ("02", "EUR", 2.0), ("03", "CHF", 1.5), ("03", "PLN", 12.34),
    ]  # fmt: skip
    assert {r["currency"] for r in hours if not r["charges"]} == {"CHF", "EUR"}  # who is listed
    (south,) = await ok(http.get(f"/revenue?{SPAN}&step=24h&station=south"))
    assert (south["eur"], south["currency"]) == (1.5, "CHF")
    top = await ok(http.get(f"/top?{SPAN}&n=1"))
    assert [(r["side"], r["rank"], r["station"], r["eur"], r["currency"]) for r in top] == [
        ("top", 1, "south", 1.5, "CHF"), ("top", 1, "north", 8.05, "EUR"),
        ("top", 1, "c5", 12.34, "PLN"), ("bottom", 1, "south", 1.5, "CHF"),
        ("bottom", 1, "north", 8.05, "EUR"), ("bottom", 1, "c5", 12.34, "PLN"),
    ]  # fmt: skip
    day = CalendarSpan.parse("2024-05-06", "UTC", date(2024, 5, 6))
    keys = ["", "site/alps", "site/station:north", "device/charger:x/c1"]
    keys += ["device/c1", "device/rest"]
    terms = Term(device="main"), Term(device="charger:x/c1", minus=True)
    devices = {"main": Device(name=""), "charger:x/c1": Device(name="c1")}
    devices["rest"] = Device(name="All but c1", terms=terms)
    asked.catalogue.put([Edit(f"device/{key}", known) for key, known in devices.items()], "mara")
    assert revenue_of(asked, keys, day) == {
        "": Revenue({"EUR": 8.05, "CHF": 1.5, "PLN": 12.34}, 20.0),
        "site/alps": Revenue({"CHF": 1.5}, 2.0),
        "site/station:north": Revenue({"EUR": 8.05}, 15.0),
        "device/charger:x/c1": Revenue({"EUR": 8.05}, 15.0),
    }  # fmt: skip
    assert revenue_of(asked, keys, day.previous()) == {}
    chargers = await ok(http.get(f"/top?{SPAN}&n=9&by=charger"))
    assert {r["charger"]: r["currency"] for r in chargers} == {
        "c1": "EUR", "c2": "EUR", "c3": "CHF", "c4": "CHF", "c5": "PLN",
    }  # fmt: skip
    day = await ok(http.get(f"/day?{SPAN}&station=south"))
    assert [(r["what"], r["eur"], r["currency"]) for r in day] == [
        ("stay", None, None), ("violation", None, None), ("charge", 1.5, "CHF"),
        ("stay", None, None),
    ]  # fmt: skip
    month = await ok(http.get("/charging-sessions?month=2024-05"))
    assert [(r["station"], r["eur"], r["currency"]) for r in month] == [
        ("north", 6.05, "EUR"), ("north", 2.0, "EUR"), ("south", 1.5, "CHF"), ("c5", 12.34, "PLN"),
    ]  # fmt: skip


def test_who_sees_a_station_alone_has_the_currency_of_what_it_stands_in(
    asked: EnergyService,
) -> None:
    sites = {
        "site/alps": Site(name="Alps", currency="CHF", zone="Europe/Zurich"),
        "site/station:south": Site(name="South", parent="alps"),
    }
    asked.catalogue.put([Edit(key, site) for key, site in sites.items()], "mara")
    guest = CallerServices(asked).of(Caller("guest", AccessRole.READ, ("station:south",)))
    assert list(guest.catalogue.entries.sites) == ["station:south"]
    assert other_currencies(guest) == other_currencies(asked) == '{"south": "CHF"}'
    assert currency_of(guest, "south") == "CHF"
    assert guest.catalogue.entries.zone_of("station:south") == "Europe/Zurich"


async def test_a_day_and_the_signals(http: httpx.AsyncClient, pseudonym: str) -> None:
    day = await ok(http.get(f"/day?{SPAN}&station=north"))
    assert [one["what"] for one in day] == ["stay", "charge", "violation", "stay", "charge"]
    assert (await ok(http.get(f"/day?{SPAN}&station=north&n=1")))[0]["end"] == (
        "2024-05-06T01:00:00Z"
    )
    (signal,) = await ok(http.get(f"/signals?{SPAN}&charger=c1"))
    assert (signal["kind"], signal["who"], signal["price"]) == ("arrive", pseudonym, None)


async def test_a_months_sessions_come_as_a_file(http: httpx.AsyncClient, real: ChdbHistory) -> None:
    """With what the counter showed, in the zone that is asked for; another month has none."""
    counted = [
        ("t", 0, 2, "c1", T0_S + 60, "start", "", 22, 100 * 10**9),
        ("t", 0, 3, "c1", T0_S + 1_860, "stop", "", 22, 111 * 10**9),
    ]
    real.insert("signals", table("signals", counted))
    asked = "month=2024-05&zone=Europe/Berlin"
    first, second = await ok(http.get(f"/charging-sessions?{asked}"))
    assert (first["station"], first["charger"], first["kwh"], first["eur"], first["currency"]) == (
        "north", "c1", 11.0, 6.05, "EUR",
    )  # fmt: skip
    assert (first["meter_start"], first["meter_stop"]) == (100.0, 111.0)
    assert (second["meter_start"], second["meter_stop"]) == (None, None)
    times = [first[name] for name in ("arrived", "start", "end", "left")]
    assert times == [
        f"2024-05-06T{clock}+02:00" for clock in ("02:00:00", "02:01:00", "02:31:00", "03:00:00")
    ]
    answer = await http.get(f"/charging-sessions?{asked}&format=xlsx")
    assert "sessions-2024-05.xlsx" in answer.headers["content-disposition"]
    rows = list(load_workbook(BytesIO(answer.content)).worksheets[0].values)
    columns = [rows[0].index(name) for name in ("start", "meter_stop", "eur")]
    assert [rows[1][i] for i in columns] == [datetime(2024, 5, 6, 2, 1), 111, 6.05]
    assert len(rows) == 3
    assert await ok(http.get("/charging-sessions?month=2024-04")) == []
    assert await ok(http.get(f"/charging-sessions?{asked}&station=south")) == []
    wrong = await http.get("/charging-sessions?month=may")
    assert wrong.status_code == 422
    assert "month" in wrong.text


@pytest.mark.parametrize("names", [True])
async def test_names_are_shown_only_where_the_settings_say_so(http: httpx.AsyncClient) -> None:
    (signal,) = await ok(http.get(f"/signals?{SPAN}&charger=c1"))
    assert signal["who"] == PLATE
    newest, _ = await ok(http.get(f"/violations?{SPAN}"))
    assert newest["plate"] == "p"  # nobody's pseudonym: as it stands there


async def test_without_a_range_it_is_the_newest_day_of_the_chargers(
    http: httpx.AsyncClient,
) -> None:
    (stays,) = await ok(http.get("/stays?station=north"))
    assert stays["sessions"] == 2


async def test_what_cannot_be_asked(http: httpx.AsyncClient) -> None:
    for query, field in (
        ("/sessions?start=2000-01-01&end=2025-01-01&step=1s", "step"),
        ("/revenue?step=soon", "step"),
        ("/occupancy?start=yesterday", "start"),
        ("/top?n=0", "n"),
        ("/signals", "charger"),
        ("/day?station=", "station"),
    ):
        answer = await http.get(query)
        assert answer.status_code == 422, query
        assert answer.json()["error"]["field"] == field, query
