"""Exports of charging networks: every row is accounted for, and each defect is said."""

from __future__ import annotations

import gzip
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.domains.charging.exports.columns import columns_in, header_named
from energyguard.domains.charging.exports.importer import Importer, imported, read_exports
from energyguard.domains.charging.exports.ratings import rating_kw
from energyguard.domains.charging.exports.reconcile import apply, proposals
from energyguard.domains.charging.exports.rows import Defect
from energyguard.domains.charging.topics import CHARGERS, IMPORTED
from energyguard.errors import ConfigError, Malformed, NotFound
from energyguard.files.found import FileAnswers
from energyguard.files.values.dates import month_first
from energyguard.files.values.times import LocalTimeReader, zone_named
from energyguard.log import EARLIEST, open_log
from energyguard.model.topics import DEAD_LETTERS
from tests.thorough import examples

DATA = Path(__file__).parents[4] / "shared" / "data"
DUNDEE = sorted((DATA / "ev_sessions_dundee").glob("*.csv.gz"))
ELAAD = DATA / "ev_sessions_elaad" / "laadpaaldata.csv"
HEAD = (
    "Charging event,CP ID,Connector,Start Date,Start Time,End Date,End Time,Total kWh,Cost,Site,"
    "Group,Model"
)
DUTCH = "Started,Ended,TotalEnergy,ConnectedTime,ChargeTime,MaxPower"


def row(
    event: int = 1,
    start: str = "06/09/2018,23:55",
    end: str = "07/09/2018,01:03",
    kwh: str = "5.5",
    charger: str = "50914,1",
) -> str:
    return f'{event},{charger},{start},{end},{kwh},1.25,"Lochee, Dundee",APT,APT 22kW Dual Outlet'


def file(tmp_path: Path, *rows: str, head: str = HEAD, name: str = "export.csv") -> Path:
    path = tmp_path / name
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def defects(path: Path, zone: str = "") -> list[tuple[int, Defect]]:
    return [
        (one.row, found.defect)
        for one in read_exports([path], FileAnswers(zone=zone)).every
        for found in one.defects
    ]


def utc(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())  # type: ignore[misc, arg-type]


def test_a_row_becomes_a_session(tmp_path: Path) -> None:
    (one,) = read_exports([file(tmp_path, row())]).sessions
    told = imported(one)
    assert told.id == f"dundee/50914/1/1/{utc(2018, 9, 6, 22, 55)}"
    assert (told.charger, told.station) == ("50914/1", "Lochee, Dundee")
    assert told.start_parking == utc(2018, 9, 6, 22, 55)  # summer time
    assert told.end_parking == utc(2018, 9, 7, 0, 3)
    assert (told.energy, told.cents, told.quality) == (5_500_000_000, 125, "complete")


@pytest.mark.parametrize(
    ("line", "defect", "is_refused"),
    [
        (row(end=","), Defect.OPEN_END, True),
        (row(kwh="0"), Defect.ZERO_ENERGY, False),
        (row(kwh=""), Defect.ZERO_ENERGY, False),
        (row(kwh="-3"), Defect.NEGATIVE, False),
        (row(kwh="much"), Defect.UNREADABLE, False),
        (row(kwh="100"), Defect.TOO_MUCH, False),
        (row(end="06/09/2018,22:03"), Defect.END_FIRST, True),
        (row(end="31/09/2018,01:03"), Defect.NO_DATE, True),
        (row(start="06/09/2018,"), Defect.NO_TIME, True),
        (row(start="06/09/2018,25:00"), Defect.NO_TIME, True),
        (row(start="25/03/2018,01:30", end="25/03/2018,04:00"), Defect.NEVER_WAS, False),
        (row(start="28/10/2018,01:30", end="28/10/2018,04:00"), Defect.TWICE, False),
    ],
)
def test_each_defect_is_said(tmp_path: Path, line: str, defect: Defect, is_refused: bool) -> None:
    export = read_exports([file(tmp_path, row(9, charger="1,1"), line.replace("1,", "2,", 1))])
    (one,) = [one for one in export.every if one.row == 3]
    assert [found.defect for found in one.defects] == [defect]
    assert one.is_refused is is_refused
    assert len(export.sessions) == 2 - is_refused


def test_dutch_columns_tell_charge_and_idle_time(tmp_path: Path) -> None:
    rows = [
        "2018-01-01 08:00:00,2018-01-01 12:00:00,7000,4.0,4.0,3600",
        "2018-01-02 08:00:00,2018-01-02 12:00:00,7000,4.0,2.0,3600",
        "2018-01-03 08:00:00,2018-01-03 12:00:00,7000,4.0,4.1,3600",
        "2018-01-04 08:00:00,2018-01-04 12:00:00,7000,4.0,-1.0,3600",
        "2018-01-05 08:00:00,2018-01-05 12:00:00,7000,4.0,1.0,3600",
    ]
    path = file(tmp_path, *rows, head=DUTCH)
    assert defects(path) == [
        (3, Defect.IDLE),
        (4, Defect.LONG_CHARGE),
        (5, Defect.NEGATIVE_CHARGE),
        (6, Defect.TOO_MUCH),
        (6, Defect.IDLE),
    ]
    second = imported(read_exports([path]).sessions[1])
    assert second.start_parking == utc(2018, 1, 2, 7)
    assert second.end_recharging == utc(2018, 1, 2, 9)


def test_who_stands_where_another_one_stands_is_told(tmp_path: Path) -> None:
    taken = row(2, start="07/09/2018,00:30", end="07/09/2018,02:00")
    elsewhere = row(3, start="07/09/2018,00:30", end="07/09/2018,02:00", charger="50914,2")
    assert defects(file(tmp_path, row(), taken, elsewhere)) == [(3, Defect.OVERLAP)]


def test_the_hour_that_comes_twice_is_read_so_that_the_end_follows(tmp_path: Path) -> None:
    line = "2018-10-28 02:50:00,2018-10-28 02:10:00,1000,0.3333,0.3333,4000"
    (one,) = read_exports([file(tmp_path, line, head=DUTCH)]).sessions
    assert (one.start, one.end) == (utc(2018, 10, 28, 0, 50), utc(2018, 10, 28, 1, 10))


def test_the_data_show_which_is_the_month() -> None:
    assert month_first(["03/13/2018", "04/05/2018"], "f")
    assert not month_first(["13/03/2018", "04/05/2018", "2018-12-31"], "f")
    with pytest.raises(Malformed, match="two formats"):
        month_first(["13/03/2018", "03/13/2018"], "f")


@settings(max_examples=examples(66, 200))
@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1)),
    st.sampled_from(["Europe/London", "Europe/Amsterdam", "Asia/Kathmandu", "America/New_York"]),
)
def test_local_time_is_what_the_zone_says(moment: datetime, zone: str) -> None:
    reader = LocalTimeReader(zone_named(zone), False)
    moment = moment.replace(microsecond=0, fold=0)
    naive = reader.naive(moment.isoformat())
    assert reader.seconds(naive) == int(moment.replace(tzinfo=zone_named(zone)).timestamp())


def test_what_cannot_be_understood_is_said_and_takes_nothing(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="no column for an end, an energy among Start, Where"):
        read_exports([file(tmp_path, "1,2", head="Start,Where")])
    unknown = file(tmp_path, "2018-01-01 00:00,2018-01-01 01:00,3", head="start,end,kwh")
    assert [doubt.option for doubt in read_exports([unknown]).doubts] == ["--zone"]
    assert read_exports([unknown], FileAnswers(zone="Europe/Rome")).sessions[0].start == utc(
        2017, 12, 31, 23
    )
    with pytest.raises(ConfigError, match="no such time zone"):
        read_exports([unknown], FileAnswers(zone="Atlantis/Poseidonis"))
    with pytest.raises(NotFound, match=r"nowhere\.csv"):
        read_exports([tmp_path / "nowhere.csv"])


def test_spellings_and_ratings() -> None:
    header = ["UTCTransactionStart", "UTCTransactionStop", "Total_Energy", "kWh"]
    assert columns_in(header, {})["energy"].place == 3
    assert [rating_kw(m) for m in ("APT 7kW Dual", "APT 50kW Raption", "Triple Rapid", "LEAF")] == [
        7.0,
        50.0,
        50.0,
        None,
    ]


def test_a_time_without_a_date_column_has_its_own() -> None:
    header = ["ID", "Charge-Point", "Start_Time", "End (Date/Time)", "Total Energy [kWh]"]
    places = {"session": 0, "charger": 1, "start": 2, "end": 3, "energy": 4}
    assert {role: column.place for role, column in columns_in(header, {}).items()} == places
    both = columns_in(["Start Date", "Start Time", "End Date", "End Time", "kWh"], {})
    assert "start" not in both


@pytest.mark.parametrize(
    ("header", "role", "size", "currency"),
    [
        ("Geladene Energie [kWh]", "energy", "1", ""),
        ("Consommation (Wh)", "energy", "0.001", ""),
        ("Kosten in €", "cost", None, "EUR"),
        ("Total cost (CHF)", "cost", None, "CHF"),
        ("Total (zł)", "cost", None, "PLN"),
        ("Preis/kWh", "price_kwh", None, ""),
        ("CO2 (g/kWh)", "", None, ""),
        ("Zählerstand Ende (kWh)", "meter_stop", "1", ""),
        ("Session duration [h]", "connected", "1", ""),
        ("cdr_location.evse_id", "charger", None, ""),
    ],
)
def test_a_header_is_understood(header: str, role: str, size: str | None, currency: str) -> None:
    found = header_named(header)
    assert (found.role, found.currency) == (role, currency)
    assert (None if found.size is None else str(found.size)) == size


@settings(max_examples=examples(20, 60), deadline=None)
@given(st.integers(0, 2**32))
def test_rows_in_are_rows_accounted_whatever_the_damage(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    random = Random(seed)
    lines = [row(random.randrange(30), kwh=str(random.choice([0, 3, 99]))) for _ in range(40)]
    damaged = []
    for line in lines:
        if random.random() < 0.5:
            place = random.randrange(len(line))
            line = line[:place] + random.choice(["", "x", ",", "\ufffd", "9"]) + line[place + 1 :]
        if random.random() < 0.1:
            line = line[: random.randrange(1, len(line))]
        damaged.append(line.replace('"', ""))
    export = read_exports([file(tmp_path_factory.mktemp("e"), *damaged)])
    assert export.rows == 40
    assert len(export.every) == 40
    assert {one.row for one in export.every} == set(range(2, 42))
    assert len({one.id for one in export.sessions}) == len(export.sessions)
    assert all(imported(one).end_parking >= imported(one).start_parking for one in export.sessions)


def test_a_row_of_several_lines_is_one(tmp_path: Path) -> None:
    whole = row().replace("Lochee, Dundee", "Lochee\nDundee")
    (first, second) = read_exports([file(tmp_path, whole, "", row(2, charger="7,1"))]).sessions
    assert first.station == "Lochee\nDundee"
    assert (first.row, second.row) == (2, 5)


def test_what_was_meant_is_proposed_and_taken_where_it_is_sure(tmp_path: Path) -> None:
    rows = [
        "2018-12-31 18:00:00,2018-01-01 10:00:00,7000,16.0,2.0,4000",
        "2018-02-28 18:00:00,2018-02-29 02:00:00,7000,8.0,2.0,4000",
    ]
    export = read_exports([file(tmp_path, *rows, head=DUTCH)])
    assert len(export.refused) == 2
    fixes = [fix for fix in proposals(export.every) if fix.confidence >= 0.8]
    for fix in fixes:
        apply(fix)
    export.sort_out()
    assert not export.refused
    assert [one.end for one in export.sessions] == [utc(2019, 1, 1, 9), utc(2018, 3, 1, 1)]
    assert "by the connected time" in imported(export.sessions[0]).quality


def test_the_log_has_all_of_it_and_the_same_again(tmp_path: Path) -> None:
    path = file(tmp_path, row(1), row(2, end=","), row(1), row(3, charger="9,1"))
    packed = tmp_path / "export.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    log = open_log(f"sqlite:///{tmp_path}/log.db")
    values = []
    for one in (path, packed):
        Importer(log).put(read_exports([one]))
        at = dict(log.positions(IMPORTED.name, EARLIEST))
        values.append([value for part in log.read(at, 99, 0) for value in part.values])
    assert len(values[0]) == 2
    assert Counter(values[1]) == Counter(values[0])
    listed = log.read(dict(log.positions(CHARGERS.name, EARLIEST)), 99, 0)
    assert {key for part in listed for key in part.keys} == {b"50914/1", b"9/1"}
    (letters,) = log.read(dict(log.positions(DEAD_LETTERS.name, EARLIEST)), 99, 0)
    said = dict(letters.headers[0])
    assert said["reason"] == b"open end: no end is told"
    assert (said["row"], said["source"]) == (b"3", b"file:export.csv")
    assert letters.values[0] == row(2, end=",").encode()
    log.close()


@pytest.mark.skipif(not DUNDEE, reason="the real exports of Dundee are not here")
def test_dundees_exports_have_the_defects_that_are_known() -> None:
    export = read_exports(DUNDEE)
    counted = export.counted()
    assert export.rows == 15_610 + 16_773 + 19_227
    assert counted[Defect.OPEN_END] == 247
    assert counted[Defect.ZERO_ENERGY] + counted[Defect.OPEN_END] == 2_100
    assert sum(one.energy is not None and one.energy > 120 * 10**9 for one in export.every) == 1
    assert len(export.sessions) + len(export.refused) + len(export.repeated) == export.rows


@pytest.mark.skipif(not ELAAD.exists(), reason="the Dutch export is not here")
def test_the_dutch_export_has_the_defects_that_are_known() -> None:
    export = read_exports([ELAAD])
    counted = export.counted()
    assert export.rows == 10_188
    assert len({o.row for o in export.every for f in o.defects if f.defect is Defect.NO_DATE}) == 2
    assert counted[Defect.NEGATIVE_CHARGE] == 10
    assert counted[Defect.LONG_CHARGE] == 2
    assert counted[Defect.END_FIRST] == 5  # over the turn of the year, with the old one's date
