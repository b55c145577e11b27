"""Exports as people have them: who a session is, numbers and times as they are written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from itertools import permutations
from pathlib import Path

import msgspec
import pytest

from energyguard.domains.charging.exports import same_session
from energyguard.domains.charging.exports.importer import (
    Importer,
    imported,
    read_exports,
    why_useless,
)
from energyguard.domains.charging.exports.money import MONEY
from energyguard.domains.charging.exports.rows import Defect
from energyguard.domains.charging.exports.same_session import SameSessions, Telling
from energyguard.domains.charging.records.stations import Charger, Imported
from energyguard.domains.charging.topics import CHARGERS, IMPORTED, SIGNALS
from energyguard.errors import Malformed
from energyguard.files.found import FileAnswers
from energyguard.files.values.dates import leaves_order_open
from energyguard.files.values.numbers import ENERGY, Numbers
from energyguard.files.values.times import LocalTimeReader, joined, zone_named
from energyguard.log import EARLIEST, LATEST, Log, Records, open_log
from energyguard.model.topics import DEAD_LETTERS

CASES = Path(__file__).parents[2] / "cases" / "charging"
HEAD = "transaction id,charger id,connector id,start,end,kwh,cost,location"
KWH = 10**9
UTC_TIMES = FileAnswers(zone="UTC")


def read(*names: str) -> list[Imported]:
    return [imported(one) for one in read_exports([CASES / n for n in names], UTC_TIMES).sessions]


def kwh(*names: str) -> list[float]:
    return [one.energy / KWH for one in read(*names)]


def file(tmp_path: Path, *rows: str, head: str = HEAD, name: str = "export.csv") -> Path:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    with closing(open_log(f"sqlite:///{tmp_path / 'log.db'}")) as log:
        yield log


def sessions(log: Log) -> list[Imported]:
    at, found = dict(log.positions(IMPORTED.name, EARLIEST)), list[Imported]()
    while fetched := log.read(at, 1_000, 0):
        for part in fetched:
            found += [msgspec.json.decode(v, type=Imported) for v in part.values if v is not None]
            at[part.at] = part.next_offset
    return found


def put(log: Log, *paths: Path, network: str = "") -> tuple[int, int, int, int]:
    export = read_exports(paths, UTC_TIMES, network=network)
    Importer(log).put(export)
    became = len(export.sessions), len(export.repeated), len(export.refused)
    assert sum(became) == export.rows
    return (*became, export.replaced)


def test_years_of_two_digits() -> None:
    years = {datetime.fromtimestamp(one.start_parking, UTC).year for one in read("year2digit.csv")}
    assert years == {2024}
    assert kwh("year2digit.csv") == [7, 7]


def test_an_id_is_of_one_charger_and_one_start() -> None:
    found = read("id_reuse.csv")
    assert len({one.id for one in found}) == 4
    assert sum(one.energy for one in found) == 22 * KWH
    assert sum(one.cents or 0 for one in found) == 660


def test_files_of_one_command_are_one_delivery() -> None:
    for order in permutations(["dundee_may.csv", "dundee_june.csv"]):
        assert sorted(kwh(*order)) == [5, 5, 40]
    assert sorted(kwh("siteA/sessions.csv", "siteB/sessions.csv")) == [7, 9]


def test_dates_with_midnight_beside_a_time() -> None:
    assert kwh("council_2019.csv") == [12, 25.6]
    first = read("council_2019.csv")[0]
    assert first.end_parking - first.start_parking == 28 * 60


def test_decimal_commas_units_and_currencies() -> None:
    found = read("decimal_comma.csv")
    assert [one.energy / KWH for one in found] == [12.5, 12.5, 12.5, 1_234.5]
    assert [one.cents for one in found] == [450] * 4


def test_an_energy_that_cannot_be_is_a_defect_and_not_counted() -> None:
    first, second = read_exports([CASES / "lifetime_register.csv"], UTC_TIMES).sessions
    assert [found.defect for found in first.defects] == [Defect.IMPOSSIBLE]
    told = imported(first)
    assert (told.energy, told.cents, told.start_recharging) == (0, None, None)
    assert imported(second).energy == 7 * KWH


def test_the_same_rows_under_another_name_are_the_same(log: Log, tmp_path: Path) -> None:
    copy = tmp_path / "again.csv"
    copy.write_bytes((CASES / "council_2016.csv").read_bytes())
    assert put(log, CASES / "council_2016.csv") == (3, 0, 0, 0)
    assert put(log, copy) == (0, 3, 0, 0)
    assert len(sessions(log)) == 3


def test_a_refused_row_does_not_block_its_corrected_version(log: Log, tmp_path: Path) -> None:
    open_end = file(
        tmp_path,
        "1,CP1,1,2024-05-01 10:00,,,,Lot",
        "2,CP1,1,2024-05-02 10:00,2024-05-02 11:00,1,1,Lot",
    )
    assert put(log, open_end) == (1, 0, 1, 0)
    closed = file(tmp_path, "1,CP1,1,2024-05-01 10:00,2024-05-01 11:00,7,2.1,Lot", name="b.csv")
    assert put(log, closed) == (1, 0, 0, 0)
    assert [one.energy for one in sessions(log)] == [KWH, 7 * KWH]


def test_what_comes_again_better_replaces_and_worse_does_not(log: Log, tmp_path: Path) -> None:
    def one(end: str, energy: str, cost: str) -> Path:
        return file(tmp_path, f"1,CP1,1,2024-05-01 10:00,2024-05-01 {end},{energy},{cost},Lot")

    assert put(log, one("11:00", "", "")) == (1, 0, 0, 0)
    assert put(log, one("11:00", "7", "2.10")) == (1, 0, 0, 1)
    assert put(log, one("11:00", "", "")) == (0, 1, 0, 0)
    assert put(log, one("11:30", "8", "2.40")) == (1, 0, 0, 1)
    assert len({told.id for told in sessions(log)}) == 1


FIRST = "2,CP1,1,2024-05-02 10:00,2024-05-02 11:00,6,1.80,Lot"


@pytest.mark.parametrize(
    ("second", "kwh"),
    [
        ("2,CP1,1,2024-05-02 10:05,2024-05-02 11:00,6.5,1.95,Lot", [6.5]),
        ("2,CP1,1,2024-05-02 09:55,2024-05-02 11:30,6.5,1.95,Lot", [6.5]),
        ("2,CP1,1,2024-05-02 10:05,2024-05-02 11:00,,,Lot", [6]),  # it tells less
        ("2,CP1,1,2024-05-02 11:00,2024-05-02 12:00,6.5,1.95,Lot", [6, 6.5]),  # the next one
        ("2,CP1,1,2024-05-02 10:59,2024-05-02 12:00,6.5,1.95,Lot", [6, 6.5]),  # told to the minute
        ("2,CP1,1,2025-05-02 10:05,2025-05-02 11:00,6.5,1.95,Lot", [6, 6.5]),  # counted anew
        ("2,CP1,2,2024-05-02 10:05,2024-05-02 11:00,6.5,1.95,Lot", [6, 6.5]),  # the other plug
        ("3,CP1,1,2024-05-02 10:05,2024-05-02 11:00,6.5,1.95,Lot", [6, 6.5]),
        (",CP1,1,2024-05-02 10:05,2024-05-02 11:00,6.5,1.95,Lot", [6, 6.5]),  # no id
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_a_session_with_a_corrected_start_is_the_same(
    log: Log, tmp_path: Path, second: str, kwh: list[float], at_once: bool
) -> None:
    files = [[FIRST, second]] if at_once else [[FIRST], [second]]
    for number, rows in enumerate(files):
        put(log, file(tmp_path, *rows, name=f"{number}.csv"))
    newest = {session.id: session for session in sessions(log)}
    stand = {one.start_parking: one for one in sessions(log)}
    assert [one.energy / KWH for one in newest.values()] == kwh
    assert [one.energy / KWH for one in stand.values() if not one.withdrawn] == kwh


def test_an_id_that_every_session_has_is_looked_up_by_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """A column of zeros for ids: a session is held against those of its own day only."""
    held: list[tuple[Telling, Telling]] = []

    def shared(one: Telling, other: Telling) -> int:
        held.append((one, other))
        return 0

    monkeypatch.setattr(same_session, "_shared", shared)
    same = SameSessions()
    for day in range(200):
        telling = Telling(f"default/CP1/0/{day * 86_400}", day * 86_400, day * 86_400 + 3_600, "")
        same.put(same.id_of(telling), telling)
    assert held == []


def test_another_user_is_another_session_whatever_its_id(tmp_path: Path) -> None:
    head = "transaction id,charger id,start,end,kwh,user"
    rows = ["1,CP1,2024-05-02 10:00,2024-05-02 12:00,6,04:A1:B2:C3",
            "1,CP1,2024-05-02 10:05,2024-05-02 12:00,7,04a1b2c3",
            "1,CP1,2024-05-02 10:10,2024-05-02 12:00,8,04a1b2c4"]  # fmt: skip
    export = read_exports([file(tmp_path, *rows, head=head)], UTC_TIMES)
    assert sorted((one.energy or 0) / KWH for one in export.sessions) == [7, 8]


def test_networks_share_ids_and_names(log: Log, tmp_path: Path) -> None:
    a = file(tmp_path, "1,CP1,1,2024-05-01 10:00,2024-05-01 11:00,7,2.1,Lot", name="a.csv")
    assert put(log, a, network="north")[0] == 1
    assert put(log, a, network="south")[0] == 1
    assert put(log, a, network="south") == (0, 1, 0, 0)
    names = [(one.network, one.charger, one.station) for one in sessions(log)]
    assert sorted(names) == [
        ("north", "CP1/1", "Lot"), ("south", "south/CP1/1", "Lot (south)")
    ]  # fmt: skip


def test_a_charger_that_sends_signals_keeps_its_name(log: Log, tmp_path: Path) -> None:
    listed = Charger(charger="CP1/1", station="Harbour", topic=SIGNALS.name)
    log.append(CHARGERS.name, Records([b"CP1/1"], [msgspec.json.encode(listed)]))
    row = "1,CP1,1,2024-05-01 10:00,2024-05-01 11:00,7,2.1,Harbour"
    put(log, file(tmp_path, row))
    assert [(one.charger, one.station) for one in sessions(log)] == [
        ("default/CP1/1", "Harbour (default)")
    ]


def test_sessions_that_were_imported_before_are_matched(log: Log) -> None:
    for id_, source in (("council_2016/1", "council_2016"), ("copy/1", "copy")):
        (first, *_) = read("council_2016.csv")
        old = msgspec.structs.replace(first, id=id_, source=source, network="")
        assert old.identity == first.id
        log.append(IMPORTED.name, Records([b"c"], [msgspec.json.encode(old)]))
    assert put(log, CASES / "council_2016.csv") == (2, 1, 0, 0)


def test_an_import_that_was_cut_off_goes_on(log: Log) -> None:
    (first, *_) = read("council_2016.csv")
    log.append(IMPORTED.name, Records([b"c"], [msgspec.json.encode(first)]))
    assert put(log, CASES / "council_2016.csv") == (2, 1, 0, 0)
    assert len(sessions(log)) == 3


def test_rows_without_ids_are_who_they_are_by_their_times(tmp_path: Path) -> None:
    head = "Started,Ended,TotalEnergy,ConnectedTime,ChargeTime,MaxPower"
    rows = [
        "2018-01-01 08:00:00,2018-01-01 12:00:00,7000,4.0,4.0,3600",
        "2018-01-01 08:00:00,2018-01-01 12:00:00,6000,4.0,4.0,3600",
        "2018-01-01 08:00:00,2018-01-01 12:00:00,7000,4.0,4.0,3600",
    ]
    export = read_exports([file(tmp_path, *rows, head=head)])
    assert (len(export.sessions), len(export.repeated)) == (2, 1)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2024-05-19T10:00:00Z", "2024-05-19 10:00:00"),
        ("2024-05-19T12:00:00+02:00", "2024-05-19 10:00:00"),
        ("2024-05-19 12:00:00.250 +0200", "2024-05-19 10:00:00"),
        ("1716112800", "2024-05-19 10:00:00"),
        ("1716112800000", "2024-05-19 10:00:00"),
        ("01/02/2019 1:05 PM", "2019-02-01 13:05:00"),
        ("01/02/2019 12:05 am", "2019-02-01 00:05:00"),
        ("19.05.24 10:00", "2024-05-19 09:00:00"),
        ("19 May 2024 10:00", "2024-05-19 09:00:00"),
    ],
)
def test_times_as_people_write_them(text: str, utc: str) -> None:
    reader = LocalTimeReader(zone_named("Europe/London"), False)
    moment = reader.moment(text)
    second = moment.second if moment.is_utc else reader.seconds(moment.second)
    assert f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d %H:%M:%S}" == utc


@pytest.mark.parametrize("text", ["0001-05-19 10:00", "1969-12-31 10:00", "2150-01-01 10:00"])
def test_years_that_no_history_holds_are_refused(tmp_path: Path, text: str) -> None:
    export = read_exports([file(tmp_path, f"1,CP1,1,{text},{text},7,2,Lot")], UTC_TIMES)
    assert [one.defects[0].defect for one in export.refused] == [Defect.NO_DATE]


def test_times_with_an_offset_need_no_zone(tmp_path: Path) -> None:
    row = "1,CP1,1,2024-10-27T02:30:00+02:00,2024-10-27T02:30:00+01:00,7,2,Lot"
    (one,) = read_exports([file(tmp_path, row)]).sessions
    assert (one.end or 0) - (one.start or 0) == 3_600
    local = read_exports([file(tmp_path, "1,CP1,1,2024-05-01 10:00,2024-05-01T11:00Z,7,2,Lot")])
    assert [doubt.option for doubt in local.doubts] == ["--zone"]


def test_two_cells_of_a_time() -> None:
    assert joined("2019-08-30T00:00:00", "23:26") == "2019-08-30 23:26"
    assert joined("30/08/2019", "1899-12-30 23:26:00") == "30/08/2019 23:26:00"


def test_an_open_order_of_dates_is_a_doubt(tmp_path: Path) -> None:
    path = file(tmp_path, "1,CP1,1,01/02/2019 10:00,01/02/2019 11:00,7,2,Lot")
    (doubt,) = read_exports([path], UTC_TIMES).doubts
    assert (doubt.question, doubt.column) == (
        "'01/02/2019': is the day or the month first",
        "start",
    )
    for order, month in (("dmy", 2), ("mdy", 1)):
        export = read_exports([path], FileAnswers(zone="UTC", columns={"start": order}))
        assert datetime.fromtimestamp(export.sessions[0].start or 0, UTC).month == month
    assert not leaves_order_open(["01/02/2019", "13/02/2019"])
    assert not leaves_order_open(["2019-01-02", "19.05.24"])
    assert leaves_order_open(["24-05-19"])
    assert not leaves_order_open(["5/19/24"])  # no year has a month 19


def test_a_session_of_chargepoint_has_date_and_time_in_its_start_date(tmp_path: Path) -> None:
    path = tmp_path / "Session-Details-Summary.csv"
    path.write_text(  # headers of its session details, as city_of_palo_alto publishes them
        "Station Name,MAC Address,Org Name,Start Date,Start Time Zone,End Date,End Time Zone,"
        "Transaction Date (Pacific Time),Total Duration (hh:mm:ss),Charging Time (hh:mm:ss),"
        "Energy (kWh),GHG Savings (kg),Port Type,Port Number,Plug Type,EVSE ID,Fee,"
        "Plug In Event Id\n"
        "PALO ALTO CA / HAMILTON #1,000D:6F00,City of Palo Alto,7/29/2011 20:17,PDT,"
        "7/29/2011 23:20,PDT,7/29/2011 23:20,3:03:32,1:54:03,6.249457,2.625,Level 2,1,J1772,3284,"
        "0,3\n"
    )
    (one,) = read_exports([path]).sessions  # PDT
    assert (one.charger, one.station, one.event) == ("3284/1", "PALO ALTO CA / HAMILTON #1", "3")
    assert (one.energy, one.charge_s) == (6_249_457_000, 6_843)
    assert one.paid is not None
    assert datetime.fromtimestamp(one.start or 0, UTC).isoformat() == "2011-07-30T03:17:00+00:00"
    assert (one.end or 0) - (one.start or 0) == 183 * 60


def test_dates_of_which_the_last_parts_are_more_than_the_first_begin_with_the_year(
    tmp_path: Path,
) -> None:
    rows = "\n".join(f"{n},CP1,1,24/05/{n} 10:00,24/05/{n} 11:00,7,2,Lot" for n in (19, 20))
    export = read_exports([file(tmp_path, rows)], UTC_TIMES)
    assert ("dates", "year, month, day") in {found[:2] for found in export.findings["export.csv"]}
    days = [datetime.fromtimestamp(one.start or 0, UTC).date() for one in export.sessions]
    assert [str(day) for day in days] == ["2024-05-19", "2024-05-20"]


@pytest.mark.parametrize(
    ("text", "commas", "number"),
    [
        ("12,5", False, "12.5"),
        ("1,234.5", False, "1234.5"),
        ("1.234,5", False, "1234.5"),
        ("1 234,5", False, "1234.5"),
        ("1,234", False, "1234"),
        ("1,234", True, "1.234"),
        ("1.234", False, "1.234"),
        ("1.234", True, "1234"),
        ("0,123", False, "0.123"),
        ("12,5 kWh", False, "12.5"),
        ("12500 Wh", False, "12.5"),
    ],
)
def test_numbers_as_people_write_them(text: str, commas: bool, number: str) -> None:
    assert Numbers(commas).number(text, ENERGY) == Decimal(number)


@pytest.mark.parametrize("text", ["7_0", "1e3", "nan", "inf", "1.2.3", "much", "3 kg", "٣", "--3"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(Malformed):
        Numbers().number(text, ENERGY)


def test_money_has_its_currency_before_or_after() -> None:
    told = [Numbers().number(text, MONEY) for text in ("£3.20", "3,20 €", "EUR 3.2", "-£3.20")]
    assert [float(one) for one in told] == [3.2, 3.2, 3.2, -3.2]


def test_a_file_that_is_wrong_as_a_whole_is_one_letter(log: Log, tmp_path: Path) -> None:
    rows = [f"{n},CP1,1,yesterday,today,7,2,Lot" for n in range(50)]
    export = read_exports([file(tmp_path, *rows)], UTC_TIMES)
    Importer(log).put(export)
    assert why_useless(export) == (
        "export.csv: nothing could be taken of 50 rows: row 2: unreadable time: start: 'yesterday'"
        " is no date"
    )
    assert sum(log.positions(DEAD_LETTERS.name, LATEST).values()) == 1


def test_a_stay_of_years_is_refused(tmp_path: Path) -> None:
    row = "1,CP1,1,2014-05-01 10:00,2024-05-01 11:00,7,2,Lot"
    (one,) = read_exports([file(tmp_path, row)], UTC_TIMES).refused
    assert one.defects[0].defect is Defect.TOO_LONG


def test_a_station_beside_a_charger_is_where_that_is(tmp_path: Path) -> None:
    row = "North,1,2024-05-01 08:00,2024-05-01 09:00,7"
    for other in ("connector", "charger"):
        path = file(tmp_path, row, head=f"station,{other},start,end,energy (kWh)")
        (one,) = read_exports([path], UTC_TIMES).sessions
        places = ("North/1", "North/1") if other == "connector" else ("1", "North")
        assert (one.charger, one.station) == places


def test_a_station_has_one_currency_in_a_file_and_in_the_next(log: Log, tmp_path: Path) -> None:
    head = "id,charger,station,start,end,energy (kWh),cost,currency"
    rows = [f"{n},C{n},North,2024-05-0{n} 08:00,2024-05-0{n} 09:00,7,3.50" for n in range(1, 5)]
    first = file(tmp_path, f"{rows[0]},EUR", f"{rows[1]},CHF", head=head)
    put(log, first)
    for row in (f"{rows[2]},CHF", f"{rows[3]},EUR"):
        put(log, file(tmp_path, row, head=head, name="b.csv"))
    found = {session.charger: session for session in sessions(log)}
    assert [found[f"C{n}"].cents for n in range(1, 5)] == [350, None, None, 350]
    assert found["C3"].quality == Defect.CURRENCY.value


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_an_empty_file_is_told_to_be_empty(tmp_path: Path, text: str) -> None:
    (tmp_path / "export.csv").write_text(text)
    with pytest.raises(Malformed, match=r"export.csv: it is empty: no table in it"):
        read_exports([tmp_path / "export.csv"], UTC_TIMES)
