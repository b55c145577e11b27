"""Days of a zone in a terminal, through the door of a real history: one of 23 hours has 23 kWh."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from energyguard.log import Records, open_log
from energyguard.model.catalogue import Device, Entry, Site
from energyguard.model.tariffs import Tariff
from energyguard.model.topics import CATALOGUE
from energyguard.records.catalogue import CATALOGUE_ENTRY, CatalogueHistory, CatalogueVersion
from tests.cli.conftest import Terminal
from tests.history.made import T0, readings, served
from tests.notify.servers import hooked

CASE = Path(__file__).parents[2] / "cases" / "meters" / "case22_dst_spring.csv"
ENTRIES: dict[str, Entry] = {
    "tariff/home": Tariff(name="Home", price=Decimal("0.29531"), per_month=Decimal("9.30")),
    "site/house": Site(name="Lindenhof", zone="Europe/Berlin", tariff="home", currency="EUR"),
    "device/berlin": Device(name="Oven", site="house"),
}
SPRING = ("--zone", "Europe/Berlin")


@pytest.fixture
def _history(data_dir: Path) -> Iterator[None]:
    """A meter in Berlin, with a name and a site; its last reading is at 23:00."""
    data_dir.mkdir()
    versions = [CatalogueVersion(revision=n, entry=e) for n, e in enumerate(ENTRIES.values(), 1)]
    values = [CATALOGUE_ENTRY.encode(CatalogueHistory(versions=(v,))) for v in versions]
    log = open_log(f"sqlite:///{data_dir / 'log.db'}")
    log.append(CATALOGUE.name, Records([key.encode() for key in ENTRIES], values))
    log.close()
    hours = [
        (datetime.fromisoformat(row["timestamp"]).timestamp() * 1000, float(row["energy_kwh"]))
        for row in csv.DictReader(CASE.open())
    ]
    table = readings([("berlin", round(ms) - T0, round(kwh * 1e9)) for ms, kwh in hours])
    with served(data_dir, table):
        yield


@pytest.mark.usefixtures("_history")
def test_what_was_used_is_shown_in_the_sites_time(terminal: Terminal, tmp_path: Path) -> None:
    said = terminal("consumption", "berlin", "site/house", "--total", "--json")
    assert said.err == ""
    oven, house = said.rows
    assert (oven["of"], oven["name"], oven["span"]) == ("device/berlin", "Oven", "2026-03-29")
    assert (house["kwh"], house["zone"], house["before_kwh"]) == (23.0, "Europe/Berlin", None)
    hours = terminal("consumption", "berlin", "--span", "2026-03-29", "--json").rows
    shown = [row["start"][11:] for row in hours if row["start"]]
    assert shown[1:3] == ["01:00:00+01:00", "03:00:00+02:00"]
    assert (len(shown), len(hours)) == (23, 24)  # the day before has an hour more
    [month] = terminal("consumption", "--span", "2026-03", "--step", "month", "--json").rows
    assert (month["name"], month["kwh"], month["readings"]) == ("everything", 23.0, 23)
    book = tmp_path / "march.xlsx"
    said = terminal(*("consumption", "site/house", "--span", "2026-03", "-o", book))
    assert said.out == f"31 rows in {book}\n"
    cells = list(openpyxl.load_workbook(book).active.values)
    assert [row[1] for row in cells[1:]] == ["Lindenhof"] * 31
    assert sum(row[5] or 0 for row in cells[1:]) == 23.0
    assert terminal("consumption", "site/house").out.split()[:6] == [
        "name", "start", "kwh", "readings", "before", "start",
    ]  # fmt: skip


@pytest.mark.usefixtures("_history")
def test_a_bill_is_shown_line_by_line(terminal: Terminal, tmp_path: Path) -> None:
    energy, standing = terminal("bill", "site/house", "--day", "2026-03-29", "--json").rows
    assert (energy["item"], energy["quantity"], energy["price"]) == ("energy", 23.0, 0.29531)
    assert (energy["amount"], energy["currency"], energy["tariff"]) == (6.79, "EUR", "home")
    assert (energy["start"], standing["amount"]) == ("2026-03-29T00:00:00+01:00", 0.3)
    shown = terminal("bill", "berlin", "--month", "2026-03").out.splitlines()
    assert shown[0].split() == [
        *("item", "from", "to", "quantity", "unit", "price", "amount", "EUR", "tariff"),
    ]
    assert shown[-1].split()[-2:] == ["total", "15.49"]
    prices = tmp_path / "spot.csv"
    prices.write_text("start,price\n2026-03-29T00:00+01:00,-0.5\n")
    assert terminal("tariffs", "take", "spot-de", prices).out == "1 prices in the list spot-de\n"
    [spot] = terminal("tariffs", "prices", "--json").rows
    assert (spot["list"], spot["prices"]) == ("spot-de", 1)
    [row] = terminal("tariffs", "--json").rows
    assert (row["id"], row["sites"], row["tariff"]["price"]) == ("home", ["house"], "0.29531")
    assert terminal("tariffs", "show", "home").out.startswith("[tariff.home]\nname = ")
    book = tmp_path / "bill.xlsx"
    said = terminal("bill", "berlin", "--span", "2026-03-29", "-o", book, "--format", "xlsx")
    assert said.out == f"2 lines in {book}\n"
    cells = list(openpyxl.load_workbook(book).active.values)
    assert [row[7] for row in cells] == ["amount", 6.79, 0.3]


@pytest.mark.usefixtures("_history")
def test_commands_with_a_range_take_days_of_the_calendar(terminal: Terminal) -> None:
    def kwh(*words: str) -> float:
        return sum(float(row["kwh"]) for row in terminal("top", *words, "--json").rows)

    assert kwh("--day", "2026-03-29", *SPRING) == 23.0
    assert kwh("--day", "2026-03-29") == 22.0  # a day of UTC: the first hour is of the day before
    assert kwh("--day", "today", *SPRING) == 23.0
    assert kwh("--day", "2026-03-30", *SPRING) == 0
    assert kwh("--month", "2026-03", "--zone", "Asia/Kolkata") == 23.0
    assert kwh("--week", "2026-W13") == kwh("--year", "2026") == 23.0
    assert kwh("--since", "2026-03-29", "--until", "2026-03-30", *SPRING) == 23.0
    rows = terminal("readings", "berlin", "--day", "2026-03-29", "--json").rows
    assert len(rows) == 23  # of its site's day: no zone has to be given
    since = ("--since", "2026-03-29", "--until", "2026-03-30")
    assert len(terminal("readings", "berlin", *since, "--json").rows) == 23
    said = terminal("export", "readings", "--day", "2026-03-29", "--device", "berlin")
    assert len(said.out.splitlines()) == 24


WRONG = {
    ("top", "--month", "2026"): "--month 2026: it is a year",
    ("top", "--month", "2026-3"): "no span of the calendar; write one like today",
    ("top", "--day", "today", "--year", "2026"): "--day and --year: one of them",
    ("top", "--zone", "Europe/Berlim"): "such as Europe/Berlin",
    ("consumption", "--format", "xlsx"): "give it a file",
    ("consumption", "--span", "soon"): "write one like today",
    ("bill", "x", "--format", "xlsx"): "give it a file",
    ("bill", "x", "--day", "today", "--span", "today"): "one of them",
}


@pytest.mark.usefixtures("_history")
def test_wrong_spans_say_what_to_write(terminal: Terminal) -> None:
    for words, says in WRONG.items():
        said = terminal(*words)
        assert said.code in (2, 3)
        assert says in said.err
        assert said.err.count("\n") == 1


@pytest.mark.usefixtures("_history")
def test_everything_leaves_out_a_simulation_of_another_time(
    terminal: Terminal, data_dir: Path
) -> None:
    """The oven goes by the wall clock of others; what is simulated has another year."""
    [before] = terminal("consumption", "--span", "2026-03-29", "--total", "--json").rows
    reading = "timestamp,household_id,energy_kwh\n2025-03-29T10:00:00Z,berlin,1\n"
    (data_dir / "old.csv").write_text(reading)
    sent = terminal("replay", data_dir / "old.csv", "--keep-time", "--name", "old")
    assert sent.code == 0, sent.err
    now = data_dir / "now.csv"
    now.write_text(reading.replace("2025-03-29", "2026-03-29").replace("berlin", "other"))
    assert terminal("replay", now, "--keep-time", "--name", "two").code == 0
    [after] = terminal("consumption", "--span", "2026-03-29", "--total", "--json").rows
    assert (before["kwh"], after["kwh"]) == (22.0, None)  # of UTC
    [oven] = terminal("consumption", "berlin", "--span", "2026-03-29", "--total", "--json").rows
    assert oven["kwh"] == 23.0


@pytest.mark.usefixtures("_history")
def test_a_report_is_shown_and_sent_by_a_route(terminal: Terminal) -> None:
    shown = terminal("notify", "report", "--day", "2026-03-29")
    assert shown.code == 0, shown.err
    assert shown.out.splitlines() == [
        "Lindenhof · 29 Mar",
        "Used: 23.0\u00a0kWh",
        "Cost: €6.79",
        "Unusual: nothing",
        "Missing data: nothing",
    ]
    inside = ("--set", "notify.inside=true")
    with hooked() as hook:
        fields = ("--address", hook.url, "--report", "daily", "--language", "de")
        assert terminal("notify", "add", "desk", *fields, *inside).code == 0
        by_desk = ("notify", "report", "--day", "2026-03-29", "--route", "desk", *inside)
        assert "Verbraucht: " in terminal(*by_desk, "--dry-run").out
        assert hook.got == []
        assert terminal(*by_desk).code == 0
    assert hook.got[0]["title"].startswith("Bericht: ")
    assert terminal("notify", "report", "--route", "none").code == 4
    assert terminal("notify", "report", "--day", "soon").code == 3
