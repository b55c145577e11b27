"""Prometheus' dialects: golden messages by hand after their specifications, and hostile ones.

Remote write 1.0 (``prompb/remote.proto``) and 2.0 (``prompb/io/prometheus/write/v2/types.proto``),
the text format, and VictoriaMetrics' lines, as which refused samples are kept.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.codecs import Decoded
from energyguard.codecs.formats import decode
from energyguard.codecs.http import HttpSent
from energyguard.dialects.prometheus.remote_write import DIALECT
from energyguard.dialects.prometheus.text import HTTP as TEXT_HTTP
from energyguard.errors import Malformed

T = 1_764_590_400_000
AT = b"\x80\xe4\xa2\xce\xad\x33"
VALUE = b"\xcd\xcc\xcc\xcc\xcc\x0c\x55\x40"  # 84.2

FRIDGE = b"\x0a\x17\x0a\x08__name__\x12\x0bpower_watts\x0a\x10\x0a\x06device\x12\x06fridge"
SECOND = (
    b"\x22\x00"  # symbols: "", …
    b"\x22\x08__name__\x22\x0cenergy_total\x22\x06device\x22\x05meter\x22\x0awatt_hours"
    b"\x2a\x20"  # a series
    b"\x0a\x04\x01\x02\x03\x04"  # its labels, by their symbols
    b"\x12\x10\x09" + VALUE + b"\x10" + AT + b"\x2a\x06\x08\x01\x18\x00\x20\x05"  # a counter
)


def rows(decoded: Decoded) -> list[tuple[str, str, int, int]]:
    return [
        (row["device"], row["channel"], int(row["time"].timestamp() * 1_000), row["value"])
        for row in decoded.batch.to_pylist()
    ]


def of(data: bytes, shape: str = "prometheus") -> Decoded:
    return decode(data, shape, now_ms=T)[1]


def varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def message(field: int, content: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(content)) + content


def sample(value: float, time: int) -> bytes:
    number = b"\x09" + struct.pack("<d", value) if value else b""
    return message(2, number + b"\x10" + varint(time % (1 << 64)))


def series(name: str, device: str, *samples: tuple[float, int]) -> bytes:
    labels = [("__name__", name), ("device", device)]
    parts = [message(1, message(1, k.encode()) + message(2, v.encode())) for k, v in labels]
    return message(1, b"".join([*parts, *(sample(*one) for one in samples)]))


def test_a_sample_of_version_1_becomes_a_reading() -> None:
    found = of(DIALECT.example)
    assert DIALECT.example == message(1, FRIDGE + b"\x12\x10\x09" + VALUE + b"\x10" + AT)
    assert found.refused == ()
    assert rows(found) == [("fridge", "power_kw", T, 84_200_000)]


def test_a_sample_of_version_2_has_its_unit_and_kind_beside_it() -> None:
    found = of(SECOND, "prometheus:2")
    assert found.refused == ()
    assert rows(found) == [("meter", "energy_register_kwh", T, 84_200_000)]


@pytest.mark.parametrize(
    "data",
    [
        series("power_watts", "a", (0.0, T), (5.0, T + 1), (-2.0, T + 2)),  # several samples
        series("power_watts", "a", (0.0, T))  # the value 0 is not written
        + series("power_watts", "a", (5.0, T + 1))
        + series("power_watts", "a", (-2.0, T + 2)),
        message(3, b"\x08\x01") + series("power_watts", "a", (0.0, T), (5.0, T + 1))
        + message(3, b"") + series("power_watts", "a", (-2.0, T + 2)),  # metadata between
    ],
)  # fmt: skip
def test_series_of_any_form_have_all_their_samples(data: bytes) -> None:
    found = of(data)
    assert rows(found) == [
        ("a", "power_kw", T, 0), ("a", "power_kw", T + 1, 5 * 10**6),
        ("a", "power_kw", T + 2, -2 * 10**6),
    ]  # fmt: skip


def test_the_value_that_ends_a_series_is_none() -> None:
    stale = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
    found = of(series("power_watts", "a", (stale, T)) + series("power_watts", "a", (1.0, T)))
    assert found.refused == ()
    assert len(found.rows) == 1


def test_what_is_refused_is_a_line_of_json_that_is_decoded_again() -> None:
    body = (
        series("go_threads", "a", (7.0, T)) + series("go_gc", "a", (7.5, T))
        + series("power_watts", "a", (float("nan"), T)) + series("power_watts", "a", (1.0, 5))
        + series("power_watts", "b", (1.0, T))
    )  # fmt: skip
    found = of(body)
    assert [row[0] for row in rows(found)] == ["b"]
    by_field = {row.field: row for row in found.refused}
    assert by_field["name"].count == 2
    lines = by_field["name"].original.split(b"\n")
    metrics = [json.loads(line)["metric"]["__name__"] for line in lines]
    assert metrics == ["go_threads", "go_gc"]
    assert "beyond all finite readings" in by_field["value"].reason
    assert "time is before 2000" in by_field["time"].reason
    again = decode(by_field["time"].original, by_field["time"].shape, headed=False)[1]
    (refused,) = again.refused
    assert "before 2000" in refused.reason


@pytest.mark.parametrize("shape", ["prometheus", "prometheus:2"])
@settings(deadline=None)
@given(data=st.binary(max_size=120))
def test_any_bytes_are_readings_or_refused(shape: str, data: bytes) -> None:
    assert all(row.reason for row in of(data, shape).refused)


@pytest.mark.parametrize(
    ("shape", "whole"), [("prometheus", DIALECT.example), ("prometheus:2", SECOND)]
)
@settings(deadline=None)
@given(data=st.data())
def test_a_damaged_message_is_refused_or_read(
    shape: str, whole: bytes, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(whole) - 1))
    cut = of(whole[:at], shape)
    assert not len(cut.rows)
    assert cut.refused or not at or shape == "prometheus:2"
    changed = whole[:at] + bytes([data.draw(st.integers(0, 255))]) + whole[at + 1 :]
    assert all(row.reason for row in of(changed, shape).refused)


Sent = Sequence[tuple[str, float, int]]
SENT = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "ü"]),
        st.sampled_from([0.0, 1.0, -2.5, 1e3, 0.001]),
        st.integers(T, T + 10**6),
    ),
    max_size=12,
)


@settings(deadline=None)
@given(SENT, st.integers(0, 12), st.booleans())
def test_no_prefix_order_or_repetition_loses_or_doubles(sent: Sent, cut: int, fold: bool) -> None:
    each = [series("power_watts", device, (value, time)) for device, value, time in sent]
    wanted = [(d, "power_kw", t, round(v * 10**6)) for d, v, t in sent]
    assert rows(of(b"".join(each))) == wanted
    parts = rows(of(b"".join(each[:cut]))) + rows(of(b"".join(each[cut:])))
    assert parts == wanted
    assert rows(of(b"".join([*each, *reversed(each)]))) == [*wanted, *reversed(wanted)]
    if fold and sent:
        one = series("power_watts", "a", *((value, time) for _, value, time in sent))
        assert [row[2:] for row in rows(of(one))] == [row[2:] for row in wanted]


TEXT = b"""# HELP energy_wh what was used
# TYPE energy_wh counter
energy_wh{device="me\\"ter",note="a\\\\b"} 1500 1764590400000
power_watts{device="fridge",} 8.42e1
temperature_celsius{room="cellar"} 21.5 1764590400000
"""


def test_lines_of_text_become_readings() -> None:
    found = of(TEXT.replace(b'me\\"ter', b"meter"), "prometheus-text")
    assert found.refused == ()
    assert rows(found) == [
        ("meter", "energy_register_kwh", T, 1_500_000_000),
        ("fridge", "power_kw", T, 84_200_000),
        ("cellar", "temperature_c", T, 21_500_000_000),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"power_watts{device=} 1", "its labels cannot be read"),
        (b'power_watts{device="a"} x', "power_watts is no number: 'x'"),
        (b'power_watts{device="a"} NaN', "beyond all finite readings"),
        (b'power_watts{device="a" 1', "no line of the format"),
        (b'up{device="a"} 1', "'up': nothing says its unit"),
    ],
)
def test_a_bad_line_is_refused_alone(line: bytes, reason: str) -> None:
    found = of(b'power_kw{device="a"} 1\n' + line + b'\npower_kw{device="b"} 1', "prometheus-text")
    assert [row[0] for row in rows(found)] == ["a", "b"]
    (refused,) = found.refused
    assert refused.row == 2
    assert reason in refused.reason


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"[]", "it is no object"),
        (b"{", "it is no JSON"),
        (b'{"metric":{}}', "an object has metric, values and timestamps"),
        (b'{"metric":{},"values":[1],"timestamps":[]}', "1 values and 0 timestamps"),
        (b'{"metric":{},"values":[1],"timestamps":[1764590400000]}', "nothing says its unit"),
        (b'{"metric":{"__name__":"power_w","device":"a"},"values":[{}],"timestamps":[1]}',
         "power_w is no number"),
        (b'{"metric":{"__name__":"power_w","device":"a"},"values":[1],"timestamps":["x"]}',
         "a time is no number of ms"),
    ],
)  # fmt: skip
def test_a_bad_line_of_json_is_refused_with_its_reason(line: bytes, reason: str) -> None:
    (refused,) = of(line, "victoriametrics").refused
    assert reason in refused.reason


def test_what_victoriametrics_exports_without_a_value_costs_its_neighbours_nothing() -> None:
    line = (
        b'{"metric":{"__name__":"power_watts","device":"a"},"values":[1,null,"NaN",2,"Infinity"],'
        b'"timestamps":[%d,%d,%d,%d,%d]}' % (T, T + 1, T + 2, T + 3, T + 4)
    )
    found = of(line, "victoriametrics")
    assert [row[2:] for row in rows(found)] == [(T, 10**6), (T + 3, 2 * 10**6)]
    (refused,) = found.refused
    assert "beyond all finite readings: inf" in refused.reason


def test_a_timestamp_in_the_address_is_that_of_lines_without_one() -> None:
    body = f'# TYPE x gauge\r\npower_watts{{device="a"}} 1\r\n\npower_watts{{device="b"}} 1 {T}\n'
    (route,) = TEXT_HTTP.routes
    sent = HttpSent({"timestamp": f"{T + 7}"}, {}, body.encode(), {}, "", T)
    data, shape, _ = route.read(sent)
    assert [row[0::2] for row in rows(of(data, shape))] == [("a", T + 7), ("b", T)]
    with pytest.raises(Malformed, match="no number of ms: 'now'"):
        route.read(sent._replace(query={"timestamp": "now"}))


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_any_text_is_readings_or_refused(data: bytes) -> None:
    for shape in ("prometheus-text", "victoriametrics"):
        assert all(row.reason for row in of(data, shape).refused)


def test_labels_are_those_of_their_own_request() -> None:
    def request(device: bytes, unit: bytes, names: int) -> bytes:
        padding = b"".join(message(4, b"x%d" % n) for n in range(names))
        table = padding + b"".join(
            message(4, text) for text in (b"__name__", b"power", b"device", device, unit)
        )
        refs = b"".join(varint(names + n) for n in range(4))
        about = message(5, b"\x08\x02\x20" + varint(names + 4))
        return table + message(5, message(1, refs) + sample(2.0, T) + about)

    for device, unit, names in [
        (b"a", b"watts", 1), (b"b", b"watts", 1), (b"a", b"kilowatts", 1), (b"a", b"watts", 300),
        (b"a", b"watts", 20_000), (b"a", b"watts", 1),
    ]:  # fmt: skip
        factor = 10**9 if unit == b"kilowatts" else 10**6
        found = rows(of(request(device, unit, names), "prometheus:2"))
        assert found == [(device.decode(), "power_kw", T, 2 * factor)]


@pytest.mark.parametrize(
    "rest",
    [
        sample(5.0, T + 1),  # several samples
        b"\x2a\x06\x08\x01\x18\x00\x20\x05" + sample(5.0, T + 1),  # what is said of it between
    ],
)
def test_series_of_version_2_have_all_their_samples(rest: bytes) -> None:
    head, _, series = SECOND.partition(b"\x2a\x20")
    found = of(head + message(5, series + rest), "prometheus:2")
    assert [row[2:] for row in rows(found)] == [(T, 84_200_000), (T + 1, 5_000_000)]


@pytest.mark.parametrize(
    "label_refs",
    [b"\x01\x02\x03\x84", b"\x01\x02\x03\x09", b"\x01\x02\x03\xff\xff\xff\x01"],
    ids=["cut", "not there", "long"],
)
def test_labels_that_are_no_symbols_refuse_the_request(label_refs: bytes) -> None:
    head, _, _ = SECOND.partition(b"\x2a\x20")
    series = [
        message(5, message(1, refs) + sample(1.0, T)) for refs in (label_refs, b"\0\1\2\3\4\0")
    ]
    (refused,) = of(head + b"".join(series), "prometheus:2").refused
    assert "names no symbol" in refused.reason or "names a symbol" in refused.reason


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        ("prometheus:2", b"\x22\x00" * 1_000_001),
        ("prometheus", message(1, b"\x12\x00" * 1_000_001)),
    ],
    ids=["texts", "samples"],
)
def test_more_than_any_sender_sends_is_refused_whole(shape: str, body: bytes) -> None:
    (refused,) = of(body, shape).refused
    assert "at most 1,000,000 series, texts and samples" in refused.reason
