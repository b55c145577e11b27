"""Headers of queries say what is so: columns, parameters, and what stands instead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from energyguard.errors import Malformed, NotFound
from energyguard.history.chdb import ChdbHistory
from energyguard.history.query import (
    MAX_WINDOWS,
    Query,
    queries,
    queries_in,
    query_named,
    read_query,
)

WORDS = {
    "n": 3, "limit": 3, "step_ms": 3_600_000, "window_ms": 900_000, "slide_ms": 900_000,
    "start_ms": 0, "end_ms": 86_400_000, "now_ms": 0, "by": "kwh", "zone": "UTC",
    "kind": "alerts", "wall": "", "station": "", "device": "", "channel": "", "charger": "c-1",
    "region": "", "verdict": "", "topic": "energy_readings", "channels": "power_kw",
    "borders": "0,3600000", "ends": "0,3600000", "time_ms": 0, "devices": "", "apart": "yes",
    "without": "", "import_id": "i1", "currency": "EUR", "currencies": '{"Harbour": "CHF"}',
    "minor_units": "",
    "ids": "a1", "before_ms": 0, "named": "", "rule": "", "severity": "", "text": "",
}  # fmt: skip
ANSWERS_ALWAYS = {"trend", "totals"}


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbHistory]:
    opened = ChdbHistory(tmp_path_factory.mktemp("queries") / "history")
    yield opened
    opened.close()


def kind_of(type_: pa.DataType) -> str:
    if pa.types.is_timestamp(type_):
        return "time"
    if pa.types.is_integer(type_):
        return "integer"
    if pa.types.is_floating(type_):
        return "number"
    return "text"


@pytest.mark.parametrize("query", queries().values(), ids=lambda query: query.name)
def test_columns_are_those_of_the_answer(query: Query, history: ChdbHistory) -> None:
    answer = history.query(query.name, **{name: WORDS[name] for name in query.parameters})
    found = [(field.name, kind_of(field.type)) for field in answer.schema]
    kinds = {"person": "text"}
    columns = [(c.name, kinds.get(c.kind, c.kind)) for c in query.columns]
    assert found == columns
    assert query.header["question"].rstrip(")")[-1] == "."


@pytest.mark.parametrize("query", queries().values(), ids=lambda query: query.name)
def test_what_may_be_said_is_what_the_text_needs(query: Query) -> None:
    if not {"rest", "cli"} & query.header.keys():
        return
    said = set(query.named("constant"))
    for name, choice in query.choices.items():
        if name == "range":
            said |= {"start_ms", "end_ms"}
        elif choice.kind != "flag":
            said.add(f"{name}_ms" if choice.kind == "duration" else name)
    said |= {"start_ms", "end_ms"} & query.parameters.keys()
    instead = [query_named(name) for name in query.named("instead").values()]
    needed = {name for one in (query, *instead) for name in one.parameters}
    needed -= {name for one in (query, *instead) for name in one.named("filled")}
    assert needed - said == set()
    assert said - needed <= {words.split()[0] for words in query.named("instead")}


def test_a_parameter_has_its_rule_its_defaults_and_its_texts() -> None:
    query = read_query(
        "q",
        "-- question: What.\n-- columns: a text, b number? kWh, c x|y optional\n"
        "-- parameter device: text 20 = ! / H1 argument | R. |\n--   C.\n-- range: 2d\n"
        "-- parameter n: count 9 = 5 | R. | C.\n\nSELECT {device:String}, {n:UInt32}  -- no\n",
    )
    device, n = query.choices["device"], query.choices["n"]
    assert list(query.choices) == ["device", "range", "n"]
    assert (device.default, device.cli_default, device.is_argument) == (None, "H1", True)
    assert (device.about, device.cli_about, device.limit) == ("R.", "C.", 20)
    assert (n.kind, n.limit, n.default, n.cli_default) == ("count", 9, "5", "5")
    assert [(c.kind, c.nullable, c.optional, c.unit) for c in query.columns] == [
        ("text", False, False, ""), ("number", True, False, "kWh"), ("text", False, True, ""),
    ]  # fmt: skip
    assert query.columns[2].choices == ("x", "y")
    assert query.sql == "SELECT {device:String}, {n:UInt32}"


def test_a_header_that_makes_no_columns_is_named() -> None:
    with pytest.raises(ValueError, match=r"q\.sql: no column: 'a'"):
        _ = read_query("q", "-- columns: a\nSELECT 1").columns


def test_another_query_stands_instead_where_its_value_is_given() -> None:
    violations = query_named("station_violations")
    assert violations.instead({"kinds": True}).name == "station_violation_kinds"
    assert violations.instead({"kinds": False}) is violations


def test_a_folder_of_another_package_brings_its_queries(tmp_path: Path) -> None:
    (tmp_path / "sun.sql").write_text("-- question: Sun.\n-- columns: x integer\nSELECT 1 AS x")
    (tmp_path / "notes.txt").write_text("no query")
    (query,) = queries_in([tmp_path])
    assert (query.name, query.sql) == ("sun", "SELECT 1 AS x")


def test_values_are_checked_before_they_are_bound() -> None:
    query = query_named("late")
    given = {name: WORDS[name] for name in query.parameters}
    assert query.bind(given)[1]["limit"] == "3"
    with pytest.raises(Malformed, match="limit is not a whole number"):
        query.bind(given | {"limit": "3"})
    with pytest.raises(Malformed, match="limit is too large"):
        query.bind(given | {"limit": 2**32})
    with pytest.raises(Malformed, match="more is not a parameter"):
        query.bind(given | {"more": 1})
    with pytest.raises(NotFound, match="nothing"):
        query_named("nothing")


def test_more_windows_than_anybody_looks_at_are_refused() -> None:
    asked = {"device": "H001", "start_ms": 0, "window_ms": 900_000, "slide_ms": 1_000}
    query_named("window_sums").bind({**asked, "end_ms": MAX_WINDOWS * 1_000})
    with pytest.raises(Malformed, match="more than 100,000 windows: a longer slide or less time"):
        query_named("window_sums").bind({**asked, "end_ms": (MAX_WINDOWS + 1) * 1_000})
