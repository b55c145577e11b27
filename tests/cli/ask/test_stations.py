"""Questions about stations in a terminal, through the door of a real history."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from energyguard.domains.charging.charger_list import list_chargers
from energyguard.domains.charging.records.stations import Charger
from energyguard.history.chdb import ChdbHistory
from energyguard.history.client import CARD
from energyguard.history.door import HistoryServer
from energyguard.history.people import People
from energyguard.history.rollups import RollUps
from energyguard.node import open_log
from energyguard.settings.tree import Settings
from tests.cli.ask.test_catalogue_cli import owned
from tests.cli.conftest import Terminal
from tests.history.charging import LISTED, T0_S, Stayed, table, tables

PLATE = "AB12CD34"
DAY = ("--since", "2024-05-06", "--until", "2024-05-07")
STAYS = [
    Stayed("c1", 0, 3_600, (60, 1_800, 11 * 10**9, 605), (3_000, 2)),
    Stayed("c3", 600, 600, None, (600, 0)),
]


@pytest.fixture
def history(data_dir: Path) -> Iterator[ChdbHistory]:
    with open_log(Settings(data_dir=data_dir)) as log:  # a history belongs to one
        list_chargers(log, [Charger(charger=name, station=place) for name, place in LISTED.items()])
    opened = ChdbHistory(data_dir / "history")
    people = People(data_dir)
    rows = [(charger, name, None, None, None, "") for charger, name in LISTED.items()]
    opened.insert("chargers", table("chargers", rows))
    who = people.pseudonym(PLATE)
    opened.insert("signals", table("signals", [("t", 0, 1, "c1", T0_S, "arrive", who, 0, None)]))
    people.close()
    rollups = RollUps(opened)
    seconds = table("occupied", [("t", T0_S + second, second) for second in range(60)])
    for name, found in (tables(STAYS) | {"occupied": seconds}).items():
        opened.insert(name, found)
        rollups.mark(name, found)
    rollups.settle()
    door = HistoryServer(opened, "127.0.0.1", 0, data_dir / CARD)
    yield opened
    door.close()
    opened.close()


@pytest.mark.usefixtures("history")
def test_the_eight_questions(terminal: Terminal) -> None:
    def ask(*words: object) -> list[dict[str, object]]:
        return terminal("stations", *words, "--json").rows

    north, _ = ask("occupancy", *DAY)
    assert (north["station"], north["occupied_s"], north["occupancy"]) == (
        "north", 3_600, 100 * 3_600 / 172_800,
    )  # fmt: skip
    assert ask("stays", "--station", "south", *DAY) == [
        {"station": "south", "sessions": 1, "mean_stay_s": 600.0}
    ]
    assert ask("charges", *DAY)[0]["mean_charge_s"] == 1_800.0
    assert sum(int(str(row["sessions"])) for row in ask("sessions", *DAY)) == 2
    assert [row["eur"] for row in ask("revenue", "--step", "24h", *DAY)] == [6.05]
    assert [row["station"] for row in ask("top", "-n", 1, *DAY)] == ["north", "south"]
    assert len(ask("violations", *DAY)) == 2
    assert {row["kind"] for row in ask("violations", "--kinds", *DAY)} == {
        "Long parking after recharging",
        "Parking without charging",
    }
    assert ask("now")[0]["occupied"] == 59
    assert {row["state"] for row in ask("bays", *DAY)} == {"parked", "unknown"}
    assert ask("now", "--curve", "1h", *DAY)[0]["most"] == 59
    assert [row["what"] for row in ask("day", "south", *DAY)] == ["stay", "violation"]


def test_money_of_three_currencies_is_never_one_sum(
    terminal: Terminal, history: ChdbHistory, data_dir: Path
) -> None:
    paid = [
        Stayed("c3", 7_200, 600, (0, 600, 2 * 10**9, 150), None),
        Stayed("c5", 7_200, 600, (0, 600, 3 * 10**9, 1_234), None),
    ]
    rollups = RollUps(history)
    for name, found in tables(paid).items():
        history.insert(name, found)
        rollups.mark(name, found)
    rollups.settle()
    with owned(data_dir):
        for place, code in (("south", "CHF"), ("c5", "PLN")):
            put = terminal("sites", "set", f"station:{place}", f"name={place}", f"currency={code}")
            assert put.code == 0, put.err
    rows = terminal("stations", "revenue", "--step", "24h", *DAY, "--json").rows
    assert {row["currency"]: (row["eur"], row["kwh"]) for row in rows} == {
        "CHF": (1.5, 2.0), "EUR": (6.05, 11.0), "PLN": (12.34, 3.0),
    }  # fmt: skip
    usual = terminal("stations", "revenue", *DAY, "--json", "--set", "charging.currency=SEK").rows
    assert {row["currency"] for row in usual if row["charges"]} == {"CHF", "PLN", "SEK"}
    shown = terminal("stations", "revenue", "--step", "24h", *DAY)
    assert shown.out.split()[:5] == ["time", "charges", "eur", "currency", "kwh"]
    best = terminal("stations", "top", "-n", 1, *DAY, "--json").rows
    assert {row["currency"]: row["station"] for row in best if row["side"] == "top"} == {
        "CHF": "south", "EUR": "north", "PLN": "c5",
    }  # fmt: skip
    (charge,) = (row for row in terminal("stations", "day", "c5", *DAY, "--json").rows
                 if row["what"] == "charge")  # fmt: skip
    assert (charge["eur"], charge["currency"]) == (12.34, "PLN")


@pytest.mark.usefixtures("history")
def test_pseudonyms_become_names_only_when_asked_for(terminal: Terminal) -> None:
    (hidden,) = terminal("stations", "signals", "c1", *DAY, "--json").rows
    (shown,) = terminal("stations", "signals", "c1", "--names", *DAY, "--json").rows
    assert shown["who"] == PLATE
    assert hidden["who"] not in ("", PLATE)
    assert terminal("privacy", "forget", PLATE).code == 0
    (forgotten,) = terminal("stations", "signals", "c1", "--names", *DAY, "--json").rows
    assert forgotten == hidden


@pytest.mark.usefixtures("history")
def test_durations_count_back_from_the_newest_of_the_chargers(terminal: Terminal) -> None:
    said = terminal("stations", "stays", "--since", "2h", "--json")
    assert sum(row["sessions"] for row in said.rows) == 2
    table_ = terminal("stations", "stays")
    assert table_.out.split()[:3] == ["station", "sessions", "mean"]
    none = terminal("stations", "violations", "--since", "2001-01-01", "--until", "2001-01-02")
    assert (none.code, none.out, "nothing of chargers" in none.err) == (0, "", True)


@pytest.mark.usefixtures("history")
def test_too_many_steps(terminal: Terminal) -> None:
    said = terminal("stations", "sessions", "--since", "2001-01-01", "--step", "1s")
    assert said.code == 2
    assert "more than 10,000 steps" in said.err


HEAD = "charger,station,latitude,longitude,rating_kw,topic\n"


def test_chargers_of_a_file_are_listed(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "chargers.csv"
    file.write_text(HEAD + "c-1,Harbour,56.46,-2.97,22,charger-station-signals\nc-2,Harbour,,,,\n")
    assert terminal("stations", "add", file).out == "2 chargers at 1 stations\n"
    rows = terminal("log", "tail", "energyguard.chargers", "--json").rows
    assert [row["value"] for row in rows] == [
        {"charger": "c-1", "station": "Harbour", "latitude": 56.46, "longitude": -2.97,
         "rating_kw": 22.0, "topic": "charger-station-signals"},
        {"charger": "c-2", "station": "Harbour"},
    ]  # fmt: skip


def test_a_wrong_row_is_told_and_nothing_is_listed(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "chargers.csv"
    rows = [
        "c-1,A,56.46,-2.97,22,", ",A,1,1,1,", "c-3,A,91,0,22,", "c-4,A,1,east,22,", "c-1,B,1,1,1,",
        "c-5,A,1,1,nan,", "c-6,A,1,1,1,energy_readings", "c-7,A",
    ]  # fmt: skip
    file.write_text(HEAD + "\n".join(rows) + "\n")
    said = terminal("stations", "add", file)
    assert said.code == 3
    for fault in (
        "row 3: charger: 1 to 200 characters",
        "row 4: latitude: 91 is not within -90 to 90",
        "row 5: longitude: 'east' is no number",
        "row 6: charger: c-1 is in row 2, too",
        "row 7: rating_kw: nan is not within 0 to 1000",
        "row 8: topic: 'energy_readings' is not charger-station-signals",
        "row 9: more or fewer cells than columns",
    ):
        assert fault in said.err
    file.write_text("charger,place\n")
    assert "row 1: no column station, latitude" in terminal("stations", "add", file).err
    topics = terminal("log", "topics", "--json").rows
    assert "energyguard.chargers" not in {row["topic"] for row in topics if row.get("records")}
