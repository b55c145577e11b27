"""Whose readings they are is said by the place from which they come, where no column says it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from energyguard.codecs.assembly import DEFAULT
from energyguard.codecs.context import DecodeContext
from energyguard.codecs.dialect import Dialect
from energyguard.codecs.files import read_blocks
from energyguard.codecs.formats import decode
from energyguard.codecs.headers import Dialects
from energyguard.codecs.messages import read_messages
from energyguard.codecs.records import read_records
from energyguard.codecs.sources import device_in, device_of, file_source
from energyguard.errors import ConfigError
from energyguard.log import Fetched
from energyguard.stream.time.alignment import decoded_part
from tests.codecs.tele import OTHER, TELE, tele

__all__ = ["tele"]
TOO_MUCH = b'{"time":"2026-03-02T10:00:01Z","watts":20000000}'


@pytest.mark.parametrize(
    ("source", "device"),
    [
        ("api:tele/plug-7/SENSOR", "plug-7"),
        ("api:house/tele/plug-7/SENSOR", "plug-7"),
        ("api:tele/plug-7/SENSOR/more", ""),
        ("api:telemetry/plug-7/SENSOR", ""),
        ("api:xtele/plug-7/SENSOR", ""),
        ("api:tele/plug,7/SENSOR", ""),  # no name of a device
        ("api", ""),
        ("simulate", ""),
        ("topic:tele.plug-7", "plug-7"),
        ("topic:energy_readings", ""),
        ("file:tele/plug-7/SENSOR.json.gz", "plug-7"),
        ("file:boiler.csv", "boiler"),
        ("file:tele/boiler.csv", "boiler"),
    ],
)
def test_a_place_names_a_device(tele: Dialect, source: str, device: str) -> None:
    assert device_in(source) == device


def test_without_such_a_dialect_no_place_names_one() -> None:
    assert device_in("api:tele/plug-7/SENSOR") == ""
    assert device_of(Path("tele/plug-7/SENSOR.json")) == "SENSOR"


def test_two_dialects_that_do_not_agree_name_none() -> None:
    assert Dialects([TELE]).of_path("tele/plug-7/SENSOR") == ("plug-7", "tele/plug-7/SENSOR")
    assert Dialects([OTHER]).of_path("tele/plug-7/SENSOR")[0] == "tele"
    assert Dialects([TELE, OTHER]).of_path("tele/plug-7/SENSOR") == ("", "")
    agreeing = replace(OTHER, path=TELE.path)
    assert Dialects([TELE, agreeing]).of_path("tele/plug-7/SENSOR")[0] == "plug-7"


@pytest.mark.parametrize("path", ["tele/(", "tele/[^/]+/SENSOR"])
def test_a_path_that_names_no_device_is_refused(path: str) -> None:
    with pytest.raises(ConfigError, match=r"'tele'.*path"):
        replace(TELE, path=path)


def test_a_files_folders_name_its_device(tmp_path: Path, tele: Dialect) -> None:
    path = tmp_path / "tele" / "plug-7" / "SENSOR.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(tele.example + TOO_MUCH)
    readings, refused = (decoded for _, decoded in read_blocks(path))
    assert readings.batch.column("device").to_pylist() == ["plug-7"]
    assert refused.refused[0].shape == "json@plug-7"
    assert file_source(path) == "file:tele/plug-7/SENSOR.json"
    assert file_source(tmp_path / "boiler.csv.gz") == "file:boiler.csv.gz"
    assert device_in(file_source(path)) == "plug-7"


def test_a_topics_name_names_the_device_of_its_messages(tele: Dialect) -> None:
    line = tele.example.strip()
    found = read_records([line, line], topic="tele.plug-7")
    assert found.readings.column("device").to_pylist() == ["plug-7"] * 2
    fetched = Fetched("tele.plug-7", 0, [0], [None], [line], [()], [0])
    assert decoded_part(fetched).batch.readings.column("device").to_pylist() == ["plug-7"]


def test_a_message_that_is_refused_is_decoded_again_as_its_device_s(tele: Dialect) -> None:
    found = read_messages([tele.example.strip(), TOO_MUCH], DecodeContext(device="plug-7"))
    (bad,) = found.bad
    assert (bad.record, bad.shape) == (1, "json@plug-7")
    assert found.record.tolist() == [0]
    wider = replace(DEFAULT, plausible_kw=50_000)
    _, again = decode(bad.refused.original, bad.shape, wider, headed=False)
    assert again.batch.column("device").to_pylist() == ["plug-7"]
    assert np.asarray(again.batch.column("value")).tolist() == [20_000 * 10**9]
