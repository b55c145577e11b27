"""Dialects of small bodies: golden requests after each one's reference, and hostile ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.codecs import Decoded
from energyguard.codecs.formats import decode
from energyguard.codecs.headers import known
from energyguard.codecs.http import HttpSent
from energyguard.errors import Malformed

NOW = 1_764_590_400_000
S = NOW // 1_000
MAPPING = """
[[value]]
name = "a.power"
dialect = "mapped"
device = "{id}"
channel = "power_kw"
unit = "W"

[[value]]
name = "u-1"
device = "meter"
channel = "power_kw"
unit = "W"

[[value]]
name = "2"
dialect = "emoncms"
channel = "voltage_v"
"""
SMALL = ("emoncms", "thingsboard", "volkszaehler", "homeassistant", "mapped")


@pytest.fixture(scope="module")
def mapping(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mapping") / "mapping.toml"
    path.write_text(MAPPING)
    return path


def of(
    dialect: str, path: str, mapping: Path, body: str = "", method: str = "", **query: str
) -> Decoded:
    """What a request of a dialect becomes."""
    found = known().named(dialect)
    assert found is not None
    assert found.http is not None
    routes = (r for r in found.http.routes if r.path.partition("{")[0] == path)
    route = next(r for r in routes if method in ("", r.method))
    rest = {"uuid": "u-1.json", "entity_id": "sensor.oven"}
    rest |= {"node": "sub"} if path.endswith("post/") else {}
    sent = HttpSent(query, {}, body.encode(), rest, "cellar", NOW)
    data, shape, device = route.read(sent)
    return decode(data, shape, device=device, now_ms=NOW, mappings=(mapping,))[1]


def rows(decoded: Decoded) -> list[tuple[str, str, int, int]]:
    return [
        (row["device"], row["channel"], int(row["time"].timestamp() * 1_000) - NOW, row["value"])
        for row in decoded.batch.to_pylist()
    ]


POST, BULK, TELEMETRY = "/input/post", "/input/bulk", "/api/v1/"
VZ, HA = "/middleware.php/data/", "/api/states/"


@pytest.mark.parametrize(
    ("query", "readings"),
    [
        ({"node": "n", "time": f"{S + 1}", "fulljson": '{"power_w":1}'},
         [("n", "power_kw", 1_000, 10**6)]),
        ({"node": "n", "json": "{power_w:1,voltage_v:2.5}"},
         [("n", "power_kw", 0, 10**6), ("n", "voltage_v", 0, 2_500_000_000)]),
        ({"data": '{"power_w":"1","voltage_v":null}'}, [("0", "power_kw", 0, 10**6)]),
        ({"node": "n", "csv": "7,230"}, [("n", "voltage_v", 0, 230 * 10**9)]),
        # emoncms/emoncms, input_api.php: the forms of its page
        ({"node": "n", "data": "7,230"}, [("n", "voltage_v", 0, 230 * 10**9)]),
        ({"node": "n", "fulljson": '{"power_w":1,"time":"2025-12-01T13:00:01+01:00"}'},
         [("n", "power_kw", 1_000, 10**6)]),
        ({"node": "n", "time": f"{S + 2}", "fulljson": f'{{"power_w":1,"time":{S}}}'},
         [("n", "power_kw", 2_000, 10**6)]),
        ({"node": "n", "time": "2025-12-01T12:00:03Z", "json": "{power_w:1}"},
         [("n", "power_kw", 3_000, 10**6)]),
    ],
)  # fmt: skip
def test_an_emoncms_post_in_each_of_its_forms(
    query: dict[str, str], readings: object, mapping: Path
) -> None:
    found = of("emoncms", POST, mapping, **query)
    assert rows(found) == readings
    leads_nowhere = "7,230" in query.values()  # value 1
    assert sum(row.count for row in found.refused) == leads_nowhere


def test_a_node_of_emoncms_may_stand_in_the_address(mapping: Path) -> None:
    found = of("emoncms", "/input/post/", mapping, fulljson='{"power_w":1}')
    assert rows(found) == [("sub", "power_kw", 0, 10**6)]


@pytest.mark.parametrize(
    ("data", "given", "times"),
    [  # emoncms/emoncms, input_methods.php: the examples of bulk, and what goes before what
        ("[[0,16,1137],[2,17,1437,3164],[4,19,1412,3077]]", {}, [-4, -2, 0]),
        ("[[-10,16,1137],[-8,17,1437,3164],[-6,19,1412,3077]]", {"offset": "-10"}, [0, 2, 4]),
        ("[[-10,16,1137],[-8,17,1437,3164],[-6,19,1412,3077]]", {"time": f"{S}"}, [-10, -8, -6]),
        ("[[520,16,1137],[530,17,1437,3164],[535,19,1412,3077]]", {"sentat": "543"},
         [-23, -13, -8]),
        ("[[520,16,1137],[530,17,1437]]", {"sentat": "543", "time": "1"}, [-23, -13]),
        ("[[0,16,1137],[1,18,5],[2,17]]", {}, [-2, -1]),
    ],
)  # fmt: skip
def test_bulks_as_emoncms_documents_them(
    data: str, given: dict[str, str], times: list[int]
) -> None:
    found = known().named("emoncms")
    assert found is not None
    assert found.http is not None
    read = next(r.read for r in found.http.routes if r.path == BULK)
    lines = read(HttpSent({"data": data, **given}, {}, b"", {}, "", NOW))[0].splitlines()
    assert [round(json.loads(line)["time"] - S) for line in lines] == times


def test_a_value_in_the_address_of_volkszaehler(mapping: Path) -> None:
    found = of("volkszaehler", VZ, mapping, method="GET", operation="add", value="1")
    assert rows(found) == [("meter", "power_kw", 0, 10**6)]
    with pytest.raises(Malformed, match="only operation=add"):
        of("volkszaehler", VZ, mapping, method="GET", value="1")


@pytest.mark.parametrize(
    ("given", "times"),
    [
        ({}, [-10_000, 0]),  # the last is now
        ({"time": f"{S + 100}"}, [92_000, 102_000]),
        ({"sentat": "5"}, [-13_000, -3_000]),
        ({"offset": "-8"}, [0, 10_000]),
    ],
)
def test_times_of_a_bulk_are_counted_as_emoncms_does(
    given: dict[str, str], times: list[int], mapping: Path
) -> None:
    data = '[[-8,"n",1,230],[2,"n",{"power_w":1}]]'
    found = of("emoncms", BULK, mapping, data=data, **given)
    assert [row[:3] for row in rows(found)] == [
        ("n", "voltage_v", times[0]), ("n", "power_kw", times[1]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "readings"),
    [
        ('{"power_w":1}', [("cellar", "power_kw", 0, 10**6)]),
        (f'[{{"ts":{NOW + 5},"values":{{"power_w":"1"}}}},{{"voltage_v":2}}]',
         [("cellar", "power_kw", 5, 10**6), ("cellar", "voltage_v", 0, 2 * 10**9)]),
    ],
)  # fmt: skip
def test_telemetry_of_thingsboard(body: str, readings: object, mapping: Path) -> None:
    found = of("thingsboard", TELEMETRY, mapping, body)
    assert found.refused == ()
    assert rows(found) == readings


@pytest.mark.parametrize(
    ("body", "readings"),
    [
        # thingsboard.io/docs/reference/http-api/telemetry: its three forms, with names of ours
        ('{"temperature_c": 42, "humidity": 73}', [("cellar", "temperature_c", 0, 42 * 10**9)]),
        ('{"ts":1764590399512,"values":{"temperature_c":42,"voltage_v":230}}',
         [("cellar", "temperature_c", -488, 42 * 10**9), ("cellar", "voltage_v", -488,
                                                         230 * 10**9)]),
        ('[{"ts":1764590399512,"values":{"temperature_c":42}},'
         '{"ts":1764590401000,"values":{"temperature_c":43}}]',
         [("cellar", "temperature_c", -488, 42 * 10**9),
          ("cellar", "temperature_c", 1_000, 43 * 10**9)]),
        # …/http-api: "value can be either string, boolean, double, long or JSON"
        ('{"stringKey":"value1","booleanKey":true,"power_w":42.0,"energy_wh_total":73,'
         '"jsonKey":{"someNumber":42}}',
         [("cellar", "power_kw", 0, 42 * 10**6), ("cellar", "energy_register_kwh", 0,
                                                  73 * 10**6)]),
    ],
)  # fmt: skip
def test_telemetry_as_its_maker_documents_it(body: str, readings: object, mapping: Path) -> None:
    assert rows(of("thingsboard", TELEMETRY, mapping, body)) == readings


def test_attributes_are_refused_by_name(mapping: Path) -> None:
    found = known().named("thingsboard")
    assert found and found.http
    route = next(r for r in found.http.routes if r.path.endswith("/attributes"))
    with pytest.raises(Malformed, match="what it measures goes to /telemetry"):
        route.read(HttpSent({}, {}, b'{"fw":"1.2"}', {"token": "-"}, "cellar", NOW))


def test_a_text_of_telemetry_is_refused_alone_and_decoded_again(mapping: Path) -> None:
    found = of("thingsboard", TELEMETRY, mapping, '{"power_w":1,"state":"on","up":true}')
    assert len(rows(found)) == 1
    (refused,) = found.refused
    assert refused.count == 2
    again = decode(refused.original, refused.shape, headed=False)[1]
    assert rows(again) == [("cellar", "power_kw", 0, 10**6)]


@pytest.mark.parametrize(
    ("body", "query", "times"),
    [(f"[[{NOW},1],[{NOW + 1},1]]", {}, [0, 1]), (f"[{NOW},1]", {}, [0]),
     ("", {"ts": f"{NOW + 7}", "value": "1"}, [7])],
)  # fmt: skip
def test_tuples_of_volkszaehler(
    body: str, query: dict[str, str], times: list[int], mapping: Path
) -> None:
    found = of("volkszaehler", VZ, mapping, body, **query)
    assert rows(found) == [("meter", "power_kw", time, 10**6) for time in times]


def test_a_state_of_home_assistant(mapping: Path) -> None:
    def state(value: str, unit: str, **attributes: str) -> Decoded:
        about = {"unit_of_measurement": unit, **attributes}
        body = {"state": value, "attributes": about, "last_updated": "2025-12-01T13:00:00+01:00"}
        return of("homeassistant", HA, mapping, json.dumps(body))

    assert rows(state("84.2", "W")) == [("oven", "power_kw", 0, 84_200_000)]
    register = state("2", "kWh", state_class="total_increasing")
    assert rows(register) == [("oven", "energy_register_kwh", 0, 2 * 10**9)]
    # developers.home-assistant.io/docs/api/rest: POST /api/states/sensor.kitchen_temperature
    assert rows(of("homeassistant", HA, mapping,
                   '{"state": "25", "attributes": {"unit_of_measurement": "\u00b0C"}}')) == [
        ("oven", "temperature_c", 0, 25 * 10**9)
    ]  # fmt: skip
    for unit, value in (("kW", 84_200_000_000), ("mW", None), ("W", 84_200_000)):
        wanted = [("oven", "power_kw", 0, value)] if value else []
        assert rows(state("84.2", unit)) == wanted
    (switch,) = state("on", "W").refused
    assert "no number" in switch.reason
    for nothing in ("unavailable", "unknown", "Unavailable"):
        found = state(nothing, "W")
        assert (rows(found), found.refused) == ([], ())
    (refused,) = state("20", "%").refused
    assert "no channel has the unit '%'" in refused.reason
    assert rows(of("homeassistant", HA, mapping,
                   '{"state":"1","attributes":{"unit_of_measurement":"W"}}')) == [
        ("oven", "power_kw", 0, 10**6)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("time", "moment"),
    [('"2025-12-01T12:00:01Z"', 1_000), (f"{S + 2}", 2_000), (f"{NOW + 3}", 3),
     (f'"{NOW + 4}"', 4), (f"{(NOW + 5) * 1_000}", 5)],
)  # fmt: skip
def test_json_of_any_shape_has_its_nearest_labels_and_time(
    time: str, moment: int, mapping: Path
) -> None:
    body = f'{{"id":"far","b":3,"a":[{{"id":"m","power":1,"time":{time}}},{{"power":"2"}}]}}'
    found = of("mapped", "/mapped", mapping, body)
    assert rows(found) == [("m", "power_kw", moment, 10**6), ("far", "power_kw", 0, 2 * 10**6)]


def test_json_of_which_no_mapping_takes_anything_is_refused(mapping: Path) -> None:
    for body, reason in (
        ('{"x":1}', "no mapping takes anything"),
        ('{"a":{"id":"m","power":1,"time":"2025-12-01 12:00"}}', "has no offset"),
        ("[" * 30 + "1" + "]" * 30, "20 deep"),
    ):
        (refused,) = of("mapped", "/mapped", mapping, body).refused
        assert reason in refused.reason


@pytest.mark.parametrize(
    ("dialect", "path", "body", "query"),
    [
        ("emoncms", POST, "", {}), ("emoncms", POST, "", {"json": "{a}"}),
        ("emoncms", BULK, "", {"data": "[[1]]"}), ("emoncms", BULK, "", {"data": "[]"}),
        ("emoncms", BULK, "", {"data": "{"}), ("thingsboard", TELEMETRY, "[1]", {}),
        ("thingsboard", TELEMETRY, "{", {}), ("volkszaehler", VZ, "{", {}),
        ("homeassistant", HA, "[]", {}), ("mapped", "/mapped", "{", {}),
    ],
)  # fmt: skip
def test_a_request_that_cannot_be_read_is_refused(
    dialect: str, path: str, body: str, query: dict[str, str], mapping: Path
) -> None:
    with pytest.raises(Malformed):
        of(dialect, path, mapping, body, **query)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["node", "time", "values", "ts", "uuid", "data", "state", "entity_id",
                             "attributes", "a", "power", "power_w", "last_updated"]),
            inner, max_size=4,
        )
    ),
    max_leaves=8,
)  # fmt: skip


@pytest.mark.parametrize("dialect", SMALL)
@settings(deadline=None)
@given(found=JSON, junk=st.binary(max_size=40))
def test_any_bytes_and_any_json_are_readings_or_refused(
    dialect: str, found: object, junk: bytes, mapping: Path
) -> None:
    for data in (json.dumps(found).encode(), junk):
        decoded = decode(data, dialect, mappings=(mapping,), now_ms=NOW)[1]
        assert all(row.reason for row in decoded.refused)


@pytest.mark.parametrize("dialect", SMALL)
@settings(deadline=None, max_examples=20)
@given(order=st.permutations(range(6)), cut=st.integers(0, 6))
def test_no_prefix_order_or_repetition_loses_or_doubles(
    dialect: str, order: list[int], cut: int, mapping: Path
) -> None:
    made: dict[str, Callable[[int], object]] = {
        "emoncms": lambda n: {"node": "n", "time": S + n, "values": {"power_w": n}},
        "thingsboard": lambda n: {"ts": NOW + n * 1_000, "values": {"power_w": n}},
        "volkszaehler": lambda n: {"uuid": "u-1", "data": [[NOW + n * 1_000, n]]},
        "homeassistant": lambda n: {
            "entity_id": "sensor.x", "state": f"{n}", "attributes": {"unit_of_measurement": "W"},
            "last_updated": f"2025-12-01T12:00:0{n}Z"},
        "mapped": lambda n: {"a": {"id": "n", "power": n}, "time": S + n},
    }  # fmt: skip
    lines = [json.dumps(made[dialect](n)).encode() for n in order]

    def of_lines(part: list[bytes]) -> list[tuple[int, int]]:
        return [
            row[2:]
            for row in rows(
                decode(b"\n".join(part), f"{dialect}@d", mappings=(mapping,), now_ms=NOW)[1]
            )
        ]

    wanted = [(n * 1_000, n * 10**6) for n in order]
    assert of_lines(lines) == wanted
    assert of_lines(lines[:cut]) + of_lines(lines[cut:]) == wanted
    assert of_lines([*lines, *lines]) == wanted * 2
