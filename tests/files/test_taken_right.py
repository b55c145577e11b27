"""Tables that could be taken wrong without a word: they are taken right, or leave a question."""

from __future__ import annotations

from pathlib import Path

import pytest

from energyguard.errors import Malformed
from tests.files.made import Row, read, rows, rows_in_doubt

BERLIN = {"device": "h", "zone": "Europe/Berlin"}


def doubts(tmp_path: Path, text: str, **answers: object) -> list[str]:
    return [doubt.sentence() for doubt in read(tmp_path, text, **{**BERLIN, **answers}).doubts]


def test_two_channels_of_a_line_each_have_the_hour_that_comes_twice(tmp_path: Path) -> None:
    clocks = ["01:00", "02:00", "02:00", "03:00"]
    lines = [
        f"25.10.2026 {clock};{channel};{place},{place};kWh"
        for place, clock in enumerate(clocks, 1)
        for channel in ("1-0:1.29.0", "1-0:2.29.0")
    ]
    found = rows(read(tmp_path, "Zeit;OBIS;Wert;Einheit\n" + "\n".join(lines), **BERLIN))
    bought = [(row.time[11:13], row.value) for row in found if row.device == "h"]
    assert bought == [("23", "1.1"), ("00", "2.2"), ("01", "3.3"), ("02", "4.4")]
    assert {row.time for row in found if row.device == "h"} == {
        row.time for row in found if row.device == "h/export"
    }


@pytest.mark.parametrize("header", ["Uhrzeit bis", "Zeit bis", "End Time", "Period Ending"])
def test_a_clock_that_is_an_end_is_one(tmp_path: Path, header: str) -> None:
    text = f"Datum;{header};Verbrauch [kWh]\n01.03.2026;00:15;0,5\n01.03.2026;00:30;0,6\n"
    assert rows(read(tmp_path, text, **BERLIN)) == [
        Row("h", "energy_kwh", "2026-02-28T23:00:00", "0.5"),
        Row("h", "energy_kwh", "2026-02-28T23:15:00", "0.6"),
    ]
    (one,) = doubts(tmp_path, text.rsplit("01.03", 1)[0])
    assert f'--map "{header}=clock"' in one
    assert doubts(tmp_path, text.rsplit("01.03", 1)[0], columns={header: "clock"}) == []


def test_the_day_of_the_start_counts_wherever_it_stands(tmp_path: Path) -> None:
    text = (
        "Datum bis;Uhrzeit bis;Datum ab;Uhrzeit ab;Verbrauch [kWh]\n"
        "01.03.2026;00:00;28.02.2026;23:45;0,5\n01.03.2026;00:15;01.03.2026;00:00;0,6\n"
    )
    assert [row.time for row in rows(read(tmp_path, text, **BERLIN))] == [
        "2026-02-28T22:45:00",
        "2026-02-28T23:00:00",
    ]


def test_a_code_in_the_header_says_that_it_is_a_register(tmp_path: Path) -> None:
    text = (
        "Zeit;Bezug 1.8.0 (kWh);Lieferung 1-0:2.8.0 (kWh)\n"
        "01.03.2026 00:00;34,5;2,0\n01.03.2026 00:15;34,9;2,0\n"
    )
    assert {(row.device, row.channel) for row in rows(read(tmp_path, text, **BERLIN))} == {
        ("h", "energy_register_kwh"),
        ("h/export", "energy_register_kwh"),
    }
