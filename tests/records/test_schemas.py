"""A declaration as others read it: JSON Schema, columns of engines, rows of a page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from energyguard.records.contract import Encoding, TopicRecord
from energyguard.records.registry import RECORDS
from energyguard.records.schemas import fields, json_schema, page, written_for

JSON_RECORDS = [record for record in RECORDS.values() if record.encoding is Encoding.JSON]


@pytest.mark.parametrize("record", JSON_RECORDS, ids=lambda record: record.name)
def test_a_schema_has_every_field(record: TopicRecord[Any]) -> None:
    schema = json_schema(record)
    found = schema["$defs"][schema["$ref"].rpartition("/")[2]]
    names = [field.name for field in fields(record.value)] if record.value else []
    assert list(found["properties"]) == names
    assert not any(part.get("format") == "decimal" for part in found["properties"].values())
    assert json.loads(written_for("json", record)) == json.loads(json.dumps(schema))


def test_units_and_texts_come_with_the_fields() -> None:
    schema = json_schema(RECORDS["energy_alerts"])["$defs"]["EnergyAlert"]
    assert schema["properties"]["kwh"] == {
        "description": "The energy in the window.", "unit": "kWh", "type": "number",
    }  # fmt: skip
    assert "| `kwh` | number | kWh | The energy in the window. |" in page(RECORDS["energy_alerts"])


def test_an_engine_gets_columns() -> None:
    flink = written_for("flink", RECORDS["transaction-profit"])
    assert flink.endswith("`total_energy_delivered` DECIMAL(38, 9), `profit` DECIMAL(38, 9)")
    assert "`out-of-range` BIGINT" in written_for("spark", RECORDS["energyguard.progress"])
    assert "`vehicle_detected` BOOLEAN" in written_for("flink", RECORDS["charger-station-signals"])
    assert written_for("flink", RECORDS["energy_readings"]) == ""


def test_packed_readings_have_headers_and_a_table_but_no_fields() -> None:
    text = page(RECORDS["energy_readings"])
    assert "Value: packed readings. Table: `readings`." in text
    assert "| `packed-by` | text |" in text
    assert "| field |" not in text
    assert "CREATE TABLE IF NOT EXISTS readings" in written_for("clickhouse", RECORDS["topic-test"])
    assert json_schema(RECORDS["topic-test"])["contentEncoding"] == "packed readings"
