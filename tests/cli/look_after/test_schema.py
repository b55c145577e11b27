"""``schema`` lists topics, and shows what one holds."""

from __future__ import annotations

from tests.cli.conftest import Terminal


def test_topics_are_listed_with_their_fields(terminal: Terminal) -> None:
    rows = {row["topic"]: row for row in terminal("schema", "--json").rows}
    assert rows["energyguard.alerts"]["tables"] == ["alerts"]
    assert rows["violations"]["fields"][-1] == "violation"
    assert rows["energy_readings"]["value"] == "packed readings"


def test_a_topic_s_schema_is_json(terminal: Terminal) -> None:
    assert terminal("schema", "energyguard.progress").json["title"] == "energyguard.progress"


def test_an_engine_s_columns_are_a_line(terminal: Terminal) -> None:
    found = terminal("schema", "total-occupied", "--format", "flink")
    assert found.out == "`timestamp` STRING, `occupied` BIGINT\n"


def test_an_unknown_topic_is_named(terminal: Terminal) -> None:
    assert "no topic 'energy'" in terminal("schema", "energy").err
