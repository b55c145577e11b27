"""JSON lines: exact numbers, and each row judged as if it were alone."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from energyguard.codecs import Decoded
from energyguard.codecs.context import DecodeContext
from energyguard.codecs.formats import decode
from energyguard.codecs.text.json_fast_path import MAX_FIRST_OBJECT, decode_sound_json
from energyguard.model.quantities import to_nano
from energyguard.model.readings import Verdict
from tests.thorough import examples

numbers = st.decimals("0", "100", places=9) | st.decimals("0", "100", places=5)
GOOD = '{"timestamp":"2025-09-06T17:54:02Z","household_id":"H1","energy_kwh":0.05251}'
ODD = [
    GOOD,
    GOOD.replace("0.05251", "-1"),
    GOOD.replace("0.05251", '"0.05251"'),
    GOOD.replace("0.05251", "true"),
    GOOD.replace("0.05251", "null"),
    GOOD.replace("0.05251", "1.00000000049"),
    GOOD.replace("0.05251", "1e-3"),
    GOOD.replace("0.05251", "1e40"),
    GOOD.replace("H1", ""),
    GOOD.replace("H1", "a,b"),
    GOOD.replace("H1", "\\u0041"),
    GOOD.replace("T17:54:02Z", ""),
    GOOD.replace("2025-09", "2025-13"),
    GOOD.replace("2025", "1999"),
    GOOD.replace("}", ',"more":1}'),
    GOOD + GOOD,
    GOOD + GOOD.replace("H1", "a,b"),
    GOOD.replace("0.05251", "01"),
    GOOD.replace("0.05251", "-01"),
    GOOD.replace("0.05251", ".5"),
    GOOD.replace("0.05251", "5."),
    GOOD.replace("0.05251", "+5"),
    GOOD.replace("0.05251", "1.e2"),
    GOOD.replace("0.05251", "-"),
    GOOD.replace("0.05251", ""),
    GOOD.replace("0.05251", "0x1F"),
    GOOD.replace("0.05251", "0"),
    GOOD.replace("0.05251", "12.000000000"),
    GOOD.replace("H1", 'H","household_id":"H'),
    GOOD.replace("household_id", "household").replace("H1", 'H","household_id":"1'),
    '{"timestamp":"2025-09-06T17:54:02Z","energy_kwh":H1","household_id":"0.05251}',
    '{"timestamp":"2025-09-06T17:54:02Z,H1","energy_kwh":0.05251}',
    GOOD.replace('":', '": '),
    GOOD.replace("}", " }"),
    "[1]",
    "{",
    "\x00",
]


def one_by_one(lines: list[str]) -> list[object]:
    """What becomes of each line on its own."""
    return [told(decode(line.encode(), "json")[1]) for line in lines]


def told(decoded: Decoded) -> object:
    if decoded.refused:
        (refused,) = decoded.refused
        return refused.verdict, refused.field, refused.reason
    return decoded.batch.to_pylist()


@pytest.mark.parametrize("line", ODD)
def test_a_line_is_judged_alone_as_among_others(line: str) -> None:
    (alone,) = one_by_one([line])
    lines = [GOOD.replace("H1", "H2"), line, GOOD.replace("H1", "H3")]
    _, decoded = decode("\n".join(lines).encode(), "json")
    assert decoded.batch.num_rows + len(decoded.refused) == 3
    if decoded.refused:
        (refused,) = decoded.refused
        assert (refused.row, refused.original) == (2, line.encode())
        assert (refused.verdict, refused.field, refused.reason) == alone
    else:
        assert decoded.batch.slice(1, 1).to_pylist() == alone


@settings(max_examples=examples(66, 200), deadline=None)
@given(st.lists(st.sampled_from([*[GOOD] * 20, *ODD]), min_size=1, max_size=30))
def test_many_at_once_are_judged_as_each_alone(lines: list[str]) -> None:
    assume(not lines[0].startswith("["))  # that would be an array
    _, decoded = decode("\n".join(lines).encode(), "json")
    taken = zip(decoded.rows.tolist(), decoded.batch.to_pylist(), strict=True)
    found: dict[int, object] = {row: [reading] for row, reading in taken}
    found |= {one.row: (one.verdict, one.field, one.reason) for one in decoded.refused}
    assert [found[row] for row in sorted(found)] == one_by_one(lines)


@pytest.mark.parametrize("bad", [line for line in ODD if line.startswith("{")])
def test_a_bad_element_costs_its_neighbours_nothing(bad: str) -> None:
    lines = [GOOD.replace("H1", "H2"), bad, GOOD.replace("H1", "H3")]
    _, decoded = decode(f"[{', '.join(lines)}]".encode(), "json")
    devices = decoded.batch.column("device").to_pylist()
    assert devices[0] == "H2"
    assert devices[-1] == "H3"
    (alone,) = one_by_one([bad])
    assert (len(devices) == 2) == isinstance(alone, tuple)


@pytest.mark.parametrize("text", ["[", "[{", "[1", "[}", "[{}", "[,]"])
def test_a_broken_array_is_not_nothing(text: str) -> None:
    _, decoded = decode(text.encode(), "json")
    assert not decoded.batch.num_rows
    assert len(decoded.refused) == 1


@pytest.mark.parametrize(
    ("text", "nano"),
    [("12.5", 12_500_000_000), (" -0.25 ", -250_000_000), ("1e-3", 1_000_000), ("7", 7 * 10**9)],
)
def test_a_number_in_quotes_is_that_number(text: str, nano: int) -> None:
    line = '{"time":"2026-03-01T00:00:00Z","device":"a","power_kw":"%s"}'
    (taken,) = decode((line % text).encode(), "json")[1].batch.to_pylist()
    assert taken["value"] == nano


@pytest.mark.parametrize("text", ["", "0,5", "1 kWh", "NaN", "0x1", "1.2.3", "١"])
def test_a_text_that_is_no_number_is_refused(text: str) -> None:
    line = f'{{"time":"2026-03-01T00:00:00Z","device":"a","power_kw":"{text}"}}'
    (refused,) = decode(line.encode(), "json")[1].refused
    assert (refused.field, refused.verdict) == ("power_kw", Verdict.MALFORMED)


@settings(max_examples=examples(16, 50), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**6), numbers), min_size=1, max_size=30))
def test_numbers_are_exact(rows: list[tuple[int, Decimal]]) -> None:
    lines = [
        f'{{"timestamp":"2025-09-06T17:54:02Z","device":"D{i}","channel":"energy_kwh",'
        f'"value":{value:f},"sequence":{i}}}'
        for i, value in rows
    ]
    data = "\n".join(lines).encode()
    _, decoded = decode(data, "json")
    assert decoded.batch.column("value").to_pylist() == [to_nano(value) for _, value in rows]
    assert decoded.batch.column("sequence").to_pylist() == [i for i, _ in rows]


@settings(max_examples=examples(16, 50), deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=20))
def test_any_json_is_answered(value: object) -> None:
    data = json.dumps(value).encode()
    _, decoded = decode(data, "json")
    assert not decoded.batch.num_rows


LONG = """{
  "timestamp": "2025-09-06T17:54:02Z",
  "household_id": "H001",
  "energy_kwh": %s
}"""


def test_objects_over_several_lines_are_read_each_as_one_row() -> None:
    _, found = decode(f"\n{LONG % 0.05}\n{LONG % 'true'}\n\n{LONG % 0.25}\n".encode(), "")
    assert [row["value"] for row in found.batch.to_pylist()] == [50_000_000, 250_000_000]
    assert found.rows.tolist() == [2, 13]
    (refused,) = found.refused
    assert (refused.row, refused.field) == (7, "energy_kwh")
    assert refused.original == (LONG % "true").encode()


@pytest.mark.parametrize(
    "text", [LONG[:-2] % 0.05, LONG.replace(":", "=", 1) % 0.05, f'{{\n"readings": [{LONG}]}}']
)
def test_what_is_wrong_with_an_object_over_several_lines_is_said_once(text: str) -> None:
    (refused,) = decode(text.encode(), "json")[1].refused
    assert (refused.row, refused.original) == (1, text.rstrip().encode())


def test_a_damaged_first_line_costs_those_below_it_nothing() -> None:
    line = '{"timestamp":"2025-09-06T17:54:02Z","household_id":"H001","energy_kwh":0.1}'
    found = decode(f"{line[:-20]}\n{line}\n".encode(), "json")[1]
    assert ([row.row for row in found.refused], found.rows.tolist()) == ([1], [2])


def test_a_long_first_object_is_read_as_others_are() -> None:
    padded = GOOD.replace("{", "{" + " " * MAX_FIRST_OBJECT)
    assert decode_sound_json(padded.encode(), DecodeContext()) is None
    _, found = decode(padded.encode(), "json")
    assert found.batch == decode(GOOD.encode(), "json")[1].batch
    assert not found.refused
