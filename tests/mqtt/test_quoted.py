"""Messages as makers' documents quote them, and as devices sent them, each with its source."""

from __future__ import annotations

import json
from datetime import datetime
from typing import NamedTuple

import pytest

from energyguard.mqtt.dialect import MqttMessage
from tests.mqtt.taken import Row, reasons, rows, taker


class Quoted(NamedTuple):
    """Messages, when they came, and the readings, whose times are after that in seconds.

    Attributes:
        source: who writes so.
    """

    source: str
    came: str
    sent: list[tuple[str, bytes]]
    wanted: list[tuple[str, str, str, float]]
    retained: bool = False


MY_PLUG = b"""[{"ieee_address":"0x00158d00018255df","type":"Router","network_address":29159,
"supported":true,"friendly_name":"my_plug","definition":{"model":"ZNCZ02LM","vendor":"Xiaomi",
"description":"Mi power plug ZigBee","exposes":[
{"type":"numeric","name":"temperature","property":"temperature","unit":"\xc2\xb0C","access":1},
{"type":"numeric","name":"power","property":"power","unit":"W","access":5},
{"type":"numeric","name":"energy","property":"energy_l1","endpoint":"l1","unit":"kWh","access":1},
{"type":"numeric","name":"energy","property":"energy_l2","endpoint":"l2","unit":"kWh","access":1}
]},"interview_completed":true},
{"friendly_name":"my_sensor","supported":false,"definition":null,"power_source":"Battery"}]"""


def exposed(**devices: str) -> bytes:
    """What a bridge lists: fields with their units, by the names of devices."""
    return json.dumps([
        {"friendly_name": name, "definition": {"model": "m", "vendor": "v", "exposes": [
            {"type": "numeric", "name": field, "property": field, "unit": unit}
            for field, unit in (each.split(":") for each in fields.split())
        ]}}
        for name, fields in devices.items()
    ]).encode()  # fmt: skip


QUOTED = (
    Quoted(
        "Tasmota, an optical reader with the script of docs.evcc.io/en/meters/tasmota-sml-…",
        "2026-11-28T10:15:00+00:00",
        [(
            "tele/hichi/SENSOR",
            b'{"Time":"2026-11-28T11:15:00","SML":{"Total_in":12345.6789,"Total_out":0.5,'
            b'"Power_curr":-234,"Meter_Id":"0a0149534b000532a1ee","power_l1":-100,'
            b'"voltage_l1":231.5,"current_l3":0.42}}',
        )],
        [
            ("hichi/SML", "energy_register_kwh", "12345.6789", 0),
            ("hichi/SML/export", "energy_register_kwh", "0.5", 0),
            ("hichi/SML", "power_kw", "-0.234", 0),
            ("hichi/SML/l1", "voltage_v", "231.5", 0),
            ("hichi/SML/l3", "current_a", "0.42", 0),
        ],
    ),
    Quoted(
        "Tasmota, the same before its meter has spoken: registers of 0 are none",
        "2026-11-28T10:15:00+00:00",
        [(
            "tele/hichi/SENSOR",
            b'{"Time":"1970-01-01T00:00:11","SML":{"Total_in":0.0,"Total_out":0,"Power_curr":0}}',
        )],
        [("hichi/SML", "power_kw", "0", 0)],
    ),
    Quoted(
        "Shelly, /gen2/ComponentsAndServices/CCT and RGBW: they have meters, too",
        "2026-11-28T10:15:00+00:00",
        [
            ("strip/status/rgbw:0", b'{"id":0,"output":true,"rgb":[255,0,0],"white":0,'
                                    b'"apower":8.5,"voltage":12.1,"aenergy":{"total":100}}'),
            ("spots/status/cct:1", b'{"id":1,"output":true,"brightness":50,"ct":3000,'
                                   b'"apower":6,"aenergy":{"total":250.5}}'),
        ],
        [
            ("strip", "power_kw", "0.0085", 0),
            ("strip", "voltage_v", "12.1", 0),
            ("strip", "energy_register_kwh", "0.1", 0),
            ("spots/1", "power_kw", "0.006", 0),
            ("spots/1", "energy_register_kwh", "0.2505", 0),
        ],
    ),
    Quoted(
        "Zigbee2MQTT, devices/PJ-1203A (two clamps) and a meter of three phases of Tuya",
        "2026-11-28T10:15:00+00:00",
        [
            ("zigbee2mqtt/bridge/devices", exposed(
                clamps="power_a:W power_b:W power_ab:W current_b:A energy_a:kWh energy_b:kWh "
                "energy_produced_b:kWh voltage:V power_factor_a:%",
                three="power:W power_c:W voltage_a:V voltage_b:V energy:kWh produced_energy:kWh",
            )),
            ("zigbee2mqtt/clamps", b'{"power_a":100,"power_b":-50,"power_ab":50,"current_b":0.5,'
             b'"energy_a":5,"energy_b":6,"energy_produced_b":2,"voltage":230,"power_factor_a":98}'),
            ("zigbee2mqtt/three", b'{"power":300,"power_c":110,"voltage_a":230,"voltage_b":231,'
             b'"energy":10.5,"produced_energy":2}'),
        ],
        [
            ("clamps/l1", "power_kw", "0.1", 0),
            ("clamps/l2", "power_kw", "-0.05", 0),
            ("clamps", "power_kw", "0.05", 0),
            ("clamps/l2", "current_a", "0.5", 0),
            ("clamps/l1", "energy_register_kwh", "5", 0),
            ("clamps/l2", "energy_register_kwh", "6", 0),
            ("clamps/l2/export", "energy_register_kwh", "2", 0),
            ("clamps", "voltage_v", "230", 0),
            ("three", "power_kw", "0.3", 0),
            ("three/l3", "power_kw", "0.11", 0),
            ("three/l1", "voltage_v", "230", 0),
            ("three/l2", "voltage_v", "231", 0),
            ("three", "energy_register_kwh", "10.5", 0),
            ("three/export", "energy_register_kwh", "2", 0),
        ],
    ),
    Quoted(
        "OpenDTU, docs/MQTT_Topics.md: watts, and kWh of the register",
        "2026-11-28T10:15:00+00:00",
        [
            ("solar/114181800001/0/power", b"312.5"),
            ("solar/114181800001/0/yieldtotal", b"150.505"),
            ("solar/114181800001/0/yieldday", b"820"),
            ("solar/114181800001/0/voltage", b"233.1"),
            ("solar/114181800001/0/current", b"1.34"),
            ("solar/114181800001/0/temperature", b"8.3"),
            ("solar/114181800001/1/power", b"160.2"),
            ("solar/114181800001/status/last_update", b"1795860890"),
            ("solar/dtu/status", b"online"),
        ],
        [
            ("solar/114181800001", "power_kw", "-0.3125", 0),
            ("solar/114181800001/export", "energy_register_kwh", "150.505", 0),
            ("solar/114181800001", "voltage_v", "233.1", 0),
            ("solar/114181800001", "current_a", "1.34", 0),
            ("solar/114181800001", "temperature_c", "8.3", 0),
        ],
    ),
    Quoted(
        "Tasmota, tasmota.github.io/docs/MQTT (Berlin is an hour before UTC in winter)",
        "2017-02-16T09:13:53+00:00",
        [(
            "tele/tasmota/SENSOR",
            b'{"Time":"2017-02-16T10:13:52", "DS18B20":{"Temperature":20.6}}',
        )],
        [("tasmota/DS18B20", "temperature_c", "20.6", -1)],
    ),
    Quoted(
        "Tasmota, a retained message (SensorRetain): its own time counts",
        "2023-05-19T19:52:56+00:00",
        [(
            "tele/sonoff_desk/SENSOR",
            b'{"Time":"2023-05-19T20:52:56","ENERGY":{"TotalStartTime":"2022-03-20T15:20:48",'
            b'"Total":514.153,"Yesterday":1.495,"Today":0.537,"Period":0,"Power":56,'
            b'"ApparentPower":92,"ReactivePower":73,"Factor":0.61,"Voltage":234,"Current":0.392}}',
        )],
        [
            ("sonoff_desk", "energy_register_kwh", "514.153", -3600),
            ("sonoff_desk", "power_kw", "0.056", -3600),
            ("sonoff_desk", "voltage_v", "234", -3600),
            ("sonoff_desk", "current_a", "0.392", -3600),
        ],
        retained=True,
    ),
    Quoted(
        "Tasmota, a Sonoff Dual R3 by two channels: what both used is one",
        "2026-09-18T09:19:21+00:00",
        [(
            "tele/tasmota/SENSOR",
            b'{"Time":"2026-09-18T11:19:21","ENERGY":{"TotalStartTime":"2026-09-16T00:00:00",'
            b'"Total":[2.813,0.254],"Yesterday":[1.530,0.125],"Today":[0.772,0.059],"Power":[52,5],'
            b'"ApparentPower":[66,10],"ReactivePower":[40,9],"Factor":[0.79,0.50],"Voltage":235,'
            b'"Current":[0.278,0.044],"BL09XX":{"Temperature":46.5}}}',
        )],
        [
            ("tasmota", "energy_register_kwh", "3.067", 0),
            ("tasmota", "power_kw", "0.057", 0),
            ("tasmota", "voltage_v", "235", 0),
            ("tasmota/l1", "current_a", "0.278", 0),
            ("tasmota/l2", "current_a", "0.044", 0),
        ],
    ),
    Quoted(
        "Tasmota, changes of 8.3.1.2: with tariffs `Total` is the total; an SDM220 that feeds in",
        "2018-11-23T14:40:00+00:00",
        [(
            "tele/sdm/SENSOR",
            b'{"ENERGY":{"TotalStartTime":"2018-11-23T15:33:47","Total":0.017,'
            b'"TotalTariff":[0.000,0.017],"Yesterday":0.000,"Today":0.002,"ExportActive":0.000,'
            b'"ExportTariff":[0.000,0.000],"Period":0.00,"Power":0.00,"ApparentPower":7.84,'
            b'"ReactivePower":-7.21,"Factor":0.39,"Frequency":50.0,"Voltage":234.31,'
            b'"Current":0.039,"ImportActive":12.580,"ImportReactive":0.002,'
            b'"ExportReactive":39.131,"PhaseAngle":290.45}}',
        )],
        [
            ("sdm", "energy_register_kwh", "0.017", 0),
            ("sdm/export", "energy_register_kwh", "0", 0),
            ("sdm", "power_kw", "0", 0),
            ("sdm", "voltage_v", "234.31", 0),
            ("sdm", "current_a", "0.039", 0),
        ],
    ),
    Quoted(
        "Tasmota with SetOption52, whose times have their zone",
        "2020-03-03T00:00:01+00:00",
        [("tele/x/SENSOR", b'{"Time":"2020-03-03T00:00:00+00:00","ENERGY":{"Power":3}}')],
        [("x", "power_kw", "0.003", -1)],
    ),
    Quoted(
        "Shelly of the first generation: a Plug S counts watt-minutes, a 3EM Wh",
        "2023-01-23T11:28:24+00:00",
        [
            ("shellies/shelly-plug-s1/relay/0/power", b"20.58"),
            ("shellies/shelly-plug-s1/relay/0/energy", b"94736"),
            ("shellies/shelly-plug-s1/relay/0", b"on"),
            ("shellies/shelly-plug-s1/temperature", b"22.28"),
            ("shellies/shelly-plug-s1/temperature_f", b"72.10"),
            ("shellies/shelly-plug-s1/overtemperature", b"0"),
            ("shellies/shellyem3/emeter/0/pf", b"0.00"),
            ("shellies/shellyem3/emeter/0/voltage", b"230.35"),
            ("shellies/shellyem3/emeter/0/total", b"500000"),
            ("shellies/shellyem3/emeter/0/total_returned", b"8000"),
            ("shellies/shellyem3/emeter/0/energy", b"400"),
        ],
        [
            ("shelly-plug-s1", "power_kw", "0.02058", 0),
            ("shelly-plug-s1", "energy_register_kwh", "1.578933333", 0),
            ("shelly-plug-s1", "temperature_c", "22.28", 0),
            ("shellyem3/0", "voltage_v", "230.35", 0),
            ("shellyem3/0", "energy_register_kwh", "500", 0),
            ("shellyem3/0/export", "energy_register_kwh", "8", 0),
        ],
    ),
    Quoted(
        "Shelly Plus H&T, which woke up and does not know the time of day: `time` is null",
        "2023-01-23T11:28:25+00:00",
        [(
            "shelly-ht-01/events/rpc",
            b'{"src":"shellyplusht-08b61fce63c4","dst":"shelly-ht/shelly-plus-ht-01/events",'
            b'"method":"NotifyFullStatus","params":{"ts":1674473304.12,"ble":{},'
            b'"devicepower:0":{"id": 0,"battery":{"V":6.17, "percent":100}},'
            b'"humidity:0":{"id": 0,"rh":54.3},"sys":{"mac":"08B61FCE63C4","time":null,'
            b'"unixtime":null,"uptime":1},"temperature:0":{"id": 0,"tC":19.9, "tF":67.8}}}',
        )],
        [("shelly-ht-01/temperature:0", "temperature_c", "19.9", -0.88)],
    ),
    Quoted(
        "Shelly Pro 3EM, shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/EM and EMData",
        "2023-05-01T14:54:26+00:00",
        [(
            "shellypro3em-ec6260890b50/events/rpc",
            b'{"method":"NotifyFullStatus","params":{"ts":1682952865,"em:0":{"id":0,'
            b'"a_current":3.761,"a_voltage":121.7,"a_act_power":342.8,"a_aprt_power":457.5,'
            b'"a_pf":-0.80,"n_current":null,"total_current":11.896,"total_act_power":1300.252,'
            b'"total_aprt_power":1441.226, "user_calibrated_phase":[]},"emdata:0":{"id":0,'
            b'"a_total_act_energy":1075513.08,"a_total_act_ret_energy":0.00,'
            b'"total_act":2852055.81, "total_act_ret":0.00},"mqtt":{"connected":true}}}',
        )],
        [
            ("shellypro3em-ec6260890b50", "power_kw", "1.300252", -1),
            ("shellypro3em-ec6260890b50/l1", "voltage_v", "121.7", -1),
            ("shellypro3em-ec6260890b50/l1", "current_a", "3.761", -1),
            ("shellypro3em-ec6260890b50", "energy_register_kwh", "2852.05581", -1),
            ("shellypro3em-ec6260890b50/export", "energy_register_kwh", "0", -1),
        ],
    ),
    Quoted(
        "Shelly Pro EM-50, shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/EM1 and EM1Data",
        "2025-09-03T11:46:40+00:00",
        [(
            "em/events/rpc",
            b'{"method":"NotifyStatus","params":{"ts":1756900000,"em1:1":{"id":1,"current":1.0,'
            b'"voltage":230.0,"act_power":-230.0,"aprt_power":230.0,"pf":-1.0,"freq":50.0,'
            b'"calibration":"factory"},"em1data:1":{"id":1,"total_act_energy":10.0,'
            b'"total_act_ret_energy":80.25}}}',
        )],
        [
            ("em/1", "power_kw", "-0.23", 0),
            ("em/1", "voltage_v", "230", 0),
            ("em/1", "current_a", "1", 0),
            ("em/1", "energy_register_kwh", "0.01", 0),
            ("em/1/export", "energy_register_kwh", "0.08025", 0),
        ],
    ),
    Quoted(
        "Zigbee2MQTT, zigbee2mqtt.io/guide/usage: endpoints, a device not supported, nulls",
        "2026-11-28T10:15:00+00:00",
        [
            ("zigbee2mqtt/bridge/devices", MY_PLUG),
            (
                "zigbee2mqtt/my_plug",
                b'{"temperature":27.34,"humidity":44.72,"power":null,"energy_l1":1.5,'
                b'"energy_l2":2.25,"last_seen":"2026-11-28T11:15:00+01:00"}',
            ),
            ("zigbee2mqtt/my_plug/availability", b'{"state":"online"}'),
            ("zigbee2mqtt/my_sensor", b'{"temperature":1}'),
        ],
        [
            ("my_plug", "temperature_c", "27.34", 0),
            ("my_plug/l1", "energy_register_kwh", "1.5", 0),
            ("my_plug/l2", "energy_register_kwh", "2.25", 0),
        ],
    ),
    Quoted(
        "evcc 0.301, docs.evcc.io/en/integrations/mqtt-api: batteries are below `devices`",
        "2026-11-28T10:15:00+00:00",
        [
            ("evcc/site/battery/power", b"-1500"),
            ("evcc/site/battery/devices/1/power", b"-1500"),
            ("evcc/site/battery/devices/1/soc", b"62"),
            ("evcc/site/homePower", b"412"),
            ("evcc/site/grid/power", b"-230"),
            ("evcc/loadpoints/1/chargeTotalImport", b"0.004"),
            ("evcc/loadpoints/1/chargedEnergy", b"0"),
            ("evcc/loadpoints/1/chargePower", b"nil"),
        ],
        [
            ("evcc/battery/1", "power_kw", "1.5", 0),
            ("evcc/grid", "power_kw", "-0.23", 0),
            ("evcc/loadpoints/1", "energy_register_kwh", "0.004", 0),
        ],
    ),
    Quoted(
        "DSMR-reader, dsmr_mqtt's own test of its JSON, in local time",
        "2018-01-01T00:00:05+00:00",
        [
            (
                "dsmr/json",
                b'{"id":1,"timestamp":"2018-01-01T01:00:00+01:00","electricity_delivered_1":"1",'
                b'"electricity_returned_1":"2","electricity_delivered_2":"3",'
                b'"electricity_returned_2":"4","electricity_currently_delivered":"5",'
                b'"phase_currently_delivered_l1":"0.25","extra_device_delivered":null}',
            ),
            ("dsmr/reading/timestamp", b"2018-01-01T01:00:00+01:00"),
            ("dsmr/reading/extra_device_delivered", b"956.212"),
        ],
        [
            ("dsmr/t1", "energy_register_kwh", "1", -5),
            ("dsmr/t2", "energy_register_kwh", "3", -5),
            ("dsmr/export/t1", "energy_register_kwh", "2", -5),
            ("dsmr/export/t2", "energy_register_kwh", "4", -5),
        ],
    ),
    Quoted(
        "ESPHome, esphome.io/components/mqtt: a state that the broker kept has no time",
        "2026-11-28T10:15:00+00:00",
        [("livingroom/sensor/outside_temperature_c/state", b"4.2")],
        [],
        retained=True,
    ),
)  # fmt: skip


@pytest.mark.parametrize("quoted", QUOTED, ids=lambda quoted: quoted.source)
def test_what_is_quoted_becomes_the_readings_that_its_maker_means(quoted: Quoted) -> None:
    came_ms = int(datetime.fromisoformat(quoted.came).timestamp() * 1000)
    one = taker()
    came = [MqttMessage(topic, body, came_ms, quoted.retained) for topic, body in quoted.sent]
    for message in came:
        one.learn(message)
    found = one.decode(came)
    assert reasons(found) == []
    wanted: list[Row] = [(*row[:3], int(row[3] * 1000)) for row in quoted.wanted]
    assert rows(found, came_ms) == wanted
