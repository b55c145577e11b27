"""JSON that the border does not know is read as a table, whatever its shape is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from energyguard.codecs.assembly import DEFAULT
from energyguard.errors import Malformed
from energyguard.files.found import NO_ANSWERS
from energyguard.files.read import read_file
from tests.files.made import Row, read, rows

FIRST, SECOND = "2026-03-01T00:00:00", "2026-03-01T00:30:00"
READINGS = [{"ts": f"{FIRST}Z", "usage_kwh": 0.5}, {"ts": f"{SECOND}Z", "usage_kwh": 0.25}]
TAKEN = [("m1", FIRST, "0.5"), ("m1", SECOND, "0.25")]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([{"meter": "m1", **each} for each in READINGS], indent=2),
        "\n".join(json.dumps({"meter": "m1", **each}) for each in READINGS),
        json.dumps({"devices": [{"deviceId": "m1", "values": READINGS}]}),
        json.dumps({"of": "x", "data": [{"at": {"meter": "m1"}, **each} for each in READINGS]}),
        json.dumps(
            {"labels": ["ts", "meter", "usage kWh"],
             "data": [[each["ts"], "m1", each["usage_kwh"]] for each in READINGS]}
        ),
    ],
    ids=["array", "lines", "nested", "objects in objects", "labels apart"],
)  # fmt: skip
def test_rows_are_found_wherever_they_are(tmp_path: Path, text: str) -> None:
    found = rows(read(tmp_path, text, "a.json"))
    assert [(row.device, row.time, row.value) for row in found] == TAKEN


def test_what_is_said_once_stands_above_the_table(tmp_path: Path) -> None:
    values = [{"timestamp": FIRST, "value": 500}, {"timestamp": SECOND, "value": 250}]
    text = json.dumps({"unit": "Wh", "meter_id": "m1", "consumption": values})
    found = read(tmp_path, text, "a.json", zone="UTC", columns={"value": "interval"})
    assert rows(found) == [Row("m1", "energy_kwh", time, value) for _, time, value in TAKEN]


def test_numbers_are_exact(tmp_path: Path) -> None:
    text = json.dumps(READINGS).replace("0.25", "0.123456789")
    assert rows(read(tmp_path, text, "a.json", device="m"))[1].value == "0.123456789"


def test_what_the_border_knows_is_left_to_it(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([{"timestamp": f"{FIRST}Z", "device": "m1", "energy_kwh": "bad"}]))
    assert read_file(path, NO_ANSWERS, DEFAULT) is None


@pytest.mark.parametrize("text", ['{"a": ', '{"values": []}x', "[1, 2, 3]", '{"a": [[[]]]}'])
def test_what_has_no_rows_is_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(Malformed, match=r"JSON|no line has a time"):
        read(tmp_path, text, "a.json", columns={"x": "ignore"})
