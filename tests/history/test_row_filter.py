"""Every question, asked about some devices: the answer is that of a history with no others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest

from energyguard.history.chdb import ChdbHistory
from energyguard.history.client import CARD, HistoryClient
from energyguard.history.door import HistoryServer
from energyguard.history.query import queries, query_named
from energyguard.history.rollups import RollUps
from energyguard.history.row_filter import ONLY, only_rows
from energyguard.records.registry import TABLES
from tests.history.charging import T0_S as CHARGING_S
from tests.history.charging import Standing, Stayed, standing, table, tables
from tests.history.made import T0, alert_rows, readings

ODD = "it's \\ {a:String}"
OWN, FOREIGN = ("H001", ODD), ("H002", "H003")
ONLY_OWN = only_rows({"device": [*OWN, "p9"], "charger": ["c1", "c4"]})
HOUR_MS = 3_600_000
SPAN = {"start_ms": T0, "end_ms": T0 + 30 * HOUR_MS}
OF_STATIONS = {"start_ms": CHARGING_S * 1000, "end_ms": CHARGING_S * 1000 + 9 * HOUR_MS}
GIVEN: dict[str, Any] = {
    **SPAN, "step_ms": HOUR_MS, "window_ms": HOUR_MS, "slide_ms": HOUR_MS, "channel": "",
    "zone": "UTC", "by": "kwh", "n": 50, "limit": 500, "before_ms": T0 + 30 * HOUR_MS, "text": "",
    "devices": "", "without": "", "named": "", "kind": "alerts", "verdict": "", "wall": "",
    "now_ms": T0 + 30 * HOUR_MS, "borders": f"{T0},{T0 + HOUR_MS},{T0 + 24 * HOUR_MS}",
    "ends": f"{T0},{T0 + 24 * HOUR_MS}", "time_ms": T0, "import_id": "i1",
    "apart": "yes", "topic": "energy_readings", "channels": "energy_kwh", "rule": "",
    "severity": "", "currency": "EUR", "currencies": "", "minor_units": "",
    "ids": "a1\na2", "station": "", "charger": "c1", "device": "", "region": "",
}  # fmt: skip
"""What is asked, of all."""
OF_ONE = {"window_sums", "trend"}
LATE = TABLES["late"].schema
PLACES = TABLES["places"].schema


def typed(rows: list[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    columns = []
    for values, field in zip(zip(*rows, strict=True), schema, strict=True):
        text = pa.types.is_dictionary(field.type)
        made = pa.array(values, pa.string() if text else field.type)
        columns.append(made.dictionary_encode() if text else made)
    return pa.table(columns, schema)


def fill(history: ChdbHistory, devices: tuple[str, ...], charger: str, now: str, at: int) -> None:
    """Rows of every table for some devices and two chargers."""
    rollups = RollUps(history)
    rows = {
        "readings": readings(
            [(d, h * HOUR_MS, 10**8 * (at + h + 1)) for d in devices for h in (0, 1, 5, 25)],
            first=at,
        ),
        "alerts": alert_rows((f"a{at}", devices[0], "firing", HOUR_MS)).append_column(
            "restated", pa.array([T0 + 2 * HOUR_MS])
        ),
        "late": typed(
            [("energy_readings", 0, at, 0, "late", devices[0], "energy_kwh", T0, 5, 0)], LATE
        ),
        "places": typed(
            [(d, "DE-BE", "10115", f"DE-BE/{at}", len(devices), 0) for d in devices], PLACES
        ),
        "chargers": table("chargers", [(charger, "north", 52.0, 13.0, 11.0, "t"),
                                       (now, "south", None, None, None, "t")]),
        "signals": table(
            "signals", [("t", 0, at, charger, CHARGING_S + 60, "arrive", "p", 0, None)]
        ),
        **tables([Stayed(charger, 100, 4_000 + at, (60, 600, 10**10 + at, 500 + at), (300, 1)),
                  Stayed(charger, 9_000, 500 + at, (60, 200, 10**9, 30), None)]),
        **standing(Standing({now: 500 + at}, 20_000)),
    }  # fmt: skip
    for name, of_table in rows.items():
        history.insert(name, of_table)
        rollups.mark(name, of_table)
    rollups.settle()


def asked(history: Any, name: str, **more: object) -> list[dict[str, Any]]:
    own: dict[str, Any] = OF_STATIONS if name.startswith("station") else {}
    own = own | ({"device": ODD} if name in OF_ONE else {})
    given = {field: (GIVEN | own)[field] for field in query_named(name).parameters}
    found: list[dict[str, Any]] = history.query(name, **given, **more).to_pylist()
    return found


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbHistory]:
    opened = ChdbHistory(tmp_path_factory.mktemp("some"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def alone(history: ChdbHistory) -> dict[str, list[dict[str, Any]]]:
    """What is answered where there are no others; others come then."""
    fill(history, OWN, "c1", "c4", 1)
    names = [name for name in queries() if "instead of some" not in query_named(name).header]
    found = {name: asked(history, name) for name in names}
    fill(history, FOREIGN, "c2", "c3", 2)
    return found


OF_ALL = {"station_span"}
"""What the worker counted of all chargers moves it: of some, their own words do."""


def test_nothing_of_others_is_in_the_answer_to_any_question(
    history: ChdbHistory, alone: dict[str, list[dict[str, Any]]]
) -> None:
    changed = [name for name, rows in alone.items() if asked(history, name) != rows]
    assert len(changed) >= len(alone) * 3 // 5, set(alone) - set(changed)  # it means something
    for name, rows in alone.items():
        if name not in OF_ALL:
            assert asked(history, name, only=ONLY_OWN) == rows, name
        nothing = str(asked(history, name, only=only_rows({"device": [], "charger": ["c9"]})))
        assert not [whose for whose in ("H00", "'c1'", "it's") if whose in nothing], name


def test_how_many_cars_stood_is_counted_from_their_stays(
    history: ChdbHistory, alone: dict[str, list[dict[str, Any]]]
) -> None:
    span = {"start_ms": CHARGING_S * 1000, "end_ms": (CHARGING_S + 9_000) * 1000}
    rows = history.query(
        "station_occupied", **span, step_ms=HOUR_MS, only=ONLY_OWN
    ).to_pylist()  # c1 from 100 for 4,001 s; c4 from 501 on
    assert [(row["least"], row["most"]) for row in rows] == [(1, 2), (1, 2), (1, 1)]
    assert [round(row["occupied"] * s) for row, s in zip(rows, (3500, 3600), strict=False)] == [
        3500 + 3099, 501 + 3600
    ]  # fmt: skip
    assert rows[2]["occupied"] == 1
    [now] = asked(history, "station_now", only=ONLY_OWN)
    assert (now["occupied"], now["chargers"]) == (1, 2)
    assert asked(history, "station_now", only=only_rows({"charger": []})) == []


def test_the_door_makes_the_text_of_a_limited_question_itself(
    history: ChdbHistory, alone: dict[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    server = HistoryServer(history, "127.0.0.1", 0, tmp_path / CARD)
    client = HistoryClient(tmp_path)
    try:
        assert asked(client, "devices", only=ONLY_OWN) == alone["devices"]
        auth = ("default", server.password)
        url = f"http://127.0.0.1:{server.port}/"
        with httpx.Client(trust_env=False, auth=auth) as http:
            for body, status in ((b"{", 400), (json.dumps({ONLY: 1.5}).encode(), 400)):
                assert http.post(url, params={"question": "devices"}, content=body).status_code == (
                    status
                )
            text = "SELECT 1 SETTINGS additional_table_filters = {'readings': '1'}"
            assert http.post(url, content=text).status_code == 400
            assert http.post(url, params={"question": "none"}, content=b"{}").status_code == 404
    finally:
        client.close()
        server.close()
