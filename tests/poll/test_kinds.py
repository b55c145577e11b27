"""Golden answers: what devices' makers document that they answer, and the readings it becomes."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web

from energyguard.poll.registry import KINDS
from tests.poll.devices import Row, asked, http_device, rows, target

GEN1_PLUG = b"""{"relays":[{"ison":true}],"time":"11:16","unixtime":1676110566,
 "meters":[{"power":81.5,"is_valid":true,"timestamp":1676110566,"counters":[1,2,3],"total":6000}]}"""
GEN1_EM = b"""{"unixtime":1676110566,"emeters":[
 {"power":-620.34,"reactive":714.48,"pf":-0.66,"voltage":235.68,"is_valid":true,
  "total":401472.9,"total_returned":653673.7},
 {"power":0.00,"voltage":235.68,"is_valid":false,"total":173411.3,"total_returned":294.2}]}"""
GEN2_EM = b"""{"em:0":{"id":0,"a_current":4.029,"a_voltage":236.1,"a_act_power":951.2,
 "b_current":4.027,"b_voltage":236.201,"c_current":3.03,"c_voltage":236.402,
 "total_act_power":2484.782},"emdata:0":{"id":0,"total_act":26289.57,"total_act_ret":131881.86},
 "em1:0":{"id":0,"current":0.08,"voltage":234.9,"act_power":0},
 "em1data:0":{"id":0,"total_act_energy":0.06,"total_act_ret_energy":0}}"""
EVCC_OLD = b"""{"result":{"battery":[{"power":-0,"soc":100}],"gridPower":554,"pv":[{"power":186}],
 "loadpoints":[{"chargePower":0,"chargeTotalImport":0,"title":"Garage"}]}}"""
GOE_FIRST = b"""{"version":"B","eto":"120","nrg":[230,231,232,0,123,0,0,28,0,0,0,283,98,0,0,0]}"""
DTU_OLD = b"""{"inverters":[{"serial":"11418186","name":"HM600","data_age":4,"reachable":true,
 "0":{"Power":{"v":70.5,"u":"W","d":1},"Voltage":{"v":233,"u":"V","d":1},
      "YieldTotal":{"v":150.5,"u":"kWh","d":2},"Temperature":{"v":8.5,"u":"C","d":1}},
 "1":{"Power":{"v":74,"u":"W","d":1}}},
 {"serial":"11617160","reachable":false,"0":{"Power":{"v":0,"u":"W","d":1}}}]}"""
DTU_LIST = b"""{"inverters":[{"serial":"1161","name":"Roof","data_age":3,"reachable":true}],
 "total":{"Power":{"v":5,"u":"W","d":1}}}"""
DTU_ONE = b"""{"inverters":[{"serial":"1161","reachable":true,
 "AC":{"0":{"Power":{"v":1.25,"u":"kW","d":1},"YieldTotal":{"v":2,"u":"kWh","d":3}}},
 "INV":{"0":{"Temperature":{"v":21.5,"u":"C","d":1}}}}]}"""

POWER, REGISTER, VOLTS, AMPERES = "power_kw", "energy_register_kwh", "voltage_v", "current_a"
GOLDEN: dict[str, tuple[str, dict[str, bytes], list[Row]]] = {
    "a plug of the second generation": (
        "shelly",
        KINDS["shelly"].example.bodies,
        [("m", POWER, "0.0089"), ("m", VOLTS, "237.5"), ("m", REGISTER, "0.006532")],
    ),
    "three phases of the second generation": (
        "shelly",
        {"/rpc/Shelly.GetStatus": GEN2_EM},
        [
            ("m", POWER, "2.484782"),
            *(("m/l1", VOLTS, "236.1"), ("m/l1", AMPERES, "4.029")),
            *(("m/l2", VOLTS, "236.201"), ("m/l2", AMPERES, "4.027")),
            *(("m/l3", VOLTS, "236.402"), ("m/l3", AMPERES, "3.03")),
            *(("m", REGISTER, "26.28957"), ("m/export", REGISTER, "131.88186")),
            *(("m/0", POWER, "0"), ("m/0", VOLTS, "234.9"), ("m/0", AMPERES, "0.08")),
            *(("m/0", REGISTER, "0.00006"), ("m/0/export", REGISTER, "0")),
        ],
    ),
    "a plug of the first generation counts watt-minutes": (
        "shelly",
        {"/status": GEN1_PLUG},
        [("m", POWER, "0.0815"), ("m", REGISTER, "0.1")],
    ),
    "a meter of the first generation counts Wh": (
        "shelly",
        {"/status": GEN1_EM},
        [
            *(("m/0", POWER, "-0.62034"), ("m/0", VOLTS, "235.68")),
            *(("m/0", REGISTER, "401.4729"), ("m/0/export", REGISTER, "653.6737")),
        ],
    ),
    "Tasmota": (
        "tasmota",
        KINDS["tasmota"].example.bodies,
        [
            *(("m", REGISTER, "0.003"), ("m", POWER, "0.026")),
            *(("m", VOLTS, "239"), ("m", AMPERES, "0.106")),
        ],
    ),
    "evcc": (
        "evcc",
        KINDS["evcc"].example.bodies,
        [
            *(("m/grid", POWER, "0.01"), ("m/grid", REGISTER, "14044.923")),
            *(("m/grid/l1", AMPERES, "-3.88"), ("m/grid/l2", AMPERES, "5.8")),
            *(("m/grid/l3", AMPERES, "-3.33"), ("m/pv/1", POWER, "-0.186")),
            *(("m/battery/1", POWER, "0.14"), ("m/loadpoints/1", POWER, "3.84748")),
            *(("m/loadpoints/1", REGISTER, "6663.93"), ("m/loadpoints/1/l1", VOLTS, "224.5875549")),
            *(("m/loadpoints/1/l2", VOLTS, "228.2381134"),),
            *(("m/loadpoints/1/l3", VOLTS, "221.0879211"),),
        ],
    ),
    "evcc of old, all in `result`": (
        "evcc",
        {"/api/state": EVCC_OLD},
        [
            *(("m/grid", POWER, "0.554"), ("m/pv/1", POWER, "-0.186")),
            *(("m/battery/1", POWER, "0"), ("m/loadpoints/1", POWER, "0")),
            *(("m/loadpoints/1", REGISTER, "0"),),
        ],
    ),
    "go-e, second API": (
        "go-e",
        KINDS["go-e"].example.bodies,
        [
            *(("m", REGISTER, "1234.567"), ("m", POWER, "3.45")),
            *(("m/l1", VOLTS, "230"), ("m/l1", AMPERES, "5.2")),
            *(("m/l2", VOLTS, "229"), ("m/l2", AMPERES, "4.8")),
            *(("m/l3", VOLTS, "231"), ("m/l3", AMPERES, "5")),
        ],
    ),
    "go-e, first API: 0.1 kWh, 10 W, 0.1 A": (
        "go-e",
        {"/status": GOE_FIRST},
        [
            *(("m", REGISTER, "12"), ("m", POWER, "2.83")),
            *(("m/l1", VOLTS, "230"), ("m/l1", AMPERES, "12.3")),
            *(("m/l2", VOLTS, "231"), ("m/l2", AMPERES, "0")),
            *(("m/l3", VOLTS, "232"), ("m/l3", AMPERES, "0")),
        ],
    ),
    "OpenDTU": (
        "opendtu",
        KINDS["opendtu"].example.bodies,
        [
            ("m/114181860001", POWER, "-0.07069999695"),
            ("m/114181860001/export", REGISTER, "150.5050049"),
            ("m/114181860001", VOLTS, "233"),
            ("m/114181860001", AMPERES, "0.300000012"),
            ("m/114181860001", "temperature_c", "8.300000191"),
        ],
    ),
    "the oldest OpenDTU, and an inverter that it does not reach": (
        "opendtu",
        {"/api/livedata/status": DTU_OLD},
        [
            *(("m/11418186", POWER, "-0.0705"), ("m/11418186/export", REGISTER, "150.5")),
            *(("m/11418186", VOLTS, "233"), ("m/11418186", "temperature_c", "8.5")),
        ],
    ),
    "a newer OpenDTU lists inverters, and says one at a time": (
        "opendtu",
        {"/api/livedata/status?inv=1161": DTU_ONE, "/api/livedata/status": DTU_LIST},
        [
            *(("m/1161", POWER, "-1.25"), ("m/1161/export", REGISTER, "2")),
            ("m/1161", "temperature_c", "21.5"),
        ],
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
async def test_answers_become_the_readings_that_their_makers_mean(name: str) -> None:
    kind, bodies, wanted = GOLDEN[name]
    async with http_device(bodies) as address:
        assert rows(await asked(target(kind, address))) == wanted


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("go-e", b'{"eto":1,"nrg":[1,2]}', "nrg is no list"),
        ("go-e", b'{"eto":"x","nrg":[1,2,3,4,5,6,7,8,9,10,11,12]}', "eto is no number"),
        ("opendtu", b'{"inverters":{}}', "no list of inverters"),
        (
            "opendtu",
            b'{"inverters":[{"serial":"1","reachable":true,"AC":{"0":{"Power":{"v":1,"u":"mW"}}}}]}',
            "'mW', which is not known",
        ),
        ("tasmota", b'{"WARNING":"Need user=<username>&password=<password>"}', "Need user="),
        ("evcc", b"<html>", "no JSON"),
        ("shelly", b"[1]", "params is no object"),
        ("json", b'{"power":"much"}', "the mapping takes nothing of it"),
    ],
)
async def test_an_answer_that_cannot_be_read_says_why(
    kind: str, body: bytes, reason: str, tmp_path: Path
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body)

    mapping = tmp_path / "mapping.toml"
    mapping.write_text('[[value]]\nname = "power"\nchannel = "power_kw"\n')
    async with http_device(handler=answer) as address:
        found = await asked(target(kind, address, mapping=mapping))
    assert reason in found.fault


async def test_what_a_device_has_besides_is_said_with_the_reason() -> None:
    async with http_device({"/status": GEN1_EM}) as address:
        found = await asked(target("shelly", address))
    assert found.left_out == [("emeters/1", "the device says that it is not valid")]
    async with http_device({"/api/livedata/status": DTU_OLD}) as address:
        found = await asked(target("opendtu", address))
    assert found.left_out == [("11617160", "the DTU does not reach the inverter")]


async def test_a_mapping_says_what_json_of_any_shape_means(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(
        '[[value]]\nname = "meters.power"\nchannel = "power_kw"\nunit = "W"\n'
        'device = "{device}/{place}"\n'
    )
    async with http_device({"/x": KINDS["json"].example.bodies["/"]}) as address:
        found = await asked(target("json", f"{address}/x", mapping=path))
        bare = await asked(target("json", address, mapping=path))
    assert rows(found) == [("m/attic", POWER, "0.0842")]
    assert bare.fault == "answers 404: there is no such path"
