"""``schema`` lists topics, and shows what one holds."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from energyguard.cli.commands import app

RUN = CliRunner()


def test_topics_are_listed_with_their_fields() -> None:
    found = RUN.invoke(app, ["schema", "--json"])
    rows = {row["topic"]: row for row in map(json.loads, found.stdout.splitlines())}
    assert rows["energyguard.alerts"]["tables"] == ["alerts"]
    assert rows["violations"]["fields"][-1] == "violation"
    assert rows["energy_readings"]["value"] == "packed readings"


def test_a_topic_s_schema_is_json() -> None:
    found = RUN.invoke(app, ["schema", "energyguard.progress"])
    assert json.loads(found.stdout)["title"] == "energyguard.progress"


def test_an_engine_s_columns_are_a_line() -> None:
    found = RUN.invoke(app, ["schema", "total-occupied", "--format", "flink"])
    assert found.stdout == "`timestamp` STRING, `occupied` BIGINT\n"


def test_an_unknown_topic_is_named() -> None:
    found = RUN.invoke(app, ["schema", "energy"])
    assert "no topic 'energy'" in str(found.exception)
