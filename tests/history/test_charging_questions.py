"""Every question about stations against a slow computation, over random stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from energyguard.history.chdb import ChdbHistory
from energyguard.history.rollups import RollUps
from tests.history.charging import (
    EUR,
    LISTED,
    MINOR_UNITS,
    NOBODY,
    T0_S,
    Oracle,
    Standing,
    Stayed,
    standing,
    table,
    tables,
)
from tests.thorough import examples

TABLES = (
    *("stays", "charges", "violations", "occupied", "standing"),
    *("charging_1h", "charging_1d", "charging_all_1h", "occupied_1h"),
)
DAY_S = 86_400
LENGTHS = st.one_of(
    st.integers(0, 200), st.integers(0, 8_000), st.integers(0, 300_000), st.just(3_600)
)
STARTS = st.one_of(
    st.integers(0, 3 * DAY_S), st.integers(0, 72).map(lambda hour: hour * 3_600), st.just(DAY_S - 1)
)
STAYS = st.lists(
    st.builds(
        Stayed,
        st.sampled_from(["c1", "c2", "c3", "c5"]),
        STARTS,
        LENGTHS,
        st.none()
        | st.tuples(
            st.integers(0, 7_000),
            st.none() | st.integers(0, 9_000),
            st.integers(0, 10**11),
            st.integers(0, 10**5),
        ),
        st.none() | st.tuples(st.integers(0, 90_000), st.integers(0, 2)),
    ),
    max_size=12,
)
STANDING = st.builds(
    Standing,
    st.dictionaries(st.sampled_from(["c4", "c6"]), STARTS),  # no car has left from there
    st.integers(0, 4 * DAY_S),
)
BORDERS = st.tuples(
    st.one_of(st.integers(-DAY_S, 4 * DAY_S), st.integers(-2, 4).map(lambda day: day * DAY_S)),
    st.one_of(st.integers(1, 9_000), st.integers(1, 5 * DAY_S), st.just(DAY_S)),
)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbHistory]:
    opened = ChdbHistory(tmp_path_factory.mktemp("charging"))
    rows = [(charger, name, None, None, None, "") for charger, name in LISTED.items()]
    opened.insert("chargers", table("chargers", rows))
    yield opened
    opened.close()


def keep(history: ChdbHistory, now: Standing, *batches: list[Stayed]) -> None:
    """Insert and roll up batch by batch into an empty history; and who stands there now."""
    for name in TABLES:
        history.execute(f"TRUNCATE TABLE {name}")
    rollups = RollUps(history)
    for name, rows in standing(now).items():
        history.insert(name, rows)
        rollups.mark(name, rows)
    rollups.settle()
    for stays in batches:
        for name, rows in tables(stays).items():
            history.insert(name, rows)
            rollups.mark(name, rows)
        rollups.settle()


def seconds(table_: pa.Table) -> list[int]:
    return [int(time.timestamp()) for time in table_["time"].to_pylist()]


@settings(max_examples=examples(3, 15), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    stays=STAYS,
    now=STANDING,
    cut=st.integers(0, 12),
    again=st.integers(0, 12),
    borders=BORDERS,
    name=st.sampled_from(["", "north", "south", "c5"]),
    step=st.sampled_from([900, 3_600, 7_200, DAY_S]),
    others=st.sampled_from([{}, {"south": "CHF"}, {"south": "JPY", "c5": "KWD"}, {"c5": "JPY"}]),
)
@example(  # a car stands without charging where another currency is paid
    stays=[Stayed("c5", 0, 3_600, None, None)], now=NOBODY, cut=0, again=0,
    borders=(0, DAY_S), name="", step=3_600, others={"c5": "KWD"},
)  # fmt: skip
def test_every_question_is_answered_as_one_by_one(
    history: ChdbHistory,
    stays: list[Stayed],
    now: Standing,
    cut: int,
    again: int,
    borders: tuple[int, int],
    name: str,
    step: int,
    others: dict[str, str],
) -> None:
    keep(history, now, stays[cut:], stays[:cut], stays[:again])  # some of them twice
    low, high = borders[0], borders[0] + borders[1]
    oracle = Oracle(stays, low, high, name, now)
    span: dict[str, Any] = {"start_ms": (T0_S + low) * 1000, "end_ms": (T0_S + high) * 1000}
    here = span | {"station": name}

    def rows(question: str, **more: object) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = history.query(question, **more).to_pylist()
        return found

    busy = rows("station_occupancy", **here)
    assert [row.pop("availability") for row in busy] == [100 - row["occupancy"] for row in busy]
    assert busy == oracle.occupancy()
    assert rows("station_stays", **here) == oracle.stays_of()
    assert rows("station_charges", **here) == oracle.charges()
    sessions = history.query("station_sessions", step_ms=step * 1000, **here)
    told = list(zip(seconds(sessions), sessions["sessions"].to_pylist(), strict=True))
    assert told == oracle.sessions(step)
    money = EUR | {"currencies": json.dumps(others) if others else "", "minor_units": MINOR_UNITS}
    paid = history.query("station_revenue", step_ms=step * 1000, **here, **money)
    columns = (paid[column].to_pylist() for column in ("charges", "eur", "currency", "kwh"))
    assert list(zip(seconds(paid), *columns, strict=True)) == oracle.revenue(step, others)
    ranked = rows("station_top", n=2, by="station", **span, **money)
    fields = ("side", "rank", "station", "eur", "currency", "charges")
    assert [tuple(row[field] for field in fields) for row in ranked] == Oracle(
        stays, low, high
    ).top(2, others)
    for code in {row["currency"] for row in ranked}:
        best = rows("station_top", n=2, by="charger", **span, **money)
        of_both = ([r for r in found if r["currency"] == code] for found in (best, ranked))
        assert_chargers_are_ranked(*of_both)
    for by in ("station", "charger"):
        every = rows("station_top", n=99, by=by, **span, **money)
        there = ("charger", "station", "charges", "kwh")
        some = [[r[name] for name in there] for r in every if r["side"] == "top" and r["charges"]]
        paid_at = rows("station_paid", by=by, **span)
        assert sorted([r[name] for name in there] for r in paid_at) == sorted(some)
    charges = rows("station_charge_list", limit=99, **here, **money)
    assert all(r["currency"] == others.get(r["station"], "EUR") for r in charges)
    broken = rows("station_violations", n=100, **here)
    assert sorted((int(r["time"].timestamp()), r["charger"], r["kind"]) for r in broken) == sorted(
        oracle.violations()
    )
    newest = rows("station_violations", n=2, **here)
    assert sorted(r["time"] for r in newest) == sorted(r["time"] for r in broken)[-2:]
    assert [r["time"] for r in broken] == sorted((r["time"] for r in broken), reverse=True)
    kinds = rows("station_violation_kinds", **here)
    assert {(r["station"], r["kind"]): r["violations"] for r in kinds} == oracle.violation_kinds()


def assert_chargers_are_ranked(
    chargers: list[dict[str, Any]], stations: list[dict[str, Any]]
) -> None:
    """The best charger is no better than the best station, the worst no worse."""
    assert {row["charger"] for row in stations} <= {None}
    assert None not in {row["charger"] for row in chargers}
    best = [row for row in chargers if row["side"] == "top"]
    worst = [row for row in chargers if row["side"] == "bottom"]
    assert [row["eur"] for row in best] == sorted((r["eur"] for r in best), reverse=True)
    assert [row["eur"] for row in worst] == sorted(r["eur"] for r in worst)
    if best:
        assert best[0]["eur"] <= max(row["eur"] for row in stations)
        assert worst[0]["eur"] <= best[0]["eur"]


def span(history: ChdbHistory) -> tuple[int, int]:
    """First and last second of anything about chargers, after T0."""
    rows = history.query("station_span").to_pylist()
    return tuple(int(rows[0][name].timestamp()) - T0_S for name in ("first", "last"))  # type: ignore[return-value]


def test_one_chargers_clock_does_not_decide_what_is_newest(history: ChdbHistory) -> None:
    years = 5 * 365 * DAY_S

    def hear(offset: int, charger: str, second: int) -> None:
        row = ("t", 0, offset, charger, T0_S + second, "arrive", "p", 0, None)
        history.insert("signals", table("signals", [row]))

    keep(history, NOBODY)
    history.execute("TRUNCATE TABLE signals")
    assert not history.query("station_span").num_rows
    hear(0, "c1", 100)
    hear(1, "c1", years)  # alone, and nobody else knows better
    assert span(history) == (100, years)
    history.insert("occupied", table("occupied", [("t", T0_S + 160, 1)]))
    assert span(history) == (100, 160)
    hear(2, "c2", 3_000)
    assert span(history) == (100, 3_000)
    hear(3, "c2", years - 5)  # two of them
    assert span(history) == (100, years)
    history.execute("TRUNCATE TABLE signals")


def test_a_plug_that_is_not_listed_stands_where_its_charger_does(history: ChdbHistory) -> None:
    whole = {"p1": "west", "p2": "west", "p2/1": "east", "p3": ""}
    listed = [(charger, name, 1.0, 2.0, None, "") for charger, name in whole.items()]
    history.insert("chargers", table("chargers", listed))
    plugs = ("p1/1", "p1/2", "p2", "p2/1", "p3/1", "p4/1")
    stays = [Stayed(plug, 0, 3_600, (0, 3_600, 10**9, 100), (60, 0)) for plug in plugs]
    stood = Standing(dict.fromkeys(plugs, 3_600), 3_600)
    keep(history, stood, stays)
    day = {"start_ms": T0_S * 1000, "end_ms": (T0_S + DAY_S) * 1000}

    def told(question: str, *columns: str, **more: object) -> dict[str, tuple[Any, ...]]:
        rows = history.query(question, **day, **more).to_pylist()
        found = {row["station"]: tuple(row[name] for name in columns) for row in rows}
        return {station: found[station] for station in found if station not in LISTED.values()}

    try:
        for station, bays in {"west": 3, "east": 1, "p3": 1, "p4/1": 1}.items():
            here = {"station": station}
            assert told("station_occupancy", "bays", **here) == {station: (bays,)}
            assert told("station_stays", "sessions", **here) == {station: (bays,)}
            assert told("station_charges", "charges", "kwh", **here) == {station: (bays, bays)}
            assert told("station_violation_kinds", "violations", **here) == {station: (bays,)}
            (paid,) = history.query("station_revenue", step_ms=DAY_S * 1000, **day, **here, **EUR)[
                "eur"
            ].to_pylist()
            assert paid == bays
            happened = history.query("station_day", charger="", n=99, **day, **here, **EUR)
            assert happened.num_rows == 3 * bays
            assert history.query("station_violations", n=99, **day, **here).num_rows == bays
        assert told("station_stays", "sessions", station="p1/1") == {}
        ranked = told("station_top", "charges", n=9, by="charger", **EUR)
        assert set(ranked) == {"west", "east", "p3", "p4/1"}
        of = told("station_bays", "latitude")
        assert of == {"west": (1.0,), "east": (1.0,)}  # and plugs that signals told of
    finally:
        history.execute("TRUNCATE TABLE chargers")
        rows = [(charger, name, None, None, None, "") for charger, name in LISTED.items()]
        history.insert("chargers", table("chargers", rows))
