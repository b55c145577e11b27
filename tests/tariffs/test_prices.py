"""Lists of dynamic prices: their file, and the price at a time."""

from __future__ import annotations

import pytest

from energyguard.errors import Faulty
from energyguard.model.days import HOUR_MS, QUARTER_MS
from energyguard.tariffs.prices import PriceList, PriceSlot, read_prices
from tests.tariffs.made import ms

FILE = b"""\
start,price
2026-10-24T23:00Z,0.08213
2026-10-25T00:00Z,-0.0012
2026-10-25T00:15Z,0.1
2026-10-25T01:00Z,0.2
"""


def test_a_row_lasts_as_long_as_the_shortest_step_of_its_day() -> None:
    hour, quarter = read_prices(FILE, "spot.csv")[:2]
    begin = ms("2026-10-24T23:00Z")
    assert hour == PriceSlot(begin, begin + HOUR_MS, 82_130_000)
    assert quarter == PriceSlot(begin + HOUR_MS, begin + HOUR_MS + QUARTER_MS, -1_200_000)


def test_what_lies_between_prices_is_not_known() -> None:
    prices = PriceList(read_prices(FILE, "spot.csv"))
    begin = ms("2026-10-24T23:00Z")
    times = [
        begin - 1,
        begin,
        begin + HOUR_MS,
        begin + HOUR_MS + 2 * QUARTER_MS,
        begin + 3 * HOUR_MS,
    ]
    nano, known = prices.at(times)
    assert known.tolist() == [False, True, True, False, False]
    assert nano.tolist() == [0, 82_130_000, -1_200_000, 0, 0]
    assert not PriceList(()).at([begin])[1].any()


def test_prices_per_mwh_and_ends_of_their_own() -> None:
    text = b"start,end,price_mwh\n2026-10-25T02:00+02:00,2026-10-25T02:00+01:00,-12.34567\n"
    at = ms("2026-10-25T00:00Z")
    assert read_prices(text, "x.csv") == [PriceSlot(at, at + HOUR_MS, -12_345_670)]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("2026-10-25T02:00,1", "p.csv:3: '2026-10-25T02:00' has no offset from UTC"),
        ("2026-10-25T02:10Z,1", "p.csv:3: '2026-10-25T02:10Z' is no quarter hour"),
        ("soon,1", "p.csv:3: 'soon' is no time"),
        ("2026-10-25T02:00Z,much", "p.csv:3: price: 'much' is no number"),
        ("2026-10-25T02:00Z,NaN", "p.csv:3: price: 'NaN' is no number"),
        ("2026-10-25T02:00Z", "p.csv:3: 1 cells, and 2 columns"),
        ("2026-10-24T23:00Z,1", "p.csv:3: 2026-10-24T23:00Z stands there twice"),
    ],
)
def test_each_fault_of_a_file_has_its_line(row: str, words: str) -> None:
    text = f"start,price\n2026-10-24T23:00Z,0.1\n{row}\n"
    with pytest.raises(Faulty) as raised:
        read_prices(text.encode(), "p.csv")
    assert str(raised.value).startswith(words)


def test_a_price_beyond_all_numbers_is_none() -> None:
    with pytest.raises(Faulty, match=r"p\.csv:2: price: '1e9999999' is no number"):
        read_prices(b"start,price_mwh\n2026-10-24T23:00Z,1e9999999\n", "p.csv")


@pytest.mark.parametrize(
    "head", ["", "time,price", "start", "start,price,price_mwh", "start,price,x"]
)
def test_another_header_is_refused(head: str) -> None:
    with pytest.raises(Faulty, match=r"p\.csv:1: the columns are start,price"):
        read_prices(head.encode(), "p.csv")
