"""Answers of price services: the usual forms come to the same prices, and nothing is guessed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.errors import Faulty
from energyguard.tariffs.price_answers import prices_in
from energyguard.tariffs.prices import PriceSlot
from tests.thorough import examples

HOUR_MS = 3_600_000
START_MS = 1_795_474_800_000  # 2026-11-24T00:00+01:00
WANTED = [
    PriceSlot(START_MS, START_MS + HOUR_MS, 82_130_000),
    PriceSlot(START_MS + HOUR_MS, START_MS + 2 * HOUR_MS, -1_230),
]
ISO = ("2026-11-24T00:00:00.000+01:00", "2026-11-24T01:00:00+01:00")
_STARTS_MS = (START_MS, START_MS + HOUR_MS)
AWATTAR = json.dumps(
    {
        "object": "list",
        "data": [
            {"start_timestamp": start, "end_timestamp": start + HOUR_MS, "marketprice": price,
             "unit": "Eur/MWh"}
            for start, price in zip(_STARTS_MS, (82.13, -0.00123), strict=True)
        ],
    }
)  # fmt: skip
CHARTS = json.dumps(
    {
        "license_info": "CC BY 4.0",
        "unix_seconds": [START_MS // 1000 + hour * 3600 for hour in range(3)],
        "price": [82.13, -0.00123, None],
        "unit": "EUR / MWh",
    }
)
TIBBER = f"""{{"data":{{"viewer":{{"homes":[{{"currentSubscription":{{"priceInfo":{{
 "current":null,"today":[{{"total":0.08213,"energy":0.07,"tax":0.01213,"startsAt":"{ISO[0]}"}}],
 "tomorrow":[{{"total":-0.00000123,"energy":-0.1,"startsAt":"{ISO[1]}"}}]}}}}}}]}}}}}}"""
NORWAY = json.dumps(
    [
        {"NOK_per_kWh": 0.9, "EUR_per_kWh": price, "time_start": start, "time_end": end}
        for price, start, end in (
            (0.08213, ISO[0], ISO[1]),
            (-1.23e-6, ISO[1], "2026-11-24T02:00:00+01:00"),
        )
    ]
)
CENTS = f"""{{"unit":"x","rates":[{{"from":"{ISO[0]}","value":8.213,"unit":"ct/kWh"}},
 {{"from":"{ISO[1]}","value":-0.000123,"unit":"ct/kWh"}}]}}"""
CSV = f"start,price_mwh\n{ISO[0]},82.13\n{ISO[1]},-0.00123\n"


@pytest.mark.parametrize("answer", [AWATTAR, CHARTS, TIBBER, NORWAY, CENTS, CSV])
def test_every_form_comes_to_the_same_prices(answer: str) -> None:
    assert prices_in(answer.encode(), "here") == WANTED


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("{}", "no prices in it"),
        ("[1, 2]", "no prices in it"),
        ('{"data": [', "is no JSON"),
        ('{"unix_seconds":[1,2],"price":[1]}', "one length"),
        ('[{"start":"2026-11-24T00:07+01:00","price":1}]', "no quarter hour"),
        ('[{"start":"2026-11-24T00:00","price":1}]', "has no offset"),
        ('[{"start":-5,"price":1}]', "no quarter hour"),
        ('[{"start":1795474800,"price":"a lot"}]', "is no price"),
        ('[{"start":1795474800,"price":1e40}]', "is no price"),
        ('[{"start":1795474800,"price":1e9999999}]', "is no price"),
        ('[{"start":1e9999999,"price":1}]', "is no time"),
        ('[{"start":1795474800,"end":1795474800,"price":1}]', "ends at"),
        ('{"unix_seconds":[{}],"price":[1]}', "is no time"),
        ("<html>", "the columns are"),
    ],
)
def test_what_cannot_be_read_is_said_and_nothing_is_taken(answer: str, reason: str) -> None:
    with pytest.raises(Faulty, match=reason):
        prices_in(answer.encode(), "here")


def test_a_deep_answer_is_no_answer() -> None:
    with pytest.raises(Faulty):
        prices_in(b"[" * 5_000 + b"]" * 5_000, "here")


@settings(max_examples=examples(20, 60), deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["start", "price", "unix_seconds", "end", "data", "unit"]), inner
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_prices_or_a_fault(answer: Any) -> None:
    try:
        slots = prices_in(json.dumps(answer).encode() or b"[]", "here")
    except Faulty:
        return
    assert slots == sorted(slots)
    assert all(slot.start_ms < slot.end_ms for slot in slots)


def test_two_prices_of_one_time_are_no_answer() -> None:
    """Of two homes in two areas nobody knows which is meant; the same price twice is one."""
    home = json.loads(TIBBER)["data"]["viewer"]["homes"][0]
    assert prices_in(json.dumps([home, home]).encode(), "x") == WANTED
    other = TIBBER.replace("0.08213", "0.09")
    with pytest.raises(Faulty, match="two prices for 1795474800000 ms"):
        prices_in(f"[{TIBBER},{other}]".encode(), "x")


@pytest.mark.parametrize("errors", ["[]", '"no"', '[{"message":7}]', "[3]", "null"])
def test_what_graphql_refuses_without_words_has_no_prices(errors: str) -> None:
    with pytest.raises(Faulty, match="no prices in it"):
        prices_in(f'{{"errors":{errors},"data":null}}'.encode(), "x")
