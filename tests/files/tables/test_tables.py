"""Any delimited table: what its layout is found to be, and what it becomes."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path
from typing import Final

import pytest

from energyguard.errors import ConfigError, Malformed
from tests.files.made import Row, read, refused, rows, rows_in_doubt

BERLIN = {"device": "h", "zone": "Europe/Berlin"}
QUARTERS = "Datum;Uhrzeit;Verbrauch [kWh]\n01.01.2026;00:15;0,25\n01.01.2026;00:30;1,5\n"
TAKEN = [
    Row("h", "energy_kwh", "2025-12-31T23:15:00", "0.25"),
    Row("h", "energy_kwh", "2025-12-31T23:30:00", "1.5"),
]


def test_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    text = (
        "timestamp;household_id;energy_kwh\n"
        "2026-03-02T10:00:00Z;m1;0,5\n2026-03-02T10:15:00Z;m1;0,6\n"
    )
    assert rows(read(tmp_path, text)) == [
        Row("m1", "energy_kwh", "2026-03-02T10:00:00", "0.5"),
        Row("m1", "energy_kwh", "2026-03-02T10:15:00", "0.6"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    text = QUARTERS.replace("Uhrzeit", "Uhrzeit (für Zähler)")
    found = read(tmp_path, text.encode(encoding), **BERLIN)
    assert rows(found) == TAKEN


@pytest.mark.parametrize("mark", [";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(tmp_path: Path, mark: str, end: str) -> None:
    text = QUARTERS.replace(";", mark).replace("\n", end)
    assert rows(read(tmp_path, text, **BERLIN)) == TAKEN


@pytest.mark.parametrize(
    "header",
    [
        "Datum;Uhrzeit;Verbrauch [kWh]",
        "Date;Heure;Consommation (kWh)",
        "Datum;Tijd;Verbruik kWh",
        "Data;Ora;Consumo (kWh)",
        "Data;Godzina;Zużycie [kWh]",
        "Date;Time;Usage kWh",
        "Day;From;energy_kwh",
    ],
)
def test_headers_of_six_languages(tmp_path: Path, header: str) -> None:
    lines = QUARTERS.split("\n", 1)[1]
    assert rows(read(tmp_path, f"{header}\n{lines}", **BERLIN)) == TAKEN


@pytest.mark.parametrize(
    "header",
    [
        "deviceID,readTime,usageKWh",
        "MeterPointID,IntervalStart,kWhUsed",
        "Zaehler,Zeitstempel,VerbrauchKWh",
        "Zaehlpunktbezeichnung,Von,Verbrauch_kWh",
        "sensorId,time,consumptionKwh",
    ],
)
def test_headers_of_one_word_each(tmp_path: Path, header: str) -> None:
    found = read(tmp_path, f"{header}\nm1,2026-01-01T00:00:00Z,1\nm2,2026-01-01T00:00:00Z,2.5\n")
    assert rows(found) == [
        Row("m1", "energy_kwh", "2026-01-01T00:00:00", "1"),
        Row("m2", "energy_kwh", "2026-01-01T00:00:00", "2.5"),
    ]


def test_lines_above_the_header_and_a_line_of_units(tmp_path: Path) -> None:
    text = (
        "Netzbetreiber: Stadtwerke\nZeitraum;01.01.2026;02.01.2026\n\n"
        "Datum;Uhrzeit;Menge\n;;kWh\n01.01.2026;00:15;0,25\n01.01.2026;00:30;1,5\nSumme;;1,75\n"
    )
    found = read(tmp_path, text, **BERLIN)
    assert rows(found) == TAKEN
    assert refused(found) == [(8, "Datum is no time with Uhrzeit: 'Summe'")]


def test_thousands_in_either_notation(tmp_path: Path) -> None:
    german = "Zeit;Zählerstand (kWh)\n01.01.2026 00:00;12.345,6\n02.01.2026 00:00;12.350,1\n"
    english = 'Time,Meter reading (kWh)\n2026-01-01 00:00,"12,345.6"\n2026-01-02 00:00,"12,350.1"\n'
    for text in (german, english):
        assert [row[1:] for row in rows(read(tmp_path, text, **BERLIN))] == [
            ("energy_register_kwh", "2025-12-31T23:00:00", "12345.6"),
            ("energy_register_kwh", "2026-01-01T23:00:00", "12350.1"),
        ]


def test_24_00_is_the_end_of_a_day_and_times_are_ends(tmp_path: Path) -> None:
    text = "Datum;Zeit;kWh Bezug\n01.01.2026;23:30;1\n01.01.2026;23:45;2\n01.01.2026;24:00;3\n"
    assert [row.time for row in rows(read(tmp_path, text, **BERLIN))] == [
        "2026-01-01T22:15:00", "2026-01-01T22:30:00", "2026-01-01T22:45:00",
    ]  # fmt: skip


def test_of_a_start_and_an_end_the_start_is_meant_and_of_an_end_alone_what_it_began(
    tmp_path: Path,
) -> None:
    both = "Bis;Von;Bezug kWh\n01.01.2026 00:15;01.01.2026 00:00;1\n"
    end = "Bis;Bezug kWh\n01.01.2026 00:15;1\n01.01.2026 00:30;2\n"
    assert [row.time for row in rows(read(tmp_path, both, **BERLIN))] == ["2025-12-31T23:00:00"]
    assert [row.time for row in rows(read(tmp_path, end, **BERLIN))] == [
        "2025-12-31T23:00:00", "2025-12-31T23:15:00",
    ]  # fmt: skip


@pytest.mark.parametrize("factor", [1, 1_000, 1_000_000, 1_000_000_000])
def test_numbers_since_1970(tmp_path: Path, factor: int) -> None:
    text = f"time,power_w\n{1_767_225_600 * factor},1500\n"
    assert rows(read(tmp_path, text, device="h", format="table")) == [
        Row("h", "power_kw", "2026-01-01T00:00:00", "1.5")
    ]


HOURS = ["00", "01", "02", "02", "03"]


def autumn(hours: list[str], values: list[str]) -> str:
    lines = [f"26.10.2025 {h}:00;{v}" for h, v in zip(hours, values, strict=True)]
    return "Zeit;Verbrauch kWh\n" + "\n".join(lines) + "\n"


VALUES = ["0.1", "0.2", "0.3", "0.4", "0.5"]
UTC_HOURS = ["22:00", "23:00", "00:00", "01:00", "02:00"]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("repeats", [1, 2])
def test_the_hour_that_comes_twice_by_order(tmp_path: Path, order: int, repeats: int) -> None:
    text = autumn(HOURS[::order] * repeats, VALUES[::order] * repeats)
    found = {(row.time[11:16], row.value) for row in rows(read(tmp_path, text, **BERLIN))}
    assert found == set(zip(UTC_HOURS, VALUES, strict=True))


def test_the_hour_that_comes_twice_by_letters(tmp_path: Path) -> None:
    hours = ["01", "2B", "2A"]
    found = rows(read(tmp_path, autumn(hours, ["0.2", "0.4", "0.3"]), **BERLIN))
    assert [row.time[11:16] for row in found] == ["23:00", "01:00", "00:00"]


def test_the_hour_that_never_was_is_refused_and_says_what_to_do(tmp_path: Path) -> None:
    text = "Zeit;Verbrauch kWh\n29.03.2026 01:00;1\n29.03.2026 02:00;2\n29.03.2026 03:00;3\n"
    found = read(tmp_path, text, **BERLIN)
    assert [row.time[11:16] for row in rows(found)] == ["00:00", "01:00"]
    assert "--zone Etc/GMT-1" in refused(found)[0][1]
    fixed = rows(read(tmp_path, text, device="h", zone="Etc/GMT-1"))
    assert [row.time[11:16] for row in fixed] == ["00:00", "01:00", "02:00"]


def wide_day(headers: list[str], day: str = "01.01.2026") -> str:
    return ";".join(["Datum", *headers]) + f"\n{day};" + ";".join(["0,5"] * len(headers)) + "\n"


HALVES = [f"{h:02}:{m:02}" for h in range(24) for m in (0, 30)]


@pytest.mark.parametrize(
    "headers",
    [HALVES, [*HALVES[1:], "24:00"], [*HALVES[1:], "00:00"], [f"V{i}" for i in range(1, 49)]],
    ids=["starts", "ends", "ends at 00:00", "numbered"],
)
def test_a_column_for_each_half_hour(tmp_path: Path, headers: list[str]) -> None:
    found = rows(read(tmp_path, wide_day(headers), columns={"*": "energy_kwh"}, **BERLIN))
    assert len(found) == 48
    assert (found[0].time, found[-1].time) == ("2025-12-31T23:00:00", "2026-01-01T22:30:00")


def test_numbered_quarters_of_a_short_and_a_long_day(tmp_path: Path) -> None:
    for day, quarters, last in (("29.03.2026", 92, "21:45"), ("26.10.2025", 100, "22:45")):
        text = wide_day([f"Q{i}" for i in range(1, quarters + 1)], day)
        found = rows(read(tmp_path, text, columns={"*": "energy_kwh"}, **BERLIN))
        assert (len(set(found)), found[-1].time[11:16]) == (quarters, last)


NUMBERS: Final = [str(hour) for hour in range(1, 25)]


@pytest.mark.parametrize(
    "headers",
    [
        [f"Hour {hour} (kWh)" for hour in NUMBERS], [f"HE{hour}" for hour in NUMBERS],
        [f"HE {hour:02}:00" for hour in range(1, 25)], [f"H{hour}" for hour in range(24)],
        [f"{hour:02}-{hour + 1:02}" for hour in range(24)],
        [f"{hour}h-{(hour + 1) % 24}h" for hour in range(24)],
        [f"{hour} Uhr" for hour in range(24)],
        [f"{hour} {half}" for half in ("AM", "PM") for hour in (12, *range(1, 12))],
    ],
    ids=lambda headers: headers[0],
)  # fmt: skip
def test_a_column_for_each_hour_however_it_is_called(tmp_path: Path, headers: list[str]) -> None:
    text = wide_day([*headers, "Summe"])
    found = rows(read(tmp_path, text, columns={"*": "energy_kwh"}, **BERLIN))
    assert [row.time for row in found[:2]] == ["2025-12-31T23:00:00", "2026-01-01T00:00:00"]
    assert (len(found), found[-1].time) == (24, "2026-01-01T22:00:00")
    assert {row.device for row in found} == {"h"}


def test_days_of_the_year_are_no_hours(tmp_path: Path) -> None:
    headers = [f"{day:02}-02" for day in range(1, 25)]
    (doubt, *_) = read(tmp_path, wide_day(headers), **BERLIN).doubts
    assert "no column says what it measures" in doubt.question


@pytest.mark.parametrize("mark", ["X", "*", "b"])
def test_the_second_hour_of_a_long_day_has_a_column_of_its_own(tmp_path: Path, mark: str) -> None:
    headers = [*NUMBERS[:3], f"3{mark}", *NUMBERS[3:]]
    long = wide_day(headers, "26.10.2025")
    found = rows(read(tmp_path, long, columns={"*": "energy_kwh"}, **BERLIN))
    assert (len({row.time for row in found}), found[-1].time[11:16]) == (25, "22:00")
    ordinary = long.replace("26.10.2025" + ";0,5" * 4, "27.10.2025;0,5;0,5;0,5;")
    found = rows(read(tmp_path, ordinary, columns={"*": "energy_kwh"}, **BERLIN))
    assert (len({row.time for row in found}), found[-1].time[11:16]) == (24, "22:00")


@pytest.mark.parametrize(
    ("day", "cells", "hours"),
    [
        ("29.03.2026", ["1", "1", "", *["1"] * 21], ["23", "00", "01", "02"]),
        ("29.03.2026", ["1", "1", "0", *["1"] * 21], ["23", "00", "01", "02"]),
        ("29.03.2026", [*["1"] * 23, ""], ["23", "00", "01", "02"]),
        ("25.10.2026", ["1"] * 24, ["22", "23", "00", "02"]),
    ],
    ids=["empty", "zero", "elapsed", "long"],
)
def test_numbered_hours_of_a_short_and_a_long_day_are_those_of_the_clock(
    tmp_path: Path, day: str, cells: list[str], hours: list[str]
) -> None:
    text = f"Datum;{';'.join(NUMBERS)}\n{day};{';'.join(cells)}\n"
    found = rows(read(tmp_path, text, columns={"*": "energy_kwh"}, **BERLIN))
    assert [row.time[11:13] for row in found[:4]] == hours
    assert found[-1].time[11:13] == ("21" if day == "29.03.2026" else "22")
    assert len({row.time for row in found}) == len(found) == sum(cell == "1" for cell in cells)


def test_a_column_for_each_circuit(tmp_path: Path) -> None:
    text = (
        "Time Bucket (America/New_York),Main (kWhs),Kitchen (kWhs)\n"
        "01/13/2026 00:00:00,0.1,0.02\n01/13/2026 00:15:00,0.05,0.01\n"
    )
    found = rows(read(tmp_path, text, device="home"))
    assert found[:2] == [
        Row("home/Main", "energy_kwh", "2026-01-13T05:00:00", "0.1"),
        Row("home/Kitchen", "energy_kwh", "2026-01-13T05:00:00", "0.02"),
    ]
    assert {row.device for row in rows(read(tmp_path, text))} == {"Main", "Kitchen"}


def test_channels_and_units_in_columns_of_their_own(tmp_path: Path) -> None:
    text = (
        "time;meter;obis;value\n"
        "2026-01-01T00:00:00Z;m;1-0:1.8.0;100,5\n2026-01-01T00:00:00Z;m;1-0:2.8.0;7,5\n"
    )
    assert rows(read(tmp_path, text)) == [
        Row("m", "energy_register_kwh", "2026-01-01T00:00:00", "100.5"),
        Row("m/export", "energy_register_kwh", "2026-01-01T00:00:00", "7.5"),
    ]
    text = "time;meter;unit;wert\n2026-01-01T00:00:00Z;m;W;1500\n2026-01-01T00:00:00Z;n;kW;2\n"
    assert [row.value for row in rows(read(tmp_path, text))] == ["1.5", "2"]


def test_what_is_fed_in_is_below_zero_on_a_device_of_its_own(tmp_path: Path) -> None:
    text = "Zeit;Bezug kWh;Einspeisung kWh\n01.01.2026 12:00;0,1;0,7\n"
    assert [(row.device, row.value) for row in rows(read(tmp_path, text, **BERLIN))] == [
        ("h", "0.1"), ("h/export", "-0.7"),
    ]  # fmt: skip


def counter(values: list[float]) -> str:
    lines = [f"2026-01-01T{h:02}:00:00Z;m;{value}" for h, value in enumerate(values)]
    return "time;meter;kWh\n" + "\n".join(lines) + "\n"


def test_what_only_grows_is_a_register_and_what_falls_is_none(tmp_path: Path) -> None:
    grows = read(tmp_path, counter([100 + 0.4 * h for h in range(12)]))
    falls = read(tmp_path, counter([0.1 * (h % 5) for h in range(12)]))
    assert {row.channel for row in rows(grows)} == {"energy_register_kwh"}
    assert {row.channel for row in rows(falls)} == {"energy_kwh"}
    reasons = {found.why for found in grows.findings}
    assert "it never falls in 12 rows" in reasons


def test_a_few_rows_leave_open_what_they_count(tmp_path: Path) -> None:
    (doubt,) = read(tmp_path, counter([1, 2, 3])).doubts
    assert doubt.sentence() == (
        "'kWh' may be energy per interval or a counter that only grows: "
        '--map "kWh=interval" (or register)'
    )
    found = read(tmp_path, counter([1, 2, 3]), columns={"kWh": "register"})
    assert {row.channel for row in rows(found)} == {"energy_register_kwh"}


def test_an_open_order_of_dates_is_a_doubt_and_days_in_a_row_answer_it(tmp_path: Path) -> None:
    head = "date,usage kWh\n"
    found = read(tmp_path, head + "3/4/2026,1\n", **BERLIN)
    (doubt,) = found.doubts
    assert (doubt.option, doubt.choices, doubt.column) == ("--map", ("dmy", "mdy"), "date")
    assert rows_in_doubt(found)[0].time == "2026-04-02T22:00:00"
    answered = read(tmp_path, head + "3/4/2026,1\n", columns={"date": "mdy"}, **BERLIN)
    assert rows(answered)[0].time == "2026-03-03T23:00:00"
    in_a_row = read(tmp_path, head + "3/4/2026,1\n3/5/2026,1\n3/6/2026,1\n", **BERLIN)
    assert rows(in_a_row)[0].time == "2026-03-03T23:00:00"


def test_a_zone_that_nobody_says_is_a_doubt_and_one_that_is_set_is_assumed(tmp_path: Path) -> None:
    text = "Zeit;Bezug kWh\n01.01.2026 12:00;1\n"
    (doubt,) = read(tmp_path, text, device="h").doubts
    assert doubt.option == "--zone"
    found = read(tmp_path, text, device="h", usual_zone="Europe/Berlin")
    assert rows(found)[0].time == "2026-01-01T11:00:00"
    assert any(f.what == "zone" and "set here" in f.why for f in found.findings)


def test_a_unit_that_nobody_says_is_a_doubt(tmp_path: Path) -> None:
    text = "time;meter;Wert\n2026-01-01T00:00:00Z;m;5\n"
    (doubt,) = read(tmp_path, text).doubts
    assert doubt.column == "Wert"
    found = read(tmp_path, text, columns={"Wert": "power_w"})
    assert rows(found) == [Row("m", "power_kw", "2026-01-01T00:00:00", "0.005")]


def test_mw_is_never_guessed(tmp_path: Path) -> None:
    (doubt,) = read(tmp_path, "time;meter;power mW\n2026-01-01T00:00:00Z;m;5\n").doubts
    assert doubt.column == "power mW"


def test_a_point_that_may_part_thousands_is_a_doubt(tmp_path: Path) -> None:
    text = "time;meter;energy_kwh\n2026-01-01T00:00:00Z;m;1.250\n"
    (doubt,) = read(tmp_path, text).doubts
    assert (doubt.column, doubt.choices) == ("decimal mark", ("point", "comma"))
    point = read(tmp_path, text, columns={"decimal mark": "point"})
    assert rows(point)[0].value == "1.25"
    comma = read(tmp_path, text, columns={"decimal mark": "comma"})
    assert refused(comma)[0][1].endswith("1250 kWh")
    decided = read(tmp_path, text + "2026-01-01T00:15:00Z;m;0.5\n")
    assert rows(decided)[0].value == "1.25"


def test_units_beside_the_numbers(tmp_path: Path) -> None:
    text = "Zeit;Verbrauch\n01.01.2026 00:00;1,5 kWh\n01.01.2026 00:15;2,5 kWh\n"
    assert [row.value for row in rows(read(tmp_path, text, **BERLIN))] == ["1.5", "2.5"]
    text = "Zeit;Verbrauch Wh\n01.01.2026 00:00;1,5 kWh\n01.01.2026 00:15;200,5\n"
    assert [row.value for row in rows(read(tmp_path, text, **BERLIN))] == ["1.5", "0.2005"]


def test_below_another_header_nothing_is_taken(tmp_path: Path) -> None:
    text = (
        "Zeit;Bezug kWh;Einspeisung kWh\n01.01.2026 12:00;0,1;0,7\n"
        "Zeit;Einspeisung kWh;Bezug kWh\n01.01.2026 12:15;0,8;0,2\n"
    )
    found = read(tmp_path, text, **BERLIN)
    assert len(rows(found)) == 2
    assert [row for row, _ in refused(found)] == [3, 4]
    assert "bring each table by itself" in refused(found)[1][1]


def test_sessions_of_a_charging_network_have_a_command_of_their_own(tmp_path: Path) -> None:
    text = "Charging event,CP ID,Start,Total kWh\n1,CP1,2026-01-01 10:00,5\n"
    with pytest.raises(Malformed, match="energyguard import sessions"):
        read(tmp_path, text)


def test_answers_about_nothing_are_refused(tmp_path: Path) -> None:
    for columns in ({"kW": "power_kw"}, {"time": "moment"}, {"decimal mark": "dot"}):
        with pytest.raises(ConfigError, match="--map"):
            read(tmp_path, counter([1]), columns=columns)
    with pytest.raises(ConfigError, match="--as nem99: no such format"):
        read(tmp_path, counter([1]), format="nem99")


def test_rows_that_cannot_be_taken_cost_no_others(tmp_path: Path) -> None:
    text = QUARTERS + "01.01.2026;00:45;zwei\n01.01.2026;01:00\n31.02.2026;00:00;1\n;;\n"
    found = read(tmp_path, text, **BERLIN)
    assert rows(found) == TAKEN
    assert refused(found) == [
        (4, "Verbrauch [kWh] is no number: 'zwei'"),
        (5, "2 columns instead of 3"),
        (6, "Datum is no time with Uhrzeit: '31.02.2026'"),
        (7, "Datum is empty"),
    ]
    assert found.decoded.refused[0].original == b"01.01.2026;00:45;zwei"


def test_cells_that_say_that_there_is_no_value_are_no_readings(tmp_path: Path) -> None:
    text = QUARTERS + "01.01.2026;00:45;\n01.01.2026;01:00;n/a\n"
    found = read(tmp_path, text, **BERLIN)
    assert (rows(found), refused(found)) == (TAKEN, [])
    assert any(f.what == "without a value" and f.value == "2 lines" for f in found.findings)


def test_a_file_put_together_of_several_has_its_header_again(tmp_path: Path) -> None:
    text = "Kunde: 7\n\n" + QUARTERS
    later = text.replace("01.01.", "02.01.")
    found = read(tmp_path, text + later, **BERLIN)
    assert (len(rows(found)), refused(found)) == (4, [])


def test_gzip_and_zip(tmp_path: Path) -> None:
    packed = read(tmp_path, gzip.compress(QUARTERS.encode()), "year.csv.gz", **BERLIN)
    assert rows(packed) == TAKEN
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", QUARTERS)
        archive.writestr("b.csv", QUARTERS.replace("01.01.", "02.01."))
        archive.writestr("readme.pdf", b"%PDF")
    assert len(rows(read(tmp_path, path.read_bytes(), "all.zip", **BERLIN))) == 4


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "it is empty"),
        (b"only words\nand more\n", "no line has a time and a number"),
        (b"\x00\x01\x02binary", "it is no text"),
        (gzip.compress(QUARTERS.encode())[:-9], "ends in the middle"),
        (b"a" * 3_000_000, "is longer than 2 MB"),
        (("time;" + ";".join("x" for _ in range(5_000))).encode(), "no line has a time"),
    ],
    ids=["empty", "words", "binary", "cut", "long", "wide"],
)
def test_what_is_no_table_is_refused_in_one_sentence(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    with pytest.raises(Malformed, match=sentence):
        read(tmp_path, content)


@pytest.mark.parametrize("pack", ["gzip", "zip"])
def test_a_bomb_is_refused_before_it_unfolds(
    tmp_path: Path, pack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("energyguard.files.text.unpack.MAX_UNPACKED_BYTES", 1 << 20)
    zeros = b"0" * (4 << 20)
    path = tmp_path / "bomb"
    if pack == "gzip":
        path.write_bytes(gzip.compress(zeros))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.csv", zeros)
    with pytest.raises(Malformed, match="more than 1 MB, unpacked"):
        read(tmp_path, path.read_bytes(), "bomb")
