"""The page of the dialect of readouts says what becomes of its example; mappings take the rest.

The examples of the other pages run in ``tests/api/test_dialects_api.py``.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlencode

import pytest

from energyguard.codecs.formats import decode
from energyguard.codecs.headers import known
from energyguard.codecs.http import HttpSent
from energyguard.errors import Malformed
from energyguard.files.found import NO_ANSWERS
from energyguard.files.read import is_known, read_file
from energyguard.settings.tree import WireSettings
from tests.telegrams.made import NOW, p1
from tests.telegrams.test_golden import DSMR_5, DSMR_5_READINGS, GOLDEN, rows

PAGES = Path(__file__).parents[2] / "docs" / "dialects"
MAPPING = """
[[value]]
name = "0-2:24.2.1"
dialect = "p1"
device = "{device}/heat"
channel = "energy_register_kwh"
scale = "277.777778"

[[value]]
name = "1-0:21.7.0"
dialect = "p1"
device = "{device}/l1"
channel = "power_kw"

[[value]]
name = "PAPP"
dialect = "tic"
channel = "power_kw"
unit = "W"

[[value]]
name = "1-0:36.7.0"
dialect = "sml"
device = "{device}/l1"
channel = "power_kw"
unit = "W"
"""


def test_the_example_of_a_readout_becomes_what_its_page_says() -> None:
    page = (PAGES / "iec62056-21.md").read_text()
    telegram, readings = (
        re.findall(rf"^```{kind}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)[0]
        for kind in ("telegram", "readings")
    )
    found = rows(decode(telegram.encode(), now_ms=NOW)[1])
    assert [" ".join(row[:3]) for row in found] == readings.splitlines()


def test_a_mapping_takes_what_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(MAPPING)
    found = {
        reading[:3]: reading[3]
        for name in ("p1 5", "sml", "tic historique")
        for reading in rows(decode(GOLDEN[name][0], now_ms=NOW, mappings=(path,))[1])
    }
    an_hour_before = -3_600_000
    assert found["K8EG004046395507/heat", "energy_register_kwh", "3551.38889173"] == an_hour_before
    assert found["K8EG004046395507/l1", "power_kw", "0.07"] == 0
    assert found["041876123456", "power_kw", "0.48"] == 0
    assert found["1DZG0046427048/l1", "power_kw", "-0.244"] == 0
    assert found["K8EG004046395507/t1", "energy_register_kwh", "4.426"] == 0


def test_the_datalogger_of_dsmr_reader_sends_a_form() -> None:
    dialect = known().named("p1")
    assert dialect is not None and dialect.http is not None
    route = next(route for route in dialect.http.routes if "datalogger" in route.path)

    def sent(body: str) -> HttpSent:
        return HttpSent({}, {}, body.encode(), {}, "cellar", NOW)

    data, shape, _ = route.read(sent(urlencode({"telegram": DSMR_5.decode()})))
    assert rows(decode(data, shape, now_ms=NOW)[1]) == DSMR_5_READINGS
    with pytest.raises(Malformed, match="no field telegram"):
        route.read(sent("other=1"))


@pytest.mark.parametrize("name", ["p1 5", "sml with a clock", "tic standard"])
def test_a_file_of_telegrams_is_read_as_everywhere_else(name: str, tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(GOLDEN[name][0] * 2)
    assert is_known(path)
    assert read_file(path, NO_ANSWERS, WireSettings()) is None


def test_a_log_of_telegrams_keeps_the_numbers_of_its_bad_ones() -> None:
    good = p1("0-0:1.0.0(251201130000W)", "0-0:96.1.0(M)", "1-0:1.8.0(1*kWh)")
    found = decode(good + good.replace(b"(1*", b"(2*") + good, now_ms=NOW)[1]
    assert found.rows.tolist() == [1, 3]
    (refused,) = found.refused
    assert refused.row == 2
    again = decode(refused.original.replace(b"(2*", b"(1*"), refused.shape, now_ms=NOW)[1]
    assert len(rows(again)) == 1
