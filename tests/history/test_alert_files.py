"""Alerts as Parquet: in a folder, and at an S3 address while its server comes and goes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from energyguard.clock import ManualClock
from energyguard.errors import ConfigError
from energyguard.history.alert_files import RETRY_S, AlertFiles, open_place
from energyguard.history.chdb import ChdbHistory
from energyguard.history.export import export_alerts
from tests.e2e.meters import free_port
from tests.history.made import DAY, T0, alert_rows

DAY_NUMBER = T0 // 86_400_000
ONE = ("a1", "H1", "firing", 600_000)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbHistory]:
    opened = ChdbHistory(tmp_path_factory.mktemp("alerts"))
    opened.insert("alerts", alert_rows(ONE))
    yield opened
    opened.close()


def kept(place: str) -> pa.Table:
    system, path = open_place(place)
    with system.open_input_file(f"{path}/alerts-2025-09-06.parquet") as source:
        return pq.read_table(source)


@pytest.mark.parametrize("shape", ["csv", "parquet"])
def test_exported_values_are_in_their_unit(
    history: ChdbHistory, tmp_path: Path, shape: str
) -> None:
    target = tmp_path / "alerts"
    assert export_alerts(history, target, shape, **DAY) == 1  # type: ignore[arg-type]
    read = pq.read_table if shape == "parquet" else pyarrow.csv.read_csv
    row = read(target).to_pylist()[0]
    values = [row[name] for name in ("observed", "expected", "peak", "unit")]
    assert values == [2.1, 2.0, 2.1, "kWh"]


def test_what_was_missed_and_what_is_of_an_older_form_is_written(
    history: ChdbHistory, tmp_path: Path
) -> None:
    place = tmp_path / "parquet"
    AlertFiles(str(place), history).settle()
    assert kept(str(place))["observed"].to_pylist() == [2.1]
    old = kept(str(place)).set_column(10, "observed", pa.array([2_100_000_000]))
    pq.write_table(old, place / "alerts-2025-09-06.parquet")
    files = AlertFiles(str(place), history)
    files.settle()
    assert kept(str(place))["observed"].to_pylist() == [2.1]
    assert sorted(path.name for path in place.iterdir()) == ["alerts-2025-09-06.parquet"]


def test_a_place_that_is_none(history: ChdbHistory) -> None:
    with pytest.raises(ConfigError, match="neither a folder nor an address"):
        AlertFiles("ftp:///there", history)


def test_an_s3_server_that_comes_later(
    history: ChdbHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server of S3's verbs on this machine; while it is down the days wait."""
    server = pytest.importorskip("moto.server", reason="needs moto (make dev)")
    boto3 = pytest.importorskip("boto3")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    port, clock = free_port(), ManualClock()
    place = (
        f"s3://alerts/energyguard?scheme=http&endpoint_override=127.0.0.1:{port}"
        "&region=eu-central-1"
    )
    files = AlertFiles(place, history, clock)
    files.settle()
    files.touch("alerts", alert_rows(ONE))
    assert files.stale == {("alerts", DAY_NUMBER)}
    running = server.ThreadedMotoServer("127.0.0.1", port, verbose=False)
    running.start()
    try:
        boto3.client(
            "s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="eu-central-1"
        ).create_bucket(
            Bucket="alerts", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        files.settle()
        assert files.stale, "it rests"
        clock.sleep(RETRY_S)
        files.settle()
        assert not files.stale
        assert kept(place)["observed"].to_pylist() == [2.1]
    finally:
        running.stop()
