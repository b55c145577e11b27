"""What users pay in currencies without cents, with cents and with thousandths, by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energyguard.domains.charging.currencies import minor_units
from energyguard.domains.charging.exports.importer import imported
from energyguard.domains.charging.exports.rows import ExportedSession
from energyguard.domains.charging.model import (
    ChargingTransaction,
    ParkingLimits,
    RoundedAmount,
)
from energyguard.domains.charging.records.stations import IMPORTED_SESSION, Charger, Imported
from energyguard.domains.charging.revenue import Paid
from energyguard.domains.charging.sessions.records import result_records, results
from energyguard.domains.charging.topics import CHARGERS, SIGNALS, TRANSACTION_PROFIT
from energyguard.history.chdb import ChdbHistory
from energyguard.history.people import People
from energyguard.log import Log, Records, open_log
from energyguard.sinks.archive import Archive
from tests.sinks.test_archive import drain

HOUR = 3_600
KWH = 10**9
S = 1_714_953_600
"""2024-05-06T00:00:00Z."""
DAY = {"start_ms": S * 1000, "end_ms": (S + 86_400) * 1000}
CHARGERS_AT = {"yen": "Tokyo", "dinar": "Kuwait", "euro": "Berlin"}
MONEY = {
    "currency": "EUR",
    "currencies": json.dumps({"Tokyo": "JPY", "Kuwait": "KWD"}),
    "minor_units": minor_units(),
}


class Case(NamedTuple):
    """A charge: kWh in 1e-9, a price in 1e-5 of the currency, and the bill as printed."""

    charger: str
    kwh: int
    price: int
    bill: float


CASES = (
    Case("yen", 12_345_000_000, 3_942_675, 487),  # 12.345 kWh × 39.42675 = 486.723…
    Case("yen", 1_000_000_000, 97_149_600, 971),  # 971.496: by way of 971.50 it would be 972
    Case("yen", 1_000_000_000, 250_000, 2),  # half a yen: to the even one
    Case("yen", 1_000_000_000, -151_000, -2),  # who takes power then is paid for it
    Case("dinar", 12_345_000_000, 2_537, 0.313),  # × 0.02537 = 0.31319…
    Case("dinar", 1_000_000_000, 123_456, 1.235),  # the third place is told
    Case("dinar", 1_000_000_000, -1_250, -0.012),  # half a fils: to the even one
    Case("euro", 8_250_000_000, 55_000, 4.54),  # 4.5375
    Case("euro", 1_000_000_000, -151, 0.0),
    Case("euro", 10_000_000_000, -12_345, -1.23),  # five decimals, below zero: -1.2345
)
SUMS = {"EUR": 3.31, "JPY": 1458.0, "KWD": 1.536}


def charge(case: Case, number: int) -> ChargingTransaction:
    start = S + number * HOUR
    price = case.price * KWH // 10**5
    return ChargingTransaction(
        case.charger, "u", start, start + HOUR, KWH, price, case.kwh, known_as=f"c{number}"
    )


@pytest.fixture(scope="module")
def paid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbHistory]:
    """A history of the cases, as the worker writes them."""
    folder = tmp_path_factory.mktemp("minor-units")
    history, people = ChdbHistory(folder / "history"), People(folder)
    with closing(open_log(f"sqlite:///{folder / 'log.db'}")) as log:
        listed = [Charger(charger=name, station=at) for name, at in CHARGERS_AT.items()]
        put(log, CHARGERS.name, [one.charger for one in listed], listed)
        bills = [charge(case, number) for number, case in enumerate(CASES)]
        for topic, records in result_records(
            results(bills, ParkingLimits(seconds_per_hour=HOUR), SIGNALS.name)
        ).items():
            log.append(topic, records)
        archive = Archive(history, log, 0.0, people)
        drain(archive)
        archive.settle()
        archive.close()
    yield history
    people.close()
    history.close()


def put(log: Log, topic: str, keys: list[str], values: list[Any]) -> None:
    log.append(topic, Records([k.encode() for k in keys], [msgspec.json.encode(v) for v in values]))


def rows(history: ChdbHistory, question: str, **given: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = history.query(question, **DAY, **MONEY, **given).to_pylist()
    return found


def test_a_bill_has_whole_minor_units_of_its_currency(paid: ChdbHistory) -> None:
    listed = rows(paid, "station_charge_list", station="", limit=99)
    assert [row["eur"] for row in listed] == [case.bill for case in CASES]
    for station, charger in zip(CHARGERS_AT.values(), CHARGERS_AT, strict=True):
        day = rows(paid, "station_day", station=station, charger="", n=99)
        mine = [case.bill for case in CASES if case.charger == charger]
        assert [row["eur"] for row in day] == mine


@pytest.mark.parametrize("step_ms", [900_000, 3_600_000, 86_400_000])
def test_a_total_is_the_sum_of_the_printed_bills(paid: ChdbHistory, step_ms: int) -> None:
    sums: dict[str, float] = {}
    for row in rows(paid, "station_revenue", station="", step_ms=step_ms):
        sums[row["currency"]] = round(sums.get(row["currency"], 0.0) + row["eur"], 6)
    assert sums == SUMS
    best = {row["currency"]: row["eur"] for row in rows(paid, "station_top", n=9, by="station")}
    assert best == SUMS
    paid_at = paid.query("station_paid", **DAY, by="station").to_pylist()
    at = {row["station"]: row["currency"] for row in rows(paid, "station_top", n=9, by="station")}
    each = [Paid.of(row, at[row["station"]]) for row in paid_at]
    assert {row.currency: row.amount for row in each} == SUMS


def test_the_record_is_system_ds_and_headers_tell_the_rest() -> None:
    limits = ParkingLimits(seconds_per_hour=HOUR)
    ((topic, _, value, headers),) = results([charge(CASES[1], 1)], limits, SIGNALS.name)
    assert (topic, value[-16:]) == (TRANSACTION_PROFIT.name, b'"profit":971.50}')
    named = dict(headers)
    assert (named["to_whole"], named["to_thousandth"]) == (b"-500", b"-4")
    even = charge(CASES[1]._replace(price=2 * 10**5), 1)
    ((_, _, _, headers),) = results([even], limits, SIGNALS.name)
    assert not dict(headers).keys() & {"to_whole", "to_thousandth"}


@given(st.fractions(-(10**7), 10**7))
def test_each_minor_unit_is_rounded_once(exact: Fraction) -> None:
    cents, to_whole, to_thousandth = RoundedAmount.of(exact)
    assert cents == round(exact * 100)
    assert 10 * cents + to_whole == 1000 * round(exact)
    assert 10 * cents + to_thousandth == round(exact * 1000)


def test_what_an_export_tells_of_dinars_and_yen_is_kept() -> None:
    session = ExportedSession("f", 1, "", "n", "c", "s", "e", S, S + HOUR)
    session.energy, session.paid = KWH, RoundedAmount.of(Fraction("1.2345"))
    record = IMPORTED_SESSION.decode(IMPORTED_SESSION.encode(imported(session)))
    assert isinstance(record, Imported)
    assert (record.cents, record.to_whole, record.to_thousandth) == (123, -230, 4)


@pytest.mark.parametrize(
    ("currency", "words"),
    [("JPY", "487 JPY"), ("KWD", "486.723 KWD"), ("CHF", "486.72 CHF"), ("", "486.72")],
)
def test_a_session_is_told_in_whole_minor_units(currency: str, words: str) -> None:
    paid = RoundedAmount.of(Fraction("486.72345"))
    session = ExportedSession("f", 1, "", "n", "A", "", "", S, paid=paid, currency=currency)
    assert session.sentence().endswith(f", {words}")
