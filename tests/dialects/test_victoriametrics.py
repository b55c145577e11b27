"""VictoriaMetrics' imports: CSV with its ``format``, labels that the address adds."""

from __future__ import annotations

import pytest

from energyguard.codecs import Decoded
from energyguard.codecs.formats import decode
from energyguard.codecs.http import HttpSent, HttpTaken
from energyguard.dialects.prometheus.text import HTTP as TEXT
from energyguard.dialects.victoriametrics.dialect import HTTP
from energyguard.errors import Malformed

T = 1_764_590_400_000
_, CSV = HTTP.routes
JSON = HTTP.routes[0]
(PROMETHEUS,) = TEXT.routes
Pairs = list[tuple[str, str]]


def sent(body: str, pairs: Pairs) -> HttpSent:
    return HttpSent(dict(pairs), {}, body.encode(), {}, "", T, pairs)


def rows(decoded: Decoded) -> list[tuple[str, str, int, int]]:
    return [
        (row["device"], row["channel"], int(row["time"].timestamp() * 1_000) - T, row["value"])
        for row in decoded.batch.to_pylist()
    ]


def of_csv(body: str, form: str, *extra: tuple[str, str]) -> Decoded:
    data, shape, _ = CSV.read(sent(body, [("format", form), *extra]))
    return decode(data, shape, now_ms=T)[1]


def test_columns_are_what_format_says() -> None:
    # docs.victoriametrics.com, How to import CSV data: "GOOG,1.23,4.56,NYSE" with
    # format=2:metric:ask,3:metric:bid,1:label:ticker,4:label:market; metrics and labels of ours
    form = "2:metric:power_watts,3:metric:voltage_volts,1:label:device,4:label:phase"
    assert rows(of_csv('GOOG,1.23,230,1\n\n"a b",4.5,,\n', form)) == [
        ("GOOG/1", "power_kw", 0, 1_230_000),
        ("GOOG/1", "voltage_v", 0, 230 * 10**9),
        ("a b", "power_kw", 0, 4_500_000),
    ]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("unix_s", "1764590401"),
        ("unix_s", "1764590401.0"),
        ("unix_ms", "1764590401000"),
        ("unix_ns", "1764590401000000001"),
        ("rfc3339", "2025-12-01T12:00:01Z"),
        ("rfc3339", "2025-12-01T13:00:01+01:00"),
    ],
)
def test_times_are_of_their_kind(kind: str, text: str) -> None:
    form = f"1:time:{kind},2:metric:power_watts,3:label:device"
    assert rows(of_csv(f"{text},1,a", form)) == [("a", "power_kw", 1_000, 10**6)]


def test_a_bad_row_costs_its_neighbours_nothing_and_is_named() -> None:
    form = "1:time:unix_s,2:metric:power_watts,3:metric:voltage_volts"
    body = "time,power,volts\n1764590400,1,2\n1764590400,much,2\n1764590400\n1764590400,3,4"
    found = of_csv(body, form, ("extra_label", "device=a"))
    assert [value for _, _, _, value in rows(found)] == [10**6, 2 * 10**9, 2 * 10**9, 3 * 10**6,
                                                         4 * 10**9]  # fmt: skip
    assert [row.row for row in found.refused] == [1, 2, 5, 7, 8]
    assert "no time of unix_s: 'time'" in found.refused[0].reason
    taken = HttpTaken(5, 5, [(row.row, row.reason) for row in found.refused])
    answer = CSV.answer(sent(body, [("format", form)]), taken)
    assert answer.status == 400
    assert "row 1: " in answer.body
    assert "row 3: " in answer.body
    again = decode(found.refused[0].original, found.refused[0].shape, now_ms=T)[1]
    assert len(again.refused) == 1


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ("", "is no COLUMN:metric|label|time:NAME"),
        ("1:label:a", "no column is a metric"),
        ("0:metric:a", "is no COLUMN"),
        ("1:metric:a,2:time:unix_s,3:time:unix_s", "more than one column is the time"),
        ("1:metric:a,2:time:custom:2006-01-02", "there are unix_s, unix_ms, unix_ns and rfc3339"),
    ],
)
def test_a_format_that_cannot_be_used_is_refused(form: str, reason: str) -> None:
    with pytest.raises(Malformed) as caught:
        of_csv("1,2", form)
    assert reason in caught.value.reason


def test_labels_of_the_address_are_added_and_go_before() -> None:
    pairs = [("extra_label", "device=attic"), ("extra_label", "phase=2")]
    line = f'{{"metric":{{"__name__":"power_watts","device":"x"}},"values":[1],"timestamps":[{T}]}}'
    data, shape, _ = JSON.read(sent(f"{line}\nbroken\n", pairs))
    found = decode(data, shape, now_ms=T)[1]
    assert rows(found) == [("attic/2", "power_kw", 0, 10**6)]
    assert found.refused[0].original == b"broken"
    text = '# TYPE x gauge\npower_watts{device="x",host="h}"} 1\npower_watts 2 1764590401000\nbad'
    data, shape, _ = PROMETHEUS.read(sent(text, pairs))
    found = decode(data, shape, now_ms=T)[1]
    assert rows(found) == [
        ("attic/2", "power_kw", 0, 10**6),
        ("attic/2", "power_kw", 1_000, 2 * 10**6),
    ]
    assert [row.row for row in found.refused] == [4]
    with pytest.raises(Malformed, match="no NAME=VALUE: 'attic'"):
        JSON.read(sent(line, [("extra_label", "attic")]))
