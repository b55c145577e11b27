"""Tables that could be taken wrong without a word: they are taken right, or leave a question."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from energyguard.errors import Malformed
from tests.files.made import Row, read, rows

BERLIN = {"device": "h", "zone": "Europe/Berlin"}


def doubts(tmp_path: Path, text: str, columns: dict[str, str] | None = None) -> list[str]:
    found = read(tmp_path, text, "file.csv", columns=columns or {}, **BERLIN)
    return [doubt.sentence() for doubt in found.doubts]


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


def test_an_answer_for_one_column_does_not_drop_the_others(tmp_path: Path) -> None:
    text = "Zeit;Bezug;Einspeisung\n01.03.2026 00:00;1;2\n01.03.2026 00:15;2;1\n"
    (left,) = doubts(tmp_path, text, columns={"Bezug": "energy_kwh"})
    assert left.startswith("the column 'Einspeisung' has no unit")
    answers = {"Bezug": "energy_kwh", "Einspeisung": "export_kwh"}
    found = rows(read(tmp_path, text, columns=answers, **BERLIN))
    assert {(row.device, row.value) for row in found} == {
        ("h", "1"), ("h", "2"), ("h/export", "-2"), ("h/export", "-1"),
    }  # fmt: skip


def test_columns_of_one_channel_are_told_apart_however_it_was_found_out(tmp_path: Path) -> None:
    text = "Zeit;Verbrauch (kWh);PV (kWh)\n01.03.2026 00:00;1;3\n01.03.2026 00:15;2;2\n"
    for answers in ({}, {"PV (kWh)": "interval"}):
        found = rows(read(tmp_path, text, columns=answers, **BERLIN))
        assert {row.device for row in found} == {"h/Verbrauch", "h/PV"}


@pytest.mark.parametrize(
    "text",
    [
        "Time,Energy\n,Wh\n2026-03-01 00:00,100\n2026-03-01 01:00,200\n",
        "All in Wh\nTime,Energy\n2026-03-01 00:00,100\n2026-03-01 01:00,200\n",
        "Time,Energy\n2026-03-01 00:00,100 Wh\n2026-03-01 01:00,200 Wh\n",
    ],
    ids=["line of units", "above", "beside"],
)
def test_how_a_column_counts_leaves_its_unit_to_the_table(tmp_path: Path, text: str) -> None:
    found = rows(read(tmp_path, text, columns={"Energy": "interval"}, **BERLIN))
    assert [row.value for row in found] == ["0.1", "0.2"]


def test_how_a_column_counts_does_not_say_its_unit(tmp_path: Path) -> None:
    text = "Time,Energy\n2026-03-01 00:00,1\n2026-03-01 01:00,2\n"
    (open_,) = doubts(tmp_path, text, columns={"Energy": "interval"})
    assert open_.startswith("the column 'Energy' has no unit")


def test_a_line_of_units_may_say_how_times_are_written(tmp_path: Path) -> None:
    text = (
        "Datum und Uhrzeit,Energie ins Netz eingespeist,Energie vom Netz bezogen,PV Produktion\n"
        "[dd.MM.yyyy HH:mm],[Wh],[Wh],[Wh]\n"
        "01.03.2026 00:00,10,120.5,7\n01.03.2026 00:05,0,110.2,5\n"
    )
    found = rows(read(tmp_path, text, **BERLIN))
    assert [(row.device, row.value) for row in found[:3]] == [
        ("h/export", "-0.01"),
        ("h/Energie vom Netz bezogen", "0.1205"),
        ("h/PV Produktion", "0.007"),
    ]


def test_lines_that_contradict_one_another_leave_a_doubt(tmp_path: Path) -> None:
    text = (
        "Date,Start Time,Usage (kWh),Flow\n"
        "2026-03-01,00:00,1,Upstairs\n2026-03-01,00:00,2,Downstairs\n"
        "2026-03-01,00:15,3,Upstairs\n2026-03-01,00:15,1,Downstairs\n"
    )
    (open_,) = doubts(tmp_path, text)
    assert open_.startswith("4 of 4 readings have the device and the time of another one")
    found = rows(read(tmp_path, text, columns={"Flow": "device"}, **BERLIN))
    assert {row.device for row in found} == {"Upstairs", "Downstairs"}


def test_of_a_wide_table_the_column_may_be_a_channel(tmp_path: Path) -> None:
    hours = ",".join(f"{hour:02}:00" for hour in range(24))
    lines = [f"610,{flow},2026-03-01,kWh," + ",".join([value] * 24)
             for flow, value in (("Consumption", "0.5"), ("Controlled load", "0.1"))]  # fmt: skip
    text = f"NMI,Flow,Date,Unit,{hours}\n" + "\n".join(lines) + "\n"
    (open_,) = doubts(tmp_path, text)
    assert '--map "Flow=channel"' in open_
    found = rows(read(tmp_path, text, columns={"Flow": "channel"}, zone="UTC"))
    assert {row.device for row in found} == {"610/Consumption", "610/Controlled load"}


def test_a_few_hours_by_their_numbers_leave_open_which_is_the_first(tmp_path: Path) -> None:
    text = "Date,Hour,Usage (kWh)\n2026-03-01,1,0.5\n2026-03-01,2,0.6\n2026-03-01,3,0.7\n"
    (open_,) = doubts(tmp_path, text)
    assert open_ == (
        "'Hour' numbers the intervals of a day: has the first one the number 0 or 1: "
        '--map "Hour=from_0" (or from_1)'
    )
    for role, first in (("from_0", "01"), ("from_1", "00")):
        found = read(tmp_path, text, columns={"Hour": role}, zone="UTC", device="h")
        assert next(row.time[11:13] for row in rows(found)) == first


def test_a_correction_among_many_lines_is_no_doubt(tmp_path: Path) -> None:
    hours = [f"2026-03-01 {hour:02}:00,{hour % 3}" for hour in range(24)]
    text = "Time,Usage (kWh)\n" + "\n".join([*hours, "2026-03-01 05:00,7"])
    assert len(rows(read(tmp_path, text, **BERLIN))) == 25


@pytest.mark.parametrize("order", ["dmy", "mdy"])
def test_the_first_of_each_month_may_be_days_of_january(tmp_path: Path, order: str) -> None:
    text = "Date,Meter reading (kWh)\n" + "".join(f"01/{m:02}/2026,{m}0\n" for m in range(1, 7))
    (open_,) = doubts(tmp_path, text)
    assert "is the day or the month first" in open_
    found = rows(read(tmp_path, text, columns={"Date": order}, device="h", zone="UTC"))
    assert found[1].time[:10] == ("2026-02-01" if order == "dmy" else "2026-01-02")


def test_days_with_hours_are_no_months(tmp_path: Path) -> None:
    lines = [f"1/{day}/2026 {hour}:00,1\n" for day in (1, 2, 3) for hour in range(24)]
    found = rows(read(tmp_path, "Time,Usage (kWh)\n" + "".join(lines), device="h", zone="UTC"))
    assert found[-1].time == "2026-01-03T23:00:00"


def test_three_digits_behind_each_comma_leave_it_open(tmp_path: Path) -> None:
    text = "Datum\tBezug [kWh]\n01.03.2026\t12,345\n02.03.2026\t8,123\n"
    (open_,) = doubts(tmp_path, text)
    assert open_.startswith("'12,345' may have a decimal comma")
    found = rows(read(tmp_path, text, columns={"decimal mark": "comma"}, **BERLIN))
    assert [row.value for row in found] == ["12.345", "8.123"]
    zero = rows(read(tmp_path, text + "03.03.2026\t0,500\n", **BERLIN))
    assert [row.value for row in zero] == ["12.345", "8.123", "0.5"]


def test_a_number_without_a_comma_says_that_commas_part_thousands(tmp_path: Path) -> None:
    text = 'Date,Usage (Wh)\n2026-03-01,"1,345"\n2026-03-02,987\n'
    assert [row.value for row in rows(read(tmp_path, text, **BERLIN))] == ["1.345", "0.987"]


@pytest.mark.parametrize("first", [0, 1], ids=["starts", "ends"])
def test_a_wide_table_may_have_the_hour_that_comes_twice_in_two_columns(
    tmp_path: Path, first: int
) -> None:
    hours = [*range(first, 3 + first), *range(2 + first, 24 + first)]
    text = "Datum;" + ";".join(f"{hour % 24:02}:00" for hour in hours)
    text += "\n24.10.2026;" + ";".join("1" if at != 3 else "" for at in range(25))
    text += "\n25.10.2026;" + ";".join(f"2,{at}" for at in range(25)) + "\n"
    found = rows(read(tmp_path, text, columns={"*": "energy_kwh"}, **BERLIN))
    long_day = [(row.time[8:13], row.value) for row in found[24:]]
    assert long_day[:4] == [("24T22", "2"), ("24T23", "2.1"), ("25T00", "2.2"), ("25T01", "2.3")]
    assert (len(long_day), long_day[-1]) == (25, ("25T22", "2.24"))


def test_the_question_of_a_tall_table_can_be_answered(tmp_path: Path) -> None:
    text = "Zeit;Kanal;Wert;Einheit\n01.03.2026 00:00;Strom;1;kWh\n01.03.2026 00:15;Strom;2;kWh\n"
    (open_,) = doubts(tmp_path, text)
    assert open_.endswith('--map "*=interval" (or register)')
    found = rows(read(tmp_path, text, columns={"*": "register"}, **BERLIN))
    assert {row.channel for row in found} == {"energy_register_kwh"}


@pytest.mark.parametrize("between", [";", " "], ids=["two columns", "one"])
def test_a_midnight_below_the_times_of_its_date_is_their_end(tmp_path: Path, between: str) -> None:
    header = "Datum;Uhrzeit" if between == ";" else "Zeit"
    lines = [f"0{day}.03.2026{between}{hour % 24:02}:00;{hour},5" for day in (1, 2)
             for hour in range(1, 25)]  # fmt: skip
    text = f"{header};Verbrauch [kWh]\n" + "\n".join(lines)
    found = rows(read(tmp_path, text, device="h", zone="Etc/GMT-1"))
    assert (found[0].time, found[23].time) == ("2026-02-28T23:00:00", "2026-03-01T22:00:00")
    assert len({row.time for row in found}) == 48


def test_a_midnight_above_the_times_of_its_date_is_their_start(tmp_path: Path) -> None:
    lines = [f"0{day}.03.2026;{hour:02}:00;{hour},5" for day in (1, 2) for hour in range(24)]
    for order in (lines, lines[::-1]):
        text = "Datum;Uhrzeit;Verbrauch [kWh]\n" + "\n".join(order)
        times = {row.time for row in rows(read(tmp_path, text, device="h", zone="UTC"))}
        assert (min(times), max(times)) == ("2026-03-01T00:00:00", "2026-03-02T23:00:00")


def test_two_devices_of_an_archive_are_not_taken_as_one(tmp_path: Path) -> None:
    def packed(day: int) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name, date in (("a.csv", 1), ("b.csv", day)):
                line = f"0{date}.03.2026 10:00;{ord(name[0])},5\n"
                archive.writestr(name, "Zeit;Verbrauch (Wh)\n" + line)
        return out.getvalue()

    with pytest.raises(Malformed, match="bring the files of each device by themselves"):
        read(tmp_path, packed(1), "all.zip", **BERLIN)
    assert len(rows(read(tmp_path, packed(2), "all.zip", **BERLIN))) == 2
