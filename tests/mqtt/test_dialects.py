"""Golden messages, written by hand after what their senders document, and what they must become."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from energyguard.dialects.mapping import MappingRule
from energyguard.mqtt.dialect import TopicDialect
from energyguard.mqtt.registry import DIALECTS
from tests.mqtt.taken import Row, decoded, messages, reasons, rows, taker

DEVICES = b"""[
{"friendly_name":"kitchen/fridge","definition":{"exposes":[
 {"type":"switch","features":[{"type":"binary","property":"state"}]},
 {"type":"numeric","property":"power","unit":"W"},{"type":"numeric","property":"current","unit":"A"},
 {"type":"numeric","property":"voltage","unit":"V"},{"type":"numeric","property":"energy","unit":"kWh"},
 {"type":"numeric","property":"linkquality","unit":"lqi"}]}},
{"friendly_name":"meter","definition":{"exposes":[
 {"type":"numeric","property":"power","unit":"kW"},{"type":"numeric","property":"voltage","unit":"mV"},
 {"type":"numeric","property":"voltage_phase_b","unit":"V"},
 {"type":"numeric","property":"energy","unit":"Wh"},
 {"type":"numeric","property":"produced_energy","unit":"kWh"}]}},
{"friendly_name":"Coordinator","definition":null}]"""

GOLDEN: dict[str, tuple[list[tuple[str, bytes]], list[Row]]] = {
    "own, a number": (
        [("energyguard/lindenhof/boiler/power_w", b" 2400 ")],
        [("lindenhof/boiler", "power_kw", "2.4", 0)],
    ),
    "own, with its time and unit": (
        [
            ("energyguard/l/b/energy_kwh", b'{"value":0.6,"time":"2026-11-28T10:00:00Z"}'),
            ("energyguard/l/b/power", b'{"value":"-1200","unit":"W","time":1795860000}'),
        ],
        [("l/b", "energy_kwh", "0.6", -900_000), ("l/b", "power_kw", "-1.2", -900_000)],
    ),
    "Tasmota, a plug; its time is of Berlin": (
        [
            (
                "tele/boiler/SENSOR",
                b'{"Time":"2026-11-28T11:14:50","ENERGY":{"TotalStartTime":"2024-03-01T08:00:00",'
                b'"Total":1234.567,"Yesterday":4.2,"Today":1.3,"Period":12,"Power":1850,'
                b'"ApparentPower":1862,"ReactivePower":212,"Factor":0.99,"Voltage":231,'
                b'"Current":8.06}}',
            )
        ],
        [
            ("boiler", "energy_register_kwh", "1234.567", -10_000),
            ("boiler", "power_kw", "1.85", -10_000),
            ("boiler", "voltage_v", "231", -10_000),
            ("boiler", "current_a", "8.06", -10_000),
        ],
    ),
    "Tasmota, three phases that feed in, a clock of 1970, the other order of its topic": (
        [
            (
                "home/cellar/tele/SENSOR",
                b'{"Time":"1970-01-01T00:00:12","ENERGY":{"Total":[1.5,2.5,0.25],'
                b'"ExportActive":3.125,"Power":[-100,-200,50],"Voltage":[230,231,229]}}',
            )
        ],
        [
            ("home/cellar", "energy_register_kwh", "4.25", 0),
            ("home/cellar/export", "energy_register_kwh", "3.125", 0),
            ("home/cellar", "power_kw", "-0.25", 0),
            ("home/cellar/l1", "voltage_v", "230", 0),
            ("home/cellar/l2", "voltage_v", "231", 0),
            ("home/cellar/l3", "voltage_v", "229", 0),
        ],
    ),
    "Tasmota, a thermometer, a meter script; what it is not": (
        [
            (
                "tele/attic/SENSOR",
                b'{"Time":"2026-11-28T11:15:00","DS18B20":{"Id":"0316A2","Temperature":-1.5},'
                b'"SML":{"power_w":-312.5,"import_kwh_total":17.5,"meter":"x"},"TempUnit":"C"}',
            ),
            ("tele/attic/STATE", b'{"Time":"2026-11-28T11:15:00","POWER":"ON"}'),
            ("tele/attic/LWT", b"Online"),
        ],
        [
            ("attic/DS18B20", "temperature_c", "-1.5", 0),
            ("attic/SML", "power_kw", "-0.3125", 0),
            ("attic/SML", "energy_register_kwh", "17.5", 0),
        ],
    ),
    "Tasmota, asked for; nulls": (
        [
            (
                "stat/boiler/STATUS10",
                b'{"StatusSNS":{"Time":"2026-11-28T11:15:00",'
                b'"ENERGY":{"Total":null,"Power":7,"Voltage":null}}}',
            )
        ],
        [("boiler", "power_kw", "0.007", 0)],
    ),
    "Shelly of the first generation: watt-minutes, Wh of a meter": (
        [
            ("shellies/plug-7AE1F2/relay/0/power", b"42.35"),
            ("shellies/plug-7AE1F2/relay/0/energy", b"90000"),
            ("shellies/plug-7AE1F2/relay/0", b"on"),
            ("shellies/plug-7AE1F2/temperature", b"31.27"),
            ("shellies/25-B1/relay/1/power", b"0.00"),
            ("shellies/em3-C2/emeter/2/power", b"-1500.5"),
            ("shellies/em3-C2/emeter/2/energy", b"17"),
            ("shellies/em3-C2/emeter/2/total", b"12345.6"),
            ("shellies/em3-C2/emeter/2/total_returned", b"789.1"),
        ],
        [
            ("plug-7AE1F2", "power_kw", "0.04235", 0),
            ("plug-7AE1F2", "energy_register_kwh", "1.5", 0),
            ("plug-7AE1F2", "temperature_c", "31.27", 0),
            ("25-B1/1", "power_kw", "0", 0),
            ("em3-C2/2", "power_kw", "-1.5005", 0),
            ("em3-C2/2", "energy_register_kwh", "12.3456", 0),
            ("em3-C2/2/export", "energy_register_kwh", "0.7891", 0),
        ],
    ),
    "Shelly of later ones: partial notifications, Wh, a time with fractions": (
        [
            (
                "shellyplus1pm-a8/events/rpc",
                b'{"src":"shellyplus1pm-a8","dst":"x","method":"NotifyStatus","params":'
                b'{"ts":1795860899.25,"switch:0":{"id":0,"aenergy":{"by_minute":[0.0,3083.3],'
                b'"minute_ts":1795860840,"total":21748.502}}}}',
            ),
            (
                "shellyplus1pm-a8/events/rpc",
                b'{"src":"shellyplus1pm-a8","method":"NotifyStatus","params":'
                b'{"ts":1795860899.75,"switch:1":{"id":1,"apower":184.5,"current":null}}}',
            ),
            (
                "pro3em/events/rpc",
                b'{"method":"NotifyStatus","params":{"ts":null,"em:0":{"id":0,"a_current":4.029,'
                b'"a_voltage":236.1,"a_act_power":951.2,"total_current":11.116,'
                b'"total_act_power":-2484.782},"emdata:0":{"id":0,"total_act":1000.5,'
                b'"total_act_ret":2.25}}}',
            ),
            ("pro3em/events/rpc", b'{"method":"NotifyEvent","params":{"ts":1,"events":[]}}'),
            ("plugs/status/pm1:0", b'{"id":0,"apower":5.5,"ret_aenergy":{"total":1.5}}'),
        ],
        [
            ("shellyplus1pm-a8", "energy_register_kwh", "21.748502", -750),
            ("shellyplus1pm-a8/1", "power_kw", "0.1845", -250),
            ("pro3em", "power_kw", "-2.484782", 0),
            ("pro3em/l1", "voltage_v", "236.1", 0),
            ("pro3em/l1", "current_a", "4.029", 0),
            ("pro3em", "energy_register_kwh", "1.0005", 0),
            ("pro3em/export", "energy_register_kwh", "0.00225", 0),
            ("plugs", "power_kw", "0.0055", 0),
            ("plugs/export", "energy_register_kwh", "0.0015", 0),
        ],
    ),
    "Zigbee2MQTT: units are those of its list of devices": (
        [
            ("zigbee2mqtt/bridge/devices", DEVICES),
            (
                "zigbee2mqtt/kitchen/fridge",
                b'{"state":"ON","power":84,"current":0.37,"voltage":229,"energy":152.31,'
                b'"linkquality":120,"last_seen":"2026-11-28T10:14:59.000Z","update":{"state":"idle"}}',
            ),
            ("zigbee2mqtt/meter", b'{"power":-0.25,"voltage":229500,"voltage_phase_b":231,'
                                  b'"energy":1500,"produced_energy":7.5,"last_seen":1795860899500}'),
            ("zigbee2mqtt/bridge/state", b'{"state":"online"}'),
            ("zigbee2mqtt/kitchen/fridge/set", b'{"state":"OFF"}'),
            ("zigbee2mqtt/unlisted", b'{"power":3}'),
        ],
        [
            ("kitchen/fridge", "power_kw", "0.084", -1_000),
            ("kitchen/fridge", "current_a", "0.37", -1_000),
            ("kitchen/fridge", "voltage_v", "229", -1_000),
            ("kitchen/fridge", "energy_register_kwh", "152.31", -1_000),
            ("meter", "power_kw", "-0.25", -500),
            ("meter", "voltage_v", "229.5", -500),
            ("meter/l2", "voltage_v", "231", -500),
            ("meter", "energy_register_kwh", "1.5", -500),
            ("meter/export", "energy_register_kwh", "7.5", -500),
        ],
    ),
    "evcc: the grid, the sun, a battery, a charger; what is said twice is left": (
        [
            ("evcc/site/gridPower", b"-2310"),
            ("evcc/site/grid/power", b"1500.5"),
            ("evcc/site/grid/energy", b"10405.2"),
            ("evcc/site/grid/currents/l2", b"3.5"),
            ("evcc/site/grid/currents", b"3"),
            ("evcc/site/pv/1/power", b"4120"),
            ("evcc/site/battery/1/power", b"-800"),
            ("evcc/site/battery/1/soc", b"55"),
            ("evcc/site/homePower", b"600"),
            ("evcc/loadpoints/1/chargePower", b"7340"),
            ("evcc/loadpoints/1/chargeTotalImport", b"1834.2"),
            ("evcc/loadpoints/1/chargedEnergy", b"5200"),
            ("evcc/loadpoints/1/chargeCurrents/1", b"10.6"),
            ("evcc/loadpoints/2/chargePower", b""),
        ],
        [
            ("evcc/grid", "power_kw", "-2.31", 0),
            ("evcc/grid", "power_kw", "1.5005", 0),
            ("evcc/grid", "energy_register_kwh", "10405.2", 0),
            ("evcc/grid/l2", "current_a", "3.5", 0),
            ("evcc/pv/1", "power_kw", "-4.12", 0),
            ("evcc/battery/1", "power_kw", "0.8", 0),
            ("evcc/loadpoints/1", "power_kw", "7.34", 0),
            ("evcc/loadpoints/1", "energy_register_kwh", "1834.2", 0),
            ("evcc/loadpoints/1/l1", "current_a", "10.6", 0),
        ],
    ),
    "DSMR-reader: a register for each tariff": (
        [
            ("dsmr/reading/electricity_delivered_1", b"1234.567"),
            ("dsmr/reading/electricity_delivered_2", b"2345.678"),
            ("dsmr/reading/electricity_returned_2", b"17.001"),
            ("dsmr/reading/electricity_currently_delivered", b"0.734"),
            ("dsmr/reading/phase_voltage_l3", b"229.0"),
            ("dsmr/reading/phase_power_current_l1", b"3"),
            ("dsmr/reading/phase_voltage_l2", b"None"),
            ("dsmr/reading/extra_device_delivered", b"956.212"),
        ],
        [
            ("dsmr/t1", "energy_register_kwh", "1234.567", 0),
            ("dsmr/t2", "energy_register_kwh", "2345.678", 0),
            ("dsmr/export/t2", "energy_register_kwh", "17.001", 0),
            ("dsmr/l3", "voltage_v", "229", 0),
            ("dsmr/l1", "current_a", "3", 0),
        ],
    ),
    "ESPHome: names with a unit": (
        [
            ("cellar/sensor/heat_pump_power_w/state", b"1234.5"),
            ("cellar/sensor/wifi_signal/state", b"-61"),
            ("cellar/sensor/heat_pump_power_w/state", b"nan"),
        ],
        [("cellar", "power_kw", "1.2345", 0)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN)
def test_messages_become_the_readings_that_their_senders_mean(name: str) -> None:
    sent, wanted = GOLDEN[name]
    found = decoded(sent)
    assert rows(found) == wanted
    assert reasons(found) == []


REFUSED = {
    "malformed channel: 'humidity': nothing says its unit": ("energyguard/l/b/humidity", b"3"),
    "malformed power_w: power_w is no number: 'on'": ("energyguard/l/b/power_w", b"on"),
    "malformed time: energy_kwh: an amount of an interval needs a time": (
        "energyguard/l/b/energy_kwh",
        b"0.2",
    ),
    "malformed watt: there is no field 'watt': value, time, unit": (
        "energyguard/l/b/power_kw",
        b'{"watt":3}',
    ),
    "malformed time: time is no time: 'noon'": (
        "energyguard/l/b/power_kw",
        b'{"value":3,"time":"noon"}',
    ),
    "malformed params: params is no object": (
        "x/events/rpc",
        b'{"method":"NotifyStatus","params":[]}',
    ),
    "malformed Power: Power is no number: 'much'": (
        "tele/x/SENSOR",
        b'{"ENERGY":{"Power":"much"}}',
    ),
    "malformed message: the message is no object of JSON": ("tele/x/SENSOR", b"[]"),
    "out-of-range value: value is above the plausible 10000 kW: 9223372036.854775807 kW": (
        "energyguard/l/b/power_kw",
        b"1e99999999",
    ),
    "malformed channel: its device is not a name of 1 to 128 characters: 'a,b'": (
        "tele/a,b/SENSOR",
        b'{"ENERGY":{"Power":3}}',
    ),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_cannot_be_read_is_refused_with_its_bytes(reason: str) -> None:
    topic, body = REFUSED[reason]
    found = decoded([(topic, body)])
    assert reasons(found) == [reason]
    assert found.refused[0].original == body
    assert rows(found) == []


def test_one_impossible_value_takes_no_other_with_it() -> None:
    found = decoded([("tele/x/SENSOR", b'{"ENERGY":{"Power":99999999,"Voltage":230}}')])
    assert rows(found) == [("x", "voltage_v", "230", 0)]
    assert len(found.refused) == 1


def test_a_value_that_belongs_nowhere_takes_no_other_with_it() -> None:
    found = decoded([("emon/n", b'{"boiler":5,"attic_w":3,"shed":"on","P1":40,"sauna":1}')])
    assert rows(found) == [("n", "power_kw", "0.003", 0), ("n/1", "power_kw", "0.04", 0)]
    assert reasons(found) == ["malformed channel: 'boiler': nothing says its unit"]


def test_what_the_broker_kept_is_taken_only_with_its_own_time() -> None:
    sent = [
        ("tele/x/SENSOR", b'{"Time":"2026-11-28T11:00:00","ENERGY":{"Power":5}}'),
        ("tele/y/SENSOR", b'{"Time":"1970-01-01T00:00:00","ENERGY":{"Power":5}}'),
        ("shellies/z/relay/0/power", b"5"),
    ]
    assert rows(decoded(sent, retained=True)) == [("x", "power_kw", "0.005", -900_000)]
    assert len(rows(decoded(sent))) == 3


def test_a_mapping_goes_before_what_a_dialect_knows() -> None:
    rules = [
        MappingRule(name="Power", dialect="tasmota", channel="power_kw", unit="W", sign="export"),
        MappingRule(name="Total", skip=True),
    ]
    sent = [("tele/roof/SENSOR", b'{"ENERGY":{"Power":500,"Total":3,"Voltage":230}}')]
    assert rows(decoded(sent, rules)) == [
        ("roof", "power_kw", "-0.5", 0),
        ("roof", "voltage_v", "230", 0),
    ]


def test_a_mapping_that_has_changed_counts_from_the_next_batch() -> None:
    rules = list[MappingRule]()
    one, sent = taker(rules=rules), messages([("tele/x/SENSOR", b'{"ENERGY":{"Power":3}}')])
    assert rows(one.decode(sent)) == [("x", "power_kw", "0.003", 0)]
    rules.append(MappingRule(name="Power", skip=True))
    assert rows(one.decode(sent)) == []


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_the_example_of_a_dialect_is_read(dialect: type[TopicDialect]) -> None:
    found = decoded([(one.topic, one.payload) for one in dialect.examples])
    assert found.batch.num_rows > 0
    assert reasons(found) == []


PAGES = Path(__file__).parents[2] / "docs" / "dialects"


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_the_page_of_a_dialect_says_what_becomes_of_its_example(
    dialect: type[TopicDialect],
) -> None:
    page = (PAGES / f"{dialect.name}.md").read_text()
    blocks = {
        kind: re.findall(rf"^```{kind}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)[0]
        for kind in ("messages", "readings")
    }
    sent = [line.split(" ", 1) for line in blocks["messages"].splitlines()]
    found = rows(decoded([(topic, body.encode()) for topic, body in sent]))
    assert [" ".join(row[:3]) for row in found] == blocks["readings"].splitlines()
