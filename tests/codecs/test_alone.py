"""A row's verdict and value are its own: alone, and among any others, in every shape of text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.codecs import Decoded
from energyguard.codecs.formats import decode
from tests.thorough import examples

TIMES = st.sampled_from(
    [
        "2026-03-02T10:00:00Z",
        "2026-03-02 10:00:00.000Z",
        "2026-03-02t10:00:00z",
        "2026-03-02T10:00:00.123456789Z",
        "2026-03-02T10:00:00.1234567Z",
        "2026-03-02T10:00:00 +01:00",
        "2026-03-02T10:00+0100",
        "2026-03-02T10Z",
        "2026-02-30T10:00:00Z",
        "2026-13-02T10:00:00Z",
        "2026-03-02T24:00:00Z",
        "2026-03-02T10:00:00+24:00",
        "2026-03-02T10:00:00+10:60",
        "2026-03-02T10:00:00",
        "2026-03-02",
        "0000-02-29T10:00:00Z",
        "1999-12-31T23:59:59.999Z",
        "2300-01-01T00:00:00.1234567Z",
        "yesterday",
        "",
    ]
)
NAMES = st.sampled_from(
    ["H1", " H1", "H1 ", "\tH1", "a b", "", " ", "é" * 128, "x" * 129, "a\x01b", "7c87ce6e1234"]
)
NUMBERS = st.sampled_from(
    [
        "0.5",
        " 0.5",
        "5e-1",
        "5E-01",
        "1e3",
        "1e-10",
        "15e-10",
        "1e-999999999",
        "1e999",
        "-0",
        "-1",
        "+5",
        ".5",
        "5.",
        "0x1F",
        "1_0",
        "nan",
        "Infinity",
        "0.1234567891",
        "9999999999999999999",
        "99999999999999999999999999999",
        "00000000000000000000000000000.5",
        "Null",
        "",
    ]
)
SEQUENCES = st.sampled_from(["", "7", "-1", "-0", "+1", "007", "0x1F", "1.0", "9" * 18, "9" * 19])
PLAIN = st.tuples(TIMES, NAMES, NUMBERS).map(",".join)
CHANNELS = st.sampled_from(["power_kw", "energy_kwh", " power_kw", "watts", ""])
TALL = st.tuples(TIMES, NAMES, CHANNELS, NUMBERS, SEQUENCES).map(",".join)
WIDE = st.tuples(NAMES, TIMES, NUMBERS, NUMBERS).map(",".join)
QUOTED = st.tuples(NAMES, TIMES, NUMBERS).map(lambda row: ",".join(f'"{cell}"' for cell in row))
ODD = st.sampled_from(["x", "a,b,c", ",,,,,,", '"a,b', 'a"b,c', "\ufeff", "\x00"])
HEADERS = {
    "": PLAIN,
    "timestamp,device,channel,value,sequence": TALL,
    "device,time,power_w,temperature_c": WIDE,
    "meter,timestamp,energy_wh": QUOTED,
}


def outcomes(decoded: Decoded) -> dict[int, object]:
    """What becomes of each row: its readings, or why it is refused."""
    found: dict[int, list[object]] = {}
    for row, reading in zip(decoded.rows.tolist(), decoded.batch.to_pylist(), strict=True):
        found.setdefault(row, []).append(reading)
    found |= {r.row: [r.verdict, r.field, r.reason] for r in decoded.refused}
    return dict(found)


@pytest.mark.parametrize("header", HEADERS)
@settings(max_examples=examples(16, 50), deadline=None)
@given(data=st.data())
def test_lines(header: str, data: st.DataObject) -> None:
    sound = f"2026-03-02T10:00:00Z,H{'9' * 3},1" if not header else None
    rows = data.draw(st.lists(HEADERS[header] | ODD, min_size=1, max_size=8))
    rows += [sound] * 2 if sound else []
    head = f"{header}\n" if header else "2026-03-02T10:00:00Z,first,1\n"

    def read(lines: list[str]) -> dict[int, object]:
        return outcomes(decode((head + "\n".join(lines)).encode())[1])

    together = read(rows)
    for place, row in enumerate(rows, 2):
        assert together.get(place) == read([row]).get(2), row


@settings(max_examples=examples(16, 50), deadline=None)
@given(st.lists(st.tuples(TIMES, NAMES, NUMBERS), min_size=1, max_size=8), st.booleans())
def test_objects(rows: list[tuple[str, str, str]], array: bool) -> None:
    forms = (
        '{"timestamp":"%s","household_id":"%s","energy_kwh":%s}',
        '{"timestamp":"%s","device":"%s","channel":"power_kw","value":%s}',
        '{"time":"%s","meter":"%s","power_w":%s}',
    )
    lines = [forms[len(row[1]) % 3] % row for row in rows]
    text = f"[{','.join(lines)}]" if array else "\n".join(lines)
    together = outcomes(decode(text.encode(), "json")[1])
    if array and len(together) < len(rows):
        return  # an array that is broken is read between its borders of objects
    for place, line in enumerate(lines, 1):
        assert together[place] == outcomes(decode(line.encode(), "json")[1])[1], line
