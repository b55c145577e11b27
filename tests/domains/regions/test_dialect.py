"""What system E sends and keeps: messages of ``power_topic``, and its files of 2 s."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from energyguard.codecs.files import read_blocks
from energyguard.codecs.formats import decode
from energyguard.codecs.records import read_records
from energyguard.domains.regions.dialect import message
from energyguard.domains.regions.topics import POWER

AT_MS = 1_577_145_601_982
ROW = "2019-12-24 00:00:01,1577145601982,90823166859000,-249050,-98090,-111870,-39090"
HEADER = "date,timestamp,energy,power,power1,power2,power3"


def readings(data: bytes) -> list[tuple[str, str, int, int]]:
    """(device, channel, time in ms, value in 1e-9), of data of which every row is sound."""
    _, found = decode(data)
    assert found.refused == ()
    return [
        (
            row["device"],
            row["channel"],
            round((row["time"] - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000),
            row["value"],
        )
        for row in found.batch.to_pylist()
    ]


@pytest.fixture
def far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose clock is not that of UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


def test_a_message_is_a_power_and_a_register_exact_to_the_last_digit() -> None:
    text = message("home", -249_050, AT_MS, 90_823_166_859_000)
    assert json.loads(text) == {
        "node_id": "home",
        "power_value": -249050,
        "timestamp": AT_MS,
        "energy": 90823166859000,
    }
    assert readings(text) == [
        ("home", "energy_register_kwh", AT_MS, 9_082_316_685_900),
        ("home", "power_kw", AT_MS, -249_050_000),
    ]


@pytest.mark.parametrize(
    ("text", "nano_kw"),
    [
        ("249050", 249_050_000),
        ("249050.0", 249_050_000),
        ("-1", -1_000),
        ("0.001", 1),
        ("9007199254740993", None),
    ],
)
def test_milliwatts_never_pass_through_a_float(text: str, nano_kw: int | None) -> None:
    data = f'{{"node_id":"h","power_value":{text},"timestamp":{AT_MS}}}'.encode()
    _, found = decode(data)
    assert found.batch.column("value").to_pylist() == ([] if nano_kw is None else [nano_kw])


@pytest.mark.parametrize(
    "timestamp",
    [
        AT_MS,
        "2019-12-24 00:00:01.982",
        "2019-12-24T00:00:01.982Z",
        "2019-12-24T01:00:01.982+01:00",
        "2019-12-24T00:00:01.98243",
    ],
)
def test_a_time_is_ms_or_text(timestamp: int | str, far_east: None) -> None:
    text = json.dumps({"node_id": "h", "power_value": 1, "timestamp": timestamp}).encode()
    assert readings(text) == [("h", "power_kw", AT_MS, 1_000)]
    other = message("h", 2, AT_MS + 2_000, 5)
    assert len(readings(text + b"\n" + other)) == 3  # among others as alone


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"node_id": "h", "power_value": 249050.0}, "timestamp is missing"),
        ({"power_value": 1, "timestamp": AT_MS}, "node_id is missing"),
        ({"node_id": "h", "timestamp": AT_MS}, "power_value is missing"),
        ({"node_id": "h", "power_value": 1, "timestamp": "noon"}, "timestamp is not a time in ms"),
        (
            {"node_id": "h", "power_value": 1, "timestamp": "2019-02-30 00:00:00"},
            "timestamp is not a time in ms",
        ),
        ({"node_id": "h", "power_value": 1, "timestamp": AT_MS + 0.5}, "timestamp is not a time"),
        ({"node_id": "h", "power_value": 1, "timestamp": 12}, "timestamp is before 2000"),
        ({"node_id": "h", "power_value": "x", "timestamp": AT_MS}, "power_value is not a number"),
        ({"node_id": "h", "power_value": 1, "timestamp": AT_MS, "energy": -1}, "energy is not a"),
        ({"node_id": "h", "power_value": 1, "timestamp": AT_MS, "unit": "mW"}, "'unit' is not a"),
    ],
)
def test_what_is_no_message_is_refused_with_a_reason(
    fields: dict[str, object], reason: str
) -> None:
    good = message("h", 7, AT_MS)
    found = read_records([good, json.dumps(fields).encode(), good], topic=POWER.name)
    (bad,) = found.bad
    assert bad.record == 1
    assert reason in bad.refused.reason
    assert found.readings.num_rows == 2


@pytest.mark.parametrize("titled", [True, False], ids=["title", "no title"])
@pytest.mark.parametrize("headed", [True, False], ids=["header", "no header"])
@pytest.mark.parametrize("date", ["2019-12-24 00:00:01", "2019-12-24 00:00:01.982"])
@pytest.mark.parametrize("packed", [True, False], ids=["gz", "plain"])
def test_a_file_is_its_home_s_readings(
    tmp_path: Path, titled: bool, headed: bool, date: str, packed: bool
) -> None:
    row = ROW.replace("2019-12-24 00:00:01", date, 1)
    lines = ["household"] * titled + [HEADER] * headed + [row]
    text = "".join(f"{line}\n" for line in lines).encode()
    path = tmp_path / ("abc.csv.gz" if packed else "abc.csv")
    path.write_bytes(gzip.compress(text) if packed else text)
    ((shape, found),) = read_blocks(path)
    assert shape == "household"
    assert found.refused == ()
    assert [(row["device"], row["channel"], row["value"]) for row in found.batch.to_pylist()] == [
        ("abc", "energy_register_kwh", 9_082_316_685_900),
        ("abc", "power_kw", -249_050_000),
    ]
