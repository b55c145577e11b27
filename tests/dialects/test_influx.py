"""InfluxDB's line protocol: golden lines after its reference, columns against lines, hostile bytes.

The reference is https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.codecs import Decoded
from energyguard.codecs.context import DecodeContext
from energyguard.codecs.formats import decode
from energyguard.codecs.http import HttpSent, HttpTaken
from energyguard.dialects.influx.dialect import DIALECT, decode_influx
from energyguard.dialects.names import NotPlaced, Placed, ValueName, place_by_name
from energyguard.errors import Malformed
from energyguard.model.readings import Verdict

NOW_MS = 1_764_590_400_000
NOW = NOW_MS * 10**6

GOLDEN = [
    # the line, and: device, channel, ms, value in 1e-9
    (f"plug,device=fridge power_w=84.2 {NOW}", ("fridge", "power_kw", NOW_MS, 84_200_000)),
    (f"plug,device=fridge energy_wh_total=118204i {NOW}",
     ("fridge", "energy_register_kwh", NOW_MS, 118_204_000_000)),
    (f"meter energy_joules_total=7.2e6 {NOW}",
     ("meter", "energy_register_kwh", NOW_MS, 2 * 10**9)),
    (f"power_w,sensor=roof,channel=2 value=-12u {NOW}",
     ("roof/2", "power_kw", NOW_MS, -12_000_000)),
    (f"W,domain=sensor,entity_id=oven_power value=1500 {NOW}",
     ("oven_power", "power_kw", NOW_MS, 1_500_000_000)),
    (f'kWh,entity_id=heat state_class_str="total_increasing",value=2.5 {NOW}',
     ("heat", "energy_register_kwh", NOW_MS, 2_500_000_000)),
    (rf"my\ plug,device=a\=b\ c power_w=1 {NOW + 999_999}", ("a=b c", "power_kw", NOW_MS, 10**6)),
    ("plug,device=now power_w=1", ("now", "power_kw", NOW_MS, 10**6)),
    (f"plug,host=pi,room=Küche temperature_celsius=21.5 {NOW}",
     ("Küche", "temperature_c", NOW_MS, 21_500_000_000)),
    # the reference has no line ends in values, its clients send them: influxdb-python 2.8.0,
    # "Handle field string values with several newlines"
    (f'plug,device=log note="two\nlines, a \\"quote\\"\n",power_w=4 {NOW}',
     ("log", "power_kw", NOW_MS, 4 * 10**6)),
    (f'plug,device=tall power_w=2,note="it\nplug,device=forged power_w=3 {NOW}\n" {NOW}',
     ("tall", "power_kw", NOW_MS, 2 * 10**6)),
    (f"# a comment\n\nplug,device=x voltage_v=230 {NOW}\r",
     ("x", "voltage_v", NOW_MS, 230 * 10**9)),
]  # fmt: skip


def of(text: str | bytes, precision: str = "ns") -> Decoded:
    data = text.encode() if isinstance(text, str) else text
    return decode(data, f"influx:{precision}", now_ms=NOW_MS)[1]


def rows(decoded: Decoded) -> list[tuple[str, str, int, int]]:
    return [
        (row["device"], row["channel"], int(row["time"].timestamp() * 1_000), row["value"])
        for row in decoded.batch.to_pylist()
    ]


@pytest.mark.parametrize(("line", "reading"), GOLDEN)
def test_a_line_becomes_its_reading(line: str, reading: tuple[str, str, int, int]) -> None:
    found = of(line)
    assert found.refused == ()
    assert rows(found) == [reading]


def test_all_of_them_together_and_with_plain_ones_beside_are_the_same() -> None:
    plain, _ = zip(*GOLDEN, strict=True)
    found = of("\n".join(plain))
    assert found.refused == ()
    assert rows(found) == [reading for _, reading in GOLDEN]


@pytest.mark.parametrize(
    ("precision", "time"),
    [("ns", NOW), ("us", NOW // 10**3), ("ms", NOW_MS), ("s", NOW_MS // 1_000),
     ("m", NOW_MS // 60_000), ("h", NOW_MS // 3_600_000), ("auto", NOW), ("auto", NOW_MS),
     ("auto", NOW_MS // 1_000), ("auto", NOW // 10**3)],
)  # fmt: skip
def test_times_have_their_precision(precision: str, time: int) -> None:
    ((_, _, found, _),) = rows(of(f"a power_w=1 {time}", precision))
    assert found == NOW_MS


@pytest.mark.parametrize(
    ("line", "verdict", "reason"),
    [
        ("no fields", Verdict.MALFORMED, "no line of the protocol"),
        (f"a power_w= {NOW}", Verdict.MALFORMED, "no line of the protocol"),
        (f"a power_w=ten {NOW}", Verdict.MALFORMED, "the value of 'power_w' is no number: 'ten'"),
        (f"a power_w=1,{NOW}", Verdict.MALFORMED, "no line of the protocol"),
        (f"a,b power_w=1 {NOW}", Verdict.MALFORMED, "no line of the protocol"),
        (f"a power_w=1 {NOW}{NOW}", Verdict.MALFORMED, "no line of the protocol"),
        (f'a power_w="1 {NOW}', Verdict.MALFORMED, "no line of the protocol"),
        ("a power_w=1 0", Verdict.OUT_OF_RANGE, "time is before 2000"),
        (f"a power_w=1e300 {NOW}", Verdict.OUT_OF_RANGE, "beyond all finite readings"),
        (f"a power_w=99999999999 {NOW}", Verdict.OUT_OF_RANGE, "above the plausible"),
        (f"a usage=1 {NOW}", Verdict.MALFORMED, "'usage': nothing says its unit"),
        (f"a relay=true {NOW}", Verdict.MALFORMED, "no channel has the unit 'on or off'"),
    ],
)
def test_what_is_not_taken_is_said_and_costs_its_neighbours_nothing(
    line: str, verdict: Verdict, reason: str
) -> None:
    good = f"a voltage_v=1 {NOW}"
    found = of(f"{good}\n{line}\nb voltage_v=1 {NOW}")
    assert [row[0] for row in rows(found)] == ["a", "b"]
    (refused,) = found.refused
    assert (refused.row, refused.verdict) == (2, verdict)
    assert reason in refused.reason
    assert refused.original == line.encode()
    again = decode(refused.original, refused.shape, headed=False)[1]  # as a dead letter is
    assert len(again.refused) == 1


def test_each_version_says_in_its_own_words_which_lines_are_bad() -> None:
    assert DIALECT.http is not None
    by_path = {route.path: route for route in DIALECT.http.routes if route.method == "POST"}
    body = b"home,room=Kitchen power_w=72 1\nhome,room=Sunroom power_w=hi\nb power_w=1 1"
    sent = HttpSent({}, {}, body, {}, "", NOW_MS)
    taken = HttpTaken(2, 1, [(2, "the value of 'power_w' is no number: 'hi'")])
    v2 = json.loads(by_path["/api/v2/write"].answer(sent, taken).body)
    assert (v2["code"], v2["line"]) == ("invalid", 2)
    assert v2["message"].startswith("partial write: row 2: the value of 'power_w'")
    v3 = by_path["/api/v3/write_lp"].answer(sent, taken)
    # docs.influxdata.com/influxdb3/core/write-data/http-api/v3-write-lp: accept_partial
    assert (v3.status, json.loads(v3.body)) == (400, {
        "error": "partial write of line protocol occurred",
        "data": [{
            "original_line": "home,room=Sunroom power_w=hi",
            "line_number": 2,
            "error_message": "the value of 'power_w' is no number: 'hi'",
        }],
    })  # fmt: skip
    assert {"/influx/write", "/influx/api/v2/write", "/influx/query"} <= by_path.keys()
    for route in by_path.values():
        assert "query" in route.path or route.answer(sent, HttpTaken(3)).status == 204


def test_labels_of_the_address_are_tags_that_go_before() -> None:
    assert DIALECT.http is not None
    route = next(route for route in DIALECT.http.routes if route.path == "/write")

    def sent(*pairs: str) -> HttpSent:
        extra = [("extra_label", pair) for pair in pairs]
        return HttpSent({}, {}, body, {}, "", NOW_MS, extra)

    body = (
        f'power_w,device=x,room=a\\ b value=1,note="a b\nc" {NOW}\n# a comment\nbad\n\n'
        f"power_w=3 4 1\nplug power_w=7 {NOW + 10**6}\n"
    ).encode()
    data, shape, _ = route.read(sent("device=attic", "phase=2", "note=a,b =c\\d"))
    assert data.split(b"\n")[2:4] == [b"# a comment", b"bad"]
    assert rb"plug,device=attic,phase=2,note=a\,b\ \=c\\d " in data
    found = decode(data, shape, now_ms=NOW_MS)[1]
    assert [row[:2] for row in rows(found)] == [("attic/2", "power_kw")] * 2
    assert [row.row for row in found.refused] == [4, 6]
    assert route.read(sent()).data is body
    with pytest.raises(Malformed, match="line end"):
        route.read(sent("a=b\nc"))


def test_a_line_with_line_ends_is_one_line_of_its_rows() -> None:
    found = of(f'a note="x\ny",usage=1 {NOW}\nno fields\nb power_w=1 {NOW}')
    assert [(row.row, row.original) for row in found.refused] == [
        (3, b"no fields"), (1, f'a note="x\ny",usage=1 {NOW}'.encode()),
    ]  # fmt: skip
    assert [row[0] for row in rows(found)] == ["b"]


def test_a_text_over_the_end_of_a_block_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("energyguard.dialects.influx.dialect._BLOCK", 30)
    texts = ["a\n" * n for n in range(40)]
    lines = [f'plug,device=d{n} note="{text}",power_w=1 {NOW}' for n, text in enumerate(texts)]
    found = of("\n".join(lines))
    assert found.refused == ()
    assert [row[0] for row in rows(found)] == [f"d{n}" for n in range(40)]


def test_a_field_that_is_not_known_costs_the_others_of_its_line_nothing() -> None:
    found = of(f"a usage=1,power_w=2,idle=3 {NOW}\na usage=1 {NOW + 10**9}")
    assert [row[1] for row in rows(found)] == ["power_kw"]
    (refused,) = found.refused
    assert refused.count == 3
    assert refused.original.count(b"\n") == 1  # each line once
    assert "'usage'" in refused.reason
    assert "'idle'" in refused.reason


def test_a_line_without_a_time_keeps_the_one_that_it_came_at() -> None:
    (refused,) = of("a usage=1").refused
    assert refused.original == f"a usage=1 {NOW}".encode()


def test_a_mapping_places_what_names_do_not(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(
        '[[value]]\nname = "usage"\nlabels = { measurement = "cellar*" }\n'
        'channel = "power_kw"\nunit = "W"\ndevice = "{measurement}"\n'
    )
    data = f"cellar2 usage=100 {NOW}".encode()
    found = decode(data, "influx", mappings=(path,))[1]
    assert rows(found) == [("cellar2", "power_kw", NOW_MS, 10**8)]


def test_a_series_is_placed_once_for_each_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    placed = []

    def place(value: ValueName) -> Placed | NotPlaced:
        placed.append(value)
        return place_by_name(value)

    monkeypatch.setattr("energyguard.dialects.mapping.place_by_name", place)
    line = f"W value=5 {NOW}".encode()
    found = [decode(line, "influx", device=sender)[1] for sender in ("attic", "cellar", "attic")]
    assert [rows(each)[0][0] for each in found] == ["attic", "cellar", "attic"]
    assert [value.device for value in placed] == ["attic", "cellar"]


SAFE = st.sampled_from(["a", "b c", "d=e", "f,g", "ü"])


def escaped(text: str) -> str:
    return text.replace(",", r"\,").replace("=", r"\=").replace(" ", r"\ ")


@st.composite
def lines(draw: st.DrawFn) -> tuple[str, tuple[str, str, int, int]]:
    device, at = draw(SAFE), draw(st.integers(0, 10**9))
    mw = draw(st.integers(-(10**9), 10**9))
    text = draw(st.sampled_from([f"{mw / 1_000}", f"{mw / 1_000:e}"]))
    prefix = draw(st.sampled_from(["", 'note="x, y=z",', "up=t,"]))
    line = f"plug,device={escaped(device)} {prefix}power_w={text} {NOW + at * 10**6}"
    return line, (device.replace(",", ","), "power_kw", NOW_MS + at, round(float(text) * 10**6))


@settings(deadline=None)
@given(st.lists(lines(), max_size=20), st.randoms())
def test_no_prefix_order_or_repetition_loses_or_doubles(
    sent: list[tuple[str, tuple[str, str, int, int]]], random: object
) -> None:
    sound = [(line, reading) for line, reading in sent if "," not in reading[0]]
    whole = rows(of("\n".join(line for line, _ in sent)))
    assert whole == [reading for _, reading in sound]
    for cut in range(len(sent) + 1):
        before, after = ("\n".join(line for line, _ in part) for part in (sent[:cut], sent[cut:]))
        assert rows(of(before)) + rows(of(after)) == whole
    twice = rows(of("\n".join(line for line, _ in [*sent, *reversed(sent)])))
    assert twice == [*whole, *reversed(whole)]


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_readings_or_refused(data: bytes) -> None:
    found = decode_influx(data, DecodeContext())
    assert len(found.rows) + len(found.refused) or not data.strip() or b"#" in data or b'"' in data


@settings(deadline=None)
@given(st.integers(0, len(DIALECT.example)), st.integers(0, 255))
def test_a_changed_byte_ends_in_readings_or_reasons(at: int, byte: int) -> None:
    damaged = DIALECT.example[:at] + bytes([byte]) + DIALECT.example[at + 1 :]
    found = decode_influx(damaged, DecodeContext())
    assert all(row.reason for row in found.refused)
