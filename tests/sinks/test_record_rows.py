"""Records that are JSON become rows as their declarations say; what cannot be kept is left out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from energyguard.domains.charging.records.stations import IMPORTED_SESSION, Imported
from energyguard.history.people import People
from energyguard.log.records import Fetched, Headers
from energyguard.records.registry import record_of
from energyguard.sinks.record_rows import tables_of

SESSION = (
    b'{"charger_id":"c-1","start_parking":"%b","plate":"AB12CD34","start_session":null,'
    b'"user_id":null,"price":0.55,"start_recharging":null,"energy_delivered":22,'
    b'"end_recharging":null,"end_session":null,"end_parking":"2024-05-19 11:00:00"}'
)
MORNING = b"2024-05-19 10:00:00"


@pytest.fixture
def people(tmp_path: Path) -> Iterator[People]:
    opened = People(tmp_path)
    yield opened
    opened.close()


def rows(
    people: People, topic: str, *values: bytes | None, headers: Headers = ()
) -> dict[str, pa.Table]:
    count = len(values)
    fetched = Fetched(
        topic, 3, list(range(7, 7 + count)), [b"c-1"] * count, values, [headers] * count,
        [0] * count,
    )  # fmt: skip
    return tables_of(fetched, record_of(topic), people)


def test_a_column_is_had_from_a_field_a_header_or_a_place(people: People) -> None:
    headers = (("id", b"c-1/0"), ("quality", b"no leave"), ("topic", b"signals"))
    (row,) = rows(people, "full-sessions", SESSION % MORNING, headers=headers)["stays"].to_pylist()
    assert (row["id"], row["quality"], row["source"]) == ("c-1/0", "no leave", "signals")
    assert (row["charger"], row["power"], row["price"], row["user"]) == (
        "c-1",
        22 * 10**9,
        55 * 10**7,
        "",
    )
    assert row["plate"] == people.pseudonym("AB12CD34") != "AB12CD34"
    assert row["start_parking"].isoformat() == "2024-05-19T10:00:00+00:00"
    assert row["start_session"] is None


def test_without_headers_a_place_is_the_id_and_the_quality_is_complete(people: People) -> None:
    (row,) = rows(people, "full-sessions", SESSION % MORNING)["stays"].to_pylist()
    assert (row["id"], row["quality"], row["source"]) == ("full-sessions/3/7", "complete", "")


@pytest.mark.parametrize("bad", [b"{", b"[]", SESSION % b"noon", SESSION % b"2150-01-01 00:00:00"])
def test_what_cannot_be_kept_costs_no_neighbour(people: People, bad: bytes) -> None:
    found = rows(people, "full-sessions", bad, None, SESSION % MORNING)["stays"]
    assert found["id"].to_pylist() == ["full-sessions/3/9"]


def test_a_time_in_a_header_is_a_number(people: People) -> None:
    value = (
        b'{"charger_id":"c-1","user_id":null,"plate":null,"start_parking":"2024-05-19 10:00:00",'
        b'"start_session":null,"end_session":null,"end_parking":null,"violation":"v"}'
    )
    (row,) = rows(people, "violations", value, headers=(("time", b"60"),))["violations"].to_pylist()
    assert row["time"].timestamp() == 60
    assert (
        rows(people, "violations", value, headers=(("time", b"soon"),))["violations"].num_rows == 0
    )


def test_a_signal_says_its_place_and_what_it_is(people: People) -> None:
    value = (
        b'{"timestamp":"2024-05-19 10:00:00","charger_id":"c-1","recharging":true,'
        b'"energy_delivered":22}'
    )
    (row,) = rows(people, "charger-station-signals.x", value)["signals"].to_pylist()
    assert (row["topic"], row["partition"], row["offset"]) == ("charger-station-signals.x", 3, 7)
    assert (row["kind"], row["value"], row["who"], row["register"]) == (
        "start",
        22 * 10**9,
        "",
        None,
    )


def test_an_imported_session_has_a_charge_only_where_there_was_one(people: People) -> None:
    stood = Imported(
        id="n/c/e/1", source="n", charger="c", station="s", start_parking=60, end_parking=90,
        network="n",
    )  # fmt: skip
    paid = Imported(
        id="n/c/e/2", source="n", charger="c", station="s", start_parking=60, end_parking=90,
        start_recharging=70, end_recharging=80, energy=5, network="n",
    )  # fmt: skip
    values = [IMPORTED_SESSION.encode(session) for session in (stood, paid)]
    found = rows(people, "energyguard.sessions", *values)
    assert found["stays"]["id"].to_pylist() == ["n/c/e/1", "n/c/e/2"]
    (charge,) = found["charges"].to_pylist()
    assert (charge["id"], charge["stay"], charge["energy"], charge["cents"]) == (
        "n/c/e/2/70", "n/c/e/2", 5, 0,
    )  # fmt: skip
