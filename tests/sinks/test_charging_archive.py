"""Records of chargers become rows, once; people stand in them under pseudonyms."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from energyguard.domains.charging import codec as results
from energyguard.domains.charging import codec as wire
from energyguard.domains.charging.model import (
    NANO,
    ChargingTransaction,
    ParkingLimits,
    ParkingSession,
    Signal,
    SignalKind,
    Violation,
)
from energyguard.domains.charging.records.stations import BayNow, Charger, Imported
from energyguard.domains.charging.rollups import hours
from energyguard.history.chdb import ChdbHistory
from energyguard.history.people import People
from energyguard.log import Log, Records
from energyguard.sinks.archive import Archive
from tests.history.charging import EUR, SCHEMAS
from tests.sinks.test_archive import drain

S = 1_714_953_600
CENTS_55 = 550_000_000
DAY: dict[str, Any] = {"start_ms": S * 1000, "end_ms": (S + 86_400) * 1000}
PLATE, USER = "AB12CD34", "0123456789abcdef"
STAY = ParkingSession(
    "c-1", S + 10, 1, PLATE, S + 12, USER, CENTS_55, S + 14, 22 * NANO, None, S + 44, S + 44, S + 50
)  # fmt: skip
CHARGE = ChargingTransaction("c-1", USER, S + 14, S + 44, 22 * NANO, CENTS_55, None, STAY.id)
Header = tuple[str, bytes]


def append(log: Log, topic: str, value: bytes | None, *headers: Header) -> None:
    log.append(topic, Records([b"c-1"], [value], [headers], [0]))


def everything(log: Log) -> None:
    """A stay with its signals and results, an imported session, and what cannot be read."""
    told = (b"signals.here", b"signals.here")
    here: Header = ("topic", told[0])
    for signal in (
        Signal("c-1", S + 10, SignalKind.ARRIVE, PLATE),
        Signal("c-1", S + 12, SignalKind.CONNECT, USER, CENTS_55),
        Signal("c-1", S + 14, SignalKind.START, "", 22 * NANO, 7_000_000_000),
    ):
        append(log, "charger-station-signals", wire.message(signal))
    append(log, "charger-station-signals.dundee", wire.message(Signal("c-9", S, SignalKind.STOP)))
    append(log, "charger-station-signals", b'{"timestamp":"1970-01-01 00:00:00"}')
    append(
        log, "charger-station-signals", wire.message(Signal("c-1", 2**33, SignalKind.ARRIVE, PLATE))
    )
    ids: tuple[Header, ...] = (("id", STAY.id.encode()), ("topic", told[0]))
    append(log, "full-sessions", results.full_session(STAY), *ids, ("quality", b"complete"))
    append(log, "full-sessions", b"{}", *ids)
    paid = results.transaction_profit(CHARGE, ParkingLimits())
    stay: Header = ("stay", STAY.id.encode())
    append(log, "transaction-profit", paid, ("id", CHARGE.id.encode()), stay, ids[1])
    broken = results.violation(STAY, Violation.AFTER)
    at: Header = ("time", str(S + 51).encode())
    append(log, "violations", broken, ("id", f"{STAY.id}/after".encode()), stay, ids[1], at)
    append(log, "violations", broken, ("id", b"x"), stay, ids[1], ("time", b"soon"))
    append(log, "total-occupied", results.total_occupied(S + 10, 1), ("id", b"o"), here)
    append(log, "total-occupied", results.total_occupied(S + 11, 3), ("id", b"p"), here)
    elsewhere: Header = ("topic", b"signals.there")
    append(log, "total-occupied", results.total_occupied(S + 11, 4), ("id", b"q"), elsewhere)
    place = Charger(charger="c-1", station="A", latitude=56.5, topic="charger-station-signals")
    append(log, "energyguard.chargers", msgspec.json.encode(place))
    append(log, "energyguard.chargers", None)
    session = Imported(
        id="d/1", source="dundee", charger="c-2", station="A", start_parking=S + 100,
        end_parking=S + 3_800, user="u7", energy=9_500_000_000, cents=190, quality="idle time",
    )  # fmt: skip
    append(log, "energyguard.sessions", msgspec.json.encode(session))
    free = msgspec.structs.replace(session, id="d/2", energy=0, cents=None)
    append(log, "energyguard.sessions", msgspec.json.encode(free))
    car = BayNow(charger="c-1", topic="signals.here", state="parked", since=S, start_parking=S)
    gone = BayNow(charger="c-1", topic="signals.here", state="free", since=S + 50)
    for bay in (car, gone, msgspec.structs.replace(car, charger="c-7")):
        append(log, "energyguard.bays", msgspec.json.encode(bay))


def rows(history: ChdbHistory, table: str, order: str) -> list[list[str]]:
    text = history.ask(f"SELECT * FROM {table} FINAL ORDER BY {order}", "TSV", {}).decode()
    return [line.split("\t") for line in text.splitlines()]


def test_what_chargers_tell_is_kept_once(log: Log, history: ChdbHistory, people: People) -> None:
    everything(log)
    archive = Archive(history, log, 0.0, people)
    drain(archive)
    before = {table: rows(history, table, "ALL") for table in SCHEMAS}
    plate, user = people.pseudonym(PLATE), people.pseudonym(USER)
    assert people.names([plate, user]) == {plate: PLATE, user: USER}
    signals = rows(history, "signals", "time, offset")
    assert [r[0] for r in signals] == [
        "charger-station-signals.dundee",
        *["charger-station-signals"] * 3,
    ]
    assert [r[5:] for r in signals] == [
        ["stop", "", "0", r"\N"],
        ["arrive", plate, "0", r"\N"],
        ["connect", user, "550000000", r"\N"],
        ["start", "", "22000000000", "7000000000"],
    ]
    stay, imported, free = rows(history, "stays", "start_parking, id")
    assert stay == [
        STAY.id, "signals.here", "c-1", "2024-05-06 00:00:10", plate, "2024-05-06 00:00:12", user,
        "550000000", "2024-05-06 00:00:14", "22000000000", *["2024-05-06 00:00:44"] * 2,
        "2024-05-06 00:00:50", "complete", "1", "0",
    ]  # fmt: skip
    assert (imported[1], imported[2], *imported[-3:]) == ("dundee", "c-2", "idle time", "0", "0")
    assert free[0] == "d/2"
    paid, brought = rows(history, "charges", "start")
    assert (paid[0], paid[1], paid[-6], paid[-5]) == (CHARGE.id, STAY.id, "11000000000", "605")
    assert (brought[1], brought[6], brought[-5]) == ("d/1", r"\N", "190")
    (broken,) = rows(history, "violations", "time")
    assert broken[4:8] == ["2024-05-06 00:00:51", "Long parking after recharging", plate, user]
    assert history.query("station_now").to_pylist()[0]["occupied"] == 7
    assert history.query("station_occupied", step_ms=3_600_000, **DAY)["occupied"].to_pylist() == [
        6.0
    ]
    archive.consumer.rewind(dict.fromkeys(archive.consumer.positions, 0))  # everything once more
    drain(archive)
    assert {table: rows(history, table, "ALL") for table in SCHEMAS} == before
    archive.close()


def test_the_questions_tell_what_came(log: Log, history: ChdbHistory, people: People) -> None:
    everything(log)
    archive = Archive(history, log, 0.0, people)
    drain(archive)
    assert history.query("station_stays", station="", **DAY).to_pylist() == [
        {"station": "A", "sessions": 1, "mean_stay_s": 40.0},
        {"station": "c-2", "sessions": 2, "mean_stay_s": 3_700.0},  # listed nowhere
    ]
    busy = history.query("station_occupancy", station="", **DAY).to_pylist()
    assert [(one["station"], one["occupied_s"]) for one in busy] == [
        ("A", 40),
        ("c-2", 3_700),
        ("c-7", 11),  # a car stands there: up to the newest second that is known
    ]
    happened = history.query("station_day", station="A", charger="", n=9, **EUR, **DAY).to_pylist()
    assert [(one["what"], one["detail"], one["eur"]) for one in happened] == [
        ("stay", "complete", None),
        ("charge", "", 6.05),
        ("violation", "Long parking after recharging", None),
    ]
    for charger, n in (("c-1", 3), ("c-2", 0)):  # one that is at another station has nothing here
        of_one = history.query("station_day", station="A", charger=charger, n=9, **EUR, **DAY)
        assert of_one.num_rows == n
    late = {"start_ms": (S + 45) * 1000, "end_ms": (S + 46) * 1000}
    happened = history.query("station_day", station="A", charger="", n=9, **EUR, **late).to_pylist()
    assert [one["what"] for one in happened] == ["stay"]
    told = history.query("station_signals", charger="c-1", n=2, **DAY).to_pylist()
    assert [(one["kind"], one["price"], one["power_kw"], one["register_kwh"]) for one in told] == [
        ("connect", 0.55, None, None),
        ("start", None, 22, 7.0),
    ]
    archive.close()


def test_columns_are_those_of_the_tables(history: ChdbHistory) -> None:
    for table, schema in SCHEMAS.items():
        text = history.ask(f"DESCRIBE TABLE {table}", "TSV", {}).decode()
        assert [line.split("\t")[0] for line in text.splitlines()] == schema.names


def test_a_fault_of_the_roll_ups_gives_back_what_was_touched(
    log: Log, history: ChdbHistory, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything(log)
    archive = Archive(history, log, 0.0, people)
    with monkeypatch.context() as broken:
        broken.setattr(hours, "script", lambda folder, name: "SELECT nothing")
        with pytest.raises(Exception, match="nothing"):
            drain(archive)
    archive.settle()
    assert history.query("station_occupancy", station="A", **DAY)["occupied_s"].to_pylist() == [40]
    archive.close()
