"""Files as people send them that were once refused or taken wrong: each comes to its total."""

from __future__ import annotations

import gzip
import io
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from energyguard.errors import Malformed
from tests.files.made import read, refused, rows


class Relative(NamedTuple):
    """A file of ``relatives.txt``, and what it comes to.

    Attributes:
        kind: what it stands for.
        said: what people say of it.
        text: the file.
        totals: of each device: the time of its first reading in UTC, and the sum of its values.
    """

    kind: str
    said: dict[str, str]
    text: str
    totals: dict[str, tuple[str, Decimal]]


def relatives() -> list[Relative]:
    """The files: each has a name, what people say, its lines, and a line for each device."""
    found = []
    for block in Path(__file__).with_name("relatives.txt").read_text().split("=== ")[1:]:
        head, text, totals = block.split("\n---\n")
        kind, said = head.split("\n")
        sums = [line.split(" | ") for line in totals.strip().split("\n")]
        found.append(
            Relative(
                kind,
                dict(answer.split("=") for answer in said.split()),
                f"{text}\n",
                {device: (time, Decimal(total)) for device, time, total in sums},
            )
        )
    return found


@pytest.mark.parametrize("file", relatives(), ids=lambda file: file.kind)
def test_a_file_comes_to_its_total(file: Relative, tmp_path: Path) -> None:
    found = read(tmp_path, file.text, **file.said)
    assert refused(found) == []
    totals: dict[str, tuple[str, Decimal]] = {}
    for row in rows(found):
        first, total = totals.get(row.device, (row.time, Decimal(0)))
        totals[row.device] = min(first, row.time), total + Decimal(row.value)
    assert totals == file.totals


BERLIN: Final = {"device": "h", "zone": "Europe/Berlin"}
COUNTER: Final = ("990,5", "995,5", "999,9", "0,4", "5,4", "9,4", "12,4", "15,4", "18,4")


def test_a_counter_with_one_reset_is_in_doubt(tmp_path: Path) -> None:
    lines = "".join(f"0{day}.03.2026;{value}\n" for day, value in enumerate(COUNTER, 1))
    (doubt,) = read(tmp_path, f"Zeit;kWh\n{lines}", **BERLIN).doubts
    assert "may be energy per interval or a counter" in doubt.question


@pytest.mark.parametrize(
    ("header", "what"),
    [
        ("Blindarbeit (kvarh)", "reactive energy"),
        ("Reactive energy kWh", "reactive energy"),
        ("1-0:3.8.0", "reactive energy"),
        ("1-0:9.7.0", "apparent power"),
        ("Q_kvar", "reactive power"),
        ("kVAh", "apparent energy"),
        ("S", ""),
        ("Active energy kWh", ""),
    ],
)
def test_what_is_no_consumption_is_left_out_and_said(
    header: str, what: str, tmp_path: Path
) -> None:
    lines = "".join(f"01.03.2026 00:{minute:02};{{}}0,2\n" for minute in (0, 15, 30))
    beside = f"Zeit;Verbrauch kWh;{header}\n{lines.format(*['1;'] * 3)}"
    found = read(tmp_path, beside, columns={"Verbrauch kWh": "interval"}, **BERLIN)
    said = {finding.value: finding.why for finding in found.findings if finding.what == "not read"}
    assert said.get(header, "") == (f"{what} is no consumption" if what else "")
    if what:
        assert {(row.device, row.value) for row in rows(found)} == {("h", "1")}
        with pytest.raises(Malformed, match=f"no column is of consumption: .* is {what}"):
            read(tmp_path, f"Zeit;{header}\n{lines.replace('{}', '')}", **BERLIN)


def test_a_year_of_two_digits_may_be_said_to_be_first(tmp_path: Path) -> None:
    text = "Zeit;Verbrauch kWh\n26/03/01 00:00;0,5\n26/03/01 00:15;0,25\n"
    (doubt,) = read(tmp_path, text, **BERLIN).doubts
    assert doubt.question == "'26/03/01': is the year, the day or the month first"
    assert doubt.choices == ("ymd", "dmy", "mdy")
    found = rows(read(tmp_path, text, **BERLIN, columns={"Zeit": "ymd"}))
    assert [row.time for row in found] == ["2026-02-28T23:00:00", "2026-02-28T23:15:00"]


def test_columns_of_one_name_are_refused_by_it(tmp_path: Path) -> None:
    text = "Zeit;Verbrauch kWh;Verbrauch kWh\n01.03.2026 00:00;0,5;0,1\n01.03.2026 00:15;0,4;0,2\n"
    with pytest.raises(Malformed, match="several columns are named 'Verbrauch kWh'"):
        read(tmp_path, text, **BERLIN)


def test_the_unit_of_an_amount_above_is_not_that_of_the_table(tmp_path: Path) -> None:
    text = "Anschluss: 30 kW\nZeit;Verbrauch\n01.03.2026 00:00;0,5\n01.03.2026 00:15;0,4\n"
    (doubt,) = read(tmp_path, text, **BERLIN).doubts
    assert doubt.question == "the column 'Verbrauch' has no unit"


def test_columns_without_words_can_be_said_all_at_once(tmp_path: Path) -> None:
    text = "Time, Main, Solar\n2026-03-01T00:00:00, 100, 200\n2026-03-01T01:00:00, 110, null\n"
    (doubt,) = read(tmp_path, text, **BERLIN).doubts
    assert doubt.column == "*"
    found = rows(read(tmp_path, text, **BERLIN, columns={"*": "power_w"}))
    assert [(row.device, row.value) for row in found] == [
        ("h/Main", "0.1"), ("h/Solar", "0.2"), ("h/Main", "0.11"),
    ]  # fmt: skip


def test_what_is_named_an_interval_and_grows_like_a_counter_is_in_doubt(tmp_path: Path) -> None:
    lines = "".join(f"01.03.2026 {hour:02}:00;50,{hour:02}\n" for hour in range(12))
    text = f"Zeit;Bezug (kWh)\n{lines}"
    (doubt,) = read(tmp_path, text, **BERLIN).doubts
    assert (doubt.column, doubt.choices) == ("Bezug (kWh)", ("register", "interval"))
    found = rows(read(tmp_path, text, **BERLIN, columns={"Bezug (kWh)": "register"}))
    assert {row.channel for row in found} == {"energy_register_kwh"}
    above = "Zeit;Import (kWh)\n01.03.2026 00:00;1234,5\n01.03.2026 00:15;1234,7\n"
    assert len(read(tmp_path, above, **BERLIN).doubts) == 1


def test_a_midnight_among_lines_in_no_order_is_where_it_stands(tmp_path: Path) -> None:
    lines = "".join(f"01.03.2026 {time};0,5\n" for time in ("00:15", "00:00", "00:15"))
    found = rows(read(tmp_path, f"Zeit;Verbrauch kWh\n{lines}", **BERLIN))
    assert {row.time for row in found} == {"2026-02-28T23:00:00", "2026-02-28T23:15:00"}


def test_another_meter_below_is_not_taken_for_the_first(tmp_path: Path) -> None:
    block = "Zählpunkt;AT00{}\nZeit;Verbrauch kWh\n01.03.2026 00:00;0,5\n01.03.2026 00:15;0,5\n"
    found = read(tmp_path, block.format(1) + block.format(2), zone="Europe/Berlin")
    assert [(row.device, row.value) for row in rows(found)] == [("AT001", "0.5")] * 2
    assert [line for line, _ in refused(found)] == [5, 7, 8]
    again = read(tmp_path, block.format(1) * 2, zone="Europe/Berlin")
    assert (len(rows(again)), refused(again)) == (4, [])


def test_numbers_in_a_column_that_is_not_read_are_no_repetitions(tmp_path: Path) -> None:
    lines = "".join(f"01.03.2026;{hour};1,0\n" for hour in range(1, 25))
    with pytest.raises(Malformed, match="24 different lines have 1 times of a device: no column"):
        read(tmp_path, f"Datum;Lauf;kWh\n{lines}", **BERLIN)
    twice = "01.03.2026 00:00;0,5\n" * 9
    assert len(rows(read(tmp_path, f"Zeit;Verbrauch kWh\n{twice}", **BERLIN))) == 9


def test_what_is_said_of_an_archive_is_no_table_of_it(tmp_path: Path) -> None:
    table = "Zeit;Verbrauch kWh\n01.03.2026 00:00;0,5\n01.03.2026 00:15;0,25\n"
    with zipfile.ZipFile(out := io.BytesIO(), "w") as archive:
        archive.writestr("LIESMICH.txt", "Ihre Daten")
        archive.writestr("daten.csv", table)
    assert len(rows(read(tmp_path, out.getvalue(), "a.zip", **BERLIN))) == 2
    twice = gzip.compress(gzip.compress(table.encode()))
    assert len(rows(read(tmp_path, twice, "a.csv.gz", **BERLIN))) == 2


@pytest.mark.parametrize(
    "text",
    [
        "Zeit,Verbrauch kWh\n01.03.2026 00:00,0,5\n01.03.2026 00:15,0,25\n",
        "Time,Register kWh\n2026-03-01 00:00,12,345\n2026-03-01 00:30,12,346\n",
    ],
)
def test_a_comma_of_a_number_between_commas_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(Malformed, match="put such numbers in quotes"):
        read(tmp_path, text, **BERLIN)


def test_a_wide_table_is_powers_where_its_column_of_units_says_so(tmp_path: Path) -> None:
    hours = ",".join(f"{hour:02}:00" for hour in range(24))
    text = f"Date,Unit,{hours}\n2026-03-13,kW,{'2,' * 23}2\n"
    assert {row.channel for row in rows(read(tmp_path, text, **BERLIN))} == {"power_kw"}
    with pytest.raises(Malformed, match="the lines have the units 'kW', 'kWh'"):
        read(tmp_path, f"{text}2026-03-14,kWh,{'2,' * 23}2\n", **BERLIN)
