"""Signals and exports as people have them: small inputs, and what is right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.cli.conftest import Terminal

CASES = Path(__file__).parents[2] / "cases" / "charging"
REAL = tuple(
    word
    for setting in ("hour=1h", "before=10m", "after=6m")
    for word in ("--set", f"charging.{setting}")
)


def results(terminal: Terminal, case: str, output: str, *words: str) -> list[dict[str, Any]]:
    return rows(terminal, CASES / f"{case}.jsonl", output, *words)


def rows(terminal: Terminal, file: Path, output: str, *words: str) -> list[dict[str, Any]]:
    said = terminal("evaluate", "--rule", "charging", "--output", output, *words, file)
    assert said.code == 0
    return said.rows


def bills(terminal: Terminal, case: str, *words: str) -> list[tuple[float, float]]:
    return paid(terminal, CASES / f"{case}.jsonl", *words)


def paid(terminal: Terminal, file: Path, *words: str) -> list[tuple[float, float]]:
    found = rows(terminal, file, "transaction-profit", *words)
    return [(row["total_energy_delivered"], row["profit"]) for row in found]


def test_a_plain_charge(terminal: Terminal) -> None:
    assert bills(terminal, "s00_base") == [(11.0, 5.5)]


def test_a_register_that_began_at_zero_is_not_what_is_paid(terminal: Terminal) -> None:
    assert bills(terminal, "s02_register_zero_at_start", *REAL) == [(7.0, 3.5)]
    file = CASES / "s02_register_zero_at_start.jsonl"
    said = terminal("evaluate", "--rule", "charging", *REAL, file)
    assert "energy from power and time: the registers tell more than can be" in said.err


def test_two_stops_of_one_second_come_to_the_same_in_any_order(terminal: Terminal) -> None:
    first, second = (bills(terminal, f"s04_two_stops_{order}", *REAL) for order in "ab")
    assert first == second == [(7.0, 3.5)]


def test_a_charge_of_years_is_not_billed(terminal: Terminal, tmp_path: Path) -> None:
    assert bills(terminal, "s05_2000", *REAL) == []
    said = terminal("evaluate", "--rule", "charging", *REAL, CASES / "s05_2000.jsonl")
    assert "3 signals changed nothing: ahead: more than an hour beyond all others" in said.err
    told, witness = (
        (CASES / f"{case}.jsonl").read_bytes() for case in ("s05_2000", "s07_offline_queue")
    )
    believed = tmp_path / "believed.jsonl"
    believed.write_bytes(told + witness.splitlines()[0])  # a second charger is in 2024
    assert paid(terminal, believed, *REAL) == []
    said = terminal("evaluate", "--rule", "charging", *REAL, believed)
    assert "longer than a charge can be: not billed" in said.err


def test_any_rfid_any_time_of_iso_8601_and_powers_with_decimals(
    terminal: Terminal, tmp_path: Path
) -> None:
    assert bills(terminal, "s10_rfid", *REAL) == [(11.0, 5.5)]
    assert bills(terminal, "s22_iso") == [(11.0, 5.5)]
    assert bills(terminal, "s13_7_4kw", *REAL) == [(7.4, 3.7)]
    changed = {
        "s10_rfid": [("04A1B2C3", "04:a1:b2:c3"), ('"04A1B2C3"', "123456789012345678")],
        "s22_iso": [("Z", "+00:00"), ("T10:", "t12:"), (":00:40Z", ":00:40.25-00:00")],
        "s13_7_4kw": [("7.4", "7400"), ("7.4", '7400,"unit":"W"'), ("7.4", '"7.4"')],
    }
    changed["s22_iso"][1] = ("T10:00:06Z", "t12:00:06+0200")
    for case, changes in changed.items():
        for old, new in changes:
            file = tmp_path / "changed.jsonl"
            file.write_text((CASES / f"{case}.jsonl").read_text().replace(old, new))
            words = () if case == "s22_iso" else REAL
            assert paid(terminal, file, *words) == bills(terminal, case, *words), (case, new)


def test_a_tariff_that_changes_during_a_charge(terminal: Terminal) -> None:
    split = ("--set", "charging.tariff_change=split")
    assert bills(terminal, "s08_tariff_change", *REAL) == [(44.0, 13.2)]
    assert bills(terminal, "s08_tariff_change", *REAL, *split) == [(44.0, 16.51)]
    (stay,) = results(terminal, "s08_tariff_change", "full-sessions", *REAL)
    assert stay["price"] == 0.3


def test_without_a_parking_sensor_a_stay_is_from_plug_to_plug(terminal: Terminal) -> None:
    assert bills(terminal, "s11_no_parking_sensor", *REAL) == [(11.0, 5.5)] * 3
    stays = results(terminal, "s11_no_parking_sensor", "full-sessions", *REAL)
    assert [(one["start_parking"][11:], one["end_parking"][11:]) for one in stays] == [
        ("08:00:00", "08:30:10"),
        ("10:00:00", "10:30:10"),
        ("12:00:00", "12:30:10"),
    ]
    assert results(terminal, "s11_no_parking_sensor", "violations", *REAL) == []


def test_prices_of_any_currency_below_zero_and_with_five_decimals(
    terminal: Terminal, tmp_path: Path
) -> None:
    for price, profit in (("-0.12345", -1.36), ("4200.5", 46_205.5), ("0.00045", 0.0)):
        file = tmp_path / "price.jsonl"
        text = (CASES / "s10_rfid.jsonl").read_text()
        file.write_text(text.replace('"price": 0.5', f'"price": {price}'))
        assert paid(terminal, file, *REAL) == [(11.0, profit)]


def test_two_connectors_of_a_charger_are_two_bays(terminal: Terminal, tmp_path: Path) -> None:
    first = (CASES / "s10_rfid.jsonl").read_text().splitlines()
    other = [line.replace("AB12CD34", "ZZ99ZZ99").replace("04A1", "05B2") for line in first]
    lines = [
        line.replace("}", f', "connector_id": {connector}}}')
        for pair in zip(first, other, strict=True)
        for connector, line in enumerate(pair, 1)
    ]
    file = tmp_path / "connectors.jsonl"
    file.write_text("\n".join(lines))
    assert paid(terminal, file, *REAL) == [(11.0, 5.5)] * 2
    stays = rows(terminal, file, "full-sessions", *REAL)
    assert [(one["charger_id"], one["plate"]) for one in stays] == [
        ("charger-7/1", "AB12CD34"),
        ("charger-7/2", "ZZ99ZZ99"),
    ]


def test_signals_of_which_none_can_be_read_are_an_error(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "none.jsonl"
    file.write_text((CASES / "s22_iso.jsonl").read_text().replace("2024-05-19T", "19.05.2024 "))
    said = terminal("evaluate", "--rule", "charging", "--output", "transaction-profit", file)
    assert (said.code, said.rows) == (3, [])
    assert said.err.count("nothing could be taken: ") == 1
    assert "'19.05.2024 10:00:00Z' is no time" in said.err


def test_a_file_is_taken_in_order_of_time_so_a_queue_in_it_is_not_late(terminal: Terminal) -> None:
    assert bills(terminal, "s07_offline_queue", *REAL) == [(11.0, 5.5)]
    stays = results(terminal, "s07_offline_queue", "full-sessions", *REAL)
    assert [(one["charger_id"], one["end_parking"][11:]) for one in stays] == [
        ("charger-7", "10:31:00"),
        ("charger-8", "11:30:00"),
    ]


def imports(terminal: Terminal, *words: str | Path) -> dict[str, Any]:
    said = terminal("import", "sessions", "--zone", "UTC", "--json", *words)
    assert said.code == 0, said.err
    found: dict[str, Any]
    (found,) = [row for row in said.rows if "sessions" in row]
    return found


def test_exports_come_to_the_sessions_that_they_tell(terminal: Terminal) -> None:
    may_and_june = [CASES / f"dundee_{month}.csv" for month in ("may", "june")]
    sites = [CASES / f"site{site}" / "sessions.csv" for site in "AB"]
    for files, sessions in (
        (["year2digit.csv"], 2),
        (["id_reuse.csv"], 4),
        (may_and_june, 3),
        (sites, 2),
        (["council_2016.csv"], 3),
        (["council_2019.csv"], 2),
        (["decimal_comma.csv"], 4),
        (["lifetime_register.csv"], 2),
    ):
        network = ("--network", str(files[0])[-20:].replace("/", "."))
        assert imports(terminal, *network, *(CASES / f for f in files))["sessions"] == sessions


def test_a_copy_under_another_name_is_the_same(terminal: Terminal, tmp_path: Path) -> None:
    copy = tmp_path / "copy.csv"
    copy.write_bytes((CASES / "council_2016.csv").read_bytes())
    assert imports(terminal, CASES / "council_2016.csv")["sessions"] == 3
    again = imports(terminal, copy)
    assert (again["sessions"], again["repeated"], again["replaced"]) == (0, 3, 0)
    records = terminal("log", "tail", "energyguard.sessions", "--json").rows
    assert len(records) == 3  # the same bytes are the same import
    assert len({record["value"]["import_id"] for record in records}) == 1


def test_a_file_of_which_nothing_can_be_taken_is_an_error(
    terminal: Terminal, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("start,end,kwh\n" + "yesterday,today,7\n" * 3)
    said = terminal("import", "sessions", "--zone", "UTC", wrong)
    assert said.code == 3
    assert said.err.count("nothing could be taken of 3 rows: row 2: unreadable time") == 1
