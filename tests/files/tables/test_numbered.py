"""Hours, halves and quarters by their numbers in a column: also where the clocks change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.files.made import read, refused, rows

MADRID = {"zone": "Europe/Madrid", "device": "h"}
HEADER = "CUPS;Fecha;Hora;Consumo_kWh;Metodo_obtencion\n"


def _table(days: Sequence[tuple[str, Sequence[int]]]) -> str:
    lines = [f"ES0031;{day};{n};0,{n * 7 % 25:02};R\n" for day, numbers in days for n in numbers]
    return HEADER + "".join(lines)


def test_hours_are_counted_from_midnight(tmp_path: Path) -> None:
    found = rows(read(tmp_path, _table([("14/05/2024", range(1, 25))]), **MADRID))
    assert [row.device for row in found] == ["ES0031"] * 24
    assert (found[0].time, found[0].value) == ("2024-05-13T22:00:00", "0.07")
    assert (found[23].time, found[23].value) == ("2024-05-14T21:00:00", "0.18")


def test_a_day_of_25_hours_has_as_many_numbers(tmp_path: Path) -> None:
    days = [("26/10/2024", range(1, 25)), ("27/10/2024", range(1, 26)), ("28/10/2024", (1,))]
    found = rows(read(tmp_path, _table(days), **MADRID))
    times = [row.time for row in found if row.time >= "2024-10-26T22:00:00"]
    assert len(times) == 26 == len(set(times))
    assert (found[24].time, found[48].time) == ("2024-10-26T22:00:00", "2024-10-27T22:00:00")
    assert found[49].time == "2024-10-27T23:00:00"


def test_a_day_of_23_hours_has_as_many_numbers(tmp_path: Path) -> None:
    days = [("31/03/2024", range(1, 24)), ("01/04/2024", range(1, 25))]
    found = rows(read(tmp_path, _table(days), **MADRID))
    assert (found[22].time, found[23].time) == ("2024-03-31T21:00:00", "2024-03-31T22:00:00")


def test_numbers_of_the_clock_leave_out_the_hour_that_never_was(tmp_path: Path) -> None:
    hours = [n for n in range(1, 25) if n != 3]
    found = rows(read(tmp_path, _table([("31/03/2024", hours)]), **MADRID))
    assert [row.time[11:13] for row in found[:3]] == ["23", "00", "01"]  # 3 o'clock is 01:00 UTC
    assert found[-1].time == "2024-03-31T21:00:00"


def test_numbers_of_the_clock_have_the_hour_twice(tmp_path: Path) -> None:
    hours = [1, 2, 3, 3, *range(4, 25)]
    found = rows(read(tmp_path, _table([("27/10/2024", hours)]), **MADRID))
    assert len({row.time for row in found}) == 25
    assert found[-1].time == "2024-10-27T22:00:00"


def test_hours_from_0_on(tmp_path: Path) -> None:
    lines = "".join(f"2026-03-01,{n:02},M1,0.5\n" for n in range(24))
    found = rows(read(tmp_path, f"date,hour,meter,kwh used\n{lines}", zone="UTC"))
    assert (found[0].time, found[-1].time) == ("2026-03-01T00:00:00", "2026-03-01T23:00:00")


@pytest.mark.parametrize(("name", "count"), [("Settlement Period", 48), ("Period", 96)])
def test_periods(tmp_path: Path, name: str, count: int) -> None:
    lines = "".join(f"2026-03-01,{n},M1,0.5\n" for n in range(1, count + 1))
    text = f"Settlement Date,{name},MPAN,Consumption kWh\n{lines}"
    found = rows(read(tmp_path, text, zone="UTC"))
    assert found[-1].time == {48: "2026-03-01T23:30:00", 96: "2026-03-01T23:45:00"}[count]


def test_a_number_that_no_day_has_is_refused_alone(tmp_path: Path) -> None:
    table = _table([("14/05/2024", [*range(1, 25), 31])])
    found = read(tmp_path, table, **MADRID)
    assert len(rows(found)) == 24
    (bad,) = found.decoded.refused
    assert bad.row == 26 and "is no time with Hora" in bad.reason


def test_an_hour_beyond_its_day_is_refused_alone(tmp_path: Path) -> None:
    found = read(tmp_path, _table([("14/05/2024", range(1, 26))]), **MADRID)
    assert (len(rows(found)), len(refused(found))) == (24, 1)
