"""Sensors that say what they are, as Home Assistant discovers them; and what is not believed."""

from __future__ import annotations

import json

import pytest

from energyguard.catalogue import Catalogue
from energyguard.catalogue.sender_names import SenderNames
from energyguard.errors import Malformed
from energyguard.log import EARLIEST
from energyguard.model.topics import SENDERS
from energyguard.mqtt.senders import SenderList
from energyguard.mqtt.subscriber import covers
from energyguard.mqtt.taker import MessageTaker
from energyguard.mqtt.templates import path_in, value_at
from energyguard.records.senders import Sender
from energyguard.testing import MemoryLog
from tests.mqtt.taken import Row, decoded, messages, reasons, rows, taker
from tests.mqtt.test_dialects import DEVICES

Sent = tuple[str, bytes]


def sensor(object_id: str, node: str = "", **given: object) -> Sent:
    """A discovery message of a sensor of W at ``x/state``, but for what is given."""
    kept = {"stat_t": "x/state", "unit_of_meas": "W", "dev": {"ids": ["x1"], "name": "X"}, **given}
    place = f"{node}/{object_id}" if node else object_id
    return f"homeassistant/sensor/{place}/config", json.dumps(kept).encode()


# home-assistant.io/integrations/mqtt: both sensors of one topic, then abbreviations with a base
BEDROOM = [
    (
        "homeassistant/sensor/sensorBedroomT/config",
        b'{"device_class": "temperature", "name": "Temperature", "state_topic": '
        b'"homeassistant/sensor/sensorBedroom/state", "unit_of_measurement": "\xc2\xb0C", '
        b'"value_template": "{{ value_json.temperature}}" }',
    ),
    (
        "homeassistant/sensor/sensorBedroomH/config",
        b'{"device_class": "humidity", "name": "Humidity", "state_topic": '
        b'"homeassistant/sensor/sensorBedroom/state", "unit_of_measurement": "%", '
        b'"value_template": "{{ value_json.humidity}}" }',
    ),
    ("homeassistant/sensor/sensorBedroom/state", b'{ "temperature": 23.20, "humidity": 43.70 }'),
]
# Zigbee2MQTT 1.17.1 of a plug; its values are read by its own dialect
FRIDGE = (
    "homeassistant/sensor/0x00158d0001dc126a/power/config",
    b'{"availability":[{"topic":"zigbee2mqtt/bridge/state"}],"device":{"identifiers":'
    b'["zigbee2mqtt_0x00158d0001dc126a"],"manufacturer":"Innr","model":"Smart plug (SP 120)",'
    b'"name":"kitchen/fridge","sw_version":"Zigbee2MQTT 1.17.1"},"device_class":"power",'
    b'"json_attributes_topic":"zigbee2mqtt/kitchen/fridge","name":"kitchen/fridge power",'
    b'"state_topic":"zigbee2mqtt/kitchen/fridge","unique_id":"0x00158d_power_zigbee2mqtt",'
    b'"unit_of_measurement":"W","value_template":"{{ value_json.power }}"}',
)
# ESPHome: a topic a sensor, no template
CELLAR = {"dev": {"ids": "a4cf12b5", "name": "Cellar", "mdl": "esp32dev", "mf": "Espressif"}}
HEAT_PUMP = sensor(
    "heat_pump_energy", "cellar", name="Heat Pump Energy", unit_of_meas="kWh", dev_cla="energy",
    stat_cla="total_increasing", stat_t="cellar/sensor/heat_pump_energy/state", **CELLAR,
)  # fmt: skip
# discovery of a device with its components
NODE = (
    "homeassistant/device/node42/config",
    b'{"~":"node42","dev":{"ids":["node42"],"name":"Node 42"},"o":{"name":"fixture"},'
    b'"state_topic":"~/state","cmps":{"in":{"p":"sensor","name":"Power","unit_of_meas":"kW",'
    b'"val_tpl":"{{ value_json[\'ac\'].power | float }}"},"relay":{"p":"switch","cmd_t":"~/set"},'
    b'"volts":{"platform":"sensor","device_class":"voltage","unit_of_measurement":"V",'
    b'"value_template":"{{value_json.phases[0]|round(1)}}"},"old":{"p":"sensor"}}}',
)

GOLDEN: dict[str, tuple[list[Sent], list[Row]]] = {
    "sensors of one topic; the device is called by it where nothing else says": (
        BEDROOM, [("homeassistant/sensor/sensorBedroom", "temperature_c", "23.2", 0)]
    ),
    "a device with components": (
        [NODE, ("node42/state", b'{"ac":{"power":"1.25"},"phases":[229.5]}')],
        [("node42", "power_kw", "1.25", 0), ("node42", "voltage_v", "229.5", 0)],
    ),
    "ESPHome, whose sensors have no unit in their names; what is not known is no reading": (
        [
            HEAT_PUMP,
            ("cellar/sensor/heat_pump_energy/state", b"12.5"),
            ("cellar/sensor/heat_pump_energy/state", b"nan"),
            ("cellar/sensor/wifi_signal/state", b"-61"),
        ],
        [("cellar/heat_pump", "energy_register_kwh", "12.5", 0)],
    ),
    "phases, and what is fed in": (
        [
            sensor("a", name="Power L2"),
            sensor("b", name="Energy exported", unit_of_meas="kWh", stat_cla="total", stat_t="x/e"),
            ("x/state", b"230"),
            ("x/e", b"7"),
        ],
        [("x1/l2", "power_kw", "0.23", 0), ("x1/export", "energy_register_kwh", "7", 0)],
    ),
    "one value that is not there takes no other with it": (
        [
            sensor("a", name="Power", val_tpl="{{ value_json.p }}"),
            sensor("b", name="Voltage", unit_of_meas="V", val_tpl="{{ value_json.v }}"),
            ("x/state", b'{"p":"unavailable","v":229}'),
            ("x/state", b'{"p":null}'),
            ("x/state", b""),
        ],
        [("x1", "voltage_v", "229", 0)],
    ),
    "what is no channel's is left out: today, a percentage, apparent power, binary sensors": (
        [
            sensor("a", name="Energy today", unit_of_meas="kWh", stat_cla="total_increasing"),
            sensor("b", name="Battery", unit_of_meas="%", dev_cla="battery"),
            sensor("c", name="Apparent", unit_of_meas="VA", dev_cla="apparent_power"),
            ("homeassistant/binary_sensor/garden/config", b'{"stat_t":"x/state"}'),
            ("x/state", b"5"),
        ],
        [],
    ),
    "taken away": (
        [sensor("a", name="Power"), (sensor("a")[0], b""), ("x/state", b"5")],
        [],
    ),
    "another dialect reads its own": (
        [
            ("zigbee2mqtt/bridge/devices", DEVICES),
            FRIDGE,
            ("zigbee2mqtt/kitchen/fridge", b'{"power":84}'),
        ],
        [("kitchen/fridge", "power_kw", "0.084", 0)],
    ),
    "what we publish is never taken in, whoever says it": (
        [
            sensor("a", name="Power", o={"name": "EnergyGuard"}),
            sensor("b", name="Power", dev={"ids": "y", "mf": "EnergyGuard"}),
            ("x/state", b"5"),
        ],
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN)
def test_sensors_that_say_what_they_are_are_read(name: str) -> None:
    sent, wanted = GOLDEN[name]
    found = decoded(sent)
    assert rows(found) == wanted
    assert reasons(found) == []


def learned(*sent: Sent) -> tuple[MessageTaker, MemoryLog]:
    log = MemoryLog()
    one = taker(log)
    for message in messages(sent):
        one.learn(message)
    one.take([])
    one.take([])
    return one, log


def letters(log: MemoryLog) -> list[str]:
    """Sources and reasons of dead letters."""
    (at,) = log.positions("energyguard.dead-letters", EARLIEST)
    headers = [dict(h) for part in log.read({at: 0}, 99, 0) for h in part.headers]
    return [f"{found['source'].decode()}: {found['reason'].decode()}" for found in headers]


REFUSED = {
    "b: value_template does more than name a value, as {{ value_json.power }} does: "
    "'{{ value_json.power / 1000 }}'": [
        sensor("b", name="Power", val_tpl="{{ value_json.power / 1000 }}")
    ],
    "b: state_topic is no topic of a device: '#'": [sensor("b", name="Power", stat_t="#")],
    "b: state_topic is no topic of a device: '$SYS/load'": [
        sensor("b", name="Power", stat_t="$SYS/load")
    ],
    "Power: x1 has a power_kw already, by homeassistant/sensor/a/config; rename one": [
        sensor("a", name="Power"),
        sensor("b", name="Power", stat_t="y"),
    ],
    "the message is no object of JSON": [(sensor("b")[0], b"[]")],
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_cannot_be_taken_is_a_dead_letter_once(reason: str) -> None:
    sent = REFUSED[reason]
    one, log = learned(*sent, sent[-1])
    assert letters(log) == [f"mqtt:homeassistant/sensor/b/config: {reason}"]
    assert len(rows(one.decode(messages([("x/state", b"1"), ("y", b"1")])))) == len(sent) - 1


@pytest.mark.parametrize(
    "template",
    [
        "{{ value_json }}", "{{ value.x }}", "{{ value_json.x }} W", "{{ states('sensor.x') }}",
        "{% if value_json.x %}{{ value_json.x }}{% endif %}", "{{ value_json.x | default(0) }}",
        "{{ value_json.x.__class__() }}", "{{ value_json['a' ~ 'b'] }}",
        "{{ value_json.x" + " " * 2_000,
    ],
)  # fmt: skip
def test_a_template_that_does_more_than_name_a_value_is_refused(template: str) -> None:
    with pytest.raises(Malformed, match="does more than name a value"):
        path_in(template)


def test_templates_that_name_a_value_are_read() -> None:
    assert path_in("") is path_in("{{ value }}") is path_in("{{value | float(0)}}") is None
    assert path_in("{{ value_json.a_b['c d'][ 0 ].e | float | round(2) }}") == (
        "a_b",
        "c d",
        0,
        "e",
    )
    assert path_in('{{- value_json["x"]|int -}}') == ("x",)
    assert value_at({"a": [{"b": 5}]}, ("a", 0, "b")) == 5
    for path in (("a", 3), ("a", "b"), ("c", "d"), (0,)):
        assert value_at({"a": [1]}, path) is None


def test_devices_name_themselves_in_the_catalogue_until_somebody_else_does() -> None:
    tasmota = sensor(
        "p", name="Power", stat_t="tele/boiler/SENSOR", dev={"ids": "T", "name": "Boiler"}
    )
    one, log = learned(("zigbee2mqtt/bridge/devices", DEVICES), FRIDGE, HEAT_PUMP, NODE, tasmota)
    found = dict(one.introduced())
    assert found["kitchen/fridge"] == Sender(
        name="kitchen/fridge", model="Smart plug (SP 120)", maker="Innr"
    )
    assert found["cellar/heat_pump"].name == "Cellar heat pump"
    assert found["boiler"].name == "Boiler"
    for _ in range(2):
        SenderList(log).put(found)
    catalogue, names = Catalogue(), SenderNames()
    (at,) = log.positions(SENDERS.name, EARLIEST)
    parts = [*log.read({at: 0}, 99, 0)]
    assert sum(len(part.keys) for part in parts) == len(found)  # each once
    for part in parts:
        for key, entry in names.take(part):
            catalogue.see(key, entry, "senders")
    assert catalogue.devices["node42"].name == "Node 42"
    assert dict(catalogue.facts("cellar/heat_pump").labels) == {
        "model": "esp32dev", "maker": "Espressif",
    }  # fmt: skip


def test_topics_that_another_subscription_brings_are_not_asked_for_twice() -> None:
    assert covers("zigbee2mqtt/#", "zigbee2mqtt/kitchen/fridge")
    assert covers("zigbee2mqtt/#", "zigbee2mqtt")
    assert covers("+/sensor/+/state", "cellar/sensor/power/state")
    assert not covers("+/sensor/+/state", "home/cellar/sensor/power/state")
    assert not covers("tele/+/SENSOR", "tele/boiler")
    assert not covers("a/b", "a/b")
    assert covers("#", "tele/+/SENSOR")
    assert covers("#", "zigbee2mqtt/#")
    assert covers("+/+/SENSOR", "tele/+/SENSOR")
    assert not covers("tele/+/SENSOR", "tele/#")
    assert not covers("tele/x/SENSOR", "tele/+/SENSOR")
