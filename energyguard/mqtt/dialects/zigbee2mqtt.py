"""Zigbee2MQTT: ``zigbee2mqtt/NAME``, an object of all that a device knows.

After zigbee2mqtt.io/guide/usage, its pages mqtt_topics_and_messages and exposes. What the fields of
a device are, and in which unit, says ``zigbee2mqtt/bridge/devices``; until it has come, nothing is
taken of a device.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Final, NamedTuple
from zoneinfo import ZoneInfo

from energyguard.dialects.names import ValueName, placed
from energyguard.errors import Malformed
from energyguard.files.values.words import ENERGY, unit_named
from energyguard.mqtt.dialect import (
    MAX_TEXT,
    DialectExample,
    Introduction,
    MqttMessage,
    NamedPlace,
    SentValue,
    TopicDialect,
    json_in,
    number_of,
    object_in,
)
from energyguard.mqtt.moments import time_of
from energyguard.records.senders import Sender

_DEVICES: Final = "/bridge/devices"
_REGISTERS: Final = {
    "energy": (),
    "consumed_energy": (),
    "produced_energy": ("export",),
    "energy_produced": ("export",),
}
_LEVELS: Final = frozenset(("power", "voltage", "current", "temperature", "device_temperature"))
_PHASES: Final = {"_phase_b": "l2", "_phase_c": "l3", "_a": "l1", "_b": "l2", "_c": "l3"}
"""Phases and clamps of a meter: without their own devices they would contradict each other."""
_MAX_DEPTH: Final = 4


class Zigbee2MqttDialect(TopicDialect):
    """Zigbee2MQTT."""

    name = "zigbee2mqtt"
    about = "Zigbee devices behind Zigbee2MQTT"
    title = "Zigbee2MQTT"
    setup: ClassVar = (("configuration.yaml", "mqtt:\n  server: mqtt://{host}:{port}"),)
    filters: ClassVar = ("zigbee2mqtt/#",)
    examples: ClassVar = (
        DialectExample(
            "zigbee2mqtt/bridge/devices",
            b'[{"ieee_address":"0x00158d0001dc126a","friendly_name":"kitchen/fridge",'
            b'"definition":{"model":"SP 120","vendor":"Innr","exposes":['
            b'{"type":"switch","features":[{"type":"binary","property":"state"}]},'
            b'{"type":"numeric","property":"power","unit":"W"},'
            b'{"type":"numeric","property":"current","unit":"A"},'
            b'{"type":"numeric","property":"voltage","unit":"V"},'
            b'{"type":"numeric","property":"energy","unit":"kWh"}]}}]',
        ),
        DialectExample(
            "zigbee2mqtt/kitchen/fridge",
            b'{"state":"ON","power":84,"current":0.37,"voltage":229,"energy":152.31,'
            b'"linkquality":120,"last_seen":"2026-11-28T10:15:00.000Z"}',
        ),
    )

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__(zone)
        self._places: dict[str, Mapping[str, NamedPlace]] = {}
        self._senders: dict[str, Introduction] = {}

    def teaches(self, topic: str) -> bool:
        """Whether it is the list of devices of a bridge."""
        return topic.endswith(_DEVICES)

    def learn(self, message: MqttMessage) -> list[str]:
        """Take in which devices a bridge has, and their fields.

        Raises:
            Malformed: it is no such list.
        """
        bridge = message.topic.removesuffix(_DEVICES)
        listed = json_in(message.payload) if message.payload else []
        if not isinstance(listed, list):
            raise Malformed("the devices are no list", "message")
        kept = {t: p for t, p in self._places.items() if not t.startswith(f"{bridge}/")}
        self._senders = {t: s for t, s in self._senders.items() if t in kept}
        for entry in listed:
            name = entry.get("friendly_name") if isinstance(entry, dict) else None
            definition = entry.get("definition") if isinstance(entry, dict) else None
            if isinstance(name, str) and isinstance(definition, dict):
                exposed = _exposed(definition.get("exposes"))
                kept[f"{bridge}/{name}"] = {
                    field: at
                    for field, feature in exposed.items()
                    if (at := _place(name, field, feature)) is not None
                }
                model, maker = (str(definition.get(key) or "") for key in ("model", "vendor"))
                sender = Sender(model=model[:MAX_TEXT], maker=maker[:MAX_TEXT])
                self._senders[f"{bridge}/{name}"] = Introduction(f"{bridge}/{name}", name, sender)
        self._places = kept
        return []

    def introduced(self) -> Iterator[Introduction]:
        """The devices that have fields of ours: model and maker; their ids are their names."""
        return (sender for topic, sender in self._senders.items() if self._places[topic])

    def device_of(self, topic: str) -> str:
        """The friendly name."""
        return next((at.name.device for at in self._places[topic].values()), "")

    def knows(self, topic: str) -> bool:
        """Whether it is of a device that its bridge has listed."""
        return topic in self._places

    def read(self, message: MqttMessage) -> Iterator[SentValue]:
        """The fields that are there and that the bridge has listed with a unit."""
        if not message.payload:
            return
        body = object_in(message.payload)
        seen = body.get("last_seen")
        time_ms = time_of(seen, self.zone, message.arrived_ms, "last_seen")
        for field, at in self._places[message.topic].items():
            number = number_of(body.get(field), field)
            if number is not None:
                yield SentValue(at, number, time_ms)


class _Feature(NamedTuple):
    """What a bridge says of a field: ``name`` is the field without its endpoint."""

    unit: str
    name: str
    endpoint: str


def _exposed(exposes: object, depth: int = 0) -> dict[str, _Feature]:
    """The fields of a device that are numbers and have a unit."""
    found: dict[str, _Feature] = {}
    for each in exposes if isinstance(exposes, list) and depth < _MAX_DEPTH else ():
        if not isinstance(each, dict):
            continue
        field, unit = each.get("property"), each.get("unit")
        if each.get("type") == "numeric" and isinstance(field, str) and isinstance(unit, str):
            name, endpoint = each.get("name"), each.get("endpoint")
            has_endpoint = isinstance(name, str) and isinstance(endpoint, str)
            found[field] = _Feature(unit, *((name, endpoint) if has_endpoint else (field, "")))
        found |= _exposed(each.get("features"), depth + 1)
    return found


def _place(device: str, field: str, feature: _Feature) -> NamedPlace | None:
    """Where a field belongs; None: it is nothing that is kept."""
    unit, (unit_text, bare, endpoint) = unit_named(feature.unit), feature
    if unit is None:
        return None
    below = [endpoint] if endpoint else []
    for suffix, phase in _PHASES.items():
        if bare.endswith(suffix):
            bare, below = bare.removesuffix(suffix), [*below, phase]
    if unit.channel == ENERGY and bare in _REGISTERS:
        channel, below = "energy_register_kwh", [*below, *_REGISTERS[bare]]
    elif bare in _LEVELS:
        channel = unit.channel
    else:
        return NamedPlace(ValueName(field, device, unit_text))
    place = placed("/".join([device, *below]), channel, unit.times, unit.per)
    return NamedPlace(ValueName(field, device, unit_text), place)
